"""Reports that are being made: who asks gets a number at once, not a request that hangs."""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum
from typing import Any, Final

import msgspec

from dashboard.access import Action, Viewer, audit
from dashboard.alarms import time_of, us_of, us_or_none
from dashboard.database import Database
from dashboard.errors import ApiError, Code
from dashboard.report.content import Asked, Whose
from dashboard.report.document import make_document
from dashboard.report.reading import Reading
from dashboard.report.typesetting import TypesettingError, make_pdf
from heartwire.errors import HeartwireError
from heartwire.storage.blocks import BlockError
from heartwire.storage.queries import load_queries

_logger: Final = logging.getLogger(__name__)
_QUERIES: Final = load_queries("dashboard.report", "report.sql")
#: Made at once by one server, and asked for at once by one person, at most.
_AT_ONCE: Final = 2
_UNDER_WAY_MOST: Final = 3
#: Whoever makes a report says so this often; of whom nothing was heard for the longer time, he makes it no more.
_SAY_EVERY_S: Final = 1.0
_DEAD_S: Final = 15.0
#: A file can be fetched for so long.
_KEEP_DAYS: Final = 7


class ReportState(StrEnum):
    """Where a report is."""

    MAKING = "making"
    MADE = "made"
    FAILED = "failed"
    """`failed` says why: ``interrupted``, ``damaged``, ``letters``, ``unavailable`` or ``defect``."""
    FORGOTTEN = "forgotten"
    """It was made, and its file is no longer kept: ask again."""


class ReportJob(msgspec.Struct, frozen=True):
    """A report that was asked for; times are UTC microseconds, `progress` is 0 to 1."""

    id: int
    asked_us: int
    by: str
    from_us: int
    to_us: int
    language: str
    zone: str
    progress: float
    made_us: int | None
    failed: str | None
    state: ReportState


class Reports:
    """Makes reports in the background.

    Parameters
    ----------
    database : Database
        The pages' own.
    """

    def __init__(self, database: Database) -> None:
        self._database: Final = database
        self._turns: Final = asyncio.Semaphore(_AT_ONCE)
        self._tasks: Final[set[asyncio.Task[None]]] = set()

    async def ask(self, viewer: Viewer, asked: Asked) -> ReportJob:
        """Begin to make a report of a patient whom the viewer may see, and return how to ask for it.

        Raises
        ------
        ApiError
            `NOT_FOUND`; `BUSY` when he waits for three already.
        """
        given = {
            "patient_id": asked.patient_id,
            "tenant_id": viewer.tenant_id,
            "user_id": viewer.user_id,
            "from": time_of(asked.from_us),
            "to": time_of(asked.to_us),
            "language": asked.language,
            "dead_s": _DEAD_S,
            "keep_days": _KEEP_DAYS,
        }
        async with self._database.connection_as(viewer) as connection:
            whose = await (await connection.execute(_QUERIES["whose"], given)).fetchone()
            if whose is None:
                raise ApiError(Code.NOT_FOUND)
            given["zone"] = Whose(*whose).zone
            row = await (await connection.execute(_QUERIES["under_way"], given)).fetchone()
            if row is not None and row[0] >= _UNDER_WAY_MOST:
                raise ApiError(Code.BUSY, most=_UNDER_WAY_MOST)
            await connection.execute(_QUERIES["forget_files"], given)
            row = await (await connection.execute(_QUERIES["ask"], given)).fetchone()
            assert row is not None
            await audit(connection, viewer, Action.MADE_REPORT, asked.patient_id)
        report_id = int(row[0])
        job = await self.find(viewer, asked.patient_id, report_id)
        task = asyncio.create_task(self._make(viewer, asked, report_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    async def find(self, viewer: Viewer, patient_id: int, report_id: int) -> ReportJob:
        """Return how far a report is.

        Raises
        ------
        ApiError
            `NOT_FOUND`.
        """
        jobs = await self.of_patient(viewer, patient_id, report_id)
        if not jobs:
            raise ApiError(Code.NOT_FOUND)
        return jobs[0]

    async def of_patient(self, viewer: Viewer, patient_id: int, report_id: int | None = None) -> list[ReportJob]:
        """Return the patient's last reports, the newest first."""
        given = {
            "patient_id": patient_id,
            "tenant_id": viewer.tenant_id,
            "report_id": report_id,
            "dead_s": _DEAD_S,
        }
        async with self._database.connection_as(viewer) as connection:
            if await (await connection.execute(_QUERIES["whose"], given)).fetchone() is None:
                raise ApiError(Code.NOT_FOUND)
            return [_job(row) for row in await (await connection.execute(_QUERIES["of_patient"], given)).fetchall()]

    async def fetch(self, viewer: Viewer, patient_id: int, report_id: int) -> tuple[bytes, str]:
        """Return a report's file and its name.

        Raises
        ------
        ApiError
            `NOT_FOUND`, also when it is not made or not kept.
        """
        given = {"patient_id": patient_id, "tenant_id": viewer.tenant_id, "report_id": report_id}
        async with self._database.connection_as(viewer) as connection:
            row = await (await connection.execute(_QUERIES["file"], given)).fetchone()
            if row is None:
                raise ApiError(Code.NOT_FOUND)
            await audit(connection, viewer, Action.TOOK_REPORT, patient_id)
        pdf, begin, end = row
        return pdf, f"heartwire-ecg-{patient_id}-{begin:%Y%m%dT%H%MZ}-{end:%Y%m%dT%H%MZ}.pdf"

    async def close(self) -> None:
        """Leave what is not made; it says so itself, later."""
        for task in list(self._tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _make(self, viewer: Viewer, asked: Asked, report_id: int) -> None:
        progress = _Progress()
        saying = asyncio.create_task(self._say(viewer, report_id, progress))
        try:
            async with self._turns:
                report = await Reading(self._database, viewer, asked).read(progress.move)
                # Drawing and setting take some tenths of a second of computing: not on the thread of the screens.
                pdf = await asyncio.to_thread(lambda: make_pdf(make_document(report)))
            given = {"report_id": report_id, "pdf": pdf, "sha256": hashlib.sha256(pdf).digest()}
            await self._write(viewer, "made", given)
            _logger.info("made report %d, %d bytes", report_id, len(pdf))
        except (HeartwireError, BlockError, TypesettingError, ApiError) as error:
            _logger.warning("report %d was not made: %s", report_id, type(error).__name__)
            await self._fail(viewer, report_id, _why(error))
        except Exception:
            _logger.exception("report %d was not made", report_id)
            await self._fail(viewer, report_id, "defect")
        finally:
            saying.cancel()

    async def _say(self, viewer: Viewer, report_id: int, progress: "_Progress") -> None:
        """Say again and again how far it is, and that somebody is at it."""
        while True:
            with suppress(HeartwireError):
                await self._write(viewer, "go_on", {"report_id": report_id, "progress": progress.done})
            await asyncio.sleep(_SAY_EVERY_S)

    async def _fail(self, viewer: Viewer, report_id: int, why: str) -> None:
        with suppress(HeartwireError):  # then it will be found that nobody makes it
            await self._write(viewer, "failed", {"report_id": report_id, "why": why})

    async def _write(self, viewer: Viewer, query: str, given: dict[str, Any]) -> None:
        async with self._database.connection_as(viewer) as connection:
            await connection.execute(_QUERIES[query], given)


class _Progress:
    """How far it is, 0 to 1."""

    def __init__(self) -> None:
        self.done = 0.0

    def move(self, done: float) -> None:
        self.done = max(self.done, done)


def _job(row: Sequence[Any]) -> ReportJob:
    report_id, asked, by, begin, end, language, zone, progress, made, failed, has_file, is_dead = row
    if failed is None and made is None and is_dead:
        failed = "interrupted"
    state = ReportState.MAKING
    if failed is not None:
        state = ReportState.FAILED
    elif made is not None:
        state = ReportState.MADE if has_file else ReportState.FORGOTTEN
    stretch = (us_of(begin), us_of(end))
    return ReportJob(
        report_id, us_of(asked), by, *stretch, language, zone, round(progress, 3), us_or_none(made), failed, state
    )


def _why(error: Exception) -> str:
    if isinstance(error, BlockError):
        return "damaged"
    if isinstance(error, TypesettingError):
        return "letters" if error.unknown else "defect"
    return "unavailable"
