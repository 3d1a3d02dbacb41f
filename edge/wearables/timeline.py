"""A wearable's packets become chunks in UTC.  Pure.

Packets that were lost on the air are gaps in time: the wearable's own clock says how many samples are missing, and none
is moved into their place. Between packets without a loss, time goes on sample by sample, and follows the wearable's
clock by less than a sample each, so that nobody takes a correction for a gap.
"""

from collections import deque
from statistics import median
from typing import Final, NamedTuple

from edge.sources.source import Chunk
from edge.wearables.clock import WearableClock
from edge.wearables.wearable import EcgPacket
from heartwire.frames import I16_MAX, I16_MIN, EcgFlag

#: Digital units per mV on the wire: microvolts, as they come.
GAIN: Final = 1000.0
#: This machine's clock was set when it went by so much more or less than the monotonic one between two packets ...
_STEP_US: Final = 20_000
#: ... and by so much, times jump with it: what was told before was wrong, and stays so only for a moment.
_JUMP_US: Final = 5_000_000
#: Times that may be wrong by more say so: by this machine's clock, by what is being worn off, and by what a radio takes
#: even of the fastest packets, all together.
DOUBT_US: Final = 50_000
_RADIO_US: Final = 20_000
#: What remains for the first two.
CLOCK_DOUBT_US: Final = DOUBT_US - _RADIO_US
#: Samples are missing when so many do not come, or this part of a packet's.
_MISSING: Final = 1.5
_MISSING_PART: Final = 0.03
#: Most that time is corrected between two packets without a gap, in samples: the framer calls one a gap.
_CORRECTION: Final = 0.9
#: The rate is learned from so many packets, and changes when it is off by so much.
_RATE_PACKETS: Final = 16
_RATE_OFF: Final = 3e-3
#: So many packets wait, at most, until the clock has settled.
_HELD_MAX: Final = 64
_NONE: Final = EcgFlag(0)


class Arrival(NamedTuple):
    """When a packet came.

    Attributes
    ----------
    utc_us : int
        By this machine's clock, UTC microseconds.
    monotonic_us : int
        By a clock that nobody sets, microseconds.
    doubt_us : float
        By how much `utc_us` may be wrong, as far as this machine can know.
    """

    utc_us: int
    monotonic_us: int
    doubt_us: float = 0.0

    @property
    def is_doubtful(self) -> bool:
        """Whether signal that comes at this time may be told a time that is wrong by more than 50 ms."""
        return self.doubt_us > CLOCK_DOUBT_US


class Timeline:
    """Places the packets of one wearable in time.

    Attributes
    ----------
    samples_missing : int
        Samples that were lost on the air, by the wearable's clock.
    packets_repeated : int
        Packets that came again, or said a time before their predecessor's, and were left out.
    """

    def __init__(self, clock: WearableClock | None = None) -> None:
        self.samples_missing = 0
        self.packets_repeated = 0
        self.clock: Final = clock or WearableClock()
        self._held: list[tuple[EcgPacket, EcgFlag]] = []
        self._host: Arrival | None = None
        self._last_us: int | None = None  # the wearable's time of the last sample
        self._end_us: int | None = None  # UTC just after it
        self._fs_hz = 0.0
        self._doubt_us = 0.0
        self._periods: Final[deque[float]] = deque(maxlen=_RATE_PACKETS)
        self._gap = False

    def take(self, packet: EcgPacket, arrival: Arrival, flags: EcgFlag = _NONE) -> list[Chunk]:
        """Take a packet; return the chunks whose time is known now: of the first seconds none, then all at once."""
        chunks = self._follow_host(arrival)
        self._doubt_us = arrival.doubt_us
        wearable_us = packet.last_ns // 1000
        if self.clock.observe(wearable_us, arrival.utc_us):
            # What is held was not told yet: it is placed by what is known of the clock that it was made by.
            chunks += self.flush()
            self._last_us = None
            self._gap = True
        self._held.append((packet, flags))
        if self.clock.is_settled or len(self._held) >= _HELD_MAX:
            chunks += self.flush()
        return chunks

    def flush(self) -> list[Chunk]:
        """Return what is held until the clock has settled."""
        held, self._held = self._held, []
        return [chunk for packet, flags in held if (chunk := self._place(packet, flags)) is not None]

    def _follow_host(self, arrival: Arrival) -> list[Chunk]:
        before, self._host = self._host, arrival
        if before is None:
            return []
        step_us = (arrival.utc_us - before.utc_us) - (arrival.monotonic_us - before.monotonic_us)
        if abs(step_us) < _STEP_US:
            return []
        if not self.clock.has_told:  # what is held is placed by what is known now
            self.clock.step(step_us, jumps=True)
            return []
        chunks = self.flush()
        jumps = abs(step_us) >= _JUMP_US
        self.clock.step(step_us, jumps=jumps)
        if jumps:
            self._end_us = None
            self._gap = True
        return chunks

    def _place(self, packet: EcgPacket, flags: EcgFlag) -> Chunk | None:
        last_us = packet.last_ns // 1000
        n = len(packet.samples_uv)
        if not self._fs_hz:
            self._fs_hz = packet.fs_hz
        if self._last_us is not None:
            gone_us = last_us - self._last_us
            if gone_us <= 0:
                self.packets_repeated += 1
                return None
            missing = gone_us * self._fs_hz / 1e6 - n
            if abs(missing) > max(_MISSING, _MISSING_PART * n):
                self.samples_missing += max(0, round(missing))
                self._gap = True
            else:
                self._learn_rate(gone_us / n)
        period_us = 1e6 / self._fs_hz
        t0_us = self.clock.utc_us(round(last_us - (n - 1) * period_us))
        if self._end_us is not None:
            if self._gap:
                t0_us = max(t0_us, self._end_us)
            else:
                most_us = int(_CORRECTION * period_us)
                t0_us = max(self._end_us - most_us, min(self._end_us + most_us, t0_us))
        if self._gap:
            flags |= EcgFlag.GAP_BEFORE
            self._gap = False
        self._last_us = last_us
        self._end_us = t0_us + round(n * period_us)
        if self._doubt_us + abs(self.clock.error_us) > CLOCK_DOUBT_US:
            flags |= EcgFlag.CLOCK_ESTIMATED
        samples, is_clipped = _to_int16(packet.samples_uv)
        if is_clipped:
            flags |= EcgFlag.SATURATED
        return Chunk(t0_us, self._fs_hz, packet.lead, GAIN, 0, flags, samples)

    def _learn_rate(self, period_us: float) -> None:
        self._periods.append(period_us)
        if len(self._periods) == _RATE_PACKETS:
            fs_hz = round(1e6 / median(self._periods), 1)
            if abs(fs_hz / self._fs_hz - 1) > _RATE_OFF:
                self._fs_hz = fs_hz
                self._periods.clear()


def _to_int16(samples_uv: tuple[int, ...]) -> tuple[bytes, bool]:
    """Return samples as the wire has them, and whether any was beyond it: 32.8 mV, which is no heart's."""
    is_clipped = max(samples_uv) > I16_MAX or min(samples_uv) < I16_MIN
    if is_clipped:
        samples_uv = tuple(max(I16_MIN, min(I16_MAX, one)) for one in samples_uv)
    return b"".join([one.to_bytes(2, "little", signed=True) for one in samples_uv]), is_clipped
