"""What is found depends on the frames and on nothing else: not on batches, neighbours, or a save in between."""

import itertools

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.analysis import Analysis, CallChange, Findings, Rhythm
from analytics.backlog import LATE_US
from analytics.checkpoints import CheckpointError
from analytics.ordering import Frame
from analytics.results import RhythmChange, Transition
from heartwire.frames import EcgFrame
from tests.ecg import cut_into_frames, draw_ecg, regular_beats

_S = 1_000_000
_BEGIN_US = 1_772_000_000 * _S
_DEVICES = ("0" * 16, "1" * 16)


def _frame(ecg: EcgFrame, device: str, xid: int = 1, transit_us: int = 200_000, patient_id: int = 7) -> Frame:
    return Frame(
        xid=xid,
        device_id=device,
        patient_id=patient_id,
        tenant_id=1,
        boot_id=ecg.boot_id,
        seq=ecg.seq,
        t0_us=ecg.t0,
        received_us=ecg.t_end + transit_us,
        fs_mhz=ecg.fs_mhz,
        lead=ecg.lead,
        gain=ecg.gain,
        baseline=ecg.baseline,
        flags=ecg.flags,
        samples=ecg.samples,
    )


def _signal(seed: int, *, last_s: float = 20.0, next_s: float = 26.0, end_s: float = 50.0) -> list[EcgFrame]:
    """75 a minute, but for one silence."""
    beats = [*regular_beats(last_s % 0.8, last_s + 0.4, 75), *regular_beats(next_s, end_s, 75)]
    return cut_into_frames(draw_ecg(beats, end_s, seed=seed), _BEGIN_US)


_FRAMES = [
    frame
    for pair in zip(_signal(1), _signal(2, last_s=30.0, next_s=37.0), strict=True)
    for frame in (_frame(pair[0], _DEVICES[0]), _frame(pair[1], _DEVICES[1]))
]


def _new(*devices: str) -> Analysis:
    analysis = Analysis()
    for device in devices:
        analysis.begin(device)
    return analysis


def _sorted(findings: list[Findings]) -> tuple[list[object], list[object]]:
    beats = sorted((beat.device_id, beat.t_us, str(beat)) for found in findings for beat in found.beats)
    changes = [
        (change.device_id, change.call, change.kind, change.onset_us, change.at_us, change.late)
        for device in _DEVICES
        for found in findings
        for change in found.changes
        if change.device_id == device
    ]
    return list(beats), list(changes)


_WHOLE = _sorted([_new(*_DEVICES).analyse(_FRAMES)])


def test_both_silences_are_found() -> None:
    raised = [change for change in _WHOLE[1] if isinstance(change, tuple) and change[1:3] == ("asystole", "raised")]
    assert len(raised) == 2


@settings(max_examples=8)
@given(st.lists(st.integers(0, len(_FRAMES)), max_size=8), st.data())
def test_batches_and_saves_do_not_show(cuts: list[int], data: st.DataObject) -> None:
    analysis = _new(*_DEVICES)
    edges = [0, *sorted(cuts), len(_FRAMES)]
    findings = []
    for begin, end in itertools.pairwise(edges):
        findings.append(analysis.analyse(_FRAMES[begin:end]))
        if data.draw(st.booleans()):
            device = data.draw(st.sampled_from(_DEVICES))
            saved = analysis.save(device)
            analysis.put_aside(device)
            assert device not in analysis
            analysis.restore(device, saved)
            assert analysis.save(device) == saved
    assert _sorted(findings) == _WHOLE


def test_one_device_at_a_time_gives_the_same() -> None:
    findings, failures = _new(*_DEVICES).analyse_each(_FRAMES)
    assert failures == {}
    assert _sorted([findings]) == _WHOLE


def test_what_arrives_late_is_late_whichever_lane_it_takes() -> None:
    ecg = _signal(1, last_s=70.0, next_s=77.0, end_s=140.0)
    frames = [_frame(frame, _DEVICES[0]) for frame in ecg]
    late = [msgspec.structs.replace(frame, received_us=frame.t_end_us + LATE_US + 5 * _S) for frame in frames[60:90]]
    in_order = _new(_DEVICES[0]).analyse([*frames[:60], *late, *frames[90:]])
    behind = _new(_DEVICES[0]).analyse([*frames[:60], *frames[90:120], *late, *frames[120:]])
    for findings in (in_order, behind):
        (asystole,) = _of(findings, "asystole", "raised")
        assert asystole.late
        assert asystole.onset_us == pytest.approx(_BEGIN_US + 70 * _S, abs=0.1 * _S)
        assert len(_of(findings, "asystole", "ended")) == 1
    assert len(behind.beats) == pytest.approx(len(in_order.beats), abs=4)


def test_a_call_that_lasts_when_its_late_signal_ends_is_ended() -> None:
    ecg = _signal(1, last_s=70.0, next_s=90.0, end_s=140.0)
    frames = [_frame(frame, _DEVICES[0]) for frame in ecg]
    findings = _new(_DEVICES[0]).analyse([*frames[:60], *frames[90:110], *frames[60:80], *frames[110:]])
    (asystole,) = _of(findings, "asystole", "ended")
    assert asystole.detail == {"reason": "late_signal_ended"}
    assert asystole.at_us == _BEGIN_US + 80 * _S


def test_late_signal_that_fills_a_hole_in_what_was_told_tells_nothing_more() -> None:
    ecg = _signal(1, last_s=70.0, next_s=86.0, end_s=140.0)
    frames = [_frame(frame, _DEVICES[0]) for frame in ecg]
    analysis = _new(_DEVICES[0])
    findings = [analysis.analyse([*frames[:76], *frames[85:110]]), analysis.analyse([*frames[76:85], *frames[110:]])]
    assert [len(_of(found, "asystole", "raised")) for found in findings] == [1, 0]
    assert [len(_of(found, "asystole", "ended")) for found in findings] == [1, 0]
    own = _new(_DEVICES[0]).analyse(frames[76:85])
    assert len(_of(own, "asystole", "raised")) == 1, "it would have been told"


def test_another_patient_begins_anew_and_gets_none_of_the_former_ones_calls() -> None:
    ecg = _signal(1, last_s=20.0, next_s=30.4, end_s=60.0)
    frames = [_frame(frame, _DEVICES[0], patient_id=7 if frame.seq < 30 else 8) for frame in ecg]
    findings = _new(_DEVICES[0]).analyse(frames)
    assert {change.patient_id for change in _of(findings, "asystole", "raised")} == {7}
    (ended,) = _of(findings, "asystole", "ended")
    assert (ended.patient_id, ended.detail) == (7, {"reason": "another_patient"})
    assert {beat.patient_id for beat in findings.beats if beat.t_us > _BEGIN_US + 30 * _S} == {8}


@pytest.mark.parametrize("wrong_s", [3600, 40, -3600])
def test_a_clock_that_is_wrong_makes_live_signal_not_late_and_a_backlog_not_live(wrong_s: int) -> None:
    ecg = _signal(1, last_s=100.0, next_s=107.0, end_s=400.0)
    late = slice(300, 330)
    ecg_late = _signal(2, last_s=310.0, next_s=317.0, end_s=400.0)
    frames = [_frame(frame, _DEVICES[0]) for frame in [*ecg[:300], *ecg_late[300:]]]
    # Half a minute without a connection, an hour after which it arrives at once.
    arrival_us = frames[late][-1].received_us + 300 * _S
    frames[late] = [msgspec.structs.replace(frame, received_us=arrival_us + 1000 * frame.seq) for frame in frames[late]]
    frames = [msgspec.structs.replace(frame, t0_us=frame.t0_us - wrong_s * _S) for frame in frames]
    analysis = _new(_DEVICES[0])
    findings = analysis.analyse(frames)
    alarms = _of(findings, "asystole", "raised")
    assert [alarm.late for alarm in alarms] == [False, True]


@pytest.mark.parametrize("step_s", [-3600, -40, -5, 3600])
def test_a_clock_that_is_set_does_not_stop_the_analysis(step_s: int) -> None:
    ecg = _signal(1, last_s=10.0, next_s=10.8, end_s=60.0)
    frames = [_frame(frame, _DEVICES[0]) for frame in ecg]
    frames[30:] = [msgspec.structs.replace(frame, t0_us=frame.t0_us + step_s * _S) for frame in frames[30:]]
    findings = _new(_DEVICES[0]).analyse(frames)
    assert len(findings.beats) >= 70
    assert not _of(findings, "asystole", "raised")


def test_a_lead_that_stays_away_is_replaced() -> None:
    ecg = _signal(1, last_s=10.0, next_s=10.8, end_s=60.0)
    frames = [_frame(frame, _DEVICES[0]) for frame in ecg]
    frames = [msgspec.structs.replace(frame, lead="II" if frame.seq < 20 else "V5") for frame in frames]
    analysis = _new(_DEVICES[0])
    findings = analysis.analyse(frames)
    assert analysis.frames_of_other_leads == 9
    assert max(beat.t_us for beat in findings.beats) > _BEGIN_US + 57 * _S
    assert not any(beat.t_us < _BEGIN_US + 29 * _S for beat in findings.beats if beat.t_us > _BEGIN_US + 20 * _S)


def test_at_its_end_a_signal_is_judged_to_its_last_frame_and_what_lasts_ends_with_it() -> None:
    ecg = _signal(1, last_s=30.0, next_s=90.0, end_s=40.0)
    frames = [_frame(frame, _DEVICES[0]) for frame in ecg]
    analysis = _new(*_DEVICES)
    # The last but one is missing, so the last one waits for it.
    findings = [analysis.analyse([*frames[:38], frames[39]]), analysis.end(_DEVICES[0], "stretch_ended")]
    (ended,) = _of(findings[1], "asystole", "ended")
    assert (ended.end_us, ended.at_us, ended.detail) == (_BEGIN_US + 40 * _S,) * 2 + ({"reason": "stretch_ended"},)
    assert _DEVICES[0] not in analysis
    assert _DEVICES[1] in analysis
    analysis.begin(_DEVICES[0])
    assert _of(analysis.end(_DEVICES[0], "stretch_ended"), "asystole", "ended") == []


def test_what_the_engine_says_of_ends_confidence_and_rhythms_reaches_who_stores_it() -> None:
    analysis = _new(_DEVICES[0])
    analysis.analyse(frame for frame in _FRAMES[:20] if frame.device_id == _DEVICES[0])
    (row,) = analysis._tracks
    told = analysis._engine.tick([])._replace(
        transitions=[
            Transition(row, "couplet", "raised", _BEGIN_US, _BEGIN_US + 2 * _S, {}, confidence=0.5),
            Transition(row, "couplet", "ended", _BEGIN_US, _BEGIN_US + 3 * _S, {}, end_us=_BEGIN_US + _S),
        ],
        rhythms=[RhythmChange(row, _BEGIN_US, "B")],
    )
    findings = Findings([], [], [], [])
    analysis._collect(told, findings)
    assert [(change.end_us, change.confidence) for change in findings.changes] == [(0, 0.5), (_BEGIN_US + _S, None)]
    assert findings.rhythms == [Rhythm(7, 1, _DEVICES[0], _BEGIN_US, "B", is_late=False)]
    analysis._devices[_DEVICES[0]].live = None
    analysis._collect(told, findings)
    assert findings.rhythms[1].is_late


def test_a_state_that_cannot_be_read_changes_nothing() -> None:
    analysis = _new(_DEVICES[0])
    analysis.analyse(frame for frame in _FRAMES if frame.device_id == _DEVICES[0])
    saved = analysis.save(_DEVICES[0])
    other = Analysis()
    with pytest.raises(CheckpointError):
        other.restore(_DEVICES[0], saved.replace(b"heartwire engine", b"heartwire enginX"))
    with pytest.raises(CheckpointError):
        other.restore(_DEVICES[0], saved[:-1])
    assert len(other) == 0
    other.restore(_DEVICES[0], saved)
    assert other.save(_DEVICES[0]) == saved


def _of(findings: Findings, call: str, kind: str) -> list[CallChange]:
    return [change for change in findings.changes if (change.call, change.kind) == (call, kind)]
