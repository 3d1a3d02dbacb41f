"""The engine: samples of many patients in, beats and calls out.  Pure, causal, streaming.

One row a patient. Each row's signal is cut into blocks of 0.2 s counted from the beginning of its run, so that results
are bit for bit the same however it came in segments and whoever else is in the engine. Between a sample's arrival and
the judgement over it lie at most 0.53 s; a learning run begins with 1.4 s more.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from analytics import alarms, beats, filters, peaks, quality, resample, rhythm
from analytics.results import Beats, Quality, Results, Segment, Transition
from analytics.rows import Bools, Bytes, Integers, Rows, Singles, Table

#: Part of every result; changes whenever results may.
ENGINE_VERSION: Final = "hw-1"

#: A gap longer than this, and the patient's levels are learned again.
_FORGET_US: Final = 30_000_000
#: Blocks after the last sample until all complexes before it are judged.
_FLUSH_BLOCKS: Final = 3
_BLOCK_US: Final = resample.BLOCK * resample.STEP_US
#: The heart rate of longer ago is not shown.
_RATE_HOLDS_US: Final = 5_000_000
_MAGIC: Final = f"heartwire engine {ENGINE_VERSION}\n".encode()


class Engine:
    """Streams for any number of patients.

    Parameters
    ----------
    capacity : int
        Rows to begin with; it grows when full.
    """

    def __init__(self, capacity: int = 64) -> None:
        self._runs: Final = resample.Runs(capacity)
        self._signals: Final = quality.Signals(capacity)
        self._filters: Final = filters.Filters(capacity)
        self._peaks: Final = peaks.Peaks(capacity)
        self._detector: Final = beats.Detector(capacity)
        self._rhythm: Final = rhythm.Rhythm(capacity)
        self._alarms: Final = alarms.Alarms(capacity)
        self._free: Final = list(range(capacity - 1, -1, -1))
        self._open: Final[set[int]] = set()

    @property
    def _tables(self) -> tuple[Table, ...]:
        return (self._runs, self._signals, self._filters, self._peaks, self._detector, self._rhythm, self._alarms)

    def open(self, limits: Mapping[str, Mapping[str, float]] | None = None) -> int:
        """Return a new row; `limits[call][name]` where they are not the catalogue's.

        Raises
        ------
        ValueError
            See `set_limits`.
        """
        if not self._free:
            old = self._runs.capacity
            for table in self._tables:
                table.grow(2 * old)
            self._free.extend(range(2 * old - 1, old - 1, -1))
        row = self._free[-1]
        alarms.set_limits(self._alarms, row, limits)
        self._free.pop()
        self._open.add(row)
        return row

    def close(self, row: int) -> None:
        """Forget a row; what it had open is not told as ended."""
        self._check(row)
        for table in self._tables:
            table.clear(np.array([row]))
        self._open.remove(row)
        self._free.append(row)

    def set_limits(self, row: int, limits: Mapping[str, Mapping[str, float]] | None) -> None:
        """Set a row's limits; they hold from the next block on.

        Raises
        ------
        UnknownCallError
            For a call that is not in the catalogue.
        ValueError
            For a limit that the call does not have, or a value outside its bounds.
        """
        self._check(row)
        alarms.set_limits(self._alarms, row, limits)

    def export_row(self, row: int) -> bytes:
        """Return all that is known of a row; `import_row` goes on from it bit for bit."""
        self._check(row)
        return _MAGIC + b"".join(table.save(row) for table in self._tables)

    def import_row(self, row: int, state: bytes) -> None:
        """Take over what `export_row` gave, limits included.

        Raises
        ------
        ValueError
            If another version of the engine made it, or it is damaged; the row is as before then.
        """
        self._check(row)
        body = state[len(_MAGIC) :]
        if not state.startswith(_MAGIC) or len(body) != sum(table.row_bytes for table in self._tables):
            raise ValueError(f"{len(state)} bytes that engine {ENGINE_VERSION} did not export")
        for table in self._tables:
            table.restore(row, body[: table.row_bytes])
            body = body[table.row_bytes :]

    def tick(self, segments: Sequence[Segment]) -> Results:
        """Take segments of any rows, in time order for each row.

        Raises
        ------
        KeyError
            For a row that is not open; nothing is analysed then.
        """
        moved = sorted({segment.row for segment in segments})
        if not self._open.issuperset(moved):
            raise KeyError(f"rows not open: {sorted(set(moved) - self._open)}")
        return self._collect(segments, np.array(moved, np.int64))

    def flush_row(self, row: int) -> Results:
        """Judge all of a row's signal that came: for the end of a record. What comes after begins a new run."""
        self._check(row)
        output = _Output()
        rows = np.array([row])
        if self._runs.fs_mhz[row] > 0:
            self._flush(rows, output)
            self._runs.fs_mhz[row] = -1
        return self._finish(output, rows, np.zeros(1, np.int64))

    def _check(self, row: int) -> None:
        if row not in self._open:
            raise KeyError(f"row {row} is not open")

    def _collect(self, segments: Sequence[Segment], moved: Rows) -> Results:
        output = _Output()
        dropped = np.zeros(self._runs.capacity, np.int64)
        for piece in resample.cut_into_rounds(segments):
            placed = resample.place(self._runs, piece)
            dropped[piece.row] += placed.skip
            fresh = np.flatnonzero(placed.fresh)
            if len(fresh):
                self._begin_runs(piece, placed, fresh, output)
            self._run(resample.take(self._runs, piece, placed), output, is_flush=False)
        return self._finish(output, moved, dropped[moved])

    def _begin_runs(self, piece: resample.Piece, placed: resample.Placement, fresh: Rows, output: "_Output") -> None:
        rows = piece.row[fresh]
        going_on = rows[self._runs.fs_mhz[rows] > 0]
        if len(going_on):
            self._flush(going_on, output)
        forget = (placed.gap_us[fresh] > _FORGET_US) | (placed.gap_us[fresh] < 0)
        resample.begin_runs(self._runs, piece, fresh)
        quality.begin_run(self._signals, rows, forget=forget)
        beats.begin_run(self._detector, rows, forget=forget)
        rhythm.begin_run(self._rhythm, rows, piece.t0_us[fresh])

    def _flush(self, rows: Rows, output: "_Output") -> None:
        self._run(resample.flush(self._runs, rows, _FLUSH_BLOCKS), output, is_flush=True)

    def _run(self, staged: resample.Staged, output: "_Output", *, is_flush: bool) -> None:
        most = int(staged.blocks.max(initial=0))
        columns = np.arange(resample.BLOCK)
        real_end_us = self._runs.end_us[staged.rows]
        for number in range(most + is_flush):
            here = np.flatnonzero(staged.blocks + is_flush > number)
            at = staged.start[here] + number * resample.BLOCK
            if is_flush:
                at = np.full(len(here), number * resample.BLOCK)
            rows = staged.rows[here]
            place = (here[:, None], at[:, None] + columns)
            index = self._runs.index[rows]
            self._runs.index[rows] = index + resample.BLOCK
            end_us = self._runs.first_us[rows] + (index + resample.BLOCK) * resample.STEP_US
            if is_flush:
                end_us = np.minimum(end_us, real_end_us[here])
            self._step(rows, staged.values[place], staged.state[place], index, end_us, output)

    def _step(  # noqa: PLR0917 # a block is its rows, samples, states and place
        self,
        rows: Rows,
        ecg: Singles,
        state: Bytes,
        index: Integers,
        end_us: Integers,
        output: "_Output",
    ) -> None:
        """Analyse one block of each row."""
        seen = quality.look(self._signals, rows, state)
        if seen.lost.any():
            ecg[seen.lost] = self._signals.held_mv[rows[seen.lost], None]
        self._signals.held_mv[rows] = ecg[:, -1]
        block_us = self._runs.first_us[rows] + index * resample.STEP_US
        starts = (index == 0) | seen.returns
        at_start = np.flatnonzero(starts)
        again = np.flatnonzero(seen.returns & (index > 0))
        if len(again):
            some = rows[again]
            lost_long = block_us[again] - self._rhythm.quiet_us[some] > _FORGET_US
            beats.begin_run(self._detector, some, forget=lost_long)
        filtered = filters.apply(self._filters, rows, ecg, at_start=at_start)
        found = peaks.find(
            self._peaks,
            rows,
            ecg,
            filtered.energy,
            index,
            at_start=at_start,
            least=beats.get_least(self._detector, rows),
        )
        for detected in beats.detect(self._detector, rows, index, found.candidates):
            self._add(detected, output)
        pending = found.ahead > beats.get_threshold(self._detector, rows)
        quality.judge_noise(self._signals, rows, seen.lost, filtered, self._detector.high_level[rows])
        if len(lost := np.flatnonzero(seen.lost)):
            rhythm.begin_run(self._rhythm, rows[lost], end_us[lost])
        noise = self._signals.quality[rows] == Quality.NOISE
        rhythm.add_noise(self._rhythm, rows, noise, np.minimum(end_us - block_us, _BLOCK_US), end_us)
        swings = quality.follow_baseline(self._signals, rows, ecg, at_start=at_start)
        if swings.any():
            rhythm.begin_silence(self._rhythm, rows, swings, end_us)
            self._detector.swung[rows[swings]] = True
        view = self._view(rows, index, end_us, pending, seen.judged)
        output.transitions += alarms.judge(self._alarms, rows, view)

    def _add(self, detected: beats.Detected, output: "_Output") -> None:
        found = detected.candidates
        if not len(found.row):
            return
        peaks.remember_direction(self._peaks, found)
        t_us = self._runs.first_us[found.row] + np.rint(found.r_index * resample.STEP_US).astype(np.int64)
        rhythm.add_beats(self._rhythm, found.row, t_us, detected.rr_s)
        output.beats.append((found.row, t_us, detected.rr_s, found.amplitude_mv))

    def _view(self, rows: Rows, index: Integers, end_us: Integers, pending: Bools, judged: Bools) -> alarms.View:
        known, signals = self._rhythm, self._signals
        looked = index + resample.BLOCK - filters.LAG
        return alarms.View(
            now_us=end_us,
            looked_us=np.minimum(self._runs.first_us[rows] + looked * resample.STEP_US, end_us),
            pending=pending,
            judged=judged,
            quiet_us=known.quiet_us[rows],
            silent_from_us=known.silent_from_us[rows],
            last_us=known.last_us[rows],
            before_last_us=known.before_last_us[rows],
            n=known.n[rows],
            rr_s=known.rr_s[rows].astype(np.float64),
            span_bpm=known.span_bpm[rows].astype(np.float64),
            many_bpm=known.many_bpm[rows].astype(np.float64),
            few_bpm=known.few_bpm[rows].astype(np.float64),
            span_slow_bpm=known.span_slow_bpm[rows].astype(np.float64),
            few_slow_bpm=known.few_slow_bpm[rows].astype(np.float64),
            span_us=known.span_us[rows],
            many_us=known.many_us[rows],
            few_us=known.few_us[rows],
            lead_off_s=quality.get_lasting_s(signals.lead_off, rows),
            railed_s=quality.get_lasting_s(signals.railed, rows),
            still_s=signals.still[rows] / resample.FS_HZ,
            moving_s=quality.get_lasting_s(signals.moving, rows),
            n_noisy=signals.n_noisy[rows],
            n_noisy_lately=quality.count_lately(signals, rows),
        )

    def _finish(self, output: "_Output", moved: Rows, dropped: Integers) -> Results:
        until_us = self._runs.first_us[moved] + self._runs.index[moved] * resample.STEP_US
        until_us = np.where(self._runs.fs_mhz[moved] != 0, np.minimum(until_us, self._runs.end_us[moved]), 0)
        fresh = until_us - self._rhythm.last_us[moved] < _RATE_HOLDS_US
        return Results(
            output.get_beats(),
            output.transitions,
            [],
            moved,
            np.where(fresh, self._rhythm.hr_bpm[moved], np.float32(np.nan)),
            self._signals.quality[moved],
            until_us,
            dropped,
        )


class _Output:
    """What a tick has found so far."""

    __slots__ = ("beats", "transitions")

    def __init__(self) -> None:
        self.beats: list[tuple[Rows, Integers, Singles, Singles]] = []
        self.transitions: list[Transition] = []

    def get_beats(self) -> Beats:
        """Return all beats, sorted by row and time."""
        if not self.beats:
            none = np.zeros(0, np.int64)
            return Beats(none, none, none.astype(np.float32), none.astype(np.float32), none.astype("S1"))
        row, t_us, rr_s, amplitude_mv = (np.concatenate(each) for each in zip(*self.beats, strict=True))
        order = np.lexsort((t_us, row))
        return Beats(row[order], t_us[order], rr_s[order], amplitude_mv[order], np.full(len(row), b"N", "S1"))


__all__ = ["ENGINE_VERSION", "Beats", "Engine", "Quality", "Results", "Segment", "Transition"]
