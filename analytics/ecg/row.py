"""One row of the engine: all that is known of a patient's signal, and what a block of it changes.  Pure, causal."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.ecg import (
    atrial,
    beats,
    calls,
    classes,
    filters,
    own,
    patterns,
    peaks,
    quality,
    resample,
    rhythm,
    ventricular,
)
from analytics.ecg.compiled import Record, compiled
from analytics.ecg.forest import FOREST, load_forest
from analytics.ecg.resample import BLOCK, BLOCK_US, STEP_US
from analytics.ecg.rhythm import NEVER
from analytics.results import Quality
from analytics.rows import Samples, Singles

#: A gap longer than this, and the patient's levels are learned again.
_FORGET_US: Final = 30_000_000
#: Blocks after the last sample until all complexes before it are judged.
_FLUSH_BLOCKS: Final = 3
_NOISE: Final = int(Quality.NOISE)
#: Rhythms as MIT-BIH databases call them.
RHYTHMS: Final = ("N", "AFIB", "VT", "VF", "VFL", "SVTA", "B", "T", "IVR")
_N, _AFIB, _VT, _VF, _VFL, _SVTA, _B, _T, _IVR = range(len(RHYTHMS))
#: A rhythm of a higher rank hides those of lower ones.
_RANK: Final = np.array([0, 4, 6, 7, 7, 3, 2, 1, 5])
_VT_BEATS: Final = 3
_VT_BPM: Final = 100.0
_SVTA_BEATS: Final = 3
_REPEATS: Final = 3

STATE: Final = np.dtype(
    [
        ("run", resample.RUN),
        ("signal", quality.SIGNAL),
        ("filters", filters.FILTERS),
        ("peaks", peaks.PEAKS),
        ("detector", beats.DETECTOR),
        ("rhythm", rhythm.RHYTHM),
        ("classes", classes.CLASSES),
        ("patterns", patterns.PATTERNS),
        ("ventricular", ventricular.VENTRICULAR),
        ("own", own.OWN),
        ("atrial", atrial.ATRIAL),
        ("calls", calls.CALL_STATES),
        ("told_us", np.int64),
        ("told", np.int64),
    ],
    align=True,
)

BEAT: Final = np.dtype(
    [("row", np.int64), ("t_us", np.int64), ("rr_s", np.float32), ("amplitude_mv", np.float32), ("label", np.uint8)],
    align=True,
)
RHYTHM_CHANGE: Final = np.dtype([("row", np.int64), ("t_us", np.int64), ("rhythm", np.int64)], align=True)
#: What the models were asked, for fitting them: which (0 beats, 1 ventricular, 2 atrial, 3 complexes), when, and the
#: features.
TRACE: Final = np.dtype(
    [
        ("row", np.int64),
        ("t_us", np.int64),
        ("model", np.int64),
        ("features", np.float32, (classes.FEATURES,)),
        ("answer", np.float32),
    ],
    align=True,
)


#: The models; `TRACE.model` is a number in this order.
MODEL_NAMES: Final = ("classes", "ventricular", "atrial", "complexes")
MODELS: Final = np.dtype([(name, FOREST) for name in MODEL_NAMES], align=True)


class Output(NamedTuple):
    """What the compiled code fills: arrays, and how much of each is used.

    Attributes
    ----------
    used : (4,) int64
        Beats, changes, rhythms, traces.
    trace : TRACE
        Filled as long as there is room; none where nobody asks.
    """

    beats: NDArray[np.void]
    changes: NDArray[np.void]
    rhythms: NDArray[np.void]
    trace: NDArray[np.void]
    used: NDArray[np.int64]


#: Room for one block's work. One record: a handful of addresses instead of some two hundred words a call.
WORKPLACE: Final = np.dtype(
    [
        ("lines", filters.LINES),
        ("energy", np.float32, (BLOCK,)),
        ("block", np.float32, (BLOCK,)),
        ("room", np.float32, (peaks.ROOM,)),
        ("candidate", peaks.CANDIDATE),
        ("found", peaks.CANDIDATE, (beats.MOST,)),
        ("features", np.float32, (classes.FEATURES,)),
        ("beat_room", classes.ROOM),
        ("atrial_room", atrial.ROOM),
        ("looked", calls.LOOKED),
    ],
    align=True,
)


def make_models(own: Mapping[str, NDArray[np.void]] | None = None) -> NDArray[np.void]:
    """Return the models, (1,) MODELS: those that come with the engine, but for one's own (each (1,) FOREST)."""
    models = np.zeros(1, MODELS)
    for name in MODEL_NAMES:
        models[name] = own[name] if own is not None and name in own else load_forest(name)
    return models


def make_output(blocks: int, traces: int = 0) -> Output:
    """Return room for what so many blocks can bring at most."""
    return Output(
        np.zeros(blocks * beats.MOST, BEAT),
        np.zeros(blocks * calls.MOST, calls.CHANGE),
        np.zeros(blocks * beats.MOST, RHYTHM_CHANGE),
        np.zeros(traces, TRACE),
        np.zeros(4, np.int64),
    )


def make_first() -> NDArray[np.void]:
    """Return the state of a row of which nothing is known, (1,) STATE."""
    first = np.zeros(1, STATE)
    row = first[0]
    row["run"]["gain"] = 1
    row["rhythm"]["last_us"] = row["rhythm"]["before_last_us"] = NEVER
    row["calls"]["onset_us"][:] = NEVER
    row["signal"]["quality"] = Quality.UNKNOWN
    row["rhythm"]["hr_bpm"] = np.nan
    return first


@compiled
def begin(row: Record, gap_us: int, t0_us: int, fs_mhz: int, gain: float, baseline: int, flags: int) -> None:
    """Begin a new run."""
    forget = gap_us > _FORGET_US or gap_us < 0
    resample.begin_run(row.run, t0_us, fs_mhz, gain, baseline, flags)
    quality.begin_run(row.signal, forget)
    ventricular.begin_run(row.ventricular, gap_us, max(row.rhythm.last_us, row.ventricular.since_us))
    if forget:
        own.forget(row.own)
    _begin_heart(row, t0_us, forget)


@compiled
def _begin_heart(row: Record, from_us: int, forget: bool) -> None:
    beats.begin_run(row.detector, forget)
    classes.begin_run(row.classes, forget)
    patterns.begin_run(row.patterns, forget)
    atrial.begin_run(row.atrial)
    rhythm.begin_run(row.rhythm, from_us)


@compiled
def _trace(output: Output, number: int, t_us: int, model: int, features: Singles, answer: float) -> None:
    at = output.used[3]
    if at < len(output.trace):
        entry = output.trace[at]
        entry.row = number
        entry.t_us = t_us
        entry.model = model
        for each in range(classes.FEATURES):
            entry.features[each] = features[each]
        entry.answer = answer
        output.used[3] = at + 1


@compiled
def _settle(row: Record, number: int, after_rr_s: float, models: Record, place: Record, output: Output) -> None:
    """Judge the beat that waits."""
    waiting = row.classes
    beat = waiting.beat
    t_us, rr_s = waiting.t_us, beat.rr_s
    rough = row.signal.rough[4]
    spread = waiting.spread  # before this beat
    judged = classes.judge(waiting, row.peaks.ecg, models.classes, after_rr_s, rough, place.features, place.beat_room)
    label = judged.label
    if label == classes.S and row.atrial.is_on:
        label = classes.N  # early and late are one in atrial fibrillation
    if label != classes.N and row.signal.quality == _NOISE:
        label = classes.Q
    alike = place.features[6]
    _trace(output, number, t_us, 0, place.features, label)
    out = output.beats[output.used[0]]
    out.row = number
    out.t_us = t_us
    out.rr_s = rr_s
    out.amplitude_mv = beat.amplitude_mv
    out.label = label
    output.used[0] += 1
    patterns.add_beat(row.patterns, t_us, rr_s, label, judged.confidence, spread, place.features[23] > 0)
    patterns.add_likely(
        row.patterns, t_us, label, judged.v_odds, place.features[42], alike, place.features[23] > 0
    )  # fmt: skip
    ventricular.add_beat(row.ventricular, alike)
    known = atrial.add_beat(
        row.atrial, waiting, t_us, rr_s, label, alike, row.signal.n_noisy, models.atrial, place.features,
        place.atrial_room,
    )  # fmt: skip
    if known:
        _trace(output, number, t_us, 2, place.features, row.atrial.chance)
    _tell_rhythm(row, number, output)


@compiled
def _tell_rhythm(row: Record, number: int, output: Output) -> None:
    """Tell a change of rhythm: the greatest that holds."""
    pattern = row.patterns
    bpm = 60 * (pattern.v_n - 1) / pattern.v_rr_s if pattern.v_n > 1 and pattern.v_rr_s > 0 else 0.0
    v_lasts = pattern.v_n >= _VT_BEATS and pattern.v_others < 2
    if row.ventricular.is_on:
        now = _VFL if row.ventricular.is_flutter else _VF
        since_us = row.ventricular.turned_us
    elif v_lasts and bpm > _VT_BPM:
        now, since_us = _VT, pattern.v_first_us
    elif v_lasts and pattern.v_n >= 5:
        now, since_us = _IVR, pattern.v_first_us
    elif row.atrial.is_on:
        now, since_us = _AFIB, row.atrial.since_us
    elif pattern.s_n >= _SVTA_BEATS and pattern.s_others < 2:
        now, since_us = _SVTA, pattern.s_first_us
    elif pattern.bi_n >= _REPEATS:
        now, since_us = _B, pattern.bi_first_us
    elif pattern.tri_n >= _REPEATS:
        now, since_us = _T, pattern.tri_first_us
    else:
        now, since_us = _N, 0
    if now == row.told:
        return
    # Not before the one before ended, when nothing greater began.
    ended_us = 0
    if row.told in (_VF, _VFL):
        ended_us = row.ventricular.until_us
    elif row.told in (_VT, _IVR):
        ended_us = pattern.v_last_us
    elif row.told == _AFIB:
        ended_us = row.atrial.until_us
    elif row.told == _SVTA:
        ended_us = pattern.s_last_us
    elif row.told == _B:
        ended_us = pattern.bi_last_us
    elif row.told == _T:
        ended_us = pattern.tri_last_us
    t_us = max(since_us, ended_us) if _RANK[now] < _RANK[row.told] else since_us
    row.told_us = max(t_us, row.told_us + 1)
    row.told = now
    out = output.rhythms[output.used[2]]
    out.row = number
    out.t_us = row.told_us
    out.rhythm = now
    output.used[2] += 1


@compiled
def _may_be_beat(row: Record, candidate: Record, noisy: bool) -> bool:
    """Tell whether a peak that was taken for no complex may have been one."""
    if noisy:
        return bool(candidate.score > beats.UNLIKELY)
    return peaks.is_small_complex(row.peaks, candidate)


@compiled
def _step(row: Record, number: int, end_us: int, models: Record, place: Record, output: Output) -> None:
    """Analyse the block that `row.run.waiting` holds."""
    run, signal = row.run, row.signal
    index = run.index
    run.index = index + BLOCK
    run.n_waiting = 0
    block = place.block
    block[:] = run.waiting
    seen = quality.look(signal, run.waiting_state)
    if seen.lost:
        block[:] = signal.held_mv
    signal.held_mv = block[BLOCK - 1]
    block_us = run.first_us + index * STEP_US
    starts = index == 0 or seen.returns
    if seen.returns and index > 0:
        forget = block_us - row.rhythm.quiet_us > _FORGET_US
        if row.classes.waits:
            _settle(row, number, np.nan, models, place, output)
        beats.begin_run(row.detector, forget)
        classes.begin_run(row.classes, forget)
        patterns.begin_run(row.patterns, forget)
        atrial.begin_run(row.atrial)
    filtered = filters.apply(row.filters, block, place.energy, place.lines, starts)
    candidate = place.candidate
    least = beats.get_least(row.detector)
    noisy = beats.is_noisy(row.detector)
    found = peaks.find(
        row.peaks,
        block,
        place.energy,
        index,
        least,
        candidate,
        place.room,
        starts,
        noisy,
        row.detector.high_level,
    )
    count = beats.detect(row.detector, index, candidate, found.is_there, place.found, models.complexes, place.features)
    if found.is_there and noisy:
        r_us = run.first_us + int(np.rint(candidate.r_index * STEP_US))
        _trace(output, number, r_us, 3, place.features, candidate.score)
    if found.is_there and candidate.centre != row.detector.last and _may_be_beat(row, candidate, noisy):
        rhythm.add_maybe(row.rhythm, run.first_us + int(np.rint(candidate.r_index * STEP_US)))
    for at in range(count):
        beat = place.found[at]
        peaks.remember_direction(row.peaks, beat.amplitude_mv)
        peaks.remember_shape(row.peaks, beat)
        t_us = run.first_us + int(np.rint(beat.r_index * STEP_US))
        rhythm.add_beat(row.rhythm, t_us, beat.rr_s)
        if row.classes.waits:
            _settle(row, number, beat.rr_s, models, place, output)
        classes.wait(row.classes, beat, t_us)
    if row.classes.waits and index + BLOCK - row.classes.beat.r_index > classes.WAITS:
        _settle(row, number, np.nan, models, place, output)
    pending = found.ahead > beats.get_threshold(row.detector)
    # Fibrillation has no complexes that could look alike.
    is_strange = classes.is_strange(row.classes) and not row.ventricular.is_on
    is_second = quality.judge_noise(signal, filtered, row.detector.high_level, is_strange)
    if seen.lost:
        rhythm.begin_run(row.rhythm, end_us)
        ventricular.lose(row.ventricular)
    if signal.quality == _NOISE:
        rhythm.add_noise(row.rhythm, min(end_us - block_us, BLOCK_US), end_us)
    if quality.follow_baseline(signal, block, starts):
        rhythm.begin_silence(row.rhythm, end_us)
        row.detector.swung = True
    if is_second and not seen.lost and index >= 3 * resample.FS_HZ:
        rough = busy = np.float32(1e-6)
        for at in range(5):
            rough += signal.rough[at]
            busy += signal.busy[at]
        ventricular.look(
            row.ventricular, row.own, row.peaks, index + BLOCK, end_us, rough / busy, rough / 5,
            quality.count_lately(signal), row.detector.high_level,
            row.detector.noise / max(row.detector.high_level, np.float32(1e-6)),
            rhythm.is_regular(row.rhythm, end_us), row.rhythm.few_bpm, row.rhythm.last_us, models.ventricular,
            place.features,
        )  # fmt: skip
        _trace(output, number, end_us, 1, place.features, row.ventricular.chance)
        _tell_rhythm(row, number, output)
    looked_us = min(run.first_us + (index + BLOCK - filters.LAG) * STEP_US, end_us)
    moment = calls.Moment(end_us, looked_us, pending, seen.judged)
    output.used[1] = calls.judge(row, number, moment, place.looked, output.changes, output.used[1])


@compiled
def flush(row: Record, number: int, models: Record, place: Record, output: Output) -> None:
    """Judge all of the signal that came."""
    run = row.run
    real_end_us = run.end_us
    for each in range(_FLUSH_BLOCKS + 1):
        if each > 0:
            run.n_waiting = 0
        resample.fill_up(run)
        end_us = run.first_us + (run.index + BLOCK) * STEP_US
        _step(row, number, min(end_us, real_end_us), models, place, output)
    if row.classes.waits:
        _settle(row, number, np.nan, models, place, output)


@compiled
def take(
    row: Record,
    number: int,
    t0_us: int,
    fs_mhz: int,
    gain: float,
    baseline: int,
    flags: int,
    samples: Samples,
    models: Record,
    place: Record,
    output: Output,
) -> int:
    """Analyse a segment; returns how many of its samples were dropped."""
    size = len(samples)
    run = row.run
    placed = resample.place(run, t0_us, fs_mhz, gain, baseline, size)
    if placed.skip >= size:
        return size
    kept_us = t0_us + resample.length_us(placed.skip, fs_mhz)
    if placed.fresh:
        if run.fs_mhz > 0:
            flush(row, number, models, place, output)
        begin(row, placed.gap_us, kept_us, fs_mhz, gain, baseline, flags)
    run.origin_us += placed.slip_us
    run.first_us += placed.slip_us
    # Before the blocks: how far the signal reaches.
    while resample.take(run, samples, placed.skip, size, flags):
        end_us = run.first_us + (run.index + BLOCK) * STEP_US
        _step(row, number, end_us, models, place, output)
    resample.finish(run, samples, placed.skip, size, kept_us, flags)
    return int(placed.skip)


@compiled
def take_all(
    states: NDArray[np.void],
    rows: NDArray[np.int64],
    t0_us: NDArray[np.int64],
    fs_mhz: NDArray[np.int64],
    gain: NDArray[np.float64],
    baseline: NDArray[np.int64],
    flags: NDArray[np.int64],
    ends: NDArray[np.int64],
    samples: Samples,
    dropped: NDArray[np.int64],
    models: NDArray[np.void],
    places: NDArray[np.void],
    output: Output,
    begin_at: int,
    room: int,
) -> int:
    """Analyse segments from `begin_at` on until all are done or the output's room is used up; returns the next.

    Parameters
    ----------
    ends : (n,) int64
        Of each segment, in the line of all samples.
    room : int
        Blocks that the output has room for.
    """
    for at in range(begin_at, len(rows)):
        first = ends[at - 1] if at > 0 else 0
        # A block is 0.2 s; as many more where a run ends.
        room -= (ends[at] - first) * 5_000 // fs_mhz[at] + _FLUSH_BLOCKS + 3
        if room < 0:
            return at
        dropped[rows[at]] += take(
            states[rows[at]], rows[at], t0_us[at], fs_mhz[at], gain[at], baseline[at], flags[at],
            samples[first : ends[at]], models[0], places[0], output,
        )  # fmt: skip
    return len(rows)


@compiled
def flush_one(
    states: NDArray[np.void], number: int, models: NDArray[np.void], places: NDArray[np.void], output: Output
) -> None:
    """Judge all of one row's signal that came."""
    flush(states[number], number, models[0], places[0], output)
