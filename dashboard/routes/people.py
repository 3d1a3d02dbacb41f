"""People and wards: who may sign in, as what, for which wards."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from dashboard import people as stored
from dashboard import wards
from dashboard.access import Viewer
from dashboard.permissions import Permission
from dashboard.routes.answers import Id, SmallId, WithParts, json_answer, needs
from dashboard.routes.bodies import read_body
from dashboard.routes.shapes import gives, takes

router = APIRouter(prefix="/api")
Manager = Annotated[Viewer, Depends(needs(Permission.MANAGE_PEOPLE))]
WardManager = Annotated[Viewer, Depends(needs(Permission.MANAGE_WARDS))]
Seer = Annotated[Viewer, Depends(needs(Permission.SEE_WARD))]


@router.get("/people", responses=gives(stored.People))
async def get_people(viewer: Manager, parts: WithParts) -> Response:
    """Return who may sign in, and who might no more."""
    issuers = [stored.Issuer(one.issuer, one.name, one.links_users) for one in parts.openid.providers.values()]
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await stored.list_people(connection, viewer, issuers))


@router.post(
    "/people", status_code=201, openapi_extra=takes(stored.NewPerson), responses=gives(stored.FreshPassword, 201)
)
async def post_person(request: Request, viewer: Manager, parts: WithParts) -> Response:
    """Let somebody sign in; the answer has a password, this once."""
    wish = await read_body(request, stored.NewPerson)
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await stored.add_person(connection, viewer, wish), 201)


@router.get("/people/second-factor", responses=gives(stored.FactorRoles))
async def get_factor_roles(viewer: Manager, parts: WithParts) -> Response:
    """Return the roles whose password alone does not do."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await stored.factor_roles(connection, viewer, parts.sign_in.keyring))


@router.put("/people/second-factor", openapi_extra=takes(stored.FactorRolesWish), responses=gives(stored.FactorRoles))
async def put_factor_roles(request: Request, viewer: Manager, parts: WithParts) -> Response:
    """Say whose password alone does not do, from their next sign-in on; sessions go on."""
    wish = await read_body(request, stored.FactorRolesWish)
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await stored.require_factor(connection, viewer, wish, parts.sign_in.keyring))


@router.put("/people/{user_id}", openapi_extra=takes(stored.Rights), responses=gives(stored.Person))
async def put_person(user_id: Id, request: Request, viewer: Manager, parts: WithParts) -> Response:
    """Change what somebody is called, what he is, and which wards he sees."""
    wish = await read_body(request, stored.Rights)
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await stored.change_person(connection, viewer, user_id, wish))


@router.post("/people/{user_id}/password", responses=gives(stored.FreshPassword))
async def post_password(user_id: Id, viewer: Manager, parts: WithParts) -> Response:
    """Give somebody a new password, which is shown this once, and sign him out everywhere."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await stored.reset_password(connection, viewer, user_id))


@router.delete("/people/{user_id}/second-factor", responses=gives(stored.Person))
async def delete_factor(user_id: Id, viewer: Manager, parts: WithParts) -> Response:
    """Take somebody's second factor away, who lost it, and sign him out everywhere."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await stored.reset_factor(connection, viewer, user_id))


@router.delete("/people/{user_id}/issuer", responses=gives(stored.Person))
async def delete_issuer(
    user_id: Id,
    issuer: Annotated[str, Query(min_length=1, max_length=300, pattern=r"^[^\x00]*$")],
    viewer: Manager,
    parts: WithParts,
) -> Response:
    """Let somebody sign in by an OpenID provider no more, and sign him out everywhere."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await stored.unlink_person(connection, viewer, user_id, issuer))


@router.post("/people/{user_id}/disablement", responses=gives(stored.Person))
async def post_disablement(user_id: Id, viewer: Manager, parts: WithParts) -> Response:
    """Keep somebody out, at once and everywhere."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await stored.disable_person(connection, viewer, user_id, disabled=True))


@router.delete("/people/{user_id}/disablement", responses=gives(stored.Person))
async def delete_disablement(user_id: Id, viewer: Manager, parts: WithParts) -> Response:
    """Let somebody in again."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await stored.disable_person(connection, viewer, user_id, disabled=False))


@router.get("/wards", responses=gives(wards.Wards))
async def get_wards(viewer: Seer, parts: WithParts) -> Response:
    """Return the wards of the hospital."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await wards.list_wards(connection, viewer))


@router.put("/hospital", openapi_extra=takes(wards.HospitalWish), responses=gives(wards.Wards))
async def put_hospital(request: Request, viewer: WardManager, parts: WithParts) -> Response:
    """Say in which zone the hospital lives."""
    wish = await read_body(request, wards.HospitalWish)
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await wards.change_hospital(connection, viewer, wish))


@router.post("/wards", status_code=201, openapi_extra=takes(wards.WardWish), responses=gives(wards.WardRow, 201))
async def post_ward(request: Request, viewer: WardManager, parts: WithParts) -> Response:
    """Add a ward."""
    wish = await read_body(request, wards.WardWish)
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await wards.add_ward(connection, viewer, wish), 201)


@router.put("/wards/{ward_id}", openapi_extra=takes(wards.WardWish), responses=gives(wards.WardRow))
async def put_ward(ward_id: SmallId, request: Request, viewer: WardManager, parts: WithParts) -> Response:
    """Call a ward otherwise, or say in which zone it is."""
    wish = await read_body(request, wards.WardWish)
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await wards.change_ward(connection, viewer, ward_id, wish))


@router.delete("/wards/{ward_id}", status_code=204)
async def delete_ward(ward_id: SmallId, viewer: WardManager, parts: WithParts) -> Response:
    """Remove a ward that has no patients."""
    async with parts.database.connection_as(viewer) as connection:
        await wards.remove_ward(connection, viewer, ward_id)
    return Response(status_code=204)
