"""The engine's cost a sample in CPU time, beside detectors that people use, in the same run."""

import time
from collections.abc import Callable

import neurokit2
import numpy as np
import pytest
from numpy.typing import NDArray
from sleepecg.heartbeats import detect_heartbeats

from analytics.engine import Engine, Segment
from tests.unit.analytics.ecg import GAIN, T0_US, every, make_ecg, to_digital

FS_HZ = 250
SECONDS = 20
WARM_UP_S = 5


def _make_signals(count: int) -> list[NDArray[np.int16]]:
    rng = np.random.default_rng(7)
    return [
        to_digital(
            make_ecg(
                every(60 / rate, start, SECONDS), SECONDS, FS_HZ, noise_mv=0.02, seed=seed, height=rng.uniform(0.5, 1.5)
            )
        )
        for seed, (rate, start) in enumerate(zip(rng.uniform(50, 110, count), rng.uniform(0, 1, count), strict=True))
    ]


@pytest.mark.parametrize("patients", [100, 1000, 5000])
def test_engine_in_frames_of_a_second(patients: int) -> None:
    signals = _make_signals(min(patients, 200))
    engine = Engine(patients)
    rows = [engine.open() for _ in range(patients)]
    spent_s, beats = 0.0, 0
    for second in range(SECONDS):
        part = slice(second * FS_HZ, (second + 1) * FS_HZ)
        # Each device has its own place in the second, as devices do.
        segments = [
            Segment(row, T0_US + second * 1_000_000 + row * 37, FS_HZ * 1000, GAIN, 0, 0, signals[row % 200][part])
            for row in rows
        ]
        begin = time.process_time()
        results = engine.tick(segments)
        if second >= WARM_UP_S:
            spent_s += time.process_time() - begin
            beats += len(results.beats.row)
    samples = patients * FS_HZ * (SECONDS - WARM_UP_S)
    _say(
        f"heartwire engine, {patients} patients",
        spent_s / samples,
        f"{spent_s / (SECONDS - WARM_UP_S) * 1000:.0f} ms for a second of all, {beats} beats",
    )


@pytest.mark.parametrize(
    ("name", "detect"),
    [
        ("sleepecg.detect_heartbeats (C, whole record)", lambda ecg: detect_heartbeats(ecg, FS_HZ)),
        (
            "NeuroKit2 ecg_clean + ecg_peaks (whole record)",
            lambda ecg: neurokit2.ecg_peaks(neurokit2.ecg_clean(ecg, sampling_rate=FS_HZ), sampling_rate=FS_HZ),
        ),
    ],
)
def test_peers_on_whole_records(name: str, detect: Callable[[NDArray[np.float64]], object]) -> None:
    ecg = make_ecg(every(0.8, 0.4, 600), 600, FS_HZ, noise_mv=0.02)
    detect(ecg)
    begin = time.process_time()
    detect(ecg)
    _say(name, (time.process_time() - begin) / len(ecg), "QRS only, the whole record in hand")


def _say(name: str, per_sample_s: float, more: str) -> None:
    print(f"{name:<50} {per_sample_s * 1e9:8.1f} ns a sample   ({more})")  # noqa: T201 # what a benchmark is for
