"""Signing in and out."""

import msgspec
from fastapi import APIRouter, Request, Response

from dashboard.access import COOKIE, Viewer
from dashboard.account import FactorCode, GivenPassword
from dashboard.errors import ApiError, Code
from dashboard.permissions import permissions_of
from dashboard.routes.answers import Parts, WithParts, WithViewer, json_answer
from dashboard.routes.bodies import read_body
from dashboard.routes.shapes import gives, takes
from dashboard.second_factor import Enrolment
from dashboard.whence import whence

router = APIRouter(prefix="/api/session")


class Credentials(msgspec.Struct, forbid_unknown_fields=True):
    """What somebody signs in with."""

    login: str
    password: GivenPassword
    #: Of the second factor, or a recovery code.
    code: FactorCode | None = None


class Known(msgspec.Struct, forbid_unknown_fields=True):
    """What somebody signs in with who must set up a second factor first."""

    login: str
    password: GivenPassword


class User(msgspec.Struct, frozen=True):
    """Who is signed in; `permissions` are those of the role, `wards` those he sees, ``None`` for all."""

    id: int
    login: str
    name: str
    role: str
    language: str
    permissions: list[str]
    wards: list[int] | None


class SignedOut(msgspec.Struct, frozen=True):
    """The session has ended; `leave_url` is where its owner signs out at the provider, too, by whose word it began."""

    leave_url: str | None


class Session(msgspec.Struct, frozen=True):
    """A session as its pages know it; with recovery codes, this once, where signing in set up a second factor."""

    user: User
    csrf: str
    recovery_codes: list[str] | None


def session_of(viewer: Viewer, recovery_codes: list[str] | None = None) -> Session:
    """Return a session as its pages know it."""
    permissions = [permission.value for permission in sorted(permissions_of(viewer.role))]
    wards = None if viewer.wards is None else list(viewer.wards)
    user = User(viewer.user_id, viewer.login, viewer.name, viewer.role, viewer.language, permissions, wards)
    return Session(user, viewer.csrf, recovery_codes)


@router.post("", openapi_extra=takes(Credentials), responses=gives(Session))
async def sign_in(request: Request, parts: WithParts) -> Response:
    """Sign in with a password; who has a second factor, or must, is refused until there is a code, too."""
    _check_door(request, parts)
    given = await read_body(request, Credentials)
    signed_in = await parts.sign_in.by_password(given.login, given.password, given.code, whence(request))
    answer = json_answer(session_of(signed_in.viewer, signed_in.recovery_codes))
    return entered(request, parts, signed_in.token, answer)


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


@router.post("/second-factor", status_code=201, openapi_extra=takes(Known), responses=gives(Enrolment, 201))
async def enrol(request: Request, parts: WithParts) -> Response:
    """Begin to set up a second factor, for who cannot sign in without: a secret, whose first code then signs in."""
    _check_door(request, parts)
    given = await read_body(request, Known)
    return json_answer(await parts.sign_in.enrol(given.login, given.password, whence(request)), 201)


def _check_door(request: Request, parts: Parts) -> None:
    parts.access.check_origin(request.headers, required=False)
    if not parts.settings.password_sign_in:
        raise ApiError(Code.PASSWORD_OFF)


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
