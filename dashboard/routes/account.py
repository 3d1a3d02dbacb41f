"""One's own account: password, second factor, the other sessions."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from dashboard import account as own
from dashboard.access import Viewer
from dashboard.errors import ApiError, Code
from dashboard.routes.answers import WithParts, WithViewer, json_answer
from dashboard.routes.bodies import read_body
from dashboard.routes.shapes import gives, takes
from dashboard.second_factor import Enrolment
from dashboard.whence import whence

router = APIRouter(prefix="/api")


async def get_person(viewer: WithViewer) -> Viewer:
    """Return who is signed in: another system, by a token, has no account.

    Raises
    ------
    ApiError
        `FORBIDDEN`.
    """
    if viewer.session_id is None:
        raise ApiError(Code.FORBIDDEN)
    return viewer


Oneself = Annotated[Viewer, Depends(get_person)]


@router.get("/account", responses=gives(own.Account))
async def get_account(viewer: Oneself, parts: WithParts) -> Response:
    """Return one's own account, and how it stands with the second factor."""
    async with parts.database.connection() as connection:
        return json_answer(await own.account_of(connection, viewer, parts.sign_in.keyring))


@router.put("/account/password", status_code=204, openapi_extra=takes(own.NewOwnPassword))
async def put_password(request: Request, viewer: Oneself, parts: WithParts) -> Response:
    """Take another password; all other sessions end."""
    given = await read_body(request, own.NewOwnPassword)
    await parts.sign_in.prove(viewer, given.password, None, whence(request))
    async with parts.database.connection() as connection:
        await own.change_password(connection, viewer, given.new_password)
    return Response(status_code=204)


@router.post(
    "/account/second-factor", status_code=201, openapi_extra=takes(own.OwnPassword), responses=gives(Enrolment, 201)
)
async def post_factor(request: Request, viewer: Oneself, parts: WithParts) -> Response:
    """Begin to set up a second factor: a secret for an app, which holds once its first code confirmed it."""
    given = await read_body(request, own.OwnPassword)
    await parts.sign_in.prove(viewer, given.password, None, whence(request))
    async with parts.database.connection() as connection:
        return json_answer(await own.begin_own_factor(connection, viewer, parts.sign_in.keyring), 201)


@router.post(
    "/account/second-factor/confirmation", openapi_extra=takes(own.FirstCode), responses=gives(own.RecoveryCodes)
)
async def post_confirmation(request: Request, viewer: Oneself, parts: WithParts) -> Response:
    """Turn on the second factor by the app's first code; the answer has recovery codes, this once."""
    given = await read_body(request, own.FirstCode)
    async with parts.database.connection() as connection:
        return json_answer(await own.confirm_own_factor(connection, viewer, given.code, parts.sign_in.keyring))


@router.post("/account/second-factor/removal", status_code=204, openapi_extra=takes(own.Proof))
async def post_removal(request: Request, viewer: Oneself, parts: WithParts) -> Response:
    """Turn the second factor off, unless the role needs one."""
    given = await read_body(request, own.Proof)
    await parts.sign_in.prove(viewer, given.password, given.code, whence(request))
    async with parts.database.connection() as connection:
        await own.remove_own_factor(connection, viewer)
    return Response(status_code=204)


@router.post("/account/recovery-codes", openapi_extra=takes(own.Proof), responses=gives(own.RecoveryCodes))
async def post_recovery_codes(request: Request, viewer: Oneself, parts: WithParts) -> Response:
    """Make new recovery codes, shown this once; those before hold no more."""
    given = await read_body(request, own.Proof)
    await parts.sign_in.prove(viewer, given.password, given.code, whence(request))
    async with parts.database.connection() as connection:
        return json_answer(await own.renew_recovery_codes(connection, viewer))


@router.delete("/sessions", responses=gives(own.EndedSessions))
async def delete_sessions(viewer: Oneself, parts: WithParts) -> Response:
    """End all own sessions but the one that asks."""
    async with parts.database.connection() as connection:
        return json_answer(await own.end_other_sessions(connection, viewer))
