"""Signing in and out."""

import msgspec
from fastapi import APIRouter, Request, Response

from dashboard.access import COOKIE, Viewer
from dashboard.permissions import permissions_of
from dashboard.routes.answers import WithParts, WithViewer, json_answer
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


class Session(msgspec.Struct, frozen=True):
    """A session as its pages know it."""

    user: User
    csrf: str


def _session(viewer: Viewer) -> Session:
    permissions = sorted(permissions_of(viewer.role))
    user = User(viewer.user_id, viewer.login, viewer.name, viewer.role, viewer.language, list(permissions))
    return Session(user, viewer.csrf)


@router.post("", openapi_extra=takes(Credentials), responses=gives(Session))
async def sign_in(request: Request, parts: WithParts) -> Response:
    """Sign in."""
    parts.access.check_origin(request.headers, required=False)
    given = await read_body(request, Credentials)
    at = whence(request)
    token, viewer = await parts.access.sign_in(given.login, given.password, at.address, at.agent)
    answer = json_answer(_session(viewer))
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
    return json_answer(_session(viewer))


@router.delete("", status_code=204)
async def sign_out(viewer: WithViewer, parts: WithParts) -> Response:
    """Sign out."""
    await parts.access.sign_out(viewer)
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return answer
