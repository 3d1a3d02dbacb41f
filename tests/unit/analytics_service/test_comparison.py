"""What differs between two analyses is found, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.comparison import BeatAt, BeatDifference, Comparison, EpisodeAt, compare

_S = 1_000_000
_DEVICES = ("a", "b")
_BEGIN, _END = 0, 400 * _S
#: Beats half a second apart or more, of two devices, labels at random.
_BEATS = st.lists(st.tuples(st.sampled_from(_DEVICES), st.sampled_from("NSVFQ")), max_size=60).map(
    lambda drawn: [BeatAt(device, number * _S // 2, label) for number, (device, label) in enumerate(drawn)]
)


def _compare(stored: list[BeatAt], rerun: list[BeatAt]) -> Comparison:
    return compare(_BEGIN, _END, (stored, []), (rerun, []))


@given(_BEATS, st.integers(-149_000, 149_000))
def test_the_same_beats_a_little_moved_are_the_same_beats(beats: list[BeatAt], moved_us: int) -> None:
    moved = [beat._replace(t_us=beat.t_us + moved_us) for beat in beats]
    found = compare(-_S, _END, (beats, []), (list(reversed(moved)), []))
    assert found.beats == []
    assert found.beats_paired == found.beats_stored == found.beats_rerun == len(beats)
    assert found.beats_same_instant == (len(beats) if moved_us == 0 else 0)


@given(_BEATS, st.data())
def test_what_is_left_out_added_or_named_otherwise_is_told_and_nothing_else(
    beats: list[BeatAt], data: st.DataObject
) -> None:
    rerun, expected = [], []
    for beat in beats:
        what = data.draw(st.sampled_from(["same", "same", "lost", "extra", "renamed"]))
        if what == "lost":
            expected.append(BeatDifference(beat.device_id, beat.t_us, beat.label, ""))
            continue
        if what == "extra":
            extra = beat._replace(t_us=beat.t_us + _S // 4)
            rerun.append(extra)
            expected.append(BeatDifference(extra.device_id, extra.t_us, "", extra.label))
        if what == "renamed":
            other = "V" if beat.label != "V" else "N"
            rerun.append(beat._replace(label=other))
            expected.append(BeatDifference(beat.device_id, beat.t_us, beat.label, other))
        else:
            rerun.append(beat)
    found = _compare(beats, rerun)
    assert found.beats == expected
    assert (found.beats_stored, found.beats_rerun) == (len(beats), len(rerun))
    turned = _compare(rerun, beats)
    assert [(each.t_us, each.rerun, each.stored) for each in turned.beats] == [
        (each.t_us, each.stored, each.rerun) for each in expected
    ]


def test_the_nearer_of_two_is_the_pair() -> None:
    stored = [BeatAt("a", 1_000_000, "N")]
    rerun = [BeatAt("a", 900_000, "V"), BeatAt("a", 1_010_000, "N")]
    assert _compare(stored, rerun).beats == [BeatDifference("a", 900_000, "", "V")]


def test_a_beat_at_the_border_finds_its_like_beyond_it_and_beats_beyond_do_not_count() -> None:
    stored = [BeatAt("a", _END - 10, "N"), BeatAt("a", _END + _S // 8, "N")]
    rerun = [BeatAt("a", _END + 10, "N"), BeatAt("a", -50, "N")]
    found = _compare(stored, rerun)
    assert (found.beats_stored, found.beats_rerun, found.beats_paired, found.beats) == (1, 1, 1, [])


@pytest.mark.parametrize(
    ("stored", "rerun", "same"),
    [
        ((10, 20), (10, 20), True),
        ((10, 20), (10.0009, 20), True),
        ((10, 20), (10.002, 20), False),
        ((10, 20), (10, 20.002), False),
        ((10, None), (10, 20), True),
        ((10, 20), (10, None), True),
        ((10, 20), None, False),
        (None, (10, 20), False),
    ],
)
def test_an_episode_is_the_same_where_its_borders_are(
    stored: tuple[float, float | None] | None, rerun: tuple[float, float | None] | None, *, same: bool
) -> None:
    def make(borders: tuple[float, float | None] | None) -> list[EpisodeAt]:
        if borders is None:
            return []
        onset, end = borders
        return [EpisodeAt("a", "pause", round(onset * _S), None if end is None else round(end * _S))]

    found = compare(_BEGIN, _END, ([], make(stored)), ([], make(rerun)))
    assert found.episodes_same == int(same)
    assert [(bool(each.stored), bool(each.rerun)) for each in found.episodes] == (
        [] if same else [(stored is not None, rerun is not None)]
    )


def test_episodes_pair_by_call_device_and_overlap() -> None:
    first = EpisodeAt("a", "pause", 10 * _S, 13 * _S)
    later = first._replace(onset_us=20 * _S, end_us=23 * _S)
    others = [first._replace(call="couplet"), first._replace(device_id="b")]
    found = compare(_BEGIN, _END, ([], [first, later]), ([], [*others, later]))
    assert found.episodes_same == 1
    assert [(each.device_id, each.call, each.rerun is None) for each in found.episodes] == [
        ("a", "couplet", False),
        ("a", "pause", True),
        ("b", "pause", False),
    ]
