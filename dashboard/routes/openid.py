"""Signing in by a provider: which there are, the way there, and the answer that the page brings back."""

from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Path, Request, Response
from msgspec import Meta

from dashboard.openid.sign_in import LASTS_S, Answer
from dashboard.routes.answers import WithParts, json_answer
from dashboard.routes.bodies import read_body
from dashboard.routes.session import Session, entered, session_of
from dashboard.routes.shapes import gives, takes
from dashboard.whence import whence

router = APIRouter(prefix="/api/sign-in")
#: By which a sign-in that comes back is known to be this browser's.
_COOKIE: Final = "heartwire_sign_in"
_Key = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,32}$")]


class Vouching(msgspec.Struct, frozen=True):
    """A provider: its key in addresses, and what people call it."""

    key: str
    name: str


class WaysIn(msgspec.Struct, frozen=True):
    """How people sign in here."""

    password: bool
    providers: list[Vouching]


class WayThere(msgspec.Struct, frozen=True):
    """Where the page sends its browser; what it comes back with is for `/api/sign-in/{provider}/answer`."""

    url: str


class Brought(msgspec.Struct, forbid_unknown_fields=True):
    """What a provider put into the address that it sent the browser back to."""

    state: Annotated[str, Meta(min_length=1, max_length=200)]
    code: Annotated[str, Meta(min_length=1, max_length=3000)] | None = None
    error: Annotated[str, Meta(max_length=200)] | None = None
    iss: Annotated[str, Meta(max_length=300)] | None = None


@router.get("", responses=gives(WaysIn))
async def ways_in(parts: WithParts) -> Response:
    """Say how people sign in here."""
    providers = [Vouching(one.key, one.name) for one in parts.openid.providers.values()]
    return json_answer(WaysIn(parts.settings.password_sign_in, providers))


@router.post("/{provider}", responses=gives(WayThere))
async def begin(provider: _Key, request: Request, parts: WithParts) -> Response:
    """Begin to sign in by a provider."""
    parts.access.check_origin(request.headers, required=False)
    way = await parts.openid.begin(provider, whence(request))
    answer = json_answer(WayThere(way.url))
    answer.set_cookie(
        _COOKIE,
        way.browser,
        max_age=LASTS_S,
        path=router.prefix,
        secure=parts.access.wants_secure_cookie(request.url.scheme, request.url.hostname),
        httponly=True,
        samesite="strict",
    )
    return answer


@router.post("/{provider}/answer", openapi_extra=takes(Brought), responses=gives(Session))
async def bring(provider: _Key, request: Request, parts: WithParts) -> Response:
    """Sign in with what the provider sent the browser back with."""
    parts.access.check_origin(request.headers, required=False)
    given = await read_body(request, Brought)
    brought = Answer(given.state, given.code, given.error, given.iss)
    token, viewer = await parts.openid.answer(provider, request.cookies.get(_COOKIE, ""), brought, whence(request))
    answer = entered(request, parts, token, json_answer(session_of(viewer)))
    answer.delete_cookie(_COOKIE, path=router.prefix, httponly=True, samesite="strict")
    return answer
