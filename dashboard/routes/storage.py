"""What is stored, how long it is kept, and of whom nothing is dropped."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from dashboard.access import Action, Viewer, audit
from dashboard.patients import patient_name
from dashboard.permissions import Permission
from dashboard.routes.answers import Id, WithParts, json_answer, needs
from dashboard.routes.bodies import read_body
from dashboard.routes.shapes import gives, takes
from dashboard.storage import (
    GRACE_HOURS,
    Kind,
    NewHold,
    NewPolicy,
    StorageNow,
    place_hold,
    read_holds,
    read_policies,
    read_room,
    release_hold,
    set_policy,
)

router = APIRouter(prefix="/api")
Keeper = Annotated[Viewer, Depends(needs(Permission.MANAGE_RETENTION))]


@router.get("/storage", responses=gives(StorageNow))
async def storage(viewer: Keeper, parts: WithParts) -> Response:
    """Return how much is stored, what room remains, how long what is kept, and who is held."""
    async with parts.database.connection_as(viewer) as connection:
        now = StorageNow(
            await read_room(connection),
            await read_policies(connection, viewer.tenant_id),
            await read_holds(connection, viewer.tenant_id),
            GRACE_HOURS,
        )
    return json_answer(now)


@router.put("/retention/{kind}", status_code=204, openapi_extra=takes(NewPolicy))
async def put_policy(kind: Kind, request: Request, viewer: Keeper, parts: WithParts) -> Response:
    """Say how long a kind of data is kept. Nothing is dropped by it within a day."""
    asked = await read_body(request, NewPolicy)
    async with parts.database.connection_as(viewer) as connection:
        await set_policy(connection, viewer, kind, asked.keep_days)
        await audit(connection, viewer, Action.SET_RETENTION)
    return Response(status_code=204)


@router.post("/patients/{patient_id}/hold", status_code=204, openapi_extra=takes(NewHold))
async def post_hold(patient_id: Id, request: Request, viewer: Keeper, parts: WithParts) -> Response:
    """Keep everything of a patient, whatever the policies say (legal hold)."""
    asked = await read_body(request, NewHold)
    async with parts.database.connection_as(viewer) as connection:
        await patient_name(connection, viewer, patient_id)
        await place_hold(connection, viewer, patient_id, asked.why)
        await audit(connection, viewer, Action.PLACED_HOLD, patient_id)
    return Response(status_code=204)


@router.delete("/patients/{patient_id}/hold", status_code=204)
async def delete_hold(patient_id: Id, viewer: Keeper, parts: WithParts) -> Response:
    """End a patient's legal hold."""
    async with parts.database.connection_as(viewer) as connection:
        await patient_name(connection, viewer, patient_id)
        await release_hold(connection, viewer, patient_id)
        await audit(connection, viewer, Action.RELEASED_HOLD, patient_id)
    return Response(status_code=204)
