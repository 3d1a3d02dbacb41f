"""A light device: cuts nothing, numbers its source's frames in real time, and sends each until the database has it.

To the system it is a device like any other; it knows only the wire (design, section 5).
"""

import asyncio
import contextlib
import random
import time
from collections import deque
from typing import Final, NamedTuple

import msgspec

from heartwire.backoff import Backoff
from heartwire.care import Kind, PatientMessage, Symptom
from heartwire.frames import (
    U16_MAX,
    EcgFlag,
    EcgFrame,
    EventFrame,
    FrameError,
    HrFrame,
    StatusFrame,
    decode_ack,
    encode,
)
from heartwire.mqtt import VersionChoice
from heartwire.topics import Stream, Topic
from simulators.clock import SampleClock
from simulators.config import Away, Said
from simulators.link import Link
from simulators.outbox import Outbox
from simulators.recorded import RecordedSignal
from simulators.settings import IN_FLIGHT_MAX, SimulateSettings
from simulators.sources import Chunk, Source, SyntheticSource

_FIRST_PAUSE_S: Final = 0.5
_TICK_S: Final = 2.0
_QUIET_S: Final = 4.0
_BYTES_PER_FRAME: Final = 600
#: A battery lasts so long for each percent, seconds.
_PERCENT_S: Final = 600.0


class Life(NamedTuple):
    """What happens to a device besides sending what it measures; see `simulators.config`."""

    battery: int | None = None
    says: tuple[Said, ...] = ()
    away: Away | None = None
    recorded: SyntheticSource | None = None


class Device:
    """One device: `run` it as a task until it is cancelled, after `finish`.

    Parameters
    ----------
    name : str
        As registered.
    phase_s : float
        Wait before the first sample, so that a ward does not send in step.
    speed : float
        Signal's seconds per second. Other than 1, the signal's times begin in the past, so that its end is now
        when its end is sent.
    sends_hr : bool
        Send heart rate frames too, where the source knows the beats.
    life : Life
        What happens to it besides.
    """

    def __init__(
        self,
        name: str,
        source: Source,
        settings: SimulateSettings,
        *,
        phase_s: float = 0.0,
        speed: float = 1.0,
        sends_hr: bool = False,
        life: Life | None = None,
    ) -> None:
        life = life or Life()
        self.name: Final = name
        self.boot_id: Final = random.getrandbits(32)
        self.ecg: Final[Outbox[EcgFrame]] = Outbox(self.boot_id, settings.outbox_max_frames)
        self.hr: Final[Outbox[HrFrame]] = Outbox(self.boot_id, settings.outbox_max_frames)
        self.events: Final[Outbox[EventFrame]] = Outbox(self.boot_id, settings.outbox_max_frames)
        self.recorded: Final = None if life.recorded is None else RecordedSignal(life.recorded, time.time_ns() // 1000)
        self.problem = ""
        self._source: Final = source
        self._settings: Final = settings
        self._phase_s: Final = phase_s
        self._speed: Final = speed
        self._sends_hr: Final = sends_hr
        self._rr_s: Final[deque[float]] = deque(maxlen=4)
        self._topics: Final = {stream: str(Topic(name, stream)) for stream in Stream}
        self._link: Link | None = None
        self._status_s = 0.0
        self._life: Final = life
        self._begin_s: Final = time.monotonic()

    @property
    def is_connected(self) -> bool:
        """Whether the broker takes its frames."""
        return self._link is not None and self._link.is_up

    async def play(self) -> None:
        """Produce frames until the source ends."""
        await asyncio.sleep(self._phase_s)
        clock = SampleClock(
            time.monotonic(), time.time_ns() // 1000, self._source.fs_hz, self._speed, self._source.duration_s
        )
        n_before = 0
        for seq, chunk in enumerate(self._source.chunks()):
            n_after = n_before + chunk.n_samples
            await asyncio.sleep(max(0.0, clock.due_s(n_after) - time.monotonic()))
            jumped = clock.follow(time.monotonic(), time.time_ns() // 1000)
            flags = chunk.flags | (EcgFlag.GAP_BEFORE if jumped else EcgFlag(0))
            self.ecg.add(self._ecg_frame(seq, clock.t_us(n_before), chunk, flags))
            if self._sends_hr:
                self._add_hr(clock.t_us(n_after), chunk)
            self._pump()
            n_before = n_after

    async def speak(self) -> None:
        """Say what its patient says, each word at its time."""
        for said in sorted(self._life.says, key=lambda said: said.after_s):
            await asyncio.sleep(max(0.0, self._begin_s + said.after_s - time.monotonic()))
            seq = self.events.added
            name = f"{self.boot_id}-{seq}"
            kind, word = (
                (Kind.SYMPTOM, Symptom(name, said.chips, said.note))
                if said.message is None
                else (Kind.MESSAGE, PatientMessage(name, said.message))
            )
            text = msgspec.json.encode(word).decode()
            self.events.add(EventFrame(self.boot_id, seq, time.time_ns() // 1000, kind, text))
            self._pump()

    async def stay_connected(self) -> None:
        """Keep a connection until cancelled: MQTT 5, or 3.1.1 where the broker does not speak it."""
        versions = VersionChoice()
        backoff = Backoff(self._settings.retry_longest_s, first_s=_FIRST_PAUSE_S)
        while True:
            await asyncio.sleep(self._away_s())
            link = self._link = Link(
                self._settings,
                self.name,
                versions.version,
                encode(self._status(online=False)),
                on_ack=self._heard,
                on_room=self._pump,
            )
            was_up = False
            try:
                if was_up := await link.open():
                    self.problem = ""
                    backoff.reset()
                    await self._serve(link)
                self.problem = link.problem
            finally:
                link.drop()
            # Where nobody is, the link says that it was answered.
            understood = link.answered and link.speaks_version
            if not versions.learn(was_up=was_up, is_there=True, understood=understood):
                await asyncio.sleep(backoff.next_s())

    async def say_goodbye(self) -> None:
        """Tell the broker that it goes, so that its will is not sent."""
        if self._link is not None and self._link.is_up:
            self._link.publish(self._topics[Stream.STATUS], encode(self._status(online=False)), retain=True)
            await self._link.close()

    async def _serve(self, link: Link) -> None:
        """Send on a connection until it ends."""
        for outbox in self._outboxes():
            outbox.send_all_again()
        self._tell_status(link)
        self._pump()
        while not self._away_s() and not await link.wait_for_end(_TICK_S):
            now_s = time.monotonic()
            if now_s - self._status_s >= self._settings.status_every_s:
                self._tell_status(link)
            for outbox in self._outboxes():
                outbox.send_last_again(now_s, _QUIET_S)
            self._pump()

    def _pump(self) -> None:
        """Send what waits, as far as the broker keeps up."""
        link = self._link
        while link is not None and link.is_up and link.in_flight < IN_FLIGHT_MAX:
            now_s = time.monotonic()
            if (frame := self.ecg.next(now_s)) is not None:
                link.publish(self._topics[Stream.ECG], encode(frame))
            elif (hr := self.hr.next(now_s)) is not None:
                link.publish(self._topics[Stream.HR], encode(hr))
            elif (event := self.events.next(now_s)) is not None:
                link.publish(self._topics[Stream.EVENT], encode(event))
            elif self.recorded and (frame := self.recorded.next(now_s, link.in_flight)) is not None:
                link.publish(self._topics[Stream.ECG], encode(frame))
            else:
                return

    def _outboxes(self) -> list[Outbox[EcgFrame] | Outbox[HrFrame] | Outbox[EventFrame]]:
        return [self.ecg, self.hr, self.events, *([self.recorded.outbox] if self.recorded else [])]

    def _away_s(self) -> float:
        away = self._life.away
        return 0.0 if away is None else away.left_s(time.monotonic() - self._begin_s)

    def _heard(self, payload: bytes) -> None:
        with contextlib.suppress(FrameError):  # said again in a few seconds
            ack = decode_ack(payload)
            if ack.stream == Stream.ECG:
                self.ecg.confirm(ack, time.monotonic())
                if self.recorded:
                    self.recorded.confirm(ack, time.monotonic())
            elif ack.stream == Stream.EVENT:
                self.events.confirm(ack, time.monotonic())
            elif ack.stream == Stream.HR:
                self.hr.confirm(ack, time.monotonic())
            self._pump()

    def _tell_status(self, link: Link) -> None:
        link.publish(self._topics[Stream.STATUS], encode(self._status(online=True)), retain=True)
        self._status_s = time.monotonic()

    def _status(self, *, online: bool) -> StatusFrame:
        waiting = len(self.ecg) + len(self.hr)
        return StatusFrame(
            boot_id=self.boot_id,
            t=time.time_ns() // 1000,
            online=online,
            battery_percent=self._battery(),
            firmware="simulated",
            wearable=self._source.wearable,
            rssi_dbm=None,
            outbox_frames=waiting,
            outbox_bytes_left=max(0, 2 * self._settings.outbox_max_frames - waiting) * _BYTES_PER_FRAME,
        )

    def _battery(self) -> int | None:
        full = self._life.battery
        return full and max(1, full - int((time.monotonic() - self._begin_s) / _PERCENT_S))

    def _ecg_frame(self, seq: int, t0_us: int, chunk: Chunk, flags: EcgFlag) -> EcgFrame:
        source = self._source
        return EcgFrame(
            boot_id=self.boot_id,
            seq=seq,
            t0=t0_us,
            fs_mhz=round(source.fs_hz * 1000),
            lead=source.lead,
            gain=source.gain,
            baseline=source.baseline,
            flags=int(flags),
            samples=chunk.samples,
        )

    def _add_hr(self, t_us: int, chunk: Chunk) -> None:
        self._rr_s.extend(chunk.rr_s)
        if not chunk.rr_s:
            return
        bpm = round(60 * len(self._rr_s) / sum(self._rr_s))
        rr_ms = tuple(min(U16_MAX, round(rr_s * 1000)) for rr_s in chunk.rr_s)
        self.hr.add(HrFrame(self.boot_id, self.hr.added, t_us, bpm, rr_ms, 2))
