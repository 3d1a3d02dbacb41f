"""Statistics of alarms: how many, whose, when, and which limits ring for nothing."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from dashboard.access import Viewer
from dashboard.permissions import Permission
from dashboard.routes.answers import WithParts, json_answer, needs
from dashboard.routes.shapes import gives
from dashboard.statistics.reading import AlarmNumbers, read_numbers

router = APIRouter(prefix="/api/statistics")


@router.get("/alarms", responses=gives(AlarmNumbers))
async def alarms(
    viewer: Annotated[Viewer, Depends(needs(Permission.SEE_STATISTICS))],
    parts: WithParts,
    days: Annotated[int, Query(ge=1, le=31)] = 7,
    ward: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """Return the numbers of the last days' alarms."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await read_numbers(connection, viewer, days=days, ward=ward or None))
