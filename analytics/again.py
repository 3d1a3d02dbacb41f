"""A patient's signal analysed from the midst of it on, and what was found so far, part by part.  Pure."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from analytics.analysis import Analysis, Beat, CallChange, Findings, Rhythm
from analytics.checkpoints import Limits
from analytics.comparison import BeatAt, EpisodeAt
from analytics.ordering import Frame

#: Why an episode ends for which there was no more signal or time.
STRETCH_ENDED: Final = "stretch_ended"


class EpisodeKey(NamedTuple):
    """What an episode is known by, beside the engine."""

    device_id: str
    call: str
    onset_us: int


class Episode(NamedTuple):
    """What was measured of it, and its end, UTC microseconds; none while it lasts."""

    detail: dict[str, float | str]
    end_us: int | None


class Found(NamedTuple):
    """What a part brought; of episodes, those that have ended meanwhile."""

    beats: list[Beat]
    rhythms: list[Rhythm]
    episodes: dict[EpisodeKey, Episode]


class Again:
    """The analysis, and what it has found so far."""

    def __init__(self, limits: Limits) -> None:
        self._limits: Final = limits
        self._analysis: Final = Analysis()
        self._devices: Final[list[str]] = []
        self._fresh = Findings([], [], [], [])
        self.beats: Final[list[BeatAt]] = []
        self.episodes: Final[dict[EpisodeKey, Episode]] = {}
        self._ended: Final[set[EpisodeKey]] = set()
        self.signal_us = 0

    def take(self, frames: Sequence[Frame]) -> None:
        """Analyse what comes next."""
        for frame in frames:
            if frame.device_id not in self._analysis:
                self._analysis.begin(frame.device_id, at=frame)
                self._analysis.set_limits(frame.device_id, self._limits)
                self._devices.append(frame.device_id)
        self._add(self._analysis.analyse(frames))
        self.signal_us += sum(frame.duration_us for frame in frames)

    def end(self) -> None:
        """Nothing more comes; what lasts ends with it."""
        for device in self._devices:
            self._add(self._analysis.end(device, STRETCH_ENDED))

    def lasts(self, begin_us: int, end_us: int) -> bool:
        """Whether something that began within the stretch has no end yet."""
        return any(begin_us <= key.onset_us < end_us and each.end_us is None for key, each in self.episodes.items())

    def give(self, until_us: int) -> Found:
        """Return what was found before then and was not given yet; of episodes, those that have ended."""
        fresh = self._fresh
        beats = [beat for beat in fresh.beats if beat.t_us < until_us]
        rhythms = [change for change in fresh.rhythms if change.t_us < until_us]
        self._fresh = Findings(
            [beat for beat in fresh.beats if beat.t_us >= until_us],
            [],
            [],
            [change for change in fresh.rhythms if change.t_us >= until_us],
        )
        ended = {key for key in self._ended if key.onset_us < until_us}
        self._ended.difference_update(ended)
        return Found(beats, rhythms, {key: self.episodes[key] for key in ended})

    def episodes_at(self) -> list[EpisodeAt]:
        """Return every episode, for the comparison; where only the stretch ended, no end."""
        return [
            EpisodeAt(*key, None if each.detail.get("reason") == STRETCH_ENDED else each.end_us)
            for key, each in self.episodes.items()
        ]

    def _add(self, findings: Findings) -> None:
        self._fresh.beats.extend(findings.beats)
        self._fresh.rhythms.extend(findings.rhythms)
        self.beats.extend(BeatAt(beat.device_id, beat.t_us, beat.label) for beat in findings.beats)
        for change in findings.changes:
            self._note(change)

    def _note(self, change: CallChange) -> None:
        """Keep episodes as the live analysis does."""
        key = EpisodeKey(change.device_id, change.call, change.onset_us)
        if change.kind != "ended":
            self.episodes.setdefault(key, Episode(change.detail, None))
        if change.kind != "raised" and key in self.episodes:
            episode = self.episodes[key]
            end_us = max(change.onset_us, change.end_us or change.at_us)
            reason = {name: value for name, value in change.detail.items() if name == "reason"}
            self.episodes[key] = Episode(episode.detail | reason, end_us)
            self._ended.add(key)
