"""The engine's cost a sample in CPU time, beside detectors that people use, in the same run."""

import time
from collections.abc import Callable

import neurokit2
import numpy as np
from numpy.typing import NDArray
from sleepecg.heartbeats import detect_heartbeats

from analytics.engine import Engine, Segment
from tests.benchmarks.results import SHORT, Bench, say
from tests.unit.analytics.ecg import GAIN, T0_US, every, make_ecg, to_digital

FS_HZ = 250
SECONDS = 10 if SHORT else 20
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


def _engine_ns(patients: int) -> float:
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
    per_second_ms = spent_s / (SECONDS - WARM_UP_S) * 1000
    say(f"engine, {patients} patients: {per_second_ms:.0f} ms for a second of all, {beats} beats")
    return 1e9 * spent_s / (patients * FS_HZ * (SECONDS - WARM_UP_S))


def _peer_ns(detect: Callable[[NDArray[np.float64]], object]) -> float:
    ecg = make_ecg(every(0.8, 0.4, 600), 600, FS_HZ, noise_mv=0.02)
    detect(ecg)
    begin = time.process_time()
    detect(ecg)
    return 1e9 * (time.process_time() - begin) / len(ecg)


def test_engine_in_frames_of_a_second(bench: Bench) -> None:
    """All calls of the live engine; the peers look for QRS complexes alone, with the whole record in hand."""
    few = {f"heartwire, {patients} patients": _engine_ns(patients) for patients in (100, 1000)}
    peers = {
        "sleepecg detect_heartbeats (C), QRS only": _peer_ns(lambda ecg: detect_heartbeats(ecg, FS_HZ)),
        "NeuroKit2 ecg_clean + ecg_peaks, QRS only": _peer_ns(
            lambda ecg: neurokit2.ecg_peaks(neurokit2.ecg_clean(ecg, sampling_rate=FS_HZ), sampling_rate=FS_HZ)
        ),
    }
    bench.record(
        "engine_ns_per_sample_5000_patients",
        _engine_ns(5000),
        "ns of CPU a sample",
        aim="<= 60",
        peers=few | peers,
        only="bench_engine.py",
    )
