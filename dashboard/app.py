"""The pages' server, put together."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.counters import Counters
from dashboard.errors import ApiError, Code
from dashboard.openapi import include_routes
from dashboard.routes import pages
from dashboard.routes.answers import Parts, json_answer
from dashboard.routes.phone import PhoneApp
from dashboard.settings import DashboardSettings
from heartwire.errors import RetryableError
from heartwire.storage.errors import RowRefusedError

_logger: Final = logging.getLogger(__name__)

#: Longest time until a request is answered; what takes longer does not come, seconds.
_ANSWER_S: Final = 5.0
#: Methods that are told apart when answers are counted: a stranger may send any word.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


def create_app(settings: DashboardSettings, when_broken: Callable[[], None]) -> FastAPI:
    """Return the application.

    Parameters
    ----------
    settings : DashboardSettings
        Of this server.
    when_broken : callable
        Called when a defect ended what feeds the screens: a server without it must not look alive.
    """
    parts = Parts(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await parts.database.open()
        feeding = asyncio.create_task(parts.hub.run())
        keeping_out = asyncio.create_task(parts.pairing.keep_broker_told())
        for task in (feeding, keeping_out):
            task.add_done_callback(lambda task: _ended(task, when_broken))
        yield
        for task in (feeding, keeping_out):
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task
        await parts.reports.close()
        await parts.openid.close()
        await parts.database.close()

    app = FastAPI(title="heartwire", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.parts = parts
    include_routes(app)
    app.mount("/assets", pages.Assets(settings.pages))
    app.mount("/phone", PhoneApp(settings))
    app.add_middleware(_Deadline)
    app.add_middleware(_Counted, counters=parts.counters)
    app.add_middleware(_Headers)
    app.add_exception_handler(ApiError, _refused)
    app.add_exception_handler(RetryableError, _unavailable)
    app.add_exception_handler(RowRefusedError, _not_his)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _no_such_page)
    return app


class _Deadline:
    """Answers in time when a database that neither answers nor breaks off holds a request.

    The request is left behind, not cancelled: the driver would wait for the same database. Those left behind are no
    more than the pool has connections, others are refused without one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app: Final = app
        self._left_behind: Final[set[asyncio.Task[None]]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api"):
            await self._app(scope, receive, send)
            return
        begun = late = False

        async def send_in_time(message: Message) -> None:
            nonlocal begun
            if not late:
                begun = True
                await send(message)

        work = asyncio.ensure_future(self._app(scope, receive, send_in_time))
        await asyncio.wait({work}, timeout=_ANSWER_S)
        if work.done() or begun:
            await work
            return
        late = True
        self._left_behind.add(work)
        work.add_done_callback(self._forget)
        _logger.warning("a request waits for the database and was refused")
        await _error(503, Code.UNAVAILABLE)(scope, receive, send)

    def _forget(self, work: asyncio.Task[None]) -> None:
        self._left_behind.discard(work)
        if not work.cancelled():
            work.exception()  # nobody waits for it any more


class _Counted:
    """Counts the API's answers, and how long each took until it began."""

    def __init__(self, app: ASGIApp, counters: Counters) -> None:
        self._app: Final = app
        self._counters: Final = counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api"):
            await self._app(scope, receive, send)
            return
        begin_s = time.monotonic()
        method = scope["method"] if scope["method"] in _METHODS else "other"

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._counters.answers[method, str(message["status"])] += 1
                self._counters.answers_s.add(time.monotonic() - begin_s)
            await send(message)

        await self._app(scope, receive, send_counted)


class _Headers:
    """Puts the security headers on every answer that has none of its own, and keeps patients' data out of caches."""

    def __init__(self, app: ASGIApp) -> None:
        self._app: Final = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _ended(task: asyncio.Task[None], when_broken: Callable[[], None]) -> None:
    if not task.cancelled():
        _logger.error("a part of the server ended", exc_info=task.exception())
        when_broken()


def _error(status: int, code: str, **params: object) -> Response:
    return json_answer({"error": {"code": code, "params": params}}, status)


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    answer = _error(error.status, error.code, **error.params)
    if error.code is Code.TOO_MANY_ATTEMPTS:
        answer.headers["retry-after"] = str(error.params["retry_s"])
    return answer


async def _unavailable(_request: Request, error: Exception) -> Response:
    _logger.warning("a request could not be served: %s", error)
    return _error(503, Code.UNAVAILABLE)


async def _not_his(_request: Request, error: Exception) -> Response:
    _logger.warning("a request was about another ward or tenant: %s", error)
    return _error(404, Code.NOT_FOUND)


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    return _error(422, Code.INVALID, field=str(first["loc"][-1]))


async def _no_such_page(request: Request, error: Exception) -> Response:
    """Tell a person by the pages' own words, with a way on, and a program in JSON."""
    assert isinstance(error, HTTPException)
    is_read = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    if error.status_code == 404 and is_read and not request.url.path.startswith(("/api/", "/assets/")):
        return pages.index_page(request.app.state.parts.settings.pages, 404)
    return _error(error.status_code, Code.NOT_FOUND if error.status_code == 404 else Code.INVALID)
