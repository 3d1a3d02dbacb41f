"""What a device recorded before it reached the broker: delivered after what is live, as fast as the database takes it.

To the system it is an earlier boot of the same device. Memory is bounded: a frame is made when there is room for it.
"""

import random
from collections.abc import Iterator
from typing import Final

from heartwire.frames import Ack, EcgFrame
from simulators.outbox import Outbox
from simulators.sources import Chunk, SyntheticSource

#: Most frames that wait for the database.
_WAITING_MAX: Final = 300
#: Most that wait for the broker: the rest of a device's room is for what is live.
_IN_FLIGHT_MAX: Final = 10


class RecordedSignal:
    """A signal that ends at `end_us`, as frames of one boot."""

    def __init__(self, source: SyntheticSource, end_us: int) -> None:
        assert source.duration_s is not None
        self.boot_id: Final = random.getrandbits(32)
        self.outbox: Final[Outbox[EcgFrame]] = Outbox(self.boot_id, _WAITING_MAX)
        self._source: Final = source
        self._begin_us: Final = end_us - round(source.duration_s * 1e6)
        self._chunks: Final[Iterator[Chunk]] = source.chunks()
        self._n = 0

    def next(self, now_s: float, in_flight: int) -> EcgFrame | None:
        """Return the next frame to be sent now, ``None`` if none is; `in_flight` frames wait for the broker."""
        if in_flight >= _IN_FLIGHT_MAX:
            return None
        if (frame := self.outbox.next(now_s)) is not None:
            return frame
        if len(self.outbox) < _WAITING_MAX and (chunk := next(self._chunks, None)) is not None:
            self.outbox.add(self._frame(chunk))
            return self.outbox.next(now_s)
        return None

    def confirm(self, ack: Ack, now_s: float) -> None:
        """Let go of what the database has."""
        self.outbox.confirm(ack, now_s)

    def _frame(self, chunk: Chunk) -> EcgFrame:
        source = self._source
        t0_us = self._begin_us + round(self._n * 1e6 / source.fs_hz)
        self._n += chunk.n_samples
        return EcgFrame(
            boot_id=self.boot_id,
            seq=self.outbox.added,
            t0=t0_us,
            fs_mhz=round(source.fs_hz * 1000),
            lead=source.lead,
            gain=source.gain,
            baseline=source.baseline,
            flags=int(chunk.flags),
            samples=chunk.samples,
        )
