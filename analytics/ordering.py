"""Frames in the order of their arrival become a device's signal in the order in which it was made.  Pure.

Devices number their frames; brokers, resends and parallel ingest processes mix them up. A missing frame is
waited for until `PATIENCE_US` of later signal (and at least two later frames) has arrived; then the rest goes on
without it. Should it come after all, it is *late signal*: it goes to a second lane, where it is analysed for itself.

Waiting is measured in signal, never by a clock: what is released depends only on what arrived before, in its
order. So reading the same frames again gives the same analysis.
"""

from bisect import insort
from enum import IntEnum
from typing import Final, NamedTuple

import msgspec

#: How much later signal may wait for a missing frame, microseconds: about what a resend takes.
PATIENCE_US: Final = 3_000_000
#: At least so many later frames, and at most so many, whatever their length.
_WAITING_LEAST: Final = 2
_WAITING_MOST: Final = 64
#: Boots whose beginning is remembered; of one forgotten, what still comes is late signal.
_BOOTS_MOST: Final = 8
#: A stretch of late signal is over when so much live signal has gone by without any more of it, microseconds.
LATE_STRETCH_ENDS_US: Final = 10_000_000


class Frame(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One stored ECG frame.

    Attributes
    ----------
    xid : int
        Transaction that stored it: the order of arrival.
    device_id : str
        Device.
    patient_id, tenant_id : int
        Whom it was registered for when this boot began.
    boot_id, seq : int
        Its place in the device's signal.
    t0_us, received_us : int
        Time of the first sample and time of arrival at the server, UTC microseconds.
    fs_mhz : int
        Samples per 1000 s.
    lead : str
        Its name, as the device says it.
    gain : float
        Units per mV.
    baseline : int
        Digital value of 0 mV.
    flags : int
        `heartwire.frames.EcgFlag` bits.
    samples : bytes
        int16 little-endian.
    """

    xid: int
    device_id: str
    patient_id: int
    tenant_id: int
    boot_id: int
    seq: int
    t0_us: int
    received_us: int
    fs_mhz: int
    lead: str
    gain: float
    baseline: int
    flags: int
    samples: bytes

    @property
    def duration_us(self) -> int:
        """Length, microseconds."""
        return round(len(self.samples) * 500_000_000 / self.fs_mhz)

    @property
    def t_end_us(self) -> int:
        """Time just after the last sample, UTC microseconds."""
        return self.t0_us + self.duration_us


class Lane(IntEnum):
    """Which of a device's two signals a frame belongs to."""

    LIVE = 0
    """The signal in the device's order."""
    LATE = 1
    """What came after the live lane had gone on without it."""


class Released(NamedTuple):
    """A frame whose turn it is; `begins`: it does not continue what its lane had before."""

    frame: Frame
    lane: Lane
    begins: bool


class Order(msgspec.Struct):
    """Where one device's signal stands. It is saved with the checkpoint.

    Attributes
    ----------
    boots : dict of int to int
        When each of the last boots began: `t0_us` of its first frame seen. Boots are in this order, since their
        numbers need not grow; and each begins with frame 0.
    boot_id, next_seq : int
        What the live lane expects; boot -1 before anything came.
    waiting : list of Frame
        Frames that came too early, in order; at most 64.
    skipped : int
        Times that the live lane went on without a missing frame.
    late_next : (int, int) or None
        Boot and seq that would continue the present stretch of late signal; ``None`` when there is none.
    live_since_late_us : int
        Live signal since the last late frame, microseconds.
    late_waits : bool
        More late frames are there and wait for their turn: the stretch does not end. Never set in a checkpoint.
    """

    boots: dict[int, int] = {}
    boot_id: int = -1
    next_seq: int = 0
    waiting: list[Frame] = []
    skipped: int = 0
    late_next: tuple[int, int] | None = None
    live_since_late_us: int = 0
    late_waits: bool = False

    def push(self, frame: Frame) -> list[Released]:
        """Take in a frame and return those whose turn has come, in order."""
        self._learn_boot(frame)
        if self._place(frame) < self._live_place:
            return [self._release_late(frame)]
        if not self.waiting and self._is_next(frame):
            return [self._release(frame)]
        if any((other.boot_id, other.seq) == (frame.boot_id, frame.seq) for other in self.waiting):
            return []  # the same frame again
        insort(self.waiting, frame, key=self._place)
        released = self._release_all_next()
        while self._is_out_of_patience():
            first = self.waiting[0]
            self.boot_id, self.next_seq = first.boot_id, first.seq
            self.skipped += 1
            released += self._release_all_next()
        return released

    def begin_at(self, frame: Frame) -> None:
        """Expect this frame next: for a signal that is taken up in its midst."""
        self._learn_boot(frame)
        self.boot_id, self.next_seq = frame.boot_id, frame.seq

    def release_rest(self) -> list[Released]:
        """Return what still waits for a missing frame, in order: nothing more comes."""
        released: list[Released] = []
        while self.waiting:
            first = self.waiting[0]
            self.boot_id, self.next_seq = first.boot_id, first.seq
            self.skipped += 1
            released += self._release_all_next()
        return released

    @property
    def late_is_over(self) -> bool:
        """Whether the stretch of late signal, if there is one, has ended."""
        if self.late_next is None or self.late_waits:
            return False
        return self.live_since_late_us >= LATE_STRETCH_ENDS_US

    def end_late(self) -> None:
        """Forget the stretch of late signal."""
        self.late_next = None

    def _learn_boot(self, frame: Frame) -> None:
        if frame.boot_id in self.boots:
            return
        self.boots[frame.boot_id] = frame.t0_us
        if len(self.boots) > _BOOTS_MOST:
            kept = {self.boot_id, frame.boot_id, *(waiting.boot_id for waiting in self.waiting)}
            for boot_id in sorted(self.boots.keys() - kept, key=self.boots.__getitem__)[:1]:
                del self.boots[boot_id]

    def _place(self, frame: Frame) -> tuple[int, int, int]:
        return self.boots[frame.boot_id], frame.boot_id, frame.seq

    @property
    def _live_place(self) -> tuple[int, int, int]:
        return self.boots.get(self.boot_id, -1), self.boot_id, self.next_seq

    def _is_next(self, frame: Frame) -> bool:
        if frame.boot_id == self.boot_id:
            return frame.seq == self.next_seq
        return frame.seq == 0 and self._place(frame) > self._live_place

    def _is_out_of_patience(self) -> bool:
        count = len(self.waiting)
        if count < _WAITING_LEAST:
            return False
        return count >= _WAITING_MOST or sum(frame.duration_us for frame in self.waiting) >= PATIENCE_US

    def _release_all_next(self) -> list[Released]:
        released = []
        while self.waiting and self._is_next(self.waiting[0]):
            released.append(self._release(self.waiting.pop(0)))
        return released

    def _release(self, frame: Frame) -> Released:
        self.boot_id, self.next_seq = frame.boot_id, frame.seq + 1
        self.live_since_late_us += frame.duration_us
        return Released(frame, Lane.LIVE, begins=False)

    def _release_late(self, frame: Frame) -> Released:
        begins = self.late_is_over or (frame.boot_id, frame.seq) != self.late_next
        self.late_next = (frame.boot_id, frame.seq + 1)
        self.live_since_late_us = 0
        return Released(frame, Lane.LATE, begins)
