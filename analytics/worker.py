"""Analyses what the database has, step by step: frames, findings and the cursor in one commit."""

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

import psycopg
from psycopg.rows import TupleRow

from analytics.analysis import NO_FINDINGS, Analysis, Findings, Signal
from analytics.backlog import Backlog, Place
from analytics.checkpoints import CheckpointError, Limits, Schedule, decode_waits, valid_limits
from analytics.counters import Counters
from analytics.engine import ENGINE_VERSION
from analytics.minutes import NO_SIGNAL, EcgMinute, signal_by_minute
from analytics.ordering import Frame
from analytics.reader import Cursor, Reader
from analytics.settings import AnalyticsSettings
from analytics.writer import Checkpoint, Step, Writer
from heartwire.errors import RetryableError
from heartwire.topics import shard_of

_logger: Final = logging.getLogger(__name__)
#: Least time between two looks for devices to put aside, seconds.
_PUT_ASIDE_S: Final = 0.5
#: Least time between two commits that say how the signals are: the ward's rows are not rewritten with every frame.
_SIGNALS_S: Final = 1.0


class AnalysisFailedError(RetryableError):
    """A defect: the engine failed on some device's signal. What is in memory is of no use any more."""


class Worker:
    """One analysis and its place in the log, as they were at the last commit or are about to be at the next.

    When `step` raises, the analysis may be ahead of what is committed: throw the worker away and make another.

    Attributes
    ----------
    is_behind : bool
        The last step left something: its batch was full, or late frames wait for their turn.

    Parameters
    ----------
    connection : psycopg.Connection
        Autocommitting, the worker's own.
    settings : AnalyticsSettings
        Sizes and times.
    worker_id : int
        Whose leases allow the work; without a shard until `take`.
    on_progress : callable
        Called between the parts of what takes long.
    careful : bool
        The analysis failed before: until the frames with which it did are behind, analyse one device at a time and
        give up the one with which it fails; it begins afresh with its next frame.
    done : Counters, optional
        Of the service; its own where none is given.

    Raises
    ------
    LeaseLostError
        If the worker was taken for dead.
    """

    def __init__(
        self,
        connection: psycopg.Connection[TupleRow],
        settings: AnalyticsSettings,
        worker_id: int,
        on_progress: Callable[[], None],
        *,
        careful: bool = False,
        done: Counters | None = None,
    ) -> None:
        self._careful = careful
        self._done: Final = done or Counters()
        self._given_up: Final[set[str]] = set()
        self._on_progress: Final = on_progress
        self._settings: Final = settings
        self.worker_id: Final = worker_id
        self._reader: Final = Reader(connection)
        self._writer: Final = Writer(connection, ENGINE_VERSION, worker_id)
        self._analysis: Final = Analysis()
        self._backlog: Final = Backlog(settings.late_frames)
        self._schedule: Final = Schedule(settings.checkpoint_every_s, settings.idle_after_s)
        self._cursors: dict[int, Cursor] = {}
        self._limits: dict[int, Limits] = {}
        self._limits_due_s = float("-inf")
        self._put_aside_due_s = float("-inf")
        #: Devices whose checkpoint could not be taken up, until that is committed.
        self._afresh: Final[set[str]] = set()
        self._untold: dict[str, Signal] = {}
        self._signals_due_s = float("-inf")
        self.is_behind = False
        self.n_frames = 0
        self.n_beats = 0
        self.n_changes = 0

    @property
    def shards(self) -> frozenset[int]:
        """Whose frames are analysed."""
        return frozenset(self._cursors)

    @property
    def n_devices(self) -> int:
        """Devices in memory."""
        return len(self._analysis)

    @property
    def late_frames_waiting(self) -> int:
        """Late frames that were read and wait for their turn."""
        return len(self._backlog)

    @property
    def frames_of_other_leads(self) -> int:
        """Frames that were not analysed, since the device's signal is analysed in another lead."""
        return self._analysis.frames_of_other_leads

    @property
    def samples_of_the_past(self) -> int:
        """Samples that were not analysed, since their time in the device's signal had been analysed already."""
        return self._analysis.samples_of_the_past

    @property
    def _next_xid(self) -> int:
        """The cursor that is least far; the others' frames beyond it are known."""
        return min(cursor.next_xid for cursor in self._cursors.values())

    def take(self, shards: frozenset[int]) -> int:
        """Take up the analysis of further shards where the last commit left it, and return the frames read again.

        Raises
        ------
        DatabaseUnavailableError, DatabaseRefusedError
            If the database is not there, or has no schema of this version.
        """
        self._reader.check_schema()
        cursors = self._reader.cursors(shards)
        self._cursors |= cursors
        next_xid = min(cursor.replay_xid for cursor in cursors.values())
        below = max(cursor.next_xid for cursor in cursors.values())
        counted = self._analysis.frames_of_other_leads, self._analysis.samples_of_the_past
        count = 0
        since: dict[str, int] = {}
        waits: dict[str, Place] = {}
        while frames := self._reader.frames_again(shards, next_xid, below, self._settings.batch_frames):
            next_xid = frames[-1].xid + 1
            count += self._analyse_again(frames, since, waits)
            self._on_progress()
        self._analysis.frames_of_other_leads, self._analysis.samples_of_the_past = counted
        self._done.frames_again += count
        return count

    def give_up(self, shards: frozenset[int]) -> None:
        """Commit the state of these shards' devices, and forget them (errors as `step`).

        Whoever takes the shards finds everything in the checkpoints.
        """
        devices = [device for device in self._schedule.devices() if shard_of(device) in shards]
        unsaved = set(self._schedule.unsaved())
        saved = [device for device in devices if device in unsaved]
        moved = {shard: self._cursors[shard] for shard in shards}
        next_xid = min(cursor.next_xid for cursor in moved.values())
        waits_xid = self._backlog.oldest_xid(devices)
        told = [device for device in self._untold if shard_of(device) in shards]
        self._writer.write(
            Step(
                expected={shard: cursor.next_xid for shard, cursor in moved.items()},
                next_xid=next_xid,
                replay_xid=next_xid if waits_xid is None else min(next_xid, waits_xid),
                findings=NO_FINDINGS._replace(signals=[self._untold.pop(device) for device in told]),
                signal={},
                afresh=sorted(device for device in self._afresh if shard_of(device) in shards),
                checkpoints=[self._make_checkpoint(device, next_xid) for device in saved],
            )
        )
        self._done.checkpoints += len(saved)
        for device in devices:
            self._schedule.forget(device)
            self._analysis.put_aside(device)
            self._backlog.forget(device)
            self._afresh.discard(device)
        for shard in shards:
            del self._cursors[shard]

    def _analyse_again(self, frames: Sequence[Frame], since: dict[str, int], waits: dict[str, Place]) -> int:
        """Bring the analysis forward over committed frames, but for those in their checkpoints (before `since`).

        Late frames that were not analysed yet (from `waits` on) wait for their turn again.
        """
        frames = [frame for frame in frames if frame.xid < self._cursors[shard_of(frame.device_id)].next_xid]
        since |= self._take_in(frames, waits=waits)
        frames = self._backlog.sort_again(frames, waits)
        frames = [
            frame
            for frame in frames
            if frame.device_id in self._analysis and frame.xid >= since.get(frame.device_id, 0)
        ]
        now_s = time.monotonic()
        for frame in frames:
            self._schedule.note(frame.device_id, frame.xid, now_s)
        self._analyse(frames, waits)
        return len(frames)

    def step(self) -> bool:
        """Analyse and commit what comes next; return whether there was anything.

        Raises
        ------
        LeaseLostError
            This worker was taken for dead.
        CursorLostError
            Another worker was here first.
        AnalysisFailedError
            The engine failed; begin again with care.
        DatabaseUnavailableError, DatabaseFullError, DatabaseRefusedError
            The database.
        """
        if not self._cursors:
            return False
        now_s = time.monotonic()
        self._read_limits(now_s)
        frames, read, next_xid = self._read()
        if not frames and next_xid == self._next_xid:
            self._keep_house(now_s)
            return False
        self._take_in(frames, live=True)
        for frame in frames:
            self._schedule.note(frame.device_id, frame.xid, now_s)
        self._set_limits(frames)
        findings = self._analyse(frames, self._backlog.waiting)
        self._careful = False
        moved = {device for device in self._backlog.moved if device in self._analysis}
        self._commit(next_xid, findings, list(moved.union(self._schedule.due(now_s))), signal_by_minute(read))
        self._put_idle_aside(now_s)
        self.n_frames += len(frames)
        self.n_beats += len(findings.beats)
        self.n_changes += len(findings.changes)
        self._done.add_step(len(frames), findings, time.monotonic() - now_s)
        return True

    def _read(self) -> tuple[list[Frame], list[Frame], int]:
        """Return the frames whose turn it is, those that were read, and the transaction up to which that was.

        Reads on while the batches are full of what will wait: live frames may stand behind it.
        """
        most = self._settings.batch_frames
        next_xid = self._next_xid
        ready = self._backlog.begin_step(most)
        read: list[Frame] = []
        self.is_behind = False
        while not self._backlog.is_full:
            frames = self._reader.next_frames(self._cursors, next_xid, most)
            if frames:
                next_xid = frames[-1].xid + 1
            fresh = [frame for frame in frames if frame.xid >= self._cursors[shard_of(frame.device_id)].next_xid]
            read += fresh
            ready += self._backlog.sort(fresh)
            self.is_behind = len(frames) >= most
            if not self.is_behind or len(ready) >= most:
                break
            self._on_progress()
        self.is_behind |= len(self._backlog) > 0
        return ready, read, next_xid

    def _analyse(self, frames: Sequence[Frame], waiting: Collection[str]) -> Findings:
        if not self._careful:
            try:
                return self._analysis.analyse(frames, waiting)
            except Exception as error:
                self._done.defects += 1
                _logger.exception("the engine failed")
                raise AnalysisFailedError("the engine failed; the analysis is taken up again with care") from error
        findings, failures = self._analysis.analyse_each(frames, waiting)
        self._done.defects += len(failures)
        for device, failure in failures.items():
            _logger.error("device %s is given up until its next frame", device, exc_info=failure)
            self._given_up.add(device)
            self._schedule.forget(device)
        return findings

    def save_all(self) -> None:
        """Commit a checkpoint of every device that went on since its last (errors as `step`)."""
        if unsaved := self._schedule.unsaved():
            self._signals_due_s = float("-inf")
            self._commit(self._next_xid, NO_FINDINGS, unsaved)

    def _take_in(
        self, frames: Sequence[Frame], *, live: bool = False, waits: dict[str, Place] | None = None
    ) -> dict[str, int]:
        """Know the devices of these frames; return from where on frames are news to those taken up from checkpoints.

        One whose checkpoint is of another version is taken in only by a `live` frame: what was analysed before is not
        analysed again by another engine. Notes in `waits` of whom late frames wait.
        """
        first: dict[str, Frame] = {}
        for frame in frames:
            if frame.device_id not in self._analysis:
                first.setdefault(frame.device_id, frame)
        stored = self._reader.checkpoints(first) if first else {}
        since: dict[str, int] = {}
        for device, frame in first.items():
            checkpoint = stored.get(device)
            if checkpoint is not None and waits is not None and (place := decode_waits(checkpoint.state)) is not None:
                waits[device] = place
            if device in self._given_up:
                if live:
                    self._begin_afresh(device, frame)
            elif checkpoint is None:
                self._analysis.begin(device)
            elif checkpoint.engine == ENGINE_VERSION and self._restore(device, checkpoint.state):
                since[device] = checkpoint.next_xid
            elif live:
                # An earlier version's work: what it raised ends, and the signal is taken up in its midst.
                _logger.info("analysis of device %s begins afresh: its checkpoint is of %s", device, checkpoint.engine)
                self._begin_afresh(device, frame)
        return since

    def _begin_afresh(self, device: str, frame: Frame) -> None:
        self._analysis.begin(device, at=frame)
        self._afresh.add(device)
        self._given_up.discard(device)

    def _restore(self, device: str, state: bytes) -> bool:
        try:
            self._analysis.restore(device, state)
        except CheckpointError as error:
            _logger.warning("device %s: %s", device, error)
            return False
        return True

    def _read_limits(self, now_s: float) -> None:
        if now_s >= self._limits_due_s:
            self._limits = valid_limits(self._reader.limits())
            self._limits_due_s = now_s + self._settings.limits_every_s

    def _set_limits(self, frames: Sequence[Frame]) -> None:
        """Let changed limits hold from this step on, and save the device with it: a replay keeps to its own."""
        for device, patient in {frame.device_id: frame.patient_id for frame in frames}.items():
            if self._analysis.set_limits(device, self._limits.get(patient, {})):
                self._schedule.hasten(device)

    def _keep_house(self, now_s: float) -> None:
        """Save and tell what is due though no frames come."""
        due = self._schedule.due(now_s)
        if due or (self._untold and now_s >= self._signals_due_s):
            self._commit(self._next_xid, NO_FINDINGS, due)
        self._put_idle_aside(now_s)

    def _put_idle_aside(self, now_s: float) -> None:
        if now_s < self._put_aside_due_s:
            return
        self._put_aside_due_s = now_s + _PUT_ASIDE_S
        for device in self._schedule.idle(now_s):
            self._schedule.forget(device)
            self._analysis.put_aside(device)

    def _make_checkpoint(self, device: str, next_xid: int) -> Checkpoint:
        # A shard may be further than the step.
        reached_xid = max(next_xid, self._cursors[shard_of(device)].next_xid)
        return Checkpoint(device, reached_xid, self._analysis.save(device, self._backlog.place(device)))

    def _commit(
        self, next_xid: int, findings: Findings, saved: list[str], signal: Mapping[EcgMinute, int] = NO_SIGNAL
    ) -> None:
        # Only a checkpoint lets it rise, so nobody looks for it otherwise.
        replay_xid = self._schedule.replay_xid(next_xid, saved) if saved else 0
        if (waits_xid := self._backlog.oldest_xid()) is not None:
            replay_xid = min(replay_xid, waits_xid)
        now_s = time.monotonic()
        self._untold |= {signal.device_id: signal for signal in findings.signals}
        tells = now_s >= self._signals_due_s
        step = Step(
            expected={shard: cursor.next_xid for shard, cursor in self._cursors.items()},
            next_xid=next_xid,
            replay_xid=replay_xid,
            findings=findings._replace(signals=list(self._untold.values()) if tells else []),
            signal=signal,
            afresh=sorted(self._afresh),
            checkpoints=[self._make_checkpoint(device, next_xid) for device in saved],
        )
        self._writer.write(step)
        self._afresh.clear()
        self._schedule.saved(saved, now_s)
        self._done.checkpoints += len(saved)
        if tells and self._untold:
            self._untold = {}
            self._signals_due_s = now_s + _SIGNALS_S
        self._cursors = {
            shard: Cursor(max(cursor.next_xid, next_xid), max(cursor.replay_xid, replay_xid))
            for shard, cursor in self._cursors.items()
        }
