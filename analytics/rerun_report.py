"""What a rerun gave, in words and as a document.  Pure."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from analytics.comparison import BeatDifference, Comparison, EpisodeAt, EpisodeDifference

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: Differences of each kind that are listed in words; the document has all.
LISTED_MOST: Final = 20


def instant(utc_us: int) -> str:
    """Return an instant as people read it, to the millisecond."""
    return f"{_EPOCH + timedelta(microseconds=utc_us):%Y-%m-%d %H:%M:%S.%f}"[:-3]


def say_comparison(found: Comparison) -> Iterator[str]:
    """Return lines for a person: counts, then what differs, the first of each kind."""
    yield f"{'':24}{'stored':>10}{'rerun':>10}{'both':>10}"
    yield f"{'beats':24}{found.beats_stored:>10,}{found.beats_rerun:>10,}{found.beats_paired:>10,}"
    yield f"{'episodes':24}{found.episodes_stored:>10,}{found.episodes_rerun:>10,}{found.episodes_same:>10,}"
    yield f"{found.beats_same_instant:,} of the beats that both found are at the same microsecond"
    if not found.beats and not found.episodes:
        yield "no difference"
        return
    kinds = Counter(map(_kind_of_beat, found.beats))
    for kind in sorted(kinds):
        yield f"beats {kind}: {kinds[kind]:,}"
        yield from _first(f"  {instant(beat.t_us)}  {beat.device_id}" for beat in found.beats
                          if _kind_of_beat(beat) == kind)  # fmt: skip
    of_episodes = Counter(map(_kind_of_episode, found.episodes))
    for kind in sorted(of_episodes):
        yield f"episodes {kind}: {of_episodes[kind]:,}"
        yield from _first(f"  {_say_episode(each)}" for each in found.episodes if _kind_of_episode(each) == kind)


def make_document(found: Comparison) -> dict[str, Any]:
    """Return all of it for a JSON file: counts and every difference; times are UTC microseconds."""
    return {
        "beats": {
            "stored": found.beats_stored,
            "rerun": found.beats_rerun,
            "both": found.beats_paired,
            "same_instant": found.beats_same_instant,
            "differences": [beat._asdict() for beat in found.beats],
        },
        "episodes": {
            "stored": found.episodes_stored,
            "rerun": found.episodes_rerun,
            "same": found.episodes_same,
            "differences": [
                {
                    "device_id": each.device_id,
                    "call": each.call,
                    "stored": _borders(each.stored),
                    "rerun": _borders(each.rerun),
                }
                for each in found.episodes
            ],
        },
    }


def _kind_of_beat(beat: BeatDifference) -> str:
    if not beat.rerun:
        return f"only stored ({beat.stored})"
    if not beat.stored:
        return f"only in the rerun ({beat.rerun})"
    return f"{beat.stored} that are {beat.rerun} in the rerun"


def _kind_of_episode(each: EpisodeDifference) -> str:
    if each.rerun is None:
        return "only stored"
    return "only in the rerun" if each.stored is None else "whose borders moved"


def _say_episode(each: EpisodeDifference) -> str:
    one = each.stored or each.rerun
    assert one is not None
    words = f"{instant(one.onset_us)}  {each.device_id}  {each.call}, {_length(one)}"
    if each.stored is None or each.rerun is None:
        return words
    moved = f"onset {(each.rerun.onset_us - each.stored.onset_us) / 1e6:+.3f} s"
    if each.stored.end_us is not None and each.rerun.end_us is not None:
        moved += f", end {(each.rerun.end_us - each.stored.end_us) / 1e6:+.3f} s"
    return f"{words}: {moved}"


def _length(episode: EpisodeAt) -> str:
    return "lasting" if episode.end_us is None else f"{(episode.end_us - episode.onset_us) / 1e6:.3f} s"


def _borders(episode: EpisodeAt | None) -> dict[str, int | None] | None:
    return None if episode is None else {"onset_us": episode.onset_us, "end_us": episode.end_us}


def _first(lines: Iterator[str]) -> Iterator[str]:
    left_out = 0
    for number, line in enumerate(lines):
        if number < LISTED_MOST:
            yield line
        else:
            left_out += 1
    if left_out:
        yield f"  and {left_out:,} more; --json has all"
