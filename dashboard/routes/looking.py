"""Looking at a patient: whatever is shown of him, the audit trail says who saw it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import psycopg

from dashboard.access import Action, Viewer, audit_look
from dashboard.patients import PatientName, patient_name
from dashboard.routes.answers import Parts


class Look(NamedTuple):
    """A connection that shows what the viewer may see, and the patient who is looked at."""

    connection: psycopg.AsyncConnection[Any]
    patient: PatientName


@asynccontextmanager
async def looking(
    parts: Parts, viewer: Viewer, patient_id: int, action: Action = Action.SAW_PATIENT
) -> AsyncIterator[Look]:
    """Let somebody look at a patient, once that is written down.

    Raises
    ------
    ApiError
        `NOT_FOUND`.
    """
    # A transaction of its own: a page asks for many things at once, and none is to wait until another one is read.
    async with parts.database.connection_as(viewer) as connection:
        patient = await patient_name(connection, viewer, patient_id)
        await audit_look(connection, viewer, action, patient_id)
    async with parts.database.connection_as(viewer) as connection:
        yield Look(connection, patient)
