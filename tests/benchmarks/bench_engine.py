"""The engine's cost a sample in CPU time, beside detectors that people use, in the same run."""

import time
from collections.abc import Callable
from typing import Final, NamedTuple

import neurokit2
import numpy as np
import psutil
from numpy.typing import NDArray
from sleepecg.heartbeats import detect_heartbeats

from analytics.ecg.row import STATE
from analytics.engine import Engine, Segment, compile_engine
from tests.benchmarks.results import SHORT, Bench, say
from tests.unit.analytics.ecg import GAIN, T0_US, every, make_beats, make_ecg, make_fibrillation, to_digital

FS_HZ: Final = 250
SECONDS: Final = 10 if SHORT else 40
#: Until every row has learned, and its first minute of atrial judgement is full.
WARM_UP_S: Final = 5 if SHORT else 20
_SIGNALS: Final = 200
#: Every so many patients one is not in sinus rhythm.
_ECTOPIC, _IRREGULAR, _FIBRILLATING = 10, 7, 100
PATIENTS: Final = (1, 10, 100, 1000, 5000) if SHORT else (1, 10, 100, 1000, 5000, 10_000)


class Cost(NamedTuple):
    """What the engine took.

    Attributes
    ----------
    ns_per_sample : float
        CPU.
    tick_p99_ms : float
        Of ticks that bring a second of every patient.
    bytes_per_patient : float
        Growth of the process, signals left out.
    """

    ns_per_sample: float
    tick_p99_ms: float
    bytes_per_patient: float


def _make_signal(seed: int, rate: float, start_s: float) -> NDArray[np.int16]:
    """Make one patient's signal: most beat calmly; every one passes through all that the engine does."""
    rng = np.random.default_rng(seed)
    rr_s = 60 / rate
    if seed % _FIBRILLATING == _FIBRILLATING - 1:
        return to_digital(make_fibrillation(SECONDS, FS_HZ, seed=seed))
    if seed % _IRREGULAR == 0:
        times = start_s + np.cumsum(rng.uniform(0.6, 1.5, round(SECONDS / rr_s) + 8) * rr_s)
        return to_digital(make_beats([(at, "A") for at in times if at < SECONDS], SECONDS, FS_HZ, seed=seed))
    if seed % _ECTOPIC == 0:
        beats = [
            (at - 0.35 * rr_s, "V") if number % 5 == 4 else (at, "N")
            for number, at in enumerate(every(rr_s, start_s, SECONDS))
        ]
        return to_digital(make_beats(beats, SECONDS, FS_HZ, noise_mv=0.02, seed=seed))
    height = rng.uniform(0.5, 1.5)
    return to_digital(make_ecg(every(rr_s, start_s, SECONDS), SECONDS, FS_HZ, noise_mv=0.02, seed=seed, height=height))


def _make_signals(count: int) -> list[NDArray[np.int16]]:
    rng = np.random.default_rng(7)
    drawn = zip(rng.uniform(50, 110, count), rng.uniform(0, 1, count), strict=True)
    return [_make_signal(seed + 1, rate, start_s) for seed, (rate, start_s) in enumerate(drawn)]


def _measure(patients: int, signals: list[NDArray[np.int16]]) -> Cost:
    process = psutil.Process()
    before = process.memory_info().rss
    engine = Engine(patients)
    rows = [engine.open() for _ in range(patients)]
    spent_s: list[float] = []
    beats = 0
    for second in range(SECONDS):
        part = slice(second * FS_HZ, (second + 1) * FS_HZ)
        # Each device has its own place in the second, as devices do.
        segments = [
            Segment(
                row, T0_US + second * 1_000_000 + row * 37, FS_HZ * 1000, GAIN, 0, 0, signals[row % len(signals)][part]
            )
            for row in rows
        ]
        begin = time.process_time()
        results = engine.tick(segments)
        if second >= WARM_UP_S:
            spent_s.append(time.process_time() - begin)
            beats += len(results.beats.row)
    grown = process.memory_info().rss - before
    cost = Cost(
        1e9 * sum(spent_s) / (patients * FS_HZ * len(spent_s)),
        1000 * float(np.quantile(spent_s, 0.99)),
        grown / patients,
    )
    say(
        f"engine, {patients} patients: {cost.ns_per_sample:.0f} ns a sample, ticks of a second p99"
        f" {cost.tick_p99_ms:.1f} ms, {cost.bytes_per_patient / 1024:.1f} KB a patient, {beats} beats"
    )
    return cost


def _peer_ns(detect: Callable[[NDArray[np.float64]], object]) -> float:
    ecg = make_ecg(every(0.8, 0.4, 600), 600, FS_HZ, noise_mv=0.02)
    detect(ecg)
    begin = time.process_time()
    detect(ecg)
    return 1e9 * (time.process_time() - begin) / len(ecg)


def test_engine_in_frames_of_a_second(bench: Bench) -> None:
    """All calls of the live engine; the peers look for QRS complexes alone, with the whole record in hand."""
    compile_engine()
    signals = _make_signals(_SIGNALS)
    costs = {patients: _measure(patients, signals) for patients in PATIENTS}
    few = {f"heartwire, {patients} patients": costs[patients].ns_per_sample for patients in PATIENTS}
    peers = {
        "sleepecg detect_heartbeats (C), QRS only": _peer_ns(lambda ecg: detect_heartbeats(ecg, FS_HZ)),
        "NeuroKit2 ecg_clean + ecg_peaks, QRS only": _peer_ns(
            lambda ecg: neurokit2.ecg_peaks(neurokit2.ecg_clean(ecg, sampling_rate=FS_HZ), sampling_rate=FS_HZ)
        ),
    }
    at_5000 = costs[5000]
    bench.record(
        "analytics_ns_per_sample",
        at_5000.ns_per_sample,
        "ns of CPU a sample, 5,000 patients",
        aim="<= 60",
        peers=few | peers,
        only="bench_engine.py",
    )
    bench.record(
        "analytics_patients_per_core",
        1e9 / (at_5000.ns_per_sample * FS_HZ),
        f"patients at {FS_HZ} Hz",
        aim=">= 66,000",
        peers={name: 1e9 / (value * FS_HZ) for name, value in peers.items()},
        only="bench_engine.py",
    )
    bench.record(
        "analytics_tick_p99_5000_patients",
        at_5000.tick_p99_ms,
        "ms of CPU for a second of all",
        peers={f"{patients} patients": costs[patients].tick_p99_ms for patients in PATIENTS},
        only="bench_engine.py",
    )
    bench.record(
        "analytics_kb_per_patient",
        max(at_5000.bytes_per_patient, STATE.itemsize) / 1024,
        "KB of memory a patient, 5,000 patients",
        aim="<= 64",
        peers={"of which state": STATE.itemsize / 1024},
        only="bench_engine.py",
    )
