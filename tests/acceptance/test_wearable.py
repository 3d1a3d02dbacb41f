"""A machine is paired by a nurse's code, hears a Polar H10, and its samples are in the database: bit for bit, once."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from click.testing import CliRunner, Result

from edge.agent import Agent, Outcome
from edge.command import edge
from edge.outbox import Outbox
from edge.paired import Paired, load_settings, read_paired
from edge.progress import Tally
from edge.server import ask_time
from edge.server_clock import ServerClock, machine_time
from edge.sources.bluetooth import BluetoothSource
from edge.sources.source import Item
from edge.wearables.polar_h10 import WEARABLE
from edge.wearables.timeline import Arrival
from heartwire.frames import EcgFlag
from tests.acceptance.paired import Ward
from tests.acceptance.test_access import on_both, ward
from tests.air import PACKET, Air, HeartRateStrap, PolarH10
from tests.conftest import StartHeartwire
from tests.servers.waiting import wait_until

__all__ = ["ward"]  # a fixture
DRIFT: Final = 100e-6
SECONDS: Final = 45
PACKETS: Final = SECONDS * 130 // PACKET
Row = tuple[Any, ...]
SAMPLES: Final = np.random.default_rng(5).integers(-3000, 3000, PACKETS * PACKET)


class _Reporter:
    def __init__(self) -> None:
        self.said: list[str] = []

    def report(self, tally: Tally) -> None:
        pass

    def end(self, tally: Tally) -> None:
        pass

    def say(self, text: str) -> None:
        self.said.append(text)


class _Wearer:
    """A Polar H10 in real time, in a thread of its own: the sensor's clock drifts, the radio delays and loses."""

    def __init__(self, h10: PolarH10, lost: set[int], packets: int = PACKETS) -> None:
        self._h10 = h10
        self.lost = lost
        self.packets = packets
        self.begin_us = 0

    def play(self, source: BluetoothSource, half_time: Callable[[], None] = lambda: None) -> None:
        rng = np.random.default_rng(7)
        wait_until(lambda: source.connections > 0, "a connection", timeout_s=30.0)
        self.begin_us = time.time_ns() // 1000
        for at in range(self.packets):
            if at == self.packets // 2:
                half_time()
            true_us = self.begin_us + round((at + 1) * PACKET * 1e6 / 130 * (1 + DRIFT))
            delay_us = int(rng.integers(5_000, 60_000))
            time.sleep(max(0.0, (true_us + delay_us) / 1e6 - time.time()))
            if at in self.lost:
                continue
            last_ns = 599_616_000 * 10**9 + round((PACKET * (at + 1) - 1) * 1e9 / 130)
            self._h10.send_ecg(last_ns, [int(one) for one in SAMPLES[PACKET * at : PACKET * at + PACKET]])
            if at % 2:
                self._h10.send_heart_rate(60 + at, 1024, 1000)

    @property
    def kept(self) -> list[int]:
        """Return the packets that were sent."""
        return [at for at in range(self.packets) if at not in self.lost]

    def errors_us(self, rows: Sequence[Row]) -> list[float]:
        """Return how far the stored frames' times are from when their samples were made."""
        numbers = np.concatenate([np.arange(PACKET * at, PACKET * at + PACKET) for at in self.kept])
        errors_us = []
        n_before = 0
        for t0_us, *_, samples in rows:
            errors_us.append(t0_us - self.begin_us - (numbers[n_before] + 1) * 1e6 / 130 * (1 + DRIFT))
            n_before += len(samples) // 2
        return errors_us


def _stored(ward: Ward) -> list[Row]:
    return ward.stack.execute(
        "SELECT (extract(epoch FROM t0) * 1000000)::bigint, flags, fs_mhz, gain, samples FROM ecg_frames ORDER BY t0"
    )


def _pair(ward: Ward, air: Air, monkeypatch: pytest.MonkeyPatch, *args: str, say: str = "") -> Result:
    monkeypatch.setattr("edge.pair_command.Radio", air.radio)
    return CliRunner().invoke(edge, ["pair", "--look-for", "0.2", *args], input=say)


class _Nothing:
    name = "nothing more"

    def chunks(self, _stop: threading.Event) -> Iterator[Item]:
        yield from ()


@contextmanager
def _running(source: BluetoothSource) -> Iterator[list[str]]:
    """Run an agent with the machine's pairing; yield what it says."""
    settings = load_settings(read_paired())
    box = Outbox(settings.outbox_dir, settings.device, settings.outbox_max_bytes)
    reporter = _Reporter()
    agent = Agent(settings, source, box, reporter, pace=None, is_live=True, patience_s=None, firmware="heartwire test")
    thread = threading.Thread(target=agent.run)
    thread.start()
    try:
        yield reporter.said
    finally:
        agent.stop()
        thread.join(20.0)
        box.close()


def _send_what_is_left() -> Outcome:
    settings = load_settings(read_paired())
    box = Outbox(settings.outbox_dir, settings.device, settings.outbox_max_bytes)
    try:
        agent = Agent(
            settings, _Nothing(), box, _Reporter(), pace=None, is_live=True, patience_s=30.0, firmware="heartwire test"
        )
        return agent.run()
    finally:
        box.close()


def _pair_by_hand(ward: Ward, code: str, air: Air, monkeypatch: pytest.MonkeyPatch) -> Paired:
    url = ward.stack.url
    # Whatever fails before the end, the code holds.
    refused = _pair(ward, air, monkeypatch, "--server", url, "00000000")
    assert "no code of this server" in str(refused.exception)
    declined = _pair(ward, air, monkeypatch, "--server", url, code, say="n\n")
    assert declined.exit_code == 1
    assert "This code is for Ada E., cared for by B." in declined.output
    nothing = _pair(ward, Air(), monkeypatch, "--server", url, code, "--yes")
    assert "no wearable was found" in str(nothing.exception)
    assert read_paired() is None

    paired = _pair(ward, air, monkeypatch, f"{url}/phone/?code={code.replace('-', '')}", say="y\n1\n")
    assert paired.exit_code == 0, paired.output
    assert "1. Polar H10 1A2B3C4D: Polar H10 (ECG), near (-58 dBm)" in paired.output
    assert "3. TICKR 1A2B: heart rate strap or watch" in paired.output
    kept = read_paired()
    assert kept is not None
    again = _pair(ward, air, monkeypatch, "--server", url, code)
    assert "paired already" in str(again.exception)
    return kept


def _start_ingest(ward: Ward, heartwire_process: StartHeartwire) -> None:
    heartwire_process(
        "ingest",
        env=ward.broker.env("ingest")
        | {"HEARTWIRE_INGEST_DATABASE": ward.stack.database, "HEARTWIRE_INGEST_RETRY_LONGEST_S": "0.5"},
        is_ready=lambda process: "subscribed at" in process.log,
    )


@on_both
def test_from_the_nurses_code_to_the_database(
    ward: Ward, heartwire_process: StartHeartwire, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HEARTWIRE_HOME", str(tmp_path))
    h10 = PolarH10()
    air = Air(HeartRateStrap(), PolarH10("11:22:33:44:55:66", "Polar H10 9999"), h10)
    code = ward.code()
    paired = _pair_by_hand(ward, code, air, monkeypatch)
    chosen = paired.wearable
    assert chosen is not None
    assert (chosen.address, chosen.kind) == (h10.address, "polar_h10")

    _start_ingest(ward, heartwire_process)
    source = BluetoothSource(chosen.address, chosen.name, WEARABLE, air.radio())
    wearer = _Wearer(h10, lost={30, 31})
    with _running(source) as said:
        wearer.play(source)
        wait_until(
            lambda: ward.stack.execute("SELECT count(*) FROM hr_frames")[0][0] > 30,
            f"the heart rates to be stored; the agent says {said}",
            timeout_s=30.0,
        )
        wait_until(
            lambda: (
                ward.stack.execute("SELECT wearable, battery_percent, rssi_dbm FROM device_status")
                == [("Polar H10 1A2B3C4D, worn", 80, -58)]
            ),
            "the status",
        )
    # What the agent held when it was stopped is in its outbox: the next run sends it.
    assert _send_what_is_left() is Outcome.CONFIRMED

    rows = _stored(ward)
    kept_packets = wearer.kept
    sent = np.concatenate([SAMPLES[PACKET * at : PACKET * at + PACKET] for at in kept_packets])
    stored = np.frombuffer(b"".join(bytes(row[4]) for row in rows), "<i2")
    np.testing.assert_array_equal(stored, sent)
    assert {row[2:4] for row in rows} == {(130_000, 1000.0)}
    flags = [EcgFlag(row[1]) for row in rows]
    assert [flag & ~EcgFlag.CLOCK_ESTIMATED for flag in flags if flag & ~EcgFlag.CLOCK_ESTIMATED] == [
        EcgFlag.GAP_BEFORE
    ]
    # Where each sample was made, to 50 ms, though the sensor's clock knows nothing of the year: or, where this machine
    # was too busy to hear the first packets in time, it says so until it is.
    for flag, error_us in zip(flags, wearer.errors_us(rows), strict=True):
        assert EcgFlag.CLOCK_ESTIMATED in flag or abs(error_us) < 50_000
    assert EcgFlag.CLOCK_ESTIMATED not in flags[-1]
    pulses = ward.stack.execute("SELECT bpm, rr_ms, contact FROM hr_frames ORDER BY t0")
    assert pulses == [(60 + at, [1000, 977], 0) for at in kept_packets if at % 2]

    status = CliRunner().invoke(edge, ["status"])
    assert "paired for Ada E., cared for by B" in status.output
    assert "waiting for the database: nothing" in status.output
    assert "confirmed by the database: ecg of run" in status.output
    assert "confirmed by the database: hr of run" in status.output
    assert "server: reachable; it knows this device" in status.output

    # Revoked by the nurse, it says so; the code that made it makes nothing more, nor does one whose time is over.
    answer = ward.nurse.http.post(f"/api/devices/{paired.device}/revoke", json={"why": "broken"})
    assert answer.status_code == 204
    assert "the care team has REVOKED this device" in CliRunner().invoke(edge, ["status"]).output
    assert CliRunner().invoke(edge, ["unpair"], input="y\n").exit_code == 0
    assert read_paired() is None
    used = _pair(ward, air, monkeypatch, "--server", ward.stack.url, code, "--yes")
    assert "a device was paired by this code already; ask the care team for a new one" in str(used.exception)
    late = ward.code()
    ward.stack.execute("UPDATE pairing_codes SET expires_at = now() - interval '1 minute' WHERE used_at IS NULL")
    expired = _pair(ward, air, monkeypatch, "--server", ward.stack.url, late, "--yes")
    assert "this code's time is over; ask the care team for a new one" in str(expired.exception)


class _WrongClock:
    """A machine whose clock is wrong by so much."""

    def __init__(self, wrong_us: int) -> None:
        self.wrong_us = wrong_us

    def machine(self) -> Arrival:
        here = machine_time()
        return here._replace(utc_us=here.utc_us + self.wrong_us)

    def put_right(self) -> None:
        self.wrong_us = 0


def _is_known_well(clock: ServerClock) -> bool:
    clock.ask()
    known = clock._known
    return known is not None and known.most_us - known.least_us < 10_000


@pytest.mark.parametrize(("database_server", "secured_broker"), [("timescaledb", "mosquitto")], indirect=True)
@pytest.mark.parametrize("knows_server", [True, False], ids=["server", "no-server"])
def test_a_machines_clock_is_two_hours_wrong_until_somebody_sets_it(
    ward: Ward,
    heartwire_process: StartHeartwire,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    *,
    knows_server: bool,
) -> None:
    monkeypatch.setenv("HEARTWIRE_HOME", str(tmp_path))
    h10 = PolarH10()
    air = Air(h10)
    assert _pair(ward, air, monkeypatch, "--server", ward.stack.url, ward.code(), say="y\n1\n").exit_code == 0
    paired = read_paired()
    assert paired is not None
    _start_ingest(ward, heartwire_process)
    wrong = _WrongClock(-7_200_000_000)
    clock = ServerClock(
        lambda: ask_time(paired.server, paired.username, paired.password, wrong.machine), machine=wrong.machine
    )
    stop = threading.Event()
    if knows_server:
        # What a busy machine leaves open of it adds to what the radio takes, and the times' 50 ms are for the latter.
        wait_until(lambda: _is_known_well(clock), "the time to be known to 10 ms")
        clock.keep_asking(stop)
    source = BluetoothSource(h10.address, h10.name, WEARABLE, air.radio(), now=clock.now)
    wearer = _Wearer(h10, lost=set(), packets=40)
    try:
        with _running(source):
            wearer.play(source, half_time=wrong.put_right)
    finally:
        stop.set()
    assert _send_what_is_left() is Outcome.CONFIRMED

    rows = _stored(ward)
    np.testing.assert_array_equal(np.frombuffer(b"".join(bytes(row[4]) for row in rows), "<i2"), SAMPLES[: 40 * PACKET])
    flags = [EcgFlag(row[1]) for row in rows]
    errors_us = wearer.errors_us(rows)
    if knows_server:
        # Nothing moved when the clock was set: it had been known all the time. Where this machine was too busy to hear
        # the first packets in time, it says so until it is right.
        assert not any(EcgFlag.GAP_BEFORE in flag for flag in flags)
        for flag, error_us in zip(flags, errors_us, strict=True):
            assert EcgFlag.CLOCK_ESTIMATED in flag or abs(error_us) < 50_000
        assert EcgFlag.CLOCK_ESTIMATED not in flags[-1]
        assert max(map(abs, errors_us)) < 1_000_000
        return
    # Nobody knew: each frame says so. Where the clock was set there is a gap.
    assert all(EcgFlag.CLOCK_ESTIMATED in flag for flag in flags)
    (gap,) = (at for at, flag in enumerate(flags) if EcgFlag.GAP_BEFORE in flag)
    assert all(abs(error_us + 7_200_000_000) < 1_000_000 for error_us in errors_us[:gap])
    assert all(abs(error_us) < 1_000_000 for error_us in errors_us[gap:])
