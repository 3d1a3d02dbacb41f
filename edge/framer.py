"""Samples become frames of about a second.  Pure.

A frame must hold at least 0.2 s (wire, version 1), and nobody knows beforehand where a signal breaks off. So a frame is
cut only when 0.2 s more are at hand: whatever comes next, the rest is long enough to be a frame of its own. With frames
of 0.8 s at most a second of signal waits here.
"""

import itertools
import math
from collections import deque
from typing import Final

from edge.sources.source import Chunk
from heartwire.frames import FRAME_S_MIN, SAMPLES_MAX, EcgFlag, EcgFrame

FRAME_S: Final = 0.8
#: Times that differ by no more are rounding, microseconds.
_ROUNDING_US: Final = 2


class Framer:
    """Cuts one run's chunks into numbered frames.

    A new segment begins where the lead, rate, gain or baseline changes, where a chunk says `GAP_BEFORE`, and
    where its time is more than one sample away from where the last one ended; the last two mark the frame.
    Smaller differences are a sensor's clock: the times follow it.

    Parameters
    ----------
    boot_id : int
        The run.
    frame_s : float
        Length of a frame, seconds: 0.2 to 5.

    Attributes
    ----------
    samples_lost : int
        Samples that stood alone between two gaps for less than 0.2 s: no frame may hold them.
    """

    def __init__(self, boot_id: int, frame_s: float = FRAME_S) -> None:
        self.samples_lost = 0
        self._boot_id: Final = boot_id
        self._frame_s: Final = frame_s
        self._numbers: Final = itertools.count()
        self._like: Chunk | None = None
        self._buffer: Final = bytearray()
        self._flags: Final[deque[tuple[int, EcgFlag]]] = deque()  # (samples, what holds for them)
        self._anchor_us = 0  # time of the segment's first sample ...
        self._n_cut = 0  # ... and samples of the segment that have left the buffer
        self._gap = False  # before the next frame ...
        self._gap_next = False  # ... and before the next chunk

    def push(self, chunk: Chunk) -> list[EcgFrame]:
        """Take a chunk and return the frames that it completes."""
        self._gap_next |= EcgFlag.GAP_BEFORE in chunk.flags
        if not chunk.samples:
            return []
        frames: list[EcgFrame] = []
        if self._like is None or self._breaks(self._like, chunk):
            frames = self.flush()
            self._begin(chunk)
        self._buffer.extend(chunk.samples)
        self._flags.append((chunk.n_samples, chunk.flags & ~EcgFlag.GAP_BEFORE))
        n_frame = min(round(self._frame_s * chunk.fs_hz), SAMPLES_MAX // 2)
        while self._n_buffered >= n_frame + self._n_min:
            frames.append(self._cut(n_frame))
        return frames

    def flush(self) -> list[EcgFrame]:
        """End the segment: return what is left as a frame, none when nothing is."""
        n_left = self._n_buffered
        frames: list[EcgFrame] = []
        if n_left:
            if n_left >= self._n_min:
                frames.append(self._cut(n_left))
            else:
                self.samples_lost += n_left
                self._gap = True
        self._buffer.clear()
        self._flags.clear()
        self._like = None
        return frames

    @property
    def _n_buffered(self) -> int:
        return len(self._buffer) // 2

    @property
    def _n_min(self) -> int:
        return math.ceil(FRAME_S_MIN * self._like.fs_hz) if self._like else 0

    def _time_us(self, n: int) -> int:
        assert self._like is not None
        return self._anchor_us + round(n * 1e6 / self._like.fs_hz)

    def _breaks(self, like: Chunk, chunk: Chunk) -> bool:
        """Whether a segment ends before the chunk; notes whether samples are missing there."""
        away_us = chunk.t0_us - self._time_us(self._n_cut + self._n_buffered)
        self._gap_next |= abs(away_us) > 1e6 / like.fs_hz
        if self._gap_next:
            return True
        if abs(away_us) > _ROUNDING_US:
            self._anchor_us += away_us
        return (chunk.fs_hz, chunk.lead, chunk.gain, chunk.baseline) != (
            like.fs_hz,
            like.lead,
            like.gain,
            like.baseline,
        )

    def _begin(self, chunk: Chunk) -> None:
        self._gap |= self._gap_next
        self._gap_next = False
        self._like = chunk
        self._anchor_us = chunk.t0_us
        self._n_cut = 0

    def _cut(self, n: int) -> EcgFrame:
        assert self._like is not None
        flags = self._take_flags(n)
        if self._gap:
            flags |= EcgFlag.GAP_BEFORE
            self._gap = False
        frame = EcgFrame(
            boot_id=self._boot_id,
            seq=next(self._numbers),
            t0=self._time_us(self._n_cut),
            fs_mhz=round(self._like.fs_hz * 1000),
            lead=self._like.lead,
            gain=self._like.gain,
            baseline=self._like.baseline,
            flags=int(flags),
            samples=bytes(self._buffer[: 2 * n]),
        )
        del self._buffer[: 2 * n]
        self._n_cut += n
        return frame

    def _take_flags(self, n: int) -> EcgFlag:
        flags = EcgFlag(0)
        while n:
            n_run, run_flags = self._flags.popleft()
            flags |= run_flags
            if n_run > n:
                self._flags.appendleft((n_run - n, run_flags))
                n_run = n
            n -= n_run
        return flags
