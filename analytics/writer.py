"""Writes what a batch of frames gave, together with the cursor: all of it or nothing."""

import math
import time
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from analytics.analysis import Beat, CallChange, Findings, Rhythm, Signal
from analytics.freshness import WATCH_VERSION
from analytics.minutes import EcgMinute
from heartwire.calls import get_call
from heartwire.errors import RetryableError
from heartwire.storage.errors import translated
from heartwire.storage.leases import fence, set_writer
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("analytics", "writer.sql")
#: An hour whose beats go on coming is marked again after so long, seconds (`analytics.hrv`).
MARK_AGAIN_S: Final = 600.0
_HOUR_US: Final = 3_600_000_000


class CursorLostError(RetryableError):
    """Another process has analysed these frames: what is in memory here is behind."""


class Checkpoint(NamedTuple):
    """A device's state after every frame below `next_xid`."""

    device: str
    next_xid: int
    state: bytes


class Step(NamedTuple):
    """What one commit contains.

    Attributes
    ----------
    expected : mapping of int to int
        By shard, the cursor from which this step began; of the shards that are moved.
    next_xid, replay_xid : int
        The cursor after it, and from where a restart needs frames again.
    findings : Findings
        What the frames gave.
    signal : mapping of EcgMinute to int
        How much signal the frames bring to each minute, microseconds.
    afresh : sequence of str
        Devices whose analysis began afresh.
    checkpoints : sequence of Checkpoint
        States after this step.
    """

    expected: Mapping[int, int]
    next_xid: int
    replay_xid: int
    findings: Findings
    signal: Mapping[EcgMinute, int]
    afresh: Sequence[str]
    checkpoints: Sequence[Checkpoint]


class _HourKey(NamedTuple):
    """One hour of one device; `number` counts from 1970."""

    patient_id: int
    tenant_id: int
    device_id: str
    number: int


class Writer:
    """Writes for a worker over one autocommitting connection, in a transaction of its own for each step.

    Raises
    ------
    LeaseLostError
        If the worker was taken for dead.
    """

    def __init__(self, connection: psycopg.Connection[TupleRow], engine: str, worker_id: int) -> None:
        self._connection: Final = connection
        self._engine: Final = engine
        self._worker_id: Final = worker_id
        #: Hours of devices, and when each was last marked: monotonic seconds.
        self._marks: dict[_HourKey, float] = {}
        set_writer(connection, worker_id)

    def write(self, step: Step) -> None:
        """Commit a step.

        Raises
        ------
        LeaseLostError
            If the worker was taken for dead; nothing is written.
        CursorLostError
            If a cursor is not where the step began; nothing is written.
        DatabaseUnavailableError, DatabaseFullError
            Nothing is written, or all of it: the cursor says which.
        """
        with translated(), self._connection.transaction():
            fence(self._connection, self._worker_id)
            self._move(step)
            if step.afresh:
                parameters = {"devices": list(step.afresh), "watch": WATCH_VERSION}
                self._connection.execute(_QUERIES["end_open_alarms"], parameters)
                self._connection.execute(_QUERIES["end_open_episodes"], parameters)
            self._write_beats(step.findings.beats)
            self._write_rhythms(step.findings.rhythms)
            self._add_signal(step.signal)
            for change in step.findings.changes:
                self._write_change(change)
            self._write_signals(step.findings.signals)
            self._write_checkpoints(step)

    def _move(self, step: Step) -> None:
        shards = list(step.expected)
        found: dict[int, int] = dict(self._connection.execute(_QUERIES["lock_cursors"], {"shards": shards}).fetchall())
        if found != dict(step.expected):
            raise CursorLostError("another process has analysed these frames; the analysis is taken up again")
        self._connection.execute(
            _QUERIES["move_cursors"], {"shards": shards, "next_xid": step.next_xid, "replay_xid": step.replay_xid}
        )

    def _write_beats(self, beats: Sequence[Beat]) -> None:
        if not beats:
            return
        patients, tenants, devices, times, rr_s, amplitudes_mv, labels = map(list, zip(*beats, strict=True))
        parameters = {
            "patients": patients,
            "tenants": tenants,
            "devices": devices,
            "times": times,
            "rr_s": rr_s,
            "amplitudes_mv": amplitudes_mv,
            "labels": labels,
            "engine": self._engine,
        }
        self._connection.execute(_QUERIES["insert_beats"], parameters)
        self._mark_hours(beats)

    def _mark_hours(self, beats: Sequence[Beat]) -> None:
        """Let the variability of these beats' hours be counted, or counted anew."""
        now_s = time.monotonic()
        hours = {_HourKey(beat.patient_id, beat.tenant_id, beat.device_id, beat.t_us // _HOUR_US) for beat in beats}
        new = [key for key in hours if now_s - self._marks.get(key, -math.inf) >= MARK_AGAIN_S]
        if not new:
            return
        patients, tenants, devices, numbers = map(list, zip(*new, strict=True))
        self._connection.execute(
            _QUERIES["mark_hours"],
            {
                "patients": patients,
                "tenants": tenants,
                "devices": devices,
                "hours_s": [number * 3600 for number in numbers],
                "engine": self._engine,
            },
        )
        # A step that is not committed ends this writer, and these marks with it.
        self._marks = {key: at_s for key, at_s in self._marks.items() if now_s - at_s < MARK_AGAIN_S}
        self._marks.update(dict.fromkeys(new, now_s))

    def _write_rhythms(self, rhythms: Sequence[Rhythm]) -> None:
        if not rhythms:
            return
        patients, tenants, devices, times, names, lates = map(list, zip(*rhythms, strict=True))
        parameters = {
            "patients": patients,
            "tenants": tenants,
            "devices": devices,
            "times": times,
            "rhythms": names,
            "lates": lates,
            "engine": self._engine,
        }
        self._connection.execute(_QUERIES["insert_rhythms"], parameters)

    def _add_signal(self, signal: Mapping[EcgMinute, int]) -> None:
        if not signal:
            return
        patients, tenants, devices, leads, minutes_s = map(list, zip(*signal, strict=True))
        parameters = {
            "patients": patients,
            "tenants": tenants,
            "devices": devices,
            "leads": leads,
            "minutes_s": minutes_s,
            "ecg_us": list(signal.values()),
        }
        self._connection.execute(_QUERIES["add_signal"], parameters)

    def _write_change(self, change: CallChange) -> None:
        execute = self._connection.execute
        parameters = change._asdict() | {
            "detail": Jsonb(storable(change.detail)),
            "told": Jsonb(storable(change.detail) | _when(change)),
            "priority": str(get_call(change.call).priority),
            "engine": self._engine,
        }
        if change.kind != "ended":
            # Raised, or hidden from its start; one that is hidden later is there already.
            execute(_QUERIES["insert_episode"], parameters)
            execute(_QUERIES["insert_alarm"], parameters)
        if change.kind != "raised":
            execute(_QUERIES["end_episode"], parameters)
        execute(_QUERIES["add_event"], parameters)

    def _write_signals(self, signals: Sequence[Signal]) -> None:
        if not signals:
            return
        devices, patients, tenants, hr_bpm, qualities, untils = map(list, zip(*signals, strict=True))
        parameters = {
            "devices": devices,
            "patients": patients,
            "tenants": tenants,
            "hr_bpm": hr_bpm,
            "qualities": qualities,
            "untils": untils,
            "engine": self._engine,
        }
        self._connection.execute(_QUERIES["set_signals"], parameters)

    def _write_checkpoints(self, step: Step) -> None:
        if not step.checkpoints:
            return
        with self._connection.cursor() as cursor:
            cursor.executemany(
                _QUERIES["save_checkpoint"],
                [checkpoint._asdict() | {"engine": self._engine} for checkpoint in step.checkpoints],
            )


def _when(change: CallChange) -> dict[str, float | str | None]:
    """Return, of a call that ended, when it did in the signal, and when in the signal that was known."""
    return {"end_us": change.end_us or change.at_us, "at_us": change.at_us} if change.kind == "ended" else {}


def storable(detail: Mapping[str, float | str]) -> dict[str, float | str | None]:
    """Return what JSON can say: a number that is none becomes null."""
    return {
        key: value if isinstance(value, str) else float(value) if math.isfinite(value) else None
        for key, value in detail.items()
    }
