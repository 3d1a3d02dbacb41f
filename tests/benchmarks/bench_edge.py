"""What the agent takes of a small machine: memory and a core, live at 130 samples a second, and over a whole day."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from tests.air import PACKET
from tests.benchmarks.results import SHORT, Bench, say
from tests.benchmarks.wearable_day import samples_of
from tests.conftest import ROOT, StartHeartwire
from tests.integration.edge_stack import EdgeStack
from tests.servers.fixtures import BrokerServer

_HOURS: Final = 1 if SHORT else 24
_LIVE_S: Final = 20 if SHORT else 120
on_one_pair: Final = pytest.mark.parametrize(
    ("database_server", "broker"), [("timescaledb", "mosquitto")], indirect=True
)


def _run(stack: EdgeStack, folder: Path, mode: str, packets: int) -> dict[str, Any]:
    process = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.wearable_day", mode, str(folder), str(packets), "900"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        env=os.environ
        | {
            "HEARTWIRE_EDGE_DEVICE": stack.device_name,
            "HEARTWIRE_EDGE_BROKER_HOST": stack.broker.host,
            "HEARTWIRE_EDGE_BROKER_PORT": str(stack.broker.port),
            "HEARTWIRE_EDGE_IN_FLIGHT_MAX_FRAMES": "256" if mode == "live" else "10000",
        },
    )
    found: dict[str, Any] = json.loads(process.stdout.splitlines()[-1])
    return found


@on_one_pair
def test_live(
    bench: Bench, heartwire_process: StartHeartwire, database: str, broker: BrokerServer, tmp_path: Path
) -> None:
    """A Polar H10 and its agent in real time."""
    stack = EdgeStack(heartwire_process, database, broker)
    stack.start_ingest()
    found = _run(stack, tmp_path / "outbox", "live", _LIVE_S * 130 // PACKET)
    percent = 100 * found["cpu_s"] / found["seconds"]
    bench.record("edge_cpu_percent", percent, "% of a core, live at 130 Hz", aim="<= 3", only="bench_edge.py")
    bench.record("edge_memory_mb", max(found["memory_mb"]), "MB, live at 130 Hz", aim="<= 60", only="bench_edge.py")


@on_one_pair
def test_a_day(
    bench: Bench, heartwire_process: StartHeartwire, database: str, broker: BrokerServer, tmp_path: Path
) -> None:
    """24 h of signal as fast as it goes: every sample once in the database, and the memory stays as it was."""
    stack = EdgeStack(heartwire_process, database, broker)
    stack.start_ingest()
    packets = _HOURS * 3600 * 130 // PACKET
    found = _run(stack, tmp_path / "outbox", "day", packets)
    say(f"a day: {found}")
    assert (found["lost"], found["left_out"]) == (0, 0)
    stored = stack.samples()
    sent = np.array([value for at in range(packets) for value in samples_of(at)], "<i2")
    # Less than a second waits for more when the agent is stopped.
    assert len(sent) - len(stored) <= 130
    np.testing.assert_array_equal(stored, sent[: len(stored)])
    # The last figure is of the end, when ten thousand frames are under way at once; by default it is 256.
    *memory_mb, end_mb = found["memory_mb"]
    bench.record(
        "edge_day_memory_growth_mb",
        max(memory_mb) - memory_mb[1],
        f"MB more in {_HOURS} h than after {_HOURS / 6:.1f} h",
        aim="<= 5",
        peers={"in all": memory_mb[-1], "in all, 10,000 frames under way": end_mb},
        only="bench_edge.py",
    )
    bench.record(
        "edge_day_cpu_s",
        found["cpu_s"] * 24 / _HOURS,
        "s of CPU for 24 h of signal at full speed",
        only="bench_edge.py",
    )
