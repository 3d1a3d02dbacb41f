"""Signing in and out."""

import msgspec
from fastapi import APIRouter, Request, Response

from dashboard.access import COOKIE, Viewer
from dashboard.errors import ApiError, Code
from dashboard.permissions import permissions_of
from dashboard.routes.answers import Parts, WithParts, WithViewer, json_answer
from dashboard.routes.bodies import read_body
from dashboard.routes.shapes import gives, takes
from dashboard.whence import whence

router = APIRouter(prefix="/api/session")


class Credentials(msgspec.Struct, forbid_unknown_fields=True):
    """What somebody signs in with."""

    login: str
    password: str


class User(msgspec.Struct, frozen=True):
    """Who is signed in; `permissions` are those of the role (`dashboard.permissions`)."""

    id: int
    login: str
    name: str
    role: str
    language: str
    permissions: list[str]


class SignedOut(msgspec.Struct, frozen=True):
    """The session has ended; `leave_url` is where its owner signs out at the provider, too, by whose word it began."""

    leave_url: str | None


class Session(msgspec.Struct, frozen=True):
    """A session as its pages know it."""

    user: User
    csrf: str


def session_of(viewer: Viewer) -> Session:
    """Return a session as its pages know it."""
    permissions = sorted(permissions_of(viewer.role))
    user = User(viewer.user_id, viewer.login, viewer.name, viewer.role, viewer.language, list(permissions))
    return Session(user, viewer.csrf)


@router.post("", openapi_extra=takes(Credentials), responses=gives(Session))
async def sign_in(request: Request, parts: WithParts) -> Response:
    """Sign in."""
    parts.access.check_origin(request.headers, required=False)
    if not parts.settings.password_sign_in:
        raise ApiError(Code.PASSWORD_OFF)
    given = await read_body(request, Credentials)
    at = whence(request)
    token, viewer = await parts.access.sign_in(given.login, given.password, at.address, at.agent)
    return entered(request, parts, token, json_answer(session_of(viewer)))


def entered(request: Request, parts: Parts, token: str, answer: Response) -> Response:
    """Give a new session's token to the browser, and return the answer."""
    answer.set_cookie(
        COOKIE,
        token,
        max_age=round(parts.settings.session_longest_s),
        path="/",
        secure=parts.access.wants_secure_cookie(request.url.scheme, request.url.hostname),
        httponly=True,
        samesite="strict",
    )
    return answer


@router.get("", responses=gives(Session))
async def who(viewer: WithViewer) -> Response:
    """Say who is signed in."""
    return json_answer(session_of(viewer))


@router.delete("", responses=gives(SignedOut))
async def sign_out(viewer: WithViewer, parts: WithParts) -> Response:
    """Sign out."""
    leave_url = await parts.openid.way_out(viewer)
    await parts.access.sign_out(viewer)
    answer = json_answer(SignedOut(leave_url))
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return answer
