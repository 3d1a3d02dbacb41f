"""A wearable as a source, at bleak's border: its bytes in, chunks and heart rates out, connected again by itself."""

import asyncio
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import numpy as np
import pytest
from bleak.exc import BleakBluetoothNotAvailableReason

from edge.errors import WearableError, WearableReason
from edge.sources.bluetooth import BluetoothSource
from edge.sources.source import Chunk, Condition, Item, Pulse
from edge.wearables.heart_rate import BATTERY_LEVEL, HEART_RATE_MEASUREMENT
from edge.wearables.polar_h10 import PMD_CONTROL_POINT
from edge.wearables.strap import Strap
from edge.wearables.timeline import Arrival
from edge.wearables.wearable import Contact, EcgPacket, HeartRate, kind_of, kinds
from heartwire.frames import EcgFlag
from tests.air import H10, PACKET, Air, HeartRateStrap, Peripheral, PolarH10
from tests.servers.waiting import wait_until

T0_US: Final = 1_790_000_000_000_000
WEARABLE_NS: Final = 599_616_000 * 10**9
SAMPLES: Final = [int(one) for one in np.random.default_rng(2).integers(-2000, 2000, PACKET * 1000)]


class _Play:
    """Runs a source in a thread; the air's time goes on only when packets are sent."""

    def __init__(self, air: Air, one: Peripheral) -> None:
        self.now_us = 0
        kind = kind_of(one.name, one.advertised)
        assert kind is not None
        self.source = BluetoothSource(one.address, one.name, kind, air.radio(), now=self._now)
        self.items: list[Item] = []
        self.stop = threading.Event()
        self.one = one
        self._thread = threading.Thread(target=self._read)

    def _now(self) -> Arrival:
        return Arrival(T0_US + self.now_us, self.now_us)

    def _read(self) -> None:
        self.items.extend(self.source.chunks(self.stop))

    @contextmanager
    def running(self) -> Iterator["_Play"]:
        self._thread.start()
        try:
            yield self
        finally:
            self.stop.set()
            self._thread.join(20.0)
            assert not self._thread.is_alive()

    def wait_for_connection(self, number: int = 1) -> None:
        wait_until(lambda: self.source.connections == number, f"connection {number}", timeout_s=20.0)

    def send(self, first: int, last: int, *, beats: bool = True) -> None:
        """Send ECG packets, a heart rate after each second."""
        assert isinstance(self.one, PolarH10)
        for at in range(first, last):
            end_us = round((at + 1) * PACKET * 1e6 / 130)
            self.now_us = end_us + 20_000
            last_ns = WEARABLE_NS + round((PACKET * (at + 1) - 1) * 1e9 / 130)
            self.one.send_ecg(last_ns, SAMPLES[PACKET * at : PACKET * at + PACKET])
            if beats and at % 2:
                self.one.send_heart_rate(60, 1024)

    @property
    def samples(self) -> list[int]:
        return [
            int(value) for item in self.items if isinstance(item, Chunk) for value in np.frombuffer(item.samples, "<i2")
        ]

    @property
    def conditions(self) -> list[str]:
        return [item.wearable for item in self.items if isinstance(item, Condition)]

    def wait_for(self, what: Callable[[], bool], name: str) -> None:
        wait_until(what, f"{name}; so far: {self.conditions}", timeout_s=20.0)


def test_kinds_are_the_files_of_the_folder_and_an_h10_is_not_taken_for_a_mere_strap() -> None:
    assert [kind.kind for kind in kinds()] == ["polar_h10", "heart_rate"]
    h10, strap = PolarH10(), HeartRateStrap()
    assert [getattr(kind_of(one.name, one.advertised), "kind", "") for one in (h10, strap)] == [
        "polar_h10",
        "heart_rate",
    ]
    assert kind_of("Kettle", ["0000180a-0000-1000-8000-00805f9b34fb"]) is None


def test_who_is_near_the_strongest_first() -> None:
    air = Air(HeartRateStrap(), PolarH10())
    seen = asyncio.run(air.radio().look(0.1))
    assert [(one.name, one.rssi_dbm) for one in seen] == [("Polar H10 1A2B3C4D", -59), ("TICKR 1A2B", -60)]


def test_an_h10s_ecg_and_beats_come_out_every_sample_once() -> None:
    h10 = PolarH10()
    with _Play(Air(h10), h10).running() as play:
        play.wait_for_connection()
        play.send(0, 40)
        play.wait_for(lambda: len(play.samples) == 40 * PACKET, "all samples")
        play.wait_for(lambda: "Polar H10 1A2B3C4D, worn" in play.conditions, "the condition")
    assert play.samples == SAMPLES[: 40 * PACKET]
    assert h10.told == [bytes.fromhex("0100"), bytes.fromhex("02000001820001010e00")]
    chunks = [item for item in play.items if isinstance(item, Chunk)]
    assert all((chunk.fs_hz, chunk.gain, chunk.lead, chunk.flags) == (130, 1000, "ECG", 0) for chunk in chunks)
    assert abs(chunks[0].t0_us - T0_US) < 50_000
    pulses = [item for item in play.items if isinstance(item, Pulse)]
    assert len(pulses) == 20
    assert pulses[0] == Pulse(T0_US + round(2 * PACKET * 1e6 / 130) + 20_000, 60, (1000,), 0)
    last = [item for item in play.items if isinstance(item, Condition)][-2]
    assert (last.battery_percent, last.rssi_dbm) == (80, -60)


def test_it_is_connected_again_by_itself_and_what_was_missed_is_a_gap() -> None:
    h10 = PolarH10()
    with _Play(Air(h10), h10).running() as play:
        play.wait_for_connection()
        play.send(0, 20)
        h10.leave()
        play.wait_for(lambda: any("not connected" in text for text in play.conditions), "the loss to be told")
        h10.is_near, h10.refuses_connections = True, 2
        begin_s = time.monotonic()
        play.wait_for_connection(2)
        assert time.monotonic() - begin_s < 15
        play.send(120, 140)
        play.wait_for(lambda: len(play.samples) == 40 * PACKET, "all samples")
    assert play.samples == SAMPLES[: 20 * PACKET] + SAMPLES[120 * PACKET : 140 * PACKET]
    chunks = [item for item in play.items if isinstance(item, Chunk)]
    assert [at for at, chunk in enumerate(chunks) if EcgFlag.GAP_BEFORE in chunk.flags] == [20]
    assert abs(chunks[20].t0_us - chunks[0].t0_us - 120 * PACKET * 1e6 / 130) < 10_000


def test_one_that_falls_silent_or_stops_by_itself_is_connected_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.sources.bluetooth._SILENCE_S", 0.5)
    h10 = PolarH10()
    with _Play(Air(h10), h10).running() as play:
        play.wait_for_connection(2)
        play.wait_for(lambda: any("silent" in text for text in play.conditions), "the silence to be told")
        wait_until(lambda: h10.is_sending, "the ECG to be asked for")
        h10.notify(PMD_CONTROL_POINT, bytes.fromhex("0100"))
        play.wait_for(lambda: any("it stopped its ECG" in text for text in play.conditions), "the stop to be told")
        play.wait_for_connection(play.source.connections + 1)


def test_an_ecg_left_over_from_a_connection_that_broke_is_stopped_and_started() -> None:
    h10 = PolarH10()
    h10.is_sending = True
    with _Play(Air(h10), h10).running() as play:
        play.wait_for_connection()
        play.send(0, 10)
        play.wait_for(lambda: len(play.samples) == 10 * PACKET, "all samples")
    assert [value[0] for value in h10.told] == [1, 2, 3, 2]


def test_settings_in_several_indications_behind_an_answer_to_something_else_are_put_together() -> None:
    h10 = PolarH10()
    # Acceleration's answer first, which nobody asked for; then the two halves of ECG's.
    h10.settings = [bytes.fromhex(part) for part in ("f0010203", "f00100000100018200", "f00100000001010e00")]
    with _Play(Air(h10), h10).running() as play:
        play.wait_for_connection()
        play.send(0, 10)
        play.wait_for(lambda: len(play.samples) == 10 * PACKET, "all samples")
    assert play.source.refused == 0


def test_the_battery_is_heard_of_when_it_changes() -> None:
    h10 = PolarH10()
    with _Play(Air(h10), h10).running() as play:
        play.wait_for_connection()
        h10.notify(BATTERY_LEVEL, b"\x32")
        play.wait_for(
            lambda: [item.battery_percent for item in play.items if isinstance(item, Condition)][-1:] == [50],
            "the battery to be told",
        )


def test_that_another_measurement_ended_is_no_reason_to_connect_anew() -> None:
    h10 = PolarH10()
    with _Play(Air(h10), h10).running() as play:
        play.wait_for_connection()
        h10.notify(PMD_CONTROL_POINT, bytes.fromhex("0102"))
        assert not play.source._has_stopped
        h10.notify(PMD_CONTROL_POINT, bytes.fromhex("010200"))
        play.wait_for_connection(2)


@pytest.mark.parametrize(
    ("field", "value", "reason", "words"),
    [
        ("features", bytes.fromhex("0f0400"), WearableReason.UNFIT, "it has no ECG"),
        ("settings", [bytes.fromhex("f0010000000001fa0001010e00")], WearableReason.UNFIT, "wanted 130"),
        ("settings", [bytes.fromhex("f0010000000009")], WearableReason.UNFIT, "settings of 2 bytes"),
        ("settings", [bytes.fromhex("f0010003")], WearableReason.REFUSED, "not supported (3)"),
        ("settings", [], WearableReason.REFUSED, "did not answer the command 0100"),
        ("start_status", 13, WearableReason.REFUSED, "device in charger (13)"),
        ("start_status", 99, WearableReason.REFUSED, "not known here (99)"),
    ],
)
def test_an_h10_that_says_no_is_told(
    field: str, value: object, reason: WearableReason, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.wearables.polar_h10._ANSWER_S", 0.5)
    h10 = PolarH10()
    setattr(h10, field, value)

    async def begin() -> None:
        kind = kind_of(h10.name, h10.advertised)
        assert kind is not None
        async with Air(h10).radio().connection(H10, 5.0, asyncio.Event()) as connection:
            await kind.begin(connection, lambda _: None, lambda _: None)

    with pytest.raises(WearableError, match=re.escape(words)) as caught:
        asyncio.run(begin())
    assert caught.value.reason is reason


def test_damaged_notifications_are_counted_and_the_next_is_served() -> None:
    strap = HeartRateStrap()
    with _Play(Air(strap), strap).running() as play:
        play.wait_for_connection()
        for value in ("", "00", "0e3c34", "1e3c34120004"):
            strap.notify(HEART_RATE_MEASUREMENT, bytes.fromhex(value))
        play.wait_for(lambda: any(isinstance(item, Pulse) for item in play.items), "the heart rate")
    assert play.source.refused == 3
    assert [item for item in play.items if isinstance(item, Pulse)] == [Pulse(T0_US, 60, (1000,), 2)]
    assert "TICKR 1A2B, worn" in play.conditions


def test_a_strap_that_is_taken_off_is_told_by_flag_and_in_words() -> None:
    h10 = PolarH10()
    hum = [int(900 * np.sin(2 * np.pi * 50 * n / 130)) for n in range(PACKET * 60)]
    with _Play(Air(h10), h10).running() as play:
        play.wait_for_connection()
        play.send(0, 20)
        SAMPLES[20 * PACKET : 80 * PACKET], kept = hum, SAMPLES[20 * PACKET : 80 * PACKET]
        play.send(20, 80, beats=False)
        SAMPLES[20 * PACKET : 80 * PACKET] = kept
        play.wait_for(lambda: any("off the body" in text for text in play.conditions), "the strap to be told off")
    flags = [item.flags for item in play.items if isinstance(item, Chunk)]
    assert flags[-1] == EcgFlag.LEAD_OFF
    assert set(flags[:20]) == {EcgFlag(0)}


def test_a_machine_without_bluetooth_says_so_and_goes_on_when_it_has_some() -> None:
    h10 = PolarH10()
    air = Air(h10)
    air.reason = BleakBluetoothNotAvailableReason.POWERED_OFF
    with _Play(air, h10).running() as play:
        play.wait_for(lambda: any("no Bluetooth: it is turned off" in text for text in play.conditions), "its word")
        air.reason = None
        play.wait_for_connection()


def test_a_name_that_cannot_be_shown_and_a_strength_that_nobody_knows_do_not_spoil_the_status() -> None:
    strap = Strap("Polar\0 H10\n" + 60 * "x", has_ecg=True)
    (said,) = strap.connected(127)
    assert said == Condition("Polar H10" + 27 * "x" + ", connected", None, None)
    assert strap.connected(-60) == [Condition("Polar H10" + 27 * "x" + ", connected", None, -60)]


def test_what_waits_for_the_clock_to_settle_is_handed_out_when_the_connection_breaks() -> None:
    strap = Strap("Polar H10", has_ecg=True)
    assert not [
        item
        for item in strap.take(EcgPacket(WEARABLE_NS, 130.0, "ECG", (1, 2, 3)), Arrival(T0_US, 0))
        if isinstance(item, Chunk)
    ]
    (chunk,) = [item for item in strap.disconnected("out of reach") if isinstance(item, Chunk)]
    assert chunk.samples == np.array([1, 2, 3], "<i2").tobytes()


def test_a_contact_that_flickers_is_told_when_it_lasts() -> None:
    strap = Strap("TICKR", has_ecg=False)
    told = []
    contacts = [Contact.PRESENT, Contact.NONE, *2 * [Contact.PRESENT], *5 * [Contact.NONE]]
    for second, contact in enumerate(contacts):
        items = strap.take(HeartRate(60, contact, None, ()), Arrival(T0_US + second * 1_000_000, second * 1_000_000))
        told += [(second, item.wearable) for item in items if isinstance(item, Condition)]
    assert told == [(0, "TICKR, worn"), (7, "TICKR, no contact with the skin")]


def test_a_mistake_of_the_program_ends_the_source_and_is_told_where_the_agent_reads() -> None:
    h10 = PolarH10()
    h10.features = None  # type: ignore[assignment] # bytes(None): nothing that a radio says
    play = _Play(Air(h10), h10)
    with pytest.raises(TypeError):
        list(play.source.chunks(play.stop))


def test_a_connection_that_breaks_is_told_at_once() -> None:
    h10 = PolarH10()
    with _Play(Air(h10), h10).running() as play:
        play.wait_for_connection()
        h10.leave()
        play.wait_for(lambda: any("out of reach" in text for text in play.conditions), "the loss to be told")


def test_an_address_is_the_same_in_small_letters() -> None:
    async def connect() -> None:
        async with Air(PolarH10()).radio().connection(H10.lower(), 0.5, asyncio.Event()) as connection:
            assert connection.has(PMD_CONTROL_POINT)

    asyncio.run(connect())


def test_more_rr_intervals_than_a_frame_holds_are_two_heart_rates() -> None:
    strap = Strap("TICKR", has_ecg=False)
    items = strap.take(HeartRate(60, Contact.PRESENT, None, tuple(range(1000, 1100))), Arrival(T0_US, 0))
    pulses = [item for item in items if isinstance(item, Pulse)]
    assert [len(pulse.rr_ms) for pulse in pulses] == [64, 36]
    assert pulses[0].rr_ms + pulses[1].rr_ms == tuple((rr * 1000 + 512) // 1024 for rr in range(1000, 1100))


def test_what_the_agent_does_not_take_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.sources.bluetooth._WAITING_MAX", 10)
    h10 = PolarH10()
    play = _Play(Air(h10), h10)
    stop = threading.Event()
    thread = threading.Thread(target=play.source._run, args=(stop,))  # nobody takes what it hands out
    thread.start()
    play.wait_for_connection()
    play.send(0, 40)
    stop.set()
    thread.join(20.0)
    assert play.source.left_out >= 30
