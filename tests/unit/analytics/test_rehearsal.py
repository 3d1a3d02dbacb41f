"""What other limits would have changed: counted by pairs, listed with reviews, lost only where nothing still rings."""

from typing import Final

from analytics.ordering import Frame
from analytics.rehearsal.both import Both, Ring, within
from analytics.rehearsal.outcome import LISTED_MOST, Told, compare_rings
from heartwire.frames import EcgFrame
from tests.ecg import cut_into_frames, draw_ecg, regular_beats

_S: Final = 1_000_000
_BEGIN_US: Final = 1_792_000_800_000_000
_DEVICE: Final = "0123456789abcdef"


def _frame(frame: EcgFrame) -> Frame:
    return Frame(
        0, _DEVICE, 1, 1, frame.boot_id, frame.seq, frame.t0, frame.t_end, frame.fs_mhz, frame.lead, frame.gain,
        frame.baseline, frame.flags, frame.samples,
    )  # fmt: skip


def _ring(call: str, onset_s: float, end_s: float | None, device: str = _DEVICE) -> Ring:
    return Ring(device, call, round(onset_s * _S), None if end_s is None else round(end_s * _S))


def _told(number: int, ring: Ring, verdict: str | None = None) -> Told:
    return Told(number, ring, verdict, "", "Nora" if verdict else None)


def test_both_limits_are_judged_on_the_same_signal_however_it_is_cut() -> None:
    # Half a minute each at 75, 45 and 36 a minute, and back.
    beats = [*regular_beats(0.4, 60, 75), *regular_beats(60.5, 120, 45), *regular_beats(121, 180, 36),
             *regular_beats(180.5, 240, 75)]  # fmt: skip
    frames = [_frame(frame) for frame in cut_into_frames(draw_ecg(beats, 240), _BEGIN_US)]
    found = []
    for size in (len(frames), 17):
        both = Both({}, {"bradycardia": {"bpm": 40}, "extreme_bradycardia": {"bpm": 30}})
        for begin in range(0, len(frames), size):
            both.take(frames[begin : begin + size])
        both.end()
        found.append(both.rings())
        assert both.signal_us == 240 * _S
    assert found[0] == found[1]
    now, then = found[0]
    # When the extreme is over, what it hid rings again.
    assert [ring.call for ring in now] == ["bradycardia", "extreme_bradycardia", "bradycardia"]
    assert [ring.call for ring in then] == ["bradycardia"]
    assert 59 < (now[0].onset_us - _BEGIN_US) / _S < 75
    assert 105 < (then[0].onset_us - _BEGIN_US) / _S < 136
    assert {ring.device_id for ring in (*now, *then)} == {_DEVICE}
    assert within(now, now[1].onset_us, now[1].onset_us + 1) == [now[1]]


def test_what_lasts_when_the_signal_ends_has_no_end() -> None:
    frames = [_frame(frame) for frame in cut_into_frames(draw_ecg(regular_beats(0.4, 60, 45), 60), _BEGIN_US)]
    both = Both({}, {"bradycardia": {"bpm": 40}})
    both.take(frames)
    assert both.lasts(_BEGIN_US, _BEGIN_US + 60 * _S)
    both.end()
    now, then = both.rings()
    assert [(ring.call, ring.end_us) for ring in now] == [("bradycardia", None)]
    assert then == []


def test_alarms_are_saved_added_and_lost() -> None:
    now = [_ring("bradycardia", at, at + 20) for at in (0, 100, 200, 300)] + [_ring("pause", 400, 403)]
    then = [_ring("bradycardia", 205, 215), _ring("pause", 400, 403), _ring("pause", 500, 502)]
    told = [
        _told(1, now[0], "false"), _told(2, now[1], "true"), _told(3, now[2], "true"), _told(4, now[4]),
        _told(5, _ring("bradycardia", 900, 910), "true"),
    ]  # fmt: skip
    outcome = compare_rings(now, then, told, 3600 * _S, "engine-9")
    counts = {call.call: call for call in outcome.calls}
    brady, pause = counts["bradycardia"], counts["pause"]
    assert (brady.rang, brady.now, brady.tried, brady.saved, brady.added) == (4, 4, 1, 3, 0)
    assert (brady.saved_true, brady.saved_false, brady.saved_unsure, brady.lost) == (1, 1, 0, 1)
    assert brady.not_repeated == 1
    assert (pause.rang, pause.now, pause.tried, pause.saved, pause.added) == (1, 1, 2, 0, 1)
    assert [(each.alarm_id, each.verdict) for each in outcome.saved] == [(2, "true"), (None, None), (1, "false")]
    assert [each.onset_us for each in outcome.added] == [500 * _S]


def test_what_another_call_still_tells_is_not_lost() -> None:
    now = [_ring("bradycardia", 0, 20), _ring("bradycardia", 100, 120), _ring("extreme_bradycardia", 200, 220),
           _ring("bradycardia", 300, 320)]  # fmt: skip
    then = [
        _ring("extreme_bradycardia", 5, 15), _ring("tachycardia", 100, 120), _ring("bradycardia", 200, 220),
        _ring("extreme_bradycardia", 300, 320, "another-device00"),
    ]  # fmt: skip
    outcome = compare_rings(now, then, [_told(n, ring, "true") for n, ring in enumerate(now)], 1, "engine-9")
    assert {each.alarm_id: each.still for each in outcome.saved} == {
        0: "extreme_bradycardia", 1: None, 2: "bradycardia", 3: None,
    }  # fmt: skip
    assert sum(call.lost for call in outcome.calls) == 2
    assert [each.alarm_id for each in outcome.saved][:2] == [1, 3], "what is lost comes first"


def test_all_are_counted_and_some_are_listed() -> None:
    now = [_ring("pause", 10 * number, 10 * number + 3) for number in range(LISTED_MOST + 50)]
    outcome = compare_rings(now, [], [], 1, "engine-9")
    assert len(outcome.saved) == LISTED_MOST
    assert outcome.calls[0].saved == LISTED_MOST + 50
