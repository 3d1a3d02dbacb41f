"""The pages' files: kept for ever, and sent compressed where the browser takes it."""

import asyncio
import gzip
from pathlib import Path

import pytest
from fastapi.responses import FileResponse
from starlette.exceptions import HTTPException

from dashboard.routes.pages import Assets


def _get(pages: Path, path: str, accepted: str = "") -> FileResponse:
    headers = [(b"accept-encoding", accepted.encode())] if accepted else []
    scope = {"type": "http", "method": "GET", "path": f"/assets/{path}", "headers": headers}
    answer = asyncio.run(Assets(pages).get_response(path, scope))
    assert isinstance(answer, FileResponse)
    return answer


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """Pages of a script with both twins, a style with one, and a font."""
    (tmp_path / "assets").mkdir()
    for name in ("a.js", "a.js.br", "a.js.gz", "b.css", "b.css.gz", "c.woff2"):
        content = gzip.compress(b"x") if name.endswith(".gz") else b"x"
        (tmp_path / "assets" / name).write_bytes(content)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "accepted", "sent", "encoding"),
    [
        ("a.js", "gzip, deflate, br, zstd", "a.js.br", "br"),
        ("a.js", "gzip, deflate", "a.js.gz", "gzip"),
        ("a.js", "GZIP;q=1.0", "a.js", None),
        ("a.js", "br;q=0", "a.js", None),
        ("a.js", "", "a.js", None),
        ("b.css", "gzip, br", "b.css.gz", "gzip"),
        ("c.woff2", "gzip, br", "c.woff2", None),
    ],
)
def test_a_browser_gets_the_smallest_form_that_it_takes(
    pages: Path, path: str, accepted: str, sent: str, encoding: str | None
) -> None:
    answer = _get(pages, path, accepted)
    assert Path(answer.path).name == sent
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["content-type"] == _get(pages, path).headers["content-type"]
    assert answer.headers["vary"] == "accept-encoding"
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("path", ["d.js", "../index.html", "%2e%2e/index.html", "../../etc/passwd"])
def test_what_is_not_there_is_not_found(pages: Path, path: str) -> None:
    (pages / "index.html").write_text("", encoding="utf-8")
    with pytest.raises(HTTPException):
        _get(pages, path, "gzip, br")
