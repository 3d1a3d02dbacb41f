"""The agent: takes frames from the source to the outbox, and from the outbox to the broker until the database has them.

Three threads: the source's cuts frames, the link's speaks with the broker, and this one, the caller's, owns the
outbox. They meet in the mailbox. A frame is on disk before it is sent, and leaves the disk when the database has it.
"""

import contextlib
import threading
import time
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from edge.errors import OutboxDiskFullError
from edge.framer import Framer
from edge.link import Link
from edge.mailbox import FRAMES_MAX, Mailbox
from edge.outbox import FRAME_OVERHEAD_BYTES, Outbox
from edge.pacing import Pace
from edge.progress import Reporter, Tally
from edge.settings import EdgeSettings
from edge.sources.source import Condition, Pulse, Source
from edge.watermark import ContradictoryAckError
from edge.window import Window
from heartwire.frames import Ack, EcgFrame, HrFrame, Message, StatusFrame, encode
from heartwire.topics import Stream

#: Frames wait at most so long for company in one write: a write wears the flash of a small device.
_COMMIT_EVERY_S: Final = 0.2
#: What the database has may stay on disk so long: its deletion rides with the next frame's write.
_FORGET_EVERY_S: Final = 1.5
_DISK_FULL_PAUSE_S: Final = 2.0
#: Dropped at a time from a full outbox, so that not every frame costs a write of its own.
_DROP_BYTES: Final = 65_536
#: Bytes of a frame's fields besides its samples, at most.
_FIELDS_BYTES: Final = 96
#: The same message of the server is kept anew so often, to spare flash.
_MESSAGE_EVERY_S: Final = 60.0
_SOURCE_END_S: Final = 5.0
#: Least time between two statuses because something changed.
_STATUS_SPACING_S: Final = 1.0


class Outcome(Enum):
    """How a run ended."""

    CONFIRMED = auto()
    """The source ended, and the database has everything."""
    STOPPED = auto()
    """Somebody stopped it; what is left is in the outbox."""
    GAVE_UP = auto()
    """The source ended, and the database did not confirm everything in time; the rest is in the outbox."""


class Agent:
    """One run: a source, an outbox, a broker.

    Parameters
    ----------
    pace : Pace, optional
        How fast a recorded signal goes; as fast as it can when not given.
    is_live : bool
        Whether the source cannot wait: a full outbox then drops its oldest frames. Otherwise the source waits.
    patience_s : float, optional
        How long to wait for confirmations after the source's end; for ever when not given.
    firmware : str
        Name and version of this program, for the care team.
    """

    def __init__(
        self,
        settings: EdgeSettings,
        source: Source,
        outbox: Outbox,
        reporter: Reporter,
        *,
        pace: Pace | None,
        is_live: bool,
        patience_s: float | None,
        firmware: str,
        clock_s: Callable[[], float] = time.time,
    ) -> None:
        self._settings: Final = settings
        self._source: Final = source
        self._outbox: Final = outbox
        self._reporter: Final = reporter
        self._pace: Final = pace
        self._is_live: Final = is_live
        self._patience_s: Final = patience_s
        self._firmware: Final = firmware
        self._clock_s: Final = clock_s
        self._stop: Final = threading.Event()
        self._mailbox: Final = Mailbox()
        self._window: Final = Window(settings.in_flight_max_frames, settings.resend_after_s, is_live=is_live)
        self._boot_id: Final = outbox.new_boot(int(clock_s()))
        self._framer: Final = Framer(self._boot_id)
        self._contents = outbox.contents
        self._condition = Condition(source.name, None, None)
        self._condition_told = source.name
        self._link_told = ""
        self._link: Final = Link(settings, lambda: self._status(online=False), self._mailbox)
        self._source_thread: Final = threading.Thread(target=self._run_source, name="source", daemon=True)
        self._acks: Final[dict[tuple[int, str], Ack]] = {}
        self._message: Message | None = None
        self._message_s = float("-inf")
        self._highest_sent: Final[dict[str, int]] = {}
        self._n_pulses = 0
        self._confirmed = 0
        self._connection = 0
        self._is_disk_full = False
        self._commit_s = float("-inf")
        self._retry_s = float("-inf")
        self._ack_s = float("inf")
        self._status_s = float("-inf")
        self._progress_s = time.monotonic()
        self._trouble = (False, self._contents.lost_frames, self._condition.wearable)
        self._is_error_told = False

    def stop(self) -> None:
        """End the run soon; safe in a signal handler and from any thread."""
        self._stop.set()

    def run(self) -> Outcome:
        """Run until the source has ended and the database has everything, or until told to stop.

        Raises
        ------
        SourceError
            After everything before it was confirmed, if the source broke off.
        OutboxError
            If the outbox cannot be used any more.
        """
        self._link.start()
        self._source_thread.start()
        try:
            outcome = self._serve()
        finally:
            self._stop.set()
            self._source_thread.join(_SOURCE_END_S)
            if self._mailbox.frames_waiting:
                self._keep_the_last()
            self._contents = self._outbox.contents
            self._reporter.end(self.tally)
            if self._framer.samples_lost:
                self._reporter.say(
                    f"{self._framer.samples_lost} samples stood alone between two gaps for less than 0.2 s: no frame"
                    " may hold them, and they were left out"
                )
            self._link.stop(self._status(online=False))
        error = self._mailbox.source_error
        if error is not None:
            raise error
        return outcome

    @property
    def tally(self) -> Tally:
        """Where things stand."""
        now_s = time.monotonic()
        problem = self._link.problem
        return Tally(
            made=self._mailbox.made,
            sent=self._window.sent,
            confirmed=self._confirmed,
            outbox=self._contents,
            is_connected=bool(self._connection),
            problem=str(problem) if problem else "",
            unanswered_s=now_s - self._progress_s if self._connection and len(self._window) else 0.0,
            is_disk_full=self._is_disk_full,
        )

    def _serve(self) -> Outcome:
        ended_s: float | None = None
        while not self._stop.is_set():
            now_s = time.monotonic()
            self._hear(now_s)
            self._store(now_s)
            self._watch_link(now_s)
            self._send(now_s)
            self._tell_status(now_s)
            self._reporter.report(self.tally)
            self._tell_source_error()
            if self._mailbox.has_source_ended and not self._mailbox.frames_waiting:
                ended_s = ended_s or now_s
                if not self._contents.frames:
                    return Outcome.CONFIRMED
                if self._patience_s is not None and now_s - ended_s >= self._patience_s:
                    return Outcome.GAVE_UP
            self._wait(now_s)
        return Outcome.STOPPED

    def _wait(self, now_s: float) -> None:
        next_s = now_s + 0.25
        if self._mailbox.frames_waiting:
            next_s = min(next_s, max(self._commit_s + _COMMIT_EVERY_S, self._retry_s))
        is_due = now_s >= max(self._commit_s + _COMMIT_EVERY_S, self._retry_s)
        self._mailbox.wait(max(0.0, next_s - now_s) + 0.001, for_frames=is_due and not self._is_held)

    @property
    def _is_held(self) -> bool:
        """Whether frames wait for room, and no time or frame changes that."""
        frames = self._mailbox.frames_waiting
        return bool(frames) and not self._is_live and not self._outbox.has_room_for(_FIELDS_BYTES)

    def _hear(self, now_s: float) -> None:
        for ack in self._mailbox.take_acks():
            try:
                self._check(ack)
                before = len(self._window)
                self._window.confirm(ack, now_s)
            except ContradictoryAckError as error:
                self._reporter.say(f"an acknowledgement was not believed: {error}")
                continue
            if len(self._window) < before:
                self._progress_s = now_s
            self._acks[ack.boot_id, ack.stream] = ack
            self._ack_s = min(self._ack_s, now_s)
        message = self._mailbox.take_message()
        if message is not None and (message != self._message or now_s - self._message_s >= _MESSAGE_EVERY_S):
            if message != self._message:
                self._reporter.say(f"the server does not store what this device sends: {message.text}")
            self._message, self._message_s = message, now_s
            with contextlib.suppress(OutboxDiskFullError):
                self._outbox.keep_refusal(message)

    def _check(self, ack: Ack) -> None:
        if ack.boot_id == self._boot_id and ack.highest > self._highest_sent.get(ack.stream, -1):
            raise ContradictoryAckError(f"frame {ack.highest} is said to be in the database and was never sent")

    def _store(self, now_s: float) -> None:
        """Write what waits, when it is time."""
        if now_s < self._retry_s:
            return
        waiting = self._mailbox.frames_waiting
        is_time = now_s >= self._commit_s + _COMMIT_EVERY_S or waiting >= FRAMES_MAX
        is_ending = self._mailbox.has_source_ended or self._is_held
        forget = self._acks and (is_ending or now_s >= self._ack_s + _FORGET_EVERY_S)
        if not (forget or (waiting and is_time)):
            return
        try:
            if self._is_disk_full:  # room inside the file first
                with self._outbox.reclaimed():
                    self._commit([])
            self._commit(self._fitting())
        except OutboxDiskFullError as error:
            if not self._is_disk_full:
                self._reporter.say(str(error))
            self._is_disk_full = True
            self._retry_s = now_s + _DISK_FULL_PAUSE_S
        else:
            if self._is_disk_full:
                self._reporter.say("the disk has room again; nothing was lost")
            self._is_disk_full = False
        self._commit_s = now_s
        self._contents = self._outbox.contents

    def _commit(self, frames: list[EcgFrame | HrFrame]) -> None:
        self._confirmed += self._outbox.commit(frames, list(self._acks.values()))
        self._mailbox.take(len(frames))
        self._acks.clear()
        self._ack_s = float("inf")

    def _fitting(self) -> list[EcgFrame | HrFrame]:
        """Return the frames that go into the outbox now; those of a live source make room for themselves."""
        frames = self._mailbox.peek()
        sizes = [_most_bytes(frame) for frame in frames]
        if self._is_live:
            if frames and not self._outbox.has_room_for(sum(sizes), len(frames)):
                self._drop(sum(sizes) + len(frames) * FRAME_OVERHEAD_BYTES)
            return frames
        used = 0
        for count, size in enumerate(sizes):
            used += size
            if not self._outbox.has_room_for(used, count + 1):
                return frames[:count]
        return frames

    def _drop(self, need_bytes: int) -> None:
        dropped = self._outbox.drop_oldest(need_bytes + _DROP_BYTES, self._window.handed_up_to)
        self._window.forget(dropped.up_to)
        self._reporter.say(
            f"the outbox is full: its {dropped.frames} oldest frames were dropped"
            f" ({self._outbox.contents.lost_frames} in all); the server will show a gap there"
        )

    def _watch_link(self, now_s: float) -> None:
        self._tell_link()
        number = self._link.number
        if number == self._connection:
            return
        self._connection = number
        if number:
            where = f"{self._settings.broker_host}:{self._settings.broker_port}"
            self._reporter.say(f"connected to {where}, {self._link.version_name}")
            self._window.begin(self._outbox.last_position, now_s)
            self._progress_s = now_s
            self._status_s = float("-inf")

    def _tell_link(self) -> None:
        problem = self._link.problem
        words = str(problem) if problem else "connected" if self._link.number else "connecting"
        # The same trouble in other words, each time it is tried, is not worth a write.
        reason = problem.reason if problem else words
        if reason != self._link_told:
            self._link_told = reason
            with contextlib.suppress(OutboxDiskFullError):
                self._outbox.keep_fact("link", words if problem is None else f"NOT connected: {words}")

    def _send(self, now_s: float) -> None:
        if not self._connection:
            return
        if self._window.is_stuck(now_s) and self._link.is_stalled(self._connection):
            self._link.drop(self._connection)
            return
        for held in self._window.due(self._outbox.after, now_s):
            if held.boot_id == self._boot_id:
                self._highest_sent[held.stream] = max(self._highest_sent.get(held.stream, -1), held.seq)
            if not self._link.publish(self._connection, Stream(held.stream), held.payload):
                return  # the connection is gone: the next one begins anew

    def _tell_source_error(self) -> None:
        error = self._mailbox.source_error
        if error is not None and not self._is_error_told:
            self._is_error_told = True
            self._reporter.say(f"the source broke off: {error}; what came before is still sent")

    def _tell_status(self, now_s: float) -> None:
        condition = self._condition
        if condition.wearable != self._condition_told:
            self._condition_told = condition.wearable
            self._reporter.say(condition.wearable)
            with contextlib.suppress(OutboxDiskFullError):
                self._outbox.keep_fact("condition", condition.in_words)
        trouble = (self._is_disk_full, self._contents.lost_frames, condition.wearable)
        if trouble != self._trouble and now_s >= self._status_s + _STATUS_SPACING_S:
            self._trouble = trouble
            self._status_s = float("-inf")
        if self._connection and now_s >= self._status_s + self._settings.status_every_s:
            self._status_s = now_s
            self._link.publish(self._connection, Stream.STATUS, self._status(online=True), retain=True)

    def _status(self, *, online: bool) -> bytes:
        contents, condition = self._contents, self._condition
        return encode(
            StatusFrame(
                boot_id=self._boot_id,
                t=int(self._clock_s() * 1e6),
                online=online,
                battery_percent=condition.battery_percent,
                firmware=self._firmware,
                wearable=condition.wearable,
                rssi_dbm=condition.rssi_dbm,
                outbox_frames=contents.frames,
                outbox_bytes_left=contents.left_bytes,
            )
        )

    def _run_source(self) -> None:
        error: Exception | None = None
        try:
            chunks = self._source.chunks(self._stop)
            for item in chunks if self._pace is None else self._pace.apply(chunks, self._stop):
                if isinstance(item, Condition):
                    self._condition = item
                elif isinstance(item, Pulse):
                    self._mailbox.put([self._hr_frame(item)], self._stop)
                else:
                    self._mailbox.put(self._framer.push(item), self._stop)
        except Exception as caught:  # noqa: BLE001 # handed on: what was read before it is still delivered
            error = caught
        self._mailbox.put(self._framer.flush(), self._stop)
        self._mailbox.end_source(error)

    def _hr_frame(self, pulse: Pulse) -> HrFrame:
        seq = self._n_pulses
        self._n_pulses += 1
        return HrFrame(self._boot_id, seq, pulse.t_us, pulse.bpm, pulse.rr_ms, pulse.contact)

    def _keep_the_last(self) -> None:
        """Write what came before the stop; say so when that cannot be."""
        count = self._mailbox.frames_waiting
        with contextlib.suppress(OutboxDiskFullError):
            self._commit(self._fitting())
        lost = self._mailbox.frames_waiting
        if lost:
            self._reporter.say(f"{lost} of the last {count} frames did not fit into the outbox and are lost")


def _most_bytes(frame: EcgFrame | HrFrame) -> int:
    """Return how long a frame's payload is at most."""
    return _FIELDS_BYTES + (len(frame.samples) if isinstance(frame, EcgFrame) else 3 * len(frame.rr_ms))
