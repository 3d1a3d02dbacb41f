"""Write docs/openapi.json from the routes themselves, so that it cannot say anything else.

Run as ``python -m setup.api_page`` from the root of the repository (``make docs``).
"""

import json
from pathlib import Path
from typing import Final

from dashboard.openapi import describe

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "openapi.json"


def render() -> str:
    """Return the file."""
    return json.dumps(describe(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
