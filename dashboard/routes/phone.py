"""The patient's app: static files below /phone/, with a policy of their own.

The app speaks with this server, and with the broker's websocket, and with nobody else; it may use the camera (to read a
pairing code), Bluetooth and the wake lock, which no other page may.
"""

from typing import Final
from urllib.parse import urlsplit

from fastapi import Response
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from dashboard.settings import DashboardSettings

_PERMISSIONS: Final = (
    "camera=(self), bluetooth=(self), screen-wake-lock=(self), microphone=(), geolocation=(), payment=(), usb=()"
)
_NOT_BUILT: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>heartwire</title>
<h1>The app is not built</h1>
<p>This installation of heartwire has no app for patients. In a clone of the repository, run <code>make setup</code>
and start again.</p>
</html>
"""


class PhoneApp(StaticFiles):
    """The built app; files below assets/ change their names with their content, all others are asked for anew."""

    def __init__(self, settings: DashboardSettings) -> None:
        super().__init__(directory=settings.phone, html=True, check_dir=False)
        self._policy: Final = policy(settings.device_broker_ws_url)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file."""
        try:
            answer = await super().get_response(path, scope)
        except HTTPException:
            if path not in {"", ".", "index.html"}:
                raise
            answer = HTMLResponse(_NOT_BUILT, 503)
        answer.headers["content-security-policy"] = self._policy
        answer.headers["permissions-policy"] = _PERMISSIONS
        is_kept = answer.status_code == 200 and path.startswith("assets/")
        answer.headers["cache-control"] = "public, max-age=31536000, immutable" if is_kept else "no-cache"
        return answer


def policy(broker_ws_url: str | None) -> str:
    """Return the content security policy: nothing but our own files, this server, and the broker."""
    connect = "'self'"
    if broker_ws_url is not None:
        broker = urlsplit(broker_ws_url)
        connect += f" {broker.scheme}://{broker.netloc}"
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src {connect};"
        " manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
