"""Calls that need to know what each beat is, on scripted rhythms: when they begin and end, and what hides what."""

import numpy as np

from analytics.ecg.ventricular import PEAK_HZ
from analytics.engine import Engine, RhythmChange
from tests.unit.analytics.ecg import (
    T0_US,
    Heard,
    collect,
    cut,
    every,
    make_beats,
    make_ecg,
    make_fibrillation,
    to_digital,
)

FS_HZ = 250
_RR_S = 0.8
_VENTRICULAR_MODEL = 1
Script = list[tuple[float, str]]


def _listen(ecg_mv: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[Heard, list[RhythmChange]]:
    engine = Engine(1)
    row = engine.open()
    results = [engine.tick([segment]) for segment in cut(row, to_digital(ecg_mv), FS_HZ)] + [engine.flush_row(row)]
    return collect(results)[row], [change for result in results for change in result.rhythms]


def _script(pattern: str, begin_s: float, *, rr_s: float = _RR_S, premature: float = 0.6) -> Script:
    """Return beats: V come early; after a V the next other beat comes late by as much."""
    beats: Script = []
    at_s, before = begin_s, "N"
    for kind in pattern:
        beats.append((at_s, kind))
        before = kind
        del before
        at_s += rr_s
    return [(time_s - (1 - premature) * rr_s if kind == "V" else time_s, kind) for time_s, kind in beats]


def _run(count: int, bpm: float, begin_s: float) -> Script:
    return [(begin_s + at * 60 / bpm, "V") for at in range(count)]


def _sinus(begin_s: float, end_s: float, rr_s: float = _RR_S) -> Script:
    return [(time_s, "N") for time_s in every(rr_s, begin_s, end_s)]


def _raised(heard: Heard, call: str) -> list[tuple[float, float]]:
    return [(onset, at) for kind, onset, at in heard.of(call) if kind == "raised"]


def _with_run(count: int, bpm: float) -> tuple[Heard, list[RhythmChange], Script]:
    run = _run(count, bpm, 29.7)
    script = _sinus(0.4, 29.5) + run + _sinus(run[-1][0] + 1.0, 60)
    heard, rhythms = _listen(make_beats(script, 60, FS_HZ))
    return heard, rhythms, run


def test_beats_are_told_apart() -> None:
    script = _script(("N" * 7 + "V") * 8, 0.4)
    engine = Engine(1)
    row = engine.open()
    ecg = to_digital(make_beats(script, 55, FS_HZ))
    results = [engine.tick([segment]) for segment in cut(row, ecg, FS_HZ)] + [engine.flush_row(row)]
    labels = "".join(label.decode() for result in results for label in result.beats.label.tolist())
    # The first V has no other beats to be compared with for long.
    assert labels[16:] == ("N" * 7 + "V") * 6


def test_a_couplet_is_low_and_over_with_the_next_beat() -> None:
    heard, _, run = _with_run(2, 150)
    ((onset, at),) = _raised(heard, "couplet")
    assert abs(onset - run[0][0]) < 0.05
    assert at < run[-1][0] + 2.5
    assert not _raised(heard, "ventricular_run")


def test_a_short_run_is_no_tachycardia() -> None:
    heard, rhythms, run = _with_run(4, 150)
    ((onset, _),) = _raised(heard, "ventricular_run")
    assert abs(onset - run[0][0]) < 0.05
    assert not _raised(heard, "ventricular_tachycardia")
    assert not _raised(heard, "couplet")
    assert [change.rhythm for change in rhythms] == ["VT", "N"]


def test_ventricular_tachycardia_is_told_within_three_seconds_of_its_fifth_beat_and_hides_the_run() -> None:
    heard, rhythms, run = _with_run(12, 160)
    ((onset, at),) = _raised(heard, "ventricular_tachycardia")
    assert abs(onset - run[0][0]) < 0.05
    assert run[4][0] < at < run[4][0] + 3.0
    hidden = [each for each in heard.transitions if each.kind == "suppressed" and each.call == "ventricular_run"]
    assert [each.detail["by"] for each in hidden] == ["ventricular_tachycardia"]
    (ended,) = (each for each in heard.transitions if each.call == "ventricular_tachycardia" and each.kind == "ended")
    assert abs((ended.end_us - T0_US) / 1e6 - run[-1][0]) < 0.05
    (raised,) = (each for each in heard.transitions if each.call == "ventricular_tachycardia" and each.kind == "raised")
    assert raised.detail["beats"] == 5
    assert abs(float(raised.detail["bpm"]) - 160) < 5
    assert 0.5 < raised.confidence <= 1
    begin, end = ((change.t_us - T0_US) / 1e6 for change in rhythms)
    assert abs(begin - run[0][0]) < 0.05
    assert abs(end - run[-1][0]) < 0.05


def test_a_slow_run_is_an_idioventricular_rhythm() -> None:
    heard, rhythms, run = _with_run(10, 80)
    ((onset, _),) = _raised(heard, "idioventricular_rhythm")
    assert abs(onset - run[0][0]) < 0.05
    assert not _raised(heard, "ventricular_tachycardia")
    assert "IVR" in [change.rhythm for change in rhythms]


def test_bigeminy_and_trigeminy() -> None:
    for pattern, call, rhythm in (("NV", "ventricular_bigeminy", "B"), ("NNV", "ventricular_trigeminy", "T")):
        script = _script("N" * 20 + pattern * 8 + "N" * 12, 0.4)
        heard, rhythms = _listen(make_beats(script, script[-1][0] + 1, FS_HZ))
        ((onset, _),) = _raised(heard, call)
        first_s = next(time_s for time_s, kind in script if kind == "V")
        assert abs(onset - first_s) < 0.05
        assert [change.rhythm for change in rhythms] == [rhythm, "N"]


def test_frequent_ventricular_beats_are_counted_within_a_minute() -> None:
    script = _script("N" * 12 + ("N" * 5 + "V") * 14 + "N" * 90, 0.4)
    heard, _ = _listen(make_beats(script, script[-1][0] + 1, FS_HZ))
    ((onset, at),) = _raised(heard, "frequent_pvcs")
    times_s = [time_s for time_s, kind in script if kind == "V"]
    assert abs(onset - times_s[0]) < 0.05
    assert times_s[10] < at < times_s[10] + 2.5
    assert [kind for kind, _, _ in heard.of("frequent_pvcs")] == ["raised", "ended"]


def test_a_beat_that_is_missing() -> None:
    beats = [time_s for time_s in every(1.0, 0.4, 60) if not 40 < time_s < 41]
    heard, _ = _listen(make_ecg(beats, 60, FS_HZ))
    ((onset, _),) = _raised(heard, "missed_beat")
    assert abs(onset - 39.4) < 0.05


def _fibrillate(begin_s: float, end_s: float, seed: int = 4) -> Script:
    rng = np.random.default_rng(seed)
    beats: Script = []
    at_s = begin_s
    while at_s < end_s:
        beats.append((at_s, "A"))
        at_s += float(rng.uniform(0.42, 1.05))
    return beats


def test_atrial_fibrillation_begins_after_half_a_minute_and_its_end_is_told() -> None:
    script = _sinus(0.4, 60) + _fibrillate(60.5, 160) + _sinus(160.9, 300)
    heard, rhythms = _listen(make_beats(script, 300, FS_HZ))
    ((onset, at),) = _raised(heard, "atrial_fibrillation")
    assert 58 < onset < 64
    assert onset + 30 <= at < onset + 45
    ends = [each for each in heard.transitions if each.call == "atrial_fibrillation" and each.kind == "ended"]
    assert 158 < (ends[0].end_us - T0_US) / 1e6 < 164
    ((told, _),) = _raised(heard, "atrial_fibrillation_ended")
    assert 158 < told < 164
    assert [change.rhythm for change in rhythms if change.rhythm in {"AFIB", "N"}][:2] == ["AFIB", "N"]


def test_breathing_is_no_fibrillation() -> None:
    times_s = [0.4]
    while times_s[-1] < 120:
        times_s.append(times_s[-1] + 0.85 + 0.12 * float(np.sin(2 * np.pi * times_s[-1] / 4.2)))
    heard, _ = _listen(make_ecg(times_s, 120, FS_HZ))
    assert not _raised(heard, "atrial_fibrillation")


def test_ventricular_fibrillation_on_the_wave_itself() -> None:
    sinus = make_ecg(every(_RR_S, 0.4, 30), 30, FS_HZ)
    ecg = np.concatenate([sinus, make_fibrillation(20, FS_HZ), sinus])
    heard, rhythms = _listen(ecg)
    ((onset, at),) = _raised(heard, "ventricular_fibrillation")
    assert 27 < onset < 33
    assert at < 30 + 8
    assert not _raised(heard, "asystole")
    (ended,) = (each for each in heard.transitions if each.call == "ventricular_fibrillation" and each.kind == "ended")
    assert 46 < (ended.end_us - T0_US) / 1e6 < 54
    assert "VF" in [change.rhythm for change in rhythms] or "VFL" in [change.rhythm for change in rhythms]


def test_a_silent_heart_does_not_fibrillate() -> None:
    rest = np.random.default_rng(5).normal(0, 0.008, 12 * FS_HZ)
    heard, _ = _listen(np.concatenate([make_ecg(every(_RR_S, 0.4, 30), 30, FS_HZ), rest]))
    assert _raised(heard, "asystole")
    assert not _raised(heard, "ventricular_fibrillation")


def test_fibrillation_goes_on_over_a_short_loss_of_signal() -> None:
    sinus = make_ecg(every(_RR_S, 0.4, 30), 30, FS_HZ)
    ecg = to_digital(np.concatenate([sinus, make_fibrillation(30, FS_HZ)]))
    engine = Engine(1)
    row = engine.open()
    results = [
        engine.tick([segment]) for segment in cut(row, ecg, FS_HZ) if not 44 <= (segment.t0_us - T0_US) / 1e6 < 48
    ]
    heard = collect(results)[row]
    ((onset, _),) = _raised(heard, "ventricular_fibrillation")
    assert 27 < onset < 33
    assert {kind for kind, *_ in heard.of("ventricular_fibrillation")} == {"raised"}


def test_a_rhythm_does_not_begin_before_the_end_of_a_greater_one() -> None:
    rng = np.random.default_rng(3)
    times = np.cumsum(rng.uniform(0.45, 1.1, 200))
    irregular = make_beats([(at, "A") for at in times if at < 90], 90, FS_HZ)
    heard, rhythms = _listen(np.concatenate([irregular, make_fibrillation(20, FS_HZ), irregular]))
    assert _raised(heard, "ventricular_fibrillation")
    (after,) = (change for change in rhythms if change.rhythm == "AFIB" and change.t_us - T0_US > 100_000_000)
    assert abs((after.t_us - T0_US) / 1e6 - 110) < 4


def test_beats_like_the_usual_one_are_not_looked_at_for_fibrillation() -> None:
    wide = make_beats([(at_s, "V") for at_s in every(_RR_S, 0.4, 60)], 60, FS_HZ)
    engine = Engine(1, traces=1000)
    row = engine.open()
    asked = []
    for segment in cut(row, to_digital(wide), FS_HZ):
        engine.tick([segment])
        asked += [
            float(trace["features"][PEAK_HZ])
            for traces in engine.traces
            for trace in traces
            if trace["model"] == _VENTRICULAR_MODEL and trace["t_us"] > T0_US + 10_000_000
        ]
    assert asked
    assert not any(asked)


def test_a_wave_too_low_for_fibrillation_is_a_silent_heart() -> None:
    sinus = make_ecg(every(_RR_S, 0.4, 30), 30, FS_HZ)
    heard, _ = _listen(np.concatenate([sinus, make_fibrillation(12, FS_HZ, height=0.04)]))
    assert _raised(heard, "asystole")
    assert not _raised(heard, "ventricular_fibrillation")


def test_a_wave_of_one_frequency_is_a_ventricular_tachycardia() -> None:
    sinus = make_ecg(every(_RR_S, 0.4, 30), 30, FS_HZ)
    times = np.arange(12 * FS_HZ) / FS_HZ
    wave = np.sin(2 * np.pi * 2.6 * times) + np.random.default_rng(2).normal(0, 0.02, len(times))
    heard, _ = _listen(np.concatenate([sinus, wave, sinus]))
    told = [each for each in heard.transitions if each.call == "ventricular_tachycardia"]
    assert {each.kind for each in told} & {"raised", "suppressed"}
    assert 28 < (told[0].onset_us - T0_US) / 1e6 < 34
