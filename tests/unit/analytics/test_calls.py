"""Each call on a scripted signal: when it begins, when it ends, what hides it, and what must not raise it."""

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from analytics.ecg.calls import CODES
from analytics.engine import Engine
from heartwire.calls import CALLS, UnknownCallError
from heartwire.frames import EcgFlag
from tests.unit.analytics.ecg import Heard, collect, cut, every, make_ecg, to_digital

FS_HZ = 250
#: Blocks of 0.2 s and the filters' lag.
DELAY_S = 0.34

Limits = Mapping[str, Mapping[str, float]]


def _listen(
    ecg_mv: NDArray[np.float64], *, limits: Limits | None = None, flags: Mapping[int, int] | None = None
) -> Heard:
    """Run a signal in seconds; `flags` by the second's number."""
    engine = Engine(1)
    row = engine.open(limits)
    return collect(
        engine.tick([segment._replace(flags=(flags or {}).get(second, 0))])
        for second, segment in enumerate(cut(row, to_digital(ecg_mv), FS_HZ))
    )[row]


def _raised(heard: Heard) -> list[str]:
    return [each.call for each in heard.transitions if each.kind == "raised"]


def test_every_call_of_the_engine_is_in_the_catalogue() -> None:
    assert set(CODES) <= set(CALLS)


def test_a_calm_heart_raises_nothing() -> None:
    assert not _listen(make_ecg(every(0.85, 0.4, 120), 120, FS_HZ)).transitions


def test_asystole_begins_after_its_seconds_and_ends_with_two_beats() -> None:
    beats = every(0.8, 0.4, 20) + every(0.8, 30, 50)
    heard = _listen(make_ecg(beats, 50, FS_HZ))
    last = max(beat for beat in beats if beat < 25)
    (raised, onset, at), (ended, same_onset, end) = heard.of("asystole")
    assert (raised, ended) == ("raised", "ended")
    assert abs(onset - last) < 0.004
    assert 4.0 <= at - last < 4.0 + DELAY_S
    assert same_onset == onset
    assert 30.8 < end < 31.6
    assert [kind for kind, _, _ in heard.of("pause")] == ["raised", "suppressed"]
    assert heard.of("pause")[1][1] == heard.of("pause")[0][1]
    assert {each.detail.get("by") for each in heard.transitions if each.kind == "suppressed"} == {"asystole"}


def test_asystole_from_the_first_sample() -> None:
    (first,) = _listen(make_ecg([], 20, FS_HZ)).transitions
    assert (first.call, first.kind) == ("asystole", "raised")
    _, onset, at = _listen(make_ecg([], 20, FS_HZ)).of("asystole")[0]
    assert abs(onset) < 0.01
    assert 4.0 <= at < 4.0 + DELAY_S


def test_one_escape_beat_does_not_end_asystole() -> None:
    beats = [*every(0.8, 0.4, 20), 27.0, *every(0.8, 34, 50)]
    kinds = [(kind, at) for kind, _, at in _listen(make_ecg(beats, 50, FS_HZ)).of("asystole")]
    assert [kind for kind, _ in kinds] == ["raised", "ended"]
    assert kinds[1][1] > 34.8


@pytest.mark.parametrize("low_mv", [0.0, -0.3])
def test_a_flat_line_is_no_asystole(low_mv: float) -> None:
    ecg_mv = make_ecg(every(0.8, 0.4, 30), 30, FS_HZ)
    ecg_mv[10 * FS_HZ : 20 * FS_HZ] = low_mv
    heard = _listen(ecg_mv)
    assert _raised(heard) == ["signal_flat"]
    (_, onset, at), (ended, _, end) = heard.of("signal_flat")
    assert abs(onset - 10) < 0.25
    assert 13.0 <= at < 13.25
    assert ended == "ended"
    assert 22.0 <= end < 22.5


def test_a_line_that_barely_moves_is_asystole_not_flat() -> None:
    times = np.arange(30 * FS_HZ) / FS_HZ
    ecg_mv = make_ecg(every(0.8, 0.4, 30), 30, FS_HZ)
    ecg_mv[10 * FS_HZ :] = 0.008 * np.sin(2 * np.pi * 0.25 * times[10 * FS_HZ :])
    assert "asystole" in _raised(_listen(ecg_mv))
    assert "signal_flat" not in _raised(_listen(ecg_mv))


def test_lead_off_is_no_asystole() -> None:
    ecg_mv = make_ecg(every(0.8, 0.4, 40), 40, FS_HZ)
    ecg_mv[10 * FS_HZ : 20 * FS_HZ] = 0.01 * np.random.default_rng(1).normal(size=10 * FS_HZ)
    heard = _listen(ecg_mv, flags=dict.fromkeys(range(10, 20), int(EcgFlag.LEAD_OFF)))
    assert _raised(heard) == ["lead_off"]
    (_, onset, at), (_, _, end) = heard.of("lead_off")
    assert abs(onset - 10) < 0.25
    assert 13.0 <= at < 13.25
    assert 22.0 <= end < 22.5
    assert [beat[1] for beat in heard.beats].count("nan") == 2


@pytest.mark.parametrize("by_flag", [True, False])
def test_a_saturated_signal_is_no_asystole(*, by_flag: bool) -> None:
    ecg_mv = make_ecg(every(0.8, 0.4, 40), 40, FS_HZ)
    ecg_mv[10 * FS_HZ : 20 * FS_HZ] = 5.0 if by_flag else 1000.0
    flags = dict.fromkeys(range(10, 20), int(EcgFlag.SATURATED)) if by_flag else {}
    heard = _listen(ecg_mv, flags=flags)
    assert "signal_railed" in _raised(heard)
    assert "asystole" not in _raised(heard)
    (_, onset, at), (_, _, end) = heard.of("signal_railed")
    assert abs(onset - 10) < 0.25
    assert 13.0 <= at < 13.25
    assert 22.0 <= end < 22.5


def test_lead_off_hides_a_flat_signal() -> None:
    ecg_mv = make_ecg(every(0.8, 0.4, 40), 40, FS_HZ)
    ecg_mv[10 * FS_HZ : 30 * FS_HZ] = 0.1
    heard = _listen(ecg_mv, flags=dict.fromkeys(range(16, 26), int(EcgFlag.LEAD_OFF)))
    assert [kind for kind, _, _ in heard.of("signal_flat")][:2] == ["raised", "suppressed"]
    again = heard.of("signal_flat")[2]
    assert again[0] == "raised"
    assert again[1] > heard.of("signal_flat")[0][1]


def test_pause() -> None:
    beats = every(0.8, 0.4, 20) + every(0.8, 22.6, 40)
    last = max(beat for beat in beats if beat < 21)
    heard = _listen(make_ecg(beats, 40, FS_HZ))
    assert _raised(heard) == ["pause"]
    (_, onset, at), (ended, _, end) = heard.of("pause")
    assert abs(onset - last) < 0.004
    assert 2.5 <= at - last < 2.5 + DELAY_S
    assert ended == "ended"
    assert 22.6 <= end < 23.2


def test_one_long_interval_is_no_bradycardia() -> None:
    beats = every(0.8, 0.4, 20) + every(0.8, 23.7, 40)
    assert _raised(_listen(make_ecg(beats, 40, FS_HZ))) == ["pause"]


def test_what_asystole_hid_is_not_told_when_it_is_over() -> None:
    beats = every(0.8, 0.4, 20) + every(0.8, 31, 60)
    assert _raised(_listen(make_ecg(beats, 60, FS_HZ))) == ["pause", "asystole"]


def test_a_flat_signal_is_not_told_when_contact_is_back() -> None:
    ecg_mv = make_ecg(every(0.8, 0.4, 40), 40, FS_HZ)
    ecg_mv[10 * FS_HZ : 20 * FS_HZ + FS_HZ // 2] = 0.1
    heard = _listen(ecg_mv, flags=dict.fromkeys(range(10, 20), int(EcgFlag.LEAD_OFF)))
    assert _raised(heard) == ["lead_off"]


def _swing_mv(at_s: float, seconds: float) -> NDArray[np.float64]:
    """An electrode that is pulled: 3 mV at once, gone after some seconds."""
    since_s = np.arange(round(seconds * FS_HZ)) / FS_HZ - at_s
    return np.where(since_s < 0, 0.0, 3.0 * np.exp(-np.maximum(since_s, 0.0) / 0.8))


def test_beats_hidden_by_a_pulled_electrode_are_no_asystole() -> None:
    beats = every(0.8, 0.4, 20) + every(0.8, 24.4, 40)
    assert "asystole" in _raised(_listen(make_ecg(beats, 40, FS_HZ)))
    assert "asystole" not in _raised(_listen(make_ecg(beats, 40, FS_HZ) + _swing_mv(20.1, 40)))


def test_a_pulled_electrode_does_not_hide_asystole_for_long() -> None:
    beats = every(0.8, 0.4, 20)
    swings_mv = sum((_swing_mv(at_s, 60) for at_s in np.arange(20.1, 60, 1.5)), np.zeros(60 * FS_HZ))
    _, _, at = _listen(make_ecg(beats, 60, FS_HZ) + swings_mv / 3 * 4).of("asystole")[0]
    assert at - beats[-1] < 10


def test_noise_is_no_tachycardia() -> None:
    rng = np.random.default_rng(3)
    ecg_mv = make_ecg(every(0.8, 0.4, 60), 60, FS_HZ)
    ecg_mv[20 * FS_HZ : 45 * FS_HZ] += rng.normal(0, 0.6, 25 * FS_HZ)
    assert _raised(_listen(ecg_mv)) == ["noise"]


def test_tachycardia_and_its_hysteresis() -> None:
    beats = [
        *every(60 / 80, 0.4, 20),
        *every(60 / 130, 20, 50),
        *every(60 / 117, 50, 80),
        *every(60 / 100, 80, 110),
    ]
    heard = _listen(make_ecg(beats, 110, FS_HZ))
    assert _raised(heard) == ["tachycardia"]
    (_, onset, at), (_, _, end) = heard.of("tachycardia")
    assert 26 < at < 30.6
    assert at - onset < 10.9
    assert 80 < end < 91.5


def test_extreme_tachycardia_hides_tachycardia() -> None:
    beats = [*every(60 / 80, 0.4, 20), *every(60 / 170, 20, 50), *every(60 / 125, 50, 80), *every(60 / 80, 80, 110)]
    heard = _listen(make_ecg(beats, 110, FS_HZ))
    (_, onset, at), (_, _, end) = heard.of("extreme_tachycardia")
    assert 20 - 16 * 60 / 170 < onset <= 20
    assert 24 < at < 20 + 17 * 60 / 170 + 0.6
    assert 50 < end < 60
    kinds = [kind for kind, _, _ in heard.of("tachycardia")]
    assert kinds[-2:] == ["raised", "ended"]
    assert "suppressed" in kinds
    onsets = [onset for kind, onset, _ in heard.of("tachycardia") if kind == "raised"]
    assert onsets[-1] >= end - 0.001


def test_bradycardia_and_extreme_bradycardia() -> None:
    beats = [*every(60 / 70, 0.4, 20), *every(60 / 45, 20, 60), *every(60 / 34, 60, 90), *every(60 / 70, 90, 120)]
    heard = _listen(make_ecg(beats, 120, FS_HZ))
    raised = heard.of("bradycardia")[0]
    assert raised[0] == "raised"
    assert 24 < raised[2] < 32.5
    (_, _, at), (ended, _, end) = heard.of("extreme_bradycardia")
    assert 60 + 1.7 < at < 60 + 4 * 60 / 34 + 1.9
    assert ended == "ended"
    assert 90 < end < 97
    assert "asystole" not in _raised(heard)


def test_noise_suspends_all_but_asystole() -> None:
    rng = np.random.default_rng(2)
    ecg_mv = make_ecg([*every(60 / 80, 0.4, 30), *every(60 / 150, 30, 150), *every(60 / 80, 150, 240)], 240, FS_HZ)
    ecg_mv[5 * FS_HZ : 150 * FS_HZ] += rng.normal(0, 0.5, 145 * FS_HZ)
    heard = _listen(ecg_mv)
    (_, onset, at), (ended, _, end) = heard.of("noise")
    assert 25 <= at < 27
    assert at - onset == pytest.approx(20, abs=0.001)
    assert ended == "ended"
    assert 168 < end < 175
    assert not [each for each in heard.transitions if each.call != "noise" and at < (each.at_us / 1e6) < end]


def test_own_limits_hold_and_change() -> None:
    beats = every(60 / 110, 0.4, 60)
    assert not _raised(_listen(make_ecg(beats, 60, FS_HZ)))
    assert _raised(_listen(make_ecg(beats, 60, FS_HZ), limits={"tachycardia": {"bpm": 100}})) == ["tachycardia"]

    engine = Engine(1)
    row = engine.open({"gone_quiet": {"seconds": 30}})
    segments = cut(row, to_digital(make_ecg(beats, 60, FS_HZ)), FS_HZ)
    results = [engine.tick([each]) for each in segments[:30]]
    engine.set_limits(row, {"tachycardia": {"bpm": 100}})
    results += [engine.tick([each]) for each in segments[30:45]]
    engine.set_limits(row, {})
    results += [engine.tick([each]) for each in segments[45:]]
    changes = collect(results)[row].of("tachycardia")
    assert [kind for kind, _, _ in changes] == ["raised", "ended"]
    assert 30 < changes[0][2] < 32
    assert 45 < changes[1][2] < 47


def test_limits_that_make_no_sense_are_refused_and_change_nothing() -> None:
    engine = Engine(1)
    row = engine.open()
    before = engine.export_row(row)
    with pytest.raises(ValueError, match=r"wanted 60\.0 to 220\.0"):
        engine.set_limits(row, {"asystole": {"seconds": 5}, "tachycardia": {"bpm": 20}})
    with pytest.raises(ValueError, match="no limit 'seconds'"):
        engine.set_limits(row, {"tachycardia": {"seconds": 20}})
    with pytest.raises(UnknownCallError):
        engine.set_limits(row, {"hiccup": {"seconds": 20}})
    with pytest.raises(ValueError, match="wanted"):
        engine.open({"pause": {"seconds": float("nan")}})
    assert engine.export_row(row) == before
    assert engine.open() == 1


def test_onsets_are_identities() -> None:
    """However often a call comes and goes, no two of its alarms share an onset."""
    beats = []
    for begin in range(0, 200, 20):
        beats += every(60 / 80, begin + 0.4, begin + 12)
    heard = _listen(make_ecg(beats, 200, FS_HZ))
    onsets = [(each.call, each.onset_us) for each in heard.transitions if each.kind == "raised"]
    assert len(onsets) > 10
    assert len(set(onsets)) == len(onsets)
