"""Reads what stands in a report, in short looks: whoever is at the pages must not wait for it."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Final, LiteralString

import numpy as np

from dashboard.access import Viewer
from dashboard.alarms import time_of, us_of, us_or_none
from dashboard.database import Database
from dashboard.errors import ApiError, Code
from dashboard.report.choice import EACH, Wanted, choose_strips
from dashboard.report.content import (
    Asked,
    Bar,
    CallCount,
    Candidate,
    Extreme,
    Felt,
    Report,
    Reviewer,
    Spread,
    Strip,
    Whose,
    bar_of,
)
from heartwire.calls import CALLS, Family
from heartwire.storage.ecg import Ecg, join_signal
from heartwire.storage.queries import load_queries
from heartwire.storage.stored import STORED, parameters, stored_of

_QUERIES: Final = load_queries("dashboard.report", "report.sql")
_MINUTE_US: Final = 60_000_000
_CLINICAL: Final = [call.code for call in CALLS.values() if call.family is Family.CLINICAL]
_HRV: Final = ("sdnn_ms", "rmssd_ms", "lf_ms2", "hf_ms2")
#: Told which part of the work is done, 0 to 1.
OnProgress = Callable[[float], None]


class Reading:
    """Reads one report.

    Parameters
    ----------
    viewer : Viewer
        In whose name: what he may not see stands in no report.
    """

    def __init__(self, database: Database, viewer: Viewer, asked: Asked) -> None:
        self._database: Final = database
        self._viewer: Final = viewer
        self._asked: Final = asked
        # Minutes are the least that is counted: the period begins with one.
        self._from_us: Final = asked.from_us // _MINUTE_US * _MINUTE_US
        self._given: Final[dict[str, object]] = {
            "patient_id": asked.patient_id,
            "tenant_id": viewer.tenant_id,
            "from": time_of(self._from_us),
            "to": time_of(asked.to_us),
            "bar_us": bar_of(self._from_us, asked.to_us),
            "clinical": _CLINICAL,
            "each": EACH,
        }

    async def read(self, on_progress: OnProgress) -> Report:
        """Return all of it.

        Raises
        ------
        ApiError
            `NOT_FOUND`, also for a patient whom the viewer may not see.
        DatabaseUnavailableError
            If the database cannot be reached.
        BlockError
            If stored signal is damaged.
        """
        whose = await self._rows("whose")
        if not whose:
            raise ApiError(Code.NOT_FOUND)
        bars = [_bar(row) for row in await self._rows("bars")]
        on_progress(0.2)
        extremes = [Extreme(bpm, us_of(minute)) for minute, bpm in await self._rows("extremes")]
        slowest, fastest = extremes if len(extremes) == 2 else (None, None)
        (hours, *hrv), *_ = await self._rows("hrv")
        calls = [CallCount(*row) for row in await self._rows("calls")]
        reviewers = [Reviewer(name, role, n, us_of(last)) for name, role, n, last in await self._rows("reviewers")]
        symptoms = [Felt(us_of(at), chips, note) for at, chips, note in await self._rows("symptoms")]
        candidates = [_candidate(row) for row in await self._rows("candidates")]
        engines = [engine for (engine,) in await self._rows("engines")]
        ((first,),) = await self._rows("first_minute")
        on_progress(0.3)
        chosen = choose_strips(candidates, symptoms, slowest, fastest, us_or_none(first))
        strips = []
        for number, wanted in enumerate(chosen):
            strips.append(await self._strip(wanted))
            on_progress(0.3 + 0.6 * (number + 1) / len(chosen))
        return Report(
            asked=self._asked,
            whose=Whose(*whose[0]),
            bars=bars,
            bar_us=bar_of(self._from_us, self._asked.to_us),
            slowest=slowest,
            fastest=fastest,
            hrv={name: Spread(*hrv[3 * n : 3 * n + 3]) for n, name in enumerate(_HRV) if hrv[3 * n] is not None},
            hrv_hours=hours,
            calls=sorted(calls, key=_gravest_first),
            reviewers=reviewers,
            symptoms=symptoms,
            engines=engines,
            strips=strips,
            made_us=us_of(datetime.now(UTC)),
            version=version("heartwire"),
        )

    async def _strip(self, wanted: Wanted) -> Strip:
        between: dict[str, object] = {"from": time_of(wanted.begin_us), "to": time_of(wanted.end_us)}
        stretch = parameters(self._asked.patient_id, wanted.begin_us, wanted.end_us)
        rows = stored_of(await self._rows_of(STORED, stretch, binary=True))
        beats = [(us_of(t), label) for t, label in await self._rows("beats", between)]
        # Decoding minutes of it takes milliseconds of computing: not on the thread that feeds the screens.
        ecg: Ecg = await asyncio.to_thread(join_signal, rows, wanted.begin_us, wanted.end_us)
        return Strip(
            **wanted._asdict(),
            lead=ecg.lead,
            t0_us=ecg.t0_us,
            fs_hz=ecg.fs_hz,
            ecg_mv=np.asarray(ecg.ecg_mv),
            beats=beats,
        )

    async def _rows(self, query: str, more: dict[str, object] | None = None) -> list[tuple[Any, ...]]:
        return await self._rows_of(_QUERIES[query], self._given | (more or {}))

    async def _rows_of(
        self, query: LiteralString, given: dict[str, object], *, binary: bool = False
    ) -> list[tuple[Any, ...]]:
        async with self._database.connection_as(self._viewer) as connection:
            return await (await connection.cursor(binary=binary).execute(query, given)).fetchall()


def _bar(row: Sequence[Any]) -> Bar:
    begin, mean, low, high, beats, s, v, signal_us, af_us, n_corrected = row
    return Bar(us_of(begin), mean, low, high, beats, s, v, signal_us, min(af_us, signal_us), n_corrected)


def _candidate(row: Sequence[Any]) -> Candidate:
    call, onset, ended, *judged = row
    return Candidate(call, us_of(onset), us_or_none(ended), *judged)


def _gravest_first(count: CallCount) -> tuple[bool, int, str]:
    places = list(CALLS)
    return (
        count.call in CALLS and CALLS[count.call].family is Family.TECHNICAL,
        places.index(count.call) if count.call in CALLS else len(places),
        count.call,
    )
