"""What two analyses of one stretch found, compared: beats one to one, episodes one to one.  Pure."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple, TypeVar

#: Two beats of one device that are no further apart are one beat (ANSI/AAMI EC57, 4.3.2), microseconds.
BEAT_WINDOW_US: Final = 150_000
#: Two episodes of one call that are no further apart than this are one, microseconds.
EPISODE_WINDOW_US: Final = 1_000_000
#: An episode's border that moved by less has not moved, microseconds.
_BORDER_US: Final = 1_000
_NEVER_US: Final = 2**62

_Found = TypeVar("_Found")
_Key = TypeVar("_Key")


class BeatAt(NamedTuple):
    """One beat of one analysis."""

    device_id: str
    t_us: int
    label: str


_NOWHERE: Final = BeatAt("", -_NEVER_US, "")


class EpisodeAt(NamedTuple):
    """One episode of one analysis; `end_us` is none while it lasts, or where it ends only with what was analysed."""

    device_id: str
    call: str
    onset_us: int
    end_us: int | None


class BeatDifference(NamedTuple):
    """A beat of which the two say different things.

    Attributes
    ----------
    t_us : int
        As what is stored has it, where it has it.
    stored, rerun : str
        Its label there; empty where there is no such beat.
    """

    device_id: str
    t_us: int
    stored: str
    rerun: str


class EpisodeDifference(NamedTuple):
    """An episode that only one of the two has, or whose borders differ."""

    device_id: str
    call: str
    stored: EpisodeAt | None
    rerun: EpisodeAt | None


class Comparison(NamedTuple):
    """What is stored beside what the rerun found, in a stretch.

    Attributes
    ----------
    beats_stored, beats_rerun : int
        How many each found.
    beats_paired, beats_same_instant : int
        Found by both, and at the same microsecond.
    episodes_stored, episodes_rerun, episodes_same : int
        How many each found, and how many are the same in both.
    beats : list of BeatDifference
        In the order of time.
    episodes : list of EpisodeDifference
        In the order of time.
    """

    beats_stored: int
    beats_rerun: int
    beats_paired: int
    beats_same_instant: int
    episodes_stored: int
    episodes_rerun: int
    episodes_same: int
    beats: list[BeatDifference]
    episodes: list[EpisodeDifference]


def compare(
    begin_us: int,
    end_us: int,
    stored: tuple[Iterable[BeatAt], Iterable[EpisodeAt]],
    rerun: tuple[Iterable[BeatAt], Iterable[EpisodeAt]],
) -> Comparison:
    """Compare two analyses of a stretch.

    Parameters
    ----------
    begin_us, end_us : int
        The stretch, UTC microseconds; the end is not in it.
    stored, rerun : tuple of beats and episodes
        In any order. Beats may be given from `BEAT_WINDOW_US` before to as long after the stretch, so that one at its
        border finds its like beyond it; only what lies in the stretch counts, of episodes by their onset.
    """
    own, other = (_group(found[0], lambda beat: beat.device_id) for found in (stored, rerun))
    pairs = [
        (a, b)
        for device in sorted(own.keys() | other.keys())
        for a, b in _pair_beats(own[device], other[device])
        if begin_us <= (a or b or _NOWHERE).t_us < end_us
    ]
    matched = [(a, b) for a, b in pairs if a is not None and b is not None]
    ours, theirs = (
        _group((each for each in found[1] if begin_us <= each.onset_us < end_us), lambda each: each[:2])
        for found in (stored, rerun)
    )
    episodes = [pair for key in sorted(ours.keys() | theirs.keys()) for pair in pair_episodes(ours[key], theirs[key])]
    different = [(a, b) for a, b in episodes if a is None or b is None or _has_moved(a, b)]
    return Comparison(
        sum(a is not None for a, _ in pairs),
        sum(b is not None for _, b in pairs),
        len(matched),
        sum(a.t_us == b.t_us for a, b in matched),
        sum(a is not None for a, _ in episodes),
        sum(b is not None for _, b in episodes),
        len(episodes) - len(different),
        sorted((_beat_difference(a, b) for a, b in pairs if _label(a) != _label(b)), key=lambda beat: beat.t_us),
        sorted((_episode_difference(a, b) for a, b in different), key=_onset),
    )


def _group(beats_or_episodes: Iterable[_Found], key: Callable[[_Found], _Key]) -> defaultdict[_Key, list[_Found]]:
    groups: defaultdict[_Key, list[_Found]] = defaultdict(list)
    for found in beats_or_episodes:
        groups[key(found)].append(found)
    return groups


def _pair_beats(stored: Iterable[BeatAt], rerun: Iterable[BeatAt]) -> Iterator[tuple[BeatAt | None, BeatAt | None]]:
    """Pair beats of one device within the window, each in one pair at most, a nearer one before a farther one."""
    ours, theirs = (deque(sorted(found, key=lambda beat: beat.t_us)) for found in (stored, rerun))
    while ours and theirs:
        apart_us = theirs[0].t_us - ours[0].t_us
        if apart_us > BEAT_WINDOW_US or (len(ours) > 1 and abs(theirs[0].t_us - ours[1].t_us) < abs(apart_us)):
            yield ours.popleft(), None
        elif apart_us < -BEAT_WINDOW_US or (len(theirs) > 1 and abs(theirs[1].t_us - ours[0].t_us) < abs(apart_us)):
            yield None, theirs.popleft()
        else:
            yield ours.popleft(), theirs.popleft()
    yield from ((beat, None) for beat in ours)
    yield from ((None, beat) for beat in theirs)


def pair_episodes(
    stored: Iterable[EpisodeAt], rerun: Iterable[EpisodeAt]
) -> Iterator[tuple[EpisodeAt | None, EpisodeAt | None]]:
    """Pair episodes of one device and call that overlap or nearly so, each in one pair at most, in order."""
    ours, theirs = (deque(sorted(found, key=lambda each: each.onset_us)) for found in (stored, rerun))
    while ours and theirs:
        if _end_us(ours[0]) + EPISODE_WINDOW_US < theirs[0].onset_us:
            yield ours.popleft(), None
        elif _end_us(theirs[0]) + EPISODE_WINDOW_US < ours[0].onset_us:
            yield None, theirs.popleft()
        else:
            yield ours.popleft(), theirs.popleft()
    yield from ((each, None) for each in ours)
    yield from ((None, each) for each in theirs)


def _end_us(episode: EpisodeAt) -> int:
    return _NEVER_US if episode.end_us is None else episode.end_us


def _has_moved(stored: EpisodeAt, rerun: EpisodeAt) -> bool:
    if abs(stored.onset_us - rerun.onset_us) >= _BORDER_US:
        return True
    if stored.end_us is None or rerun.end_us is None:
        return False
    return abs(stored.end_us - rerun.end_us) >= _BORDER_US


def _beat_difference(stored: BeatAt | None, rerun: BeatAt | None) -> BeatDifference:
    beat = stored or rerun
    assert beat is not None
    return BeatDifference(beat.device_id, beat.t_us, _label(stored), _label(rerun))


def _episode_difference(stored: EpisodeAt | None, rerun: EpisodeAt | None) -> EpisodeDifference:
    episode = stored or rerun
    assert episode is not None
    return EpisodeDifference(episode.device_id, episode.call, stored, rerun)


def _onset(difference: EpisodeDifference) -> int:
    episode = difference.stored or difference.rerun
    assert episode is not None
    return episode.onset_us


def _label(beat: BeatAt | None) -> str:
    return "" if beat is None else beat.label
