"""Hours with a strap that breaks off, loses packets and starts anew, played fast: what was heard is kept, once."""

import threading
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import psutil
import pytest

from edge.agent import Agent
from edge.outbox import Outbox
from edge.settings import EdgeSettings
from edge.sources.bluetooth import BluetoothSource
from edge.wearables.polar_h10 import PMD_DATA, WEARABLE
from edge.wearables.timeline import Arrival
from heartwire.frames import EcgFlag, EcgFrame
from tests.air import PACKET, Air, PolarH10
from tests.servers.waiting import wait_until
from tests.unit.edge.test_agent import _Reporter

HOURS: Final = 2
DRIFT: Final = 60e-6
PACKET_US: Final = PACKET * 1e6 / 130
T0_US: Final = 1_790_000_000_000_000
#: The agent takes its time; a queue that overflows would be another test.
_WAITING: Final = 1000


class _Day:
    """A wearer's hours: what the strap sent and somebody heard, and when it was made."""

    def __init__(self, folder: Path, port: int) -> None:
        self.h10 = PolarH10()
        self.now_us = 0.0
        self.since_us = 599_616_000_000_000.0  # the strap's clock less the true one
        self.heard: list[int] = []
        self.breaks: list[int] = []  # of those heard, before which some are missing
        self._rng = np.random.default_rng(11)
        self._is_broken = False
        settings = EdgeSettings(device="0123456789abcdef", broker_port=port, outbox=folder)
        self.box = Outbox(folder, settings.device, settings.outbox_max_bytes)
        self.source = BluetoothSource(self.h10.address, "Polar H10", WEARABLE, Air(self.h10).radio(), now=self._now)
        self.agent = Agent(
            settings, self.source, self.box, _Reporter(), pace=None, is_live=True, patience_s=None, firmware="test"
        )

    def _now(self) -> Arrival:
        return Arrival(T0_US + round(self.now_us), round(self.now_us))

    def live(self, first: int, last: int) -> None:
        """Wear the strap from one packet to another."""
        self._wait_for_connection(1)
        at = max(first, self.heard[-1] + 1 if self.heard else 0)
        while at < last:
            dice = self._rng.random()
            if dice < 0.002:
                at += self._break_off()
            elif dice < 0.0025:  # the battery was out: its clock begins anew
                self.since_us = 599_616_000_000_000.0 - at * PACKET_US
                self._is_broken = True
                at += self._break_off()
            elif dice < 0.012:
                at += int(self._rng.integers(1, 5))  # lost on the air
                self._is_broken = True
            self._send(at)
            at += 1

    def _break_off(self) -> int:
        """Be out of reach for a while; return for how many packets."""
        connections = self.source.connections
        self.h10.leave()
        self.h10.refuses_connections = int(self._rng.integers(0, 2))
        self.h10.is_near = True
        self._wait_for_connection(connections + 1)
        gone = int(self._rng.integers(0, 400))
        self._is_broken |= gone > 0
        return gone

    def _wait_for_connection(self, number: int) -> None:
        wait_until(lambda: self.source.connections >= number and self.h10.is_sending, f"connection {number}")

    def _send(self, at: int) -> None:
        made_us = (at + 1) * PACKET_US
        delay_us = self._rng.integers(5_000, 40_000)
        self.now_us = max(self.now_us, made_us * (1 + DRIFT) + delay_us)
        last_us = self.since_us + made_us - 1e6 / 130
        assert PMD_DATA in self.h10._hearers
        if self._is_broken and self.heard:
            self.breaks.append(len(self.heard))
        self._is_broken = False
        self.heard.append(at)
        self.h10.send_ecg(round(last_us * 1000), _samples(at))
        if at % 2:
            self.h10.send_heart_rate(60, 1024)
        if self.source._items.qsize() > _WAITING:
            wait_until(lambda: self.source._items.qsize() < _WAITING // 2, "the agent to take what came")


def _samples(at: int) -> list[int]:
    return [(PACKET * at + n) % 60_001 - 30_000 for n in range(PACKET)]


def test_what_was_heard_in_hours_is_in_the_outbox_once_with_gaps_where_some_is_missing(
    tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.sources.bluetooth._PAUSE_FIRST_S", 0.01)
    monkeypatch.setattr("edge.sources.bluetooth._PAUSE_LONGEST_S", 0.02)
    monkeypatch.setattr("edge.sources.bluetooth._SILENCE_S", 60.0)  # of real time, which is nobody's here
    n_threads = threading.active_count()
    day = _Day(tmp_path, free_port)
    thread = threading.Thread(target=day.agent.run, daemon=True)
    thread.start()
    packets = round(HOURS * 3_600_000_000 / PACKET_US)
    memory = psutil.Process().memory_info
    day.live(0, packets // 4)
    before_bytes, n_running = memory().rss, threading.active_count()
    day.live(packets // 4, packets)
    wait_until(day.source._items.empty, "the agent to take what came")
    assert memory().rss - before_bytes < 8_000_000
    assert threading.active_count() <= n_running + 2  # bleak's loop has a few threads for what waits
    day.agent.stop()
    thread.join(30.0)
    assert not thread.is_alive()
    assert threading.active_count() == n_threads
    assert day.source.left_out == day.source.refused == 0
    assert day.source.connections > 5 * HOURS
    assert day.source._strap.timeline.clock.restarts > 0

    held = day.box.after(0, 10**9)
    day.box.close()
    frames = [msgspec.msgpack.decode(one.payload, type=EcgFrame) for one in held if one.stream == "ecg"]
    assert [frame.seq for frame in frames] == list(range(len(frames)))
    stored = np.frombuffer(b"".join(frame.samples for frame in frames), "<i2")
    np.testing.assert_array_equal(stored, np.array([value for at in day.heard for value in _samples(at)], "<i2"))
    n_before = 0
    gaps = []
    for frame in frames:
        at, rest = divmod(n_before, PACKET)
        true_us = T0_US + (day.heard[at] * PACKET + rest + 1) * 1e6 / 130 * (1 + DRIFT)
        assert abs(frame.t0 - true_us) < 50_000
        if frame.flags:
            assert (frame.flags, rest) == (EcgFlag.GAP_BEFORE, 0)
            gaps.append(at)
        n_before += frame.n_samples
    assert gaps == day.breaks
    assert sum(one.stream == "hr" for one in held) == sum(at % 2 for at in day.heard)
