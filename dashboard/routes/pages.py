"""The pages themselves: one HTML file for all addresses, and the files it names."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse, HTMLResponse
from starlette.datastructures import Headers
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from dashboard.routes.answers import WithParts

router = APIRouter()

#: Endings of the compressed twins that the build makes, the smallest first.
_TWINS: Final = {"br": ".br", "gzip": ".gz"}
_NOT_BUILT: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>heartwire</title>
<h1>The pages are not built</h1>
<p>This installation of heartwire has no pages. In a clone of the repository, run <code>make setup</code>
and start again.</p>
</html>
"""


class Assets(StaticFiles):
    """Files whose names change with their content: they may be kept for ever.

    Where the build left a compressed twin beside a file and the browser takes it, that is sent.
    """

    def __init__(self, pages: Path) -> None:
        super().__init__(directory=pages / "assets", check_dir=False)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file."""
        twin, encoding = self._twin(path, Headers(scope=scope).get("accept-encoding", ""))
        answer = await super().get_response(twin, scope)
        answer.headers["vary"] = "accept-encoding"
        if encoding is not None:
            answer.headers["content-encoding"] = encoding
        if answer.status_code == 200:
            answer.headers["cache-control"] = "public, max-age=31536000, immutable"
        return answer

    def _twin(self, path: str, accepted: str) -> tuple[str, str | None]:
        """Return the smallest form of a file that is there and accepted, and its encoding (RFC 9110, 12.5.3)."""
        names = {one.strip().lower() for one in accepted.split(",")}
        for encoding, suffix in _TWINS.items():
            if encoding in names and self.lookup_path(path + suffix)[1] is not None:
                return path + suffix, encoding
        return path, None


@router.get("/sw.js")
async def service_worker(parts: WithParts) -> Response:
    """Return the service worker; from here it may serve every page."""
    worker = parts.settings.pages / "sw.js"
    if not worker.is_file():
        return HTMLResponse(_NOT_BUILT, 503)
    return FileResponse(worker, headers={"cache-control": "no-cache"}, media_type="text/javascript")


@router.get("/")
@router.get("/ward")
@router.get("/sign-in")
@router.get("/sign-in/{provider}")
@router.get("/account")
@router.get("/add-patient")
@router.get("/admin")
@router.get("/admin/{section}")
@router.get("/n/{token}")
@router.get("/alarm/{alarm}")
@router.get("/glass")
@router.get("/review")
@router.get("/statistics")
@router.get("/patient/{patient}")
@router.get("/patient/{patient}/pair")
async def page(parts: WithParts) -> Response:
    """Return the page; what it shows is decided in the browser."""
    return index_page(parts.settings.pages)


def index_page(folder: Path, status: int = 200) -> Response:
    """Return the file of all pages."""
    index = folder / "index.html"
    if not index.is_file():
        return HTMLResponse(_NOT_BUILT, 503)
    return FileResponse(index, status, headers={"cache-control": "no-cache"})
