"""What 200 screens of one ward cost the pages' server: each shows all 64 patients at full rate.

The wave's way is device, broker, server, socket; a frame holds 0.8 s at 250 Hz. The zero of each time is the last
sample of a frame. The load (64 devices, 200 readers) runs in this process, on the same machine.
"""

import threading
import time
from typing import Final

import numpy as np
import pytest

from heartwire.frames import EcgFrame, encode
from heartwire.topics import Stream, Topic
from tests.benchmarks.load_stack import cpu_s
from tests.benchmarks.results import SHORT, Bench, say
from tests.benchmarks.ward_screens import Screens
from tests.conftest import StartHeartwire
from tests.integration.dashboard_stack import Patient, Stack, now_us
from tests.servers.fixtures import BrokerServer
from tests.servers.waiting import wait_until
from tests.wire import Device

_PATIENTS: Final = 64
_SCREENS: Final = 200
_FS_HZ: Final = 250
_FRAME_S: Final = 0.8
_SETTLE_S: Final = 3
_MEASURE_S: Final = 5 if SHORT else 30
on_one_pair: Final = pytest.mark.parametrize(
    ("database_server", "broker"), [("timescaledb", "mosquitto")], indirect=True
)


class _Ward:
    """All devices of the ward over one connection, one frame after the other, evenly in time."""

    def __init__(self, device: Device, patients: list[Patient]) -> None:
        self._device: Final = device
        self._topics: Final = [str(Topic(patient.device, Stream.ECG)) for patient in patients]
        self._stopping: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _send(self) -> None:
        n_samples = round(_FRAME_S * _FS_HZ)
        samples = (1000 * np.sin(np.arange(n_samples) / 9)).astype("<i2").tobytes()
        apart_s = _FRAME_S / len(self._topics)
        begin_s = time.monotonic()
        number = 0
        while not self._stopping.wait(max(0.0, begin_s + number * apart_s - time.monotonic())):
            seq, which = divmod(number, len(self._topics))
            t0_us = now_us() - round(_FRAME_S * 1e6)
            frame = EcgFrame(1, seq, t0_us, _FS_HZ * 1000, "II", 200.0, 0, 0, samples)
            self._device.send_bytes(self._topics[which], encode(frame))
            number += 1


@on_one_pair
def test_two_hundred_screens(
    bench: Bench, heartwire_process: StartHeartwire, database: str, broker: BrokerServer
) -> None:
    """CPU of the server's one process, and how late the waves are."""
    stack = Stack(heartwire_process, database, broker, {"HEARTWIRE_DASHBOARD_CLIENTS_MOST": "256"})
    patients = [stack.add_patient(f"Patient {number}") for number in range(_PATIENTS)]
    with stack.person() as nurse, Device(broker.host, broker.port, patients[0].device) as device:
        ward = _Ward(device, patients)
        cookie = nurse.http.cookies["heartwire_session"]
        screens = Screens(stack.url, cookie, _SCREENS, [patient.patient_id for patient in patients])
        try:
            wait_until(lambda: len(screens.latencies_s) > _SCREENS * _PATIENTS, "waves on all screens", timeout_s=60)
            time.sleep(_SETTLE_S)
            screens.forget()
            begin_s, begin_cpu_s = time.monotonic(), cpu_s(stack.server)
            time.sleep(_MEASURE_S)
            took_s, took_cpu_s = time.monotonic() - begin_s, cpu_s(stack.server) - begin_cpu_s
            latencies_s = np.array(screens.latencies_s)
            expected = _SCREENS * _PATIENTS * took_s / _FRAME_S
            say(
                f"{len(latencies_s)} records of {expected:.0f}, {screens.pictures} pictures,"
                f" {screens.n_messages} messages, {screens.closed} closed"
            )
        finally:
            screens.close()
            ward.stop()
    bench.record(
        "dashboard_screens_cores", took_cpu_s / took_s, "cores, 200 screens of 64 patients", aim="< 1",
        only="bench_dashboard_screens.py",
    )  # fmt: skip
    bench.record(
        "dashboard_screens_p99_s", float(np.quantile(latencies_s, 0.99)), "s, sample to socket, p99", aim="< 0.3",
        peers={"median": float(np.median(latencies_s))}, only="bench_dashboard_screens.py",
    )  # fmt: skip
    bench.record(
        "dashboard_screens_share", len(latencies_s) / expected, "of the records that were due", aim=">= 0.99",
        only="bench_dashboard_screens.py",
    )  # fmt: skip
