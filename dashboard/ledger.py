"""What happened to an alarm, from the signal to the ledger; and whether the ledger is whole (promise P5)."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import msgspec
import psycopg

from dashboard.access import Viewer
from dashboard.alarms import Alarm, one_alarm, us_of, us_or_none
from dashboard.database import Database
from dashboard.errors import ApiError, Code
from dashboard.permissions import Permission
from heartwire.errors import HeartwireError
from heartwire.storage.errors import translated
from heartwire.storage.ledger import BEGIN_CHECK, Report, follow_check
from heartwire.storage.pool import connect
from heartwire.storage.queries import load_queries

_logger: Final = logging.getLogger(__name__)
_QUERIES: Final = load_queries("dashboard", "ledger.sql")
#: Steps that are no events: of the signal itself.
ONSET: Final = "onset"
MET: Final = "met"
RECEIVED: Final = "received"
_CHECKS_SHOWN: Final = 5
#: One that did not come on for this time has died with its server.
_LOST: Final = timedelta(minutes=1)
_STATEMENT_TIMEOUT_S: Final = 600.0


class Seal(msgspec.Struct, frozen=True):
    """Where a step is in the ledger: the entry's number, its hash (hexadecimal digits), and when it was sealed."""

    seq: int
    hash: str
    at_us: int


class Step(msgspec.Struct, frozen=True):
    """One step of an alarm's way.

    `kind` is an event's, `not_told` (an attempt that failed), or of the signal: `onset`, `met` (its rule), `received`.

    `name` is who did it, or whose screen or contact it was; `seal` is ``None`` until it is sealed, and for what is no
    event. Times of `onset` and `met` are the device's.
    """

    kind: str
    at_us: int
    name: str | None
    detail: dict[str, Any]
    seal: Seal | None


class Story(msgspec.Struct, frozen=True):
    """What happened to an alarm, in the order of time; the patient's name for those who may see it."""

    alarm: Alarm
    patient: str | None
    steps: list[Step]


class CheckState(StrEnum):
    """What has become of a check."""

    RUNNING = "running"
    DONE = "done"
    LOST = "lost"
    """The server that did it was stopped."""


class Check(msgspec.Struct, frozen=True):
    """One time that the chain was counted anew; `report` at its end. Without a name the server did it by itself."""

    id: int
    name: str | None
    begun_us: int
    ended_us: int | None
    state: CheckState
    entries_done: int
    entries: int
    report: Report | None


class LedgerNow(msgspec.Struct, frozen=True):
    """How long the tenant's chain is, its last entry, what waits to be sealed and since when, and the last checks."""

    entries: int
    head_hash: str | None
    head_us: int | None
    due: int
    due_since_us: int | None
    checks: list[Check]


async def story(connection: psycopg.AsyncConnection[Any], viewer: Viewer, alarm_id: int) -> Story:
    """Return what happened to an alarm.

    Raises
    ------
    ApiError
        `NOT_FOUND`.
    """
    given = {"alarm_id": alarm_id, "tenant_id": viewer.tenant_id}
    alarm = await one_alarm(connection, viewer.tenant_id, alarm_id)
    row = await _one(connection, "alarm", given)
    if row is None:
        raise ApiError(Code.NOT_FOUND)
    patient_id, device_id, onset_at, signal_at, name = row
    steps = [
        Step(kind, us_of(at), who, detail, None if seq is None else Seal(seq, digest.hex(), us_of(sealed_at)))
        async for kind, at, detail, who, seq, digest, sealed_at in await connection.execute(_QUERIES["events"], given)
    ]
    return Story(
        alarm,
        name if viewer.may(Permission.SEE_PATIENT) else None,
        [
            Step(ONSET, us_of(onset_at), None, {}, None),
            Step(MET, us_of(signal_at), None, {}, None),
            *await _received(
                connection, steps, {"patient_id": patient_id, "device_id": device_id, "signal_at": signal_at}
            ),
            *steps,
        ],
    )


async def _received(
    connection: psycopg.AsyncConnection[Any], steps: list[Step], given: Mapping[str, Any]
) -> list[Step]:
    """Return when the signal arrived: as it was known when the alarm was raised, or while its frame is in the log."""
    for step in steps:
        if isinstance(received_us := step.detail.get("received_us"), int):
            return [Step(RECEIVED, received_us, None, {}, None)]
    if given["device_id"] is None:
        return []
    row = await _one(connection, "received", given)
    # A patient's own words need no signal: the frame of their moment comes after their alarm, and is no step to it.
    if row is None or any(step.kind == "raised" and step.at_us < us_of(row[0]) for step in steps):
        return []
    return [Step(RECEIVED, us_of(row[0]), None, {}, None)]


async def ledger_now(connection: psycopg.AsyncConnection[Any], tenant_id: int) -> LedgerNow:
    """Return how the tenant's chain stands."""
    given = {"tenant_id": tenant_id, "limit": _CHECKS_SHOWN}
    head = await _one(connection, "head", given)
    due = await _one(connection, "due", given)
    assert due is not None
    checks = [_check(row) async for row in await connection.execute(_QUERIES["checks"], given)]
    seq, digest, at = head or (0, None, None)
    return LedgerNow(seq, None if digest is None else digest.hex(), us_or_none(at), due[0], us_or_none(due[1]), checks)


class Checks:
    """Counts chains anew, one after the other, on threads of their own.

    Parameters
    ----------
    database : Database
        For what is quick.
    url : str
        libpq URL, for connections of their own.
    """

    def __init__(self, database: Database, url: str) -> None:
        self._database: Final = database
        self._url: Final = url
        self._one_at_a_time: Final = asyncio.Lock()
        self._running: Final[set[asyncio.Task[None]]] = set()

    async def begin(self, viewer: Viewer) -> None:
        """Begin a check of the viewer's tenant, unless one goes on already."""
        given = {"tenant_id": viewer.tenant_id, "user_id": viewer.user_id}
        async with self._database.connection_of(viewer.tenant_id) as connection:
            row = await (await connection.execute(BEGIN_CHECK, given)).fetchone()
        if row is not None:
            task = asyncio.create_task(self._run(viewer.tenant_id, row[0]))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _run(self, tenant_id: int, check_id: int) -> None:
        async with self._one_at_a_time:
            try:
                await asyncio.to_thread(self._count, tenant_id, check_id)
            except HeartwireError as error:
                _logger.warning("the ledger of tenant %d is not checked: %s", tenant_id, error)
            except Exception:
                _logger.exception("a defect ended the check of the ledger of tenant %d", tenant_id)

    def _count(self, tenant_id: int, check_id: int) -> None:
        with (
            connect(self._url, "ledger-check", autocommit=True, statement_timeout_s=_STATEMENT_TIMEOUT_S) as connection,
            connect(self._url, "ledger-progress", autocommit=True) as progress,
        ):
            for one in (connection, progress):
                with translated():
                    one.execute(_QUERIES["see_all"], {"tenant_id": tenant_id})
            report = follow_check(connection, progress, tenant_id, check_id)
        if report.wrong:
            _logger.error("the ledger of tenant %d: %d things are wrong", tenant_id, report.wrong)


def _check(row: tuple[Any, ...]) -> Check:
    check_id, name, begun_at, ended_at, touched_at, done, of, report = row
    state = CheckState.DONE if ended_at is not None else CheckState.RUNNING
    if ended_at is None and datetime.now(UTC) - touched_at > _LOST:
        state = CheckState.LOST
    return Check(
        check_id,
        name,
        us_of(begun_at),
        us_or_none(ended_at),
        state,
        done,
        of,
        None if report is None else msgspec.convert(report, Report),
    )


async def _one(
    connection: psycopg.AsyncConnection[Any], query: str, given: Mapping[str, Any]
) -> tuple[Any, ...] | None:
    row: tuple[Any, ...] | None = await (await connection.execute(_QUERIES[query], given)).fetchone()
    return row
