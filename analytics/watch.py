"""Looks for silence again and again, on a thread and connection of its own (rules: analytics/freshness.py)."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from analytics.device_faults import DEVICE_CALLS, Condition, judge_devices
from analytics.freshness import (
    WATCH_CALLS,
    WATCH_VERSION,
    Close,
    Ingest,
    Link,
    OpenAlarm,
    Raise,
    Verdict,
    Watch,
    count_patients,
)
from analytics.proof import UNPROVEN, Canary, judge_canary
from analytics.telling import NOTIFIER_SILENT, judge_notifier
from analytics.together import SIGNALS_LOST
from heartwire.calls import get_call
from heartwire.storage.queries import load_queries
from heartwire.storage.side_thread import LookThread

_logger: Final = logging.getLogger(__name__)
_QUERIES: Final = load_queries("analytics", "watch.sql")
_STATEMENT_TIMEOUT_S: Final = 10.0
#: Nothing that a device says of itself, nor how far the analysis is, is of seconds, microseconds.
_DEVICES_EVERY_US: Final = 2_000_000
#: A canary that has not run yet says nothing of its pace: the default one.
_CANARY_CYCLE_S: Final = 180.0
#: Of the system, and yet each hospital's own: they begin and end apart.
_OF_ONE_HOSPITAL: Final = frozenset({SIGNALS_LOST, NOTIFIER_SILENT})


class _Kind(NamedTuple):
    """What alarms of one statement have in common."""

    call: str
    by: str | None


class Watcher:
    """One connection's watch: begins anew with every connection, since without the database nobody could be heard."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection: Final = connection
        self._watch: Watch | None = None
        self._open: dict[int, OpenAlarm] = {}
        self._devices_due_us = 0
        self._began_us = 0

    def look(self) -> None:
        """Judge and commit; does nothing while another process watches.

        Raises
        ------
        psycopg.Error
            The database; make another watcher.
        """
        with self._connection.transaction():
            now_us = self._rows("now")[0][0]
            if self._watch is None:
                if not self._rows("become_watcher")[0][0]:
                    return
                self._watch = Watch(now_us)
                self._began_us = now_us
                self._keep(self._rows("open_alarms", calls=[*WATCH_CALLS, *DEVICE_CALLS, UNPROVEN, NOTIFIER_SILENT]))
            links = [Link(*row) for row in self._rows("links")]
            ingests = [Ingest(*row) for row in self._rows("ingests")]
            self._tell(self._watch.look(now_us, links, ingests, list(self._open.values())))
            if now_us >= self._devices_due_us:
                self._devices_due_us = now_us + _DEVICES_EVERY_US
                self._look_at_devices(now_us)
                self._look_at_analysis(now_us)
                self._look_at_canary(now_us)
                self._look_at_notifier(now_us)
            self._count(now_us, links)

    def _look_at_devices(self, now_us: int) -> None:
        devices = [Condition(*row) for row in self._rows("conditions")]
        self._tell(judge_devices(now_us, devices, list(self._open.values())))

    def _look_at_analysis(self, now_us: int) -> None:
        assert self._watch is not None
        (oldest_us,) = self._rows("oldest_not_analysed")[0]
        self._tell(self._watch.look_at_analysis(now_us, oldest_us, list(self._open.values())))

    def _look_at_canary(self, now_us: int) -> None:
        rows = self._rows("canary")
        canary = None
        if rows:
            since_us, cycle_s, proven_us = rows[0]
            canary = Canary(since_us, cycle_s or _CANARY_CYCLE_S, proven_us)
        self._tell(judge_canary(now_us, self._began_us, canary, list(self._open.values())))

    def _look_at_notifier(self, now_us: int) -> None:
        sign_us, tenants = self._rows("notifier")[0]
        self._tell(judge_notifier(now_us, self._began_us, sign_us, tenants, list(self._open.values())))

    def _count(self, now_us: int, links: Sequence[Link]) -> None:
        """Let the system's own alarms say how many patients they are about."""
        assert self._watch is not None
        alarms = [alarm for alarm in self._open.values() if alarm.device_id is None]
        if not alarms:
            return
        counts = count_patients(links, list(self._open.values()))
        patients = [
            self._watch.count_lost(alarm.tenant_id, now_us, links)
            if alarm.call == SIGNALS_LOST
            else counts.get(alarm.tenant_id, 0)
            for alarm in alarms
        ]
        given = {"alarms": [alarm.alarm_id for alarm in alarms], "patients": patients}
        self._connection.execute(_QUERIES["count"], given)

    def _tell(self, verdict: Verdict) -> None:
        self._close(verdict.closes)
        self._raise(verdict.raises)

    def _close(self, closes: Sequence[Close]) -> None:
        by_greater: dict[str | None, list[int]] = defaultdict(list)
        for close in closes:
            if close.alarm.device_id is None and close.alarm.call not in _OF_ONE_HOSPITAL:
                # One of the system is open in every tenant.
                by_greater[close.by] += [
                    alarm.alarm_id
                    for alarm in self._open.values()
                    if alarm.device_id is None and alarm.call == close.alarm.call
                ]
            else:
                by_greater[close.by].append(close.alarm.alarm_id)
        for by, alarms in by_greater.items():
            self._connection.execute(
                _QUERIES["close"],
                {"alarms": alarms, "kind": "suppressed" if by else "ended", "detail": Jsonb({"by": by} if by else {})},
            )
            for alarm_id in alarms:
                del self._open[alarm_id]
            _logger.info("%d alarms %s", len(alarms), f"hidden by {by}" if by else "ended")

    def _raise(self, raises: Sequence[Raise]) -> None:
        kinds: dict[_Kind, list[Raise]] = defaultdict(list)
        for item in raises:
            kinds[_Kind(item.call, item.by)].append(item)
        for (call, by), items in kinds.items():
            rows = self._rows(
                "raise",
                call=call,
                priority=str(get_call(call).priority),
                engine=WATCH_VERSION,
                kind="suppressed" if by else "raised",
                detail=Jsonb({"by": by} if by else {}),
                tenants=[item.tenant_id for item in items],
                patients=[item.patient_id for item in items],
                devices=[item.device_id for item in items],
                onsets=[item.onset_us for item in items],
                signals=[item.signal_us for item in items],
            )
            if not by:
                self._keep(rows)
            _logger.info("%s: %d alarms %s", call, len(rows), f"hidden by {by}" if by else "raised")

    def _keep(self, rows: Sequence[TupleRow]) -> None:
        self._open.update({row[0]: OpenAlarm(*row) for row in rows})

    def _rows(self, query: str, **parameters: object) -> list[TupleRow]:
        return self._connection.execute(_QUERIES[query], parameters).fetchall()


def freshness_thread(database: str, every_s: float) -> LookThread:
    """Return what runs a watcher at a steady pace, seconds; open alarms stay open when it ends."""
    return LookThread(
        database,
        "analytics-watch",
        every_s,
        Watcher,
        failing="nobody watches for silence",
        statement_timeout_s=_STATEMENT_TIMEOUT_S,
    )
