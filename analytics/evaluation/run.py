"""Streams records through the live engine, many at a time, as one-second frames."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from analytics.engine import Engine, Quality, Results, Segment, Transition
from analytics.evaluation.records import EcgRecord, Frame, UnreadableRecordError, open_record, read_frames
from analytics.rows import Floats

#: Records that are in the engine at once.
_AT_ONCE: Final = 48
#: Records begin at this time, UTC microseconds; it appears in no result.
_EPOCH_US: Final = 1_000_000_000_000_000


@dataclass(slots=True)
class Alarm:
    """One alarm raised; `ended_s` is ``None`` when it lasts to the record's end."""

    call: str
    onset_s: float
    raised_s: float
    ended_s: float | None = None


@dataclass(slots=True)
class Analysed:
    """What the engine found in one record.

    Attributes
    ----------
    beat_times_s : list of float
        R peaks, ascending.
    good_s : float
        Seconds of signal that could be analysed.
    samples : int
        Samples analysed.
    """

    record: EcgRecord
    beat_times_s: list[float] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    good_s: float = 0.0
    samples: int = 0

    @property
    def beats_s(self) -> Floats:
        """Times of the R peaks."""
        return np.array(self.beat_times_s, np.float64)

    @property
    def seconds_unanalysable(self) -> float:
        """Seconds that are missing, noise, flat, saturated or without contact."""
        return max(self.record.seconds - self.good_s, 0.0)


@dataclass(slots=True)
class Session:
    """What a whole run gave.

    Attributes
    ----------
    problems : list of str
        One sentence for each record that could not be read.
    engine_s : float
        Time in the engine alone.
    """

    analysed: list[Analysed] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    engine_s: float = 0.0

    @property
    def samples(self) -> int:
        """Samples analysed."""
        return sum(each.samples for each in self.analysed)


@dataclass(slots=True)
class _Stream:
    """A record on its way through the engine; each step is one second of it."""

    row: int
    analysed: Analysed
    frames: Iterator[Frame]
    ahead: Frame | None
    second: int = 0


def run(
    directory: Path,
    names: Sequence[str],
    lead: str | None,
    on_done: Callable[[Analysed], None],
    on_progress: Callable[[int], None] = lambda _: None,
) -> Session:
    """Analyse records with the live engine.

    Parameters
    ----------
    lead : str or None
        See `open_record`.
    on_done : function
        Called with each record when it is through.
    on_progress : function
        Called now and then with the number of samples analysed so far.
    """
    session = Session()
    engine = Engine(_AT_ONCE)
    waiting = list(reversed(names))
    streams: dict[int, _Stream] = {}
    samples = 0
    while waiting or streams:
        while waiting and len(streams) < _AT_ONCE:
            stream = _begin(engine, directory, waiting.pop(), lead, session)
            if stream is not None:
                streams[stream.row] = stream
        segments: list[Segment] = []
        for stream in list(streams.values()):
            try:
                segments.extend(_next_second(stream))
            except UnreadableRecordError as error:
                session.problems.append(str(error))
                engine.close(stream.row)
                del streams[stream.row]
        begin = time.perf_counter()
        results = engine.tick(segments)
        session.engine_s += time.perf_counter() - begin
        _note(streams, results)
        for segment in segments:
            size = len(segment.samples)
            streams[segment.row].analysed.samples += size
            samples += size
        _note_quality(streams, segments, results)
        for stream in [each for each in streams.values() if each.ahead is None]:
            _note(streams, engine.flush_row(stream.row))
            engine.close(stream.row)
            del streams[stream.row]
            session.analysed.append(stream.analysed)
            on_done(stream.analysed)
        on_progress(samples)
    return session


def _begin(engine: Engine, directory: Path, name: str, lead: str | None, session: Session) -> _Stream | None:
    try:
        record = open_record(directory, name, lead)
        frames = read_frames(record)
        first = next(frames, None)
    except UnreadableRecordError as error:
        session.problems.append(str(error))
        return None
    if first is None:
        session.problems.append(f"{name}: lead {record.lead} has no valid sample")
        return None
    return _Stream(engine.open(), Analysed(record), frames, first)


def _next_second(stream: _Stream) -> list[Segment]:
    """Return the frames that begin in the next second, or, across a gap, the next frame."""
    segments: list[Segment] = []
    while stream.ahead is not None and (not segments or int(stream.ahead.start_s) <= stream.second):
        frame = stream.ahead
        stream.second = int(frame.start_s)
        t0_us = _EPOCH_US + round(frame.start_s * 1e6)
        segments.append(Segment(stream.row, t0_us, frame.fs_mhz, frame.gain, frame.baseline, 0, frame.samples))
        stream.ahead = next(stream.frames, None)
    return segments


def _note(streams: dict[int, _Stream], results: Results) -> None:
    for row, t_us in zip(results.beats.row.tolist(), results.beats.t_us.tolist(), strict=True):
        streams[row].analysed.beat_times_s.append((t_us - _EPOCH_US) / 1e6)
    for transition in results.transitions:
        _note_transition(streams[transition.row].analysed.alarms, transition)


def _note_transition(alarms: list[Alarm], transition: Transition) -> None:
    onset_s, at_s = (transition.onset_us - _EPOCH_US) / 1e6, (transition.at_us - _EPOCH_US) / 1e6
    if transition.kind == "raised":
        alarms.append(Alarm(transition.call, onset_s, at_s))
        return
    for alarm in reversed(alarms):  # hidden by a greater call, it ends for the person who is told
        if (alarm.call, alarm.onset_s, alarm.ended_s) == (transition.call, onset_s, None):
            alarm.ended_s = at_s
            return


def _note_quality(streams: dict[int, _Stream], segments: list[Segment], results: Results) -> None:
    lasting_s: dict[int, float] = defaultdict(float)
    for segment in segments:
        lasting_s[segment.row] += len(segment.samples) * 1000 / segment.fs_mhz
    for row, quality in zip(results.rows.tolist(), results.quality.tolist(), strict=True):
        if quality == Quality.GOOD:
            streams[row].analysed.good_s += lasting_s[row]
