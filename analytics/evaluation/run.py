"""Streams records through the live engine, many at a time, as one-second frames."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from analytics.engine import Engine, Quality, Results, Segment, Transition
from analytics.evaluation.annotations import Annotations, get_rhythms, put_on_samples
from analytics.evaluation.records import EcgRecord, Frame, UnreadableRecordError, open_record, read_frames
from analytics.rows import Floats

#: Records that are in the engine at once.
_AT_ONCE: Final = 48
#: Records begin at this time, UTC microseconds; it appears in no result.
_EPOCH_US: Final = 1_000_000_000_000_000


@dataclass(slots=True)
class Alarm:
    """One alarm raised, or a finding that a greater call hid.

    Attributes
    ----------
    call : str
    onset_s, raised_s : float
        When what it speaks of began, and when its rule was met.
    ended_s : float or None
        ``None`` when it lasts to the record's end; of a finding that was hidden it is not told.
    confidence : float
        How sure the engine was, 0 to 1.
    hidden_by : str
        The greater call, of a finding that was hidden.
    """

    call: str
    onset_s: float
    raised_s: float
    ended_s: float | None = None
    confidence: float = 1.0
    hidden_by: str = ""


@dataclass(slots=True)
class Analysed:
    """What the engine found in one record.

    Attributes
    ----------
    snr_db : float or None
        Of the noise that was mixed in.
    beat_times_s : list of float
        R peaks, ascending.
    beat_labels : list of bytes
        Their classes.
    rhythm_changes : list of (float, str)
        When a rhythm began, and which.
    alarms, hidden : list of Alarm
        What a person was told, and what a greater call hid.
    good_s : float
        Seconds of signal that could be analysed.
    samples : int
        Samples analysed.
    """

    record: EcgRecord
    snr_db: float | None = None
    beat_times_s: list[float] = field(default_factory=list)
    beat_labels: list[bytes] = field(default_factory=list)
    rhythm_changes: list[tuple[float, str]] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    hidden: list[Alarm] = field(default_factory=list)
    good_s: float = 0.0
    samples: int = 0

    @property
    def annotations(self) -> Annotations:
        """Beats and rhythms, on the record's samples."""
        order = np.argsort(self.beat_times_s, kind="stable")
        found = Annotations(
            np.array(self.beat_times_s, np.float64)[order],
            np.array(self.beat_labels, "S1")[order],
            get_rhythms([(0.0, "N"), *self.rhythm_changes], self.record.seconds),
            (),
            self.record.seconds,
        )
        return put_on_samples(found, self.record)

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


@dataclass(slots=True)
class _Stream:
    """A record on its way through the engine; each step is one second of it."""

    row: int
    analysed: Analysed
    frames: Iterator[Frame]
    ahead: Frame | None
    second: int = 0


class Job(NamedTuple):
    """A record to analyse, as it is or with noise at that ratio, dB."""

    name: str
    snr_db: float | None = None


class Source(NamedTuple):
    """Where records come from.

    Attributes
    ----------
    directory : Path
    lead : str or None
        See `open_record`.
    until_s : float or None
        Nothing later is fed.
    get_noise_mv : function
        Returns for a ratio in dB what to add to a record, mV at its rate.
    """

    directory: Path
    lead: str | None = None
    until_s: float | None = None
    get_noise_mv: Callable[[EcgRecord, float], Floats] | None = None


def run(
    source: Source,
    jobs: Sequence[Job],
    on_done: Callable[[Analysed], None] = lambda _: None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Session:
    """Analyse records with the live engine.

    Parameters
    ----------
    on_done : function
        Called with each record when it is through.
    on_progress : function
        Called now and then with the number of samples analysed so far.
    """
    session = Session()
    engine = Engine(_AT_ONCE)
    waiting = list(reversed(jobs))
    streams: dict[int, _Stream] = {}
    samples = 0
    while waiting or streams:
        while waiting and len(streams) < _AT_ONCE:
            stream = _begin(engine, source, waiting.pop(), session)
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


def _begin(engine: Engine, source: Source, job: Job, session: Session) -> _Stream | None:
    try:
        record = open_record(source.directory, job.name, source.lead, source.until_s)
        noise_mv = None
        if source.get_noise_mv is not None and job.snr_db is not None:
            noise_mv = source.get_noise_mv(record, job.snr_db)
        frames = read_frames(record, noise_mv)
        first = next(frames, None)
    except UnreadableRecordError as error:
        session.problems.append(str(error))
        return None
    if first is None:
        session.problems.append(f"{record.name}: lead {record.lead} has no valid sample")
        return None
    return _Stream(engine.open(), Analysed(record, job.snr_db), frames, first)


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
    found = results.beats
    for row, t_us, label in zip(found.row.tolist(), found.t_us.tolist(), found.label.tolist(), strict=True):
        streams[row].analysed.beat_times_s.append(_get_s(t_us))
        streams[row].analysed.beat_labels.append(label)
    for change in results.rhythms:
        streams[change.row].analysed.rhythm_changes.append((_get_s(change.t_us), change.rhythm))
    for transition in results.transitions:
        note_transition(streams[transition.row].analysed, transition)


def _get_s(t_us: int) -> float:
    return (t_us - _EPOCH_US) / 1e6


def note_transition(analysed: Analysed, transition: Transition) -> None:
    """Begin or end an alarm; what a greater call hides ends for the person who is told, and is kept apart."""
    onset_s, at_s = _get_s(transition.onset_us), _get_s(transition.at_us)
    alarm = Alarm(transition.call, onset_s, at_s, confidence=transition.confidence)
    if transition.kind == "raised":
        analysed.alarms.append(alarm)
        return
    if transition.kind == "suppressed":
        alarm.hidden_by = str(transition.detail.get("by", ""))
        analysed.hidden.append(alarm)
    for raised in reversed(analysed.alarms):
        if (raised.call, raised.onset_s, raised.ended_s) == (transition.call, onset_s, None):
            raised.ended_s = at_s
            return


def _note_quality(streams: dict[int, _Stream], segments: list[Segment], results: Results) -> None:
    lasting_s: dict[int, float] = defaultdict(float)
    for segment in segments:
        lasting_s[segment.row] += len(segment.samples) * 1000 / segment.fs_mhz
    for row, quality in zip(results.rows.tolist(), results.quality.tolist(), strict=True):
        if quality == Quality.GOOD:
            streams[row].analysed.good_s += lasting_s[row]
