"""An agent and a Polar H10 that does not exist, in one process, to be measured from outside: ``python -m … day|live``.

`day` sends hours of signal as fast as the agent takes it, `live` seconds of it as a wearable does. The last line of
standard output is JSON. What the wearable costs is in the figures, too: about a tenth.
"""

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

import psutil

import edge.command  # noqa: F401 # as `heartwire edge run` does: its memory counts
from edge.agent import Agent
from edge.outbox import Outbox
from edge.progress import Tally
from edge.settings import EdgeSettings
from edge.sources.bluetooth import BluetoothSource
from edge.wearables.polar_h10 import WEARABLE
from edge.wearables.timeline import Arrival
from tests.air import PACKET, Air, PolarH10

WEARABLE_NS: Final = 599_616_000 * 10**9
_WAITING_MAX: Final = 300


def samples_of(packet: int) -> list[int]:
    """Return the samples of a packet, in microvolts."""
    return [((n * 2_654_435_761) >> 13) % 6001 - 3000 for n in range(PACKET * packet, PACKET * packet + PACKET)]


class _Quiet:
    def report(self, tally: Tally) -> None:
        """See `Reporter`."""

    def end(self, tally: Tally) -> None:
        """See `Reporter`."""

    def say(self, text: str) -> None:
        """See `Reporter`."""
        sys.stderr.write(f"{text}\n")


class _Day:
    def __init__(self, begin_us: int, *, is_live: bool) -> None:
        self._begin_us = begin_us
        self._is_live = is_live
        self._gone_us = 0
        self._process = psutil.Process()
        self.h10 = PolarH10()
        self.source = BluetoothSource(self.h10.address, self.h10.name, WEARABLE, Air(self.h10).radio(), now=self._now)

    def _now(self) -> Arrival:
        if self._is_live:
            return Arrival(time.time_ns() // 1000, time.monotonic_ns() // 1000)
        return Arrival(self._begin_us + self._gone_us, self._gone_us)

    def play(self, packets: int) -> list[float]:
        """Send packets, a heart rate with every second; return the memory at each twelfth of them, MB."""
        while not self.h10.is_sending:
            time.sleep(0.01)
        time.sleep(0.5)
        memory_mb = []
        for at in range(packets):
            self._gone_us = round((at + 1) * PACKET * 1e6 / 130) + 20_000
            if self._is_live:
                time.sleep(max(0.0, (self._begin_us + self._gone_us) / 1e6 - time.time()))
            while self.source._items.qsize() > _WAITING_MAX:  # a wearable would not wait
                time.sleep(0.002)
            self.h10.send_ecg(WEARABLE_NS + round((PACKET * (at + 1) - 1) * 1e9 / 130), samples_of(at))
            if at % 2:
                self.h10.send_heart_rate(60, 1024)
            if at % (packets // 12) == packets // 12 - 1:
                memory_mb.append(self._process.memory_info().rss / 1e6)
        return memory_mb


def main(mode: str, folder: str, packets: int, patience_s: float) -> dict[str, Any]:
    """Run, wait until the database has everything, and return what was measured."""
    settings = EdgeSettings.load(outbox=Path(folder))
    box = Outbox(settings.outbox_dir, settings.device, settings.outbox_max_bytes)
    is_live = mode == "live"
    ago_us = 0 if is_live else packets * PACKET * 1_000_000 // 130
    day = _Day(time.time_ns() // 1000 - ago_us, is_live=is_live)
    agent = Agent(settings, day.source, box, _Quiet(), pace=None, is_live=True, patience_s=None, firmware="benchmark")
    thread = threading.Thread(target=agent.run)
    process = psutil.Process()
    thread.start()
    time.sleep(2.0)
    cpu_s, begin_s = sum(process.cpu_times()[:2]), time.monotonic()
    memory_mb = day.play(packets)
    cpu_s, seconds = sum(process.cpu_times()[:2]) - cpu_s, time.monotonic() - begin_s
    end_s = time.monotonic() + patience_s
    while time.monotonic() < end_s and (agent.tally.outbox.frames or agent.tally.made == 0):
        time.sleep(0.2)
    left = agent.tally.outbox
    memory_mb.append(process.memory_info().rss / 1e6)
    agent.stop()
    thread.join(20.0)
    return {
        "made": agent.tally.made,
        "left": left.frames,
        "lost": left.lost_frames,
        "left_out": day.source.left_out,
        "memory_mb": memory_mb,
        "cpu_s": cpu_s,
        "seconds": seconds,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))) + "\n")
