"""The engine: samples of many patients in, beats, rhythms and calls out.  Pure, causal, streaming.

One row a patient. Each row's signal is cut into blocks of 0.2 s counted from the beginning of its run, so that results
are bit for bit the same however it came in segments and whoever else is in the engine. Between a sample's arrival and
the judgement over it lie at most 0.53 s; a learning run begins with 1.4 s more; a beat is classed when the next one is
found, or 1.2 s later.

The stages are in `analytics.ecg`, in the order of the signal: `resample`, `quality`, `filters`, `peaks`, `beats`,
`rhythm`, `classes`, `patterns`, `ventricular`, `atrial`, `calls`; `row` puts them together.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.ecg import calls
from analytics.ecg.classes import LETTERS
from analytics.ecg.resample import STEP_US
from analytics.ecg.row import RHYTHMS, STATE, WORKPLACE, flush_one, make_first, make_models, make_output, take_all
from analytics.results import Beats, Quality, Results, RhythmChange, Segment, Transition

#: Part of every result; changes whenever results may.
ENGINE_VERSION: Final = "hw-4"

#: The heart rate of longer ago is not shown.
_RATE_HOLDS_US: Final = 5_000_000
_MAGIC: Final = f"heartwire engine {ENGINE_VERSION}\n".encode()
#: Blocks of 0.2 s that the output has room for between two collections.
_ROOM: Final = 2048
_LETTERS: Final = np.frombuffer(LETTERS, "S1")


class Engine:
    """Streams for any number of patients.

    Parameters
    ----------
    capacity : int
        Rows to begin with; it grows when full.
    traces : int
        What the models are asked is kept, up to so many questions a tick: for fitting them.
    """

    def __init__(self, capacity: int = 64, *, traces: int = 0) -> None:
        self._first: Final = make_first()
        self._states = np.repeat(self._first, capacity)
        self._models = make_models()
        self._places: Final = np.zeros(1, WORKPLACE)
        self._output: Final = make_output(_ROOM, traces)
        self._free: Final = list(range(capacity - 1, -1, -1))
        self._open: Final[set[int]] = set()

    def open(self, limits: Mapping[str, Mapping[str, float]] | None = None) -> int:
        """Return a new row; `limits[call][name]` where they are not the catalogue's.

        Raises
        ------
        ValueError
            See `set_limits`.
        """
        values = calls.check_limits(limits)
        if not self._free:
            old = len(self._states)
            self._states = np.concatenate([self._states, np.repeat(self._first, old)])
            self._free.extend(range(2 * old - 1, old - 1, -1))
        row = self._free.pop()
        self._states[row] = self._first[0]
        self._states[row]["calls"]["limit"][:] = values
        self._open.add(row)
        return row

    def close(self, row: int) -> None:
        """Forget a row; what it had open is not told as ended."""
        self._check(row)
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
        self._states[row]["calls"]["limit"][:] = calls.check_limits(limits)

    def export_row(self, row: int) -> bytes:
        """Return all that is known of a row; `import_row` goes on from it bit for bit."""
        self._check(row)
        return _MAGIC + bytes(self._states[row].tobytes())

    def import_row(self, row: int, state: bytes) -> None:
        """Take over what `export_row` gave, limits included.

        Raises
        ------
        ValueError
            If another version of the engine made it, or it is damaged; the row is as before then.
        """
        self._check(row)
        body = state[len(_MAGIC) :]
        if not state.startswith(_MAGIC) or len(body) != STATE.itemsize:
            raise ValueError(f"{len(state)} bytes that engine {ENGINE_VERSION} did not export")
        self._states[row] = np.frombuffer(body, STATE)[0]

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
        collected = _Collected()
        dropped = np.zeros(len(self._states), np.int64)
        if segments:
            self._take(segments, dropped, collected)
        return self._finish(collected, np.array(moved, np.int64), dropped)

    def _take(self, segments: Sequence[Segment], dropped: NDArray[np.int64], collected: "_Collected") -> None:
        rows, t0_us, fs_mhz, gain, baseline, flags, samples = zip(*segments, strict=True)
        ends = np.cumsum(np.fromiter(map(len, samples), np.int64, len(samples)))
        columns = (
            np.array(rows, np.int64),
            np.array(t0_us, np.int64),
            np.array(fs_mhz, np.int64),
            np.array(gain, np.float64),
            np.array(baseline, np.int64),
            np.array(flags, np.int64),
            ends,
            np.concatenate(samples),
            dropped,
        )
        at = 0
        room = _ROOM
        while at < len(segments):
            done = take_all(self._states, *columns, self._models, self._places, self._output, at, room)
            self._drain(collected)
            if done == at:
                raise ValueError(f"a segment of {len(samples[at])} samples is longer than {_ROOM // 5} s")
            at = done

    def flush_row(self, row: int) -> Results:
        """Judge all of a row's signal that came: for the end of a record. What comes after begins a new run."""
        self._check(row)
        collected = _Collected()
        state = self._states[row]
        if state["run"]["fs_mhz"] > 0:
            flush_one(self._states, row, self._models, self._places, self._output)
            self._drain(collected)
            state["run"]["fs_mhz"] = -1
        return self._finish(collected, np.array([row]), np.zeros(len(self._states), np.int64))

    def _check(self, row: int) -> None:
        if row not in self._open:
            raise KeyError(f"row {row} is not open")

    def _drain(self, collected: "_Collected") -> None:
        """Take what the compiled code has filled."""
        n_beats, n_changes, n_rhythms, n_traces = self._output.used.tolist()
        if n_beats:
            collected.beats.append(self._output.beats[:n_beats].copy())
        for change in self._output.changes[:n_changes]:
            collected.transitions.append(_say(change))
        for row, t_us, rhythm in self._output.rhythms[:n_rhythms].tolist():
            collected.rhythms.append(RhythmChange(row, t_us, RHYTHMS[rhythm]))
        if n_traces:
            collected.traces.append(self._output.trace[:n_traces].copy())
        self._output.used[:] = 0

    def _finish(self, collected: "_Collected", moved: NDArray[np.int64], dropped: NDArray[np.int64]) -> Results:
        states = self._states
        run, rhythm = states["run"], states["rhythm"]
        index, end_us = run["index"][moved], run["end_us"][moved]
        until_us = run["first_us"][moved] + index * STEP_US
        until_us = np.where(run["fs_mhz"][moved] != 0, np.minimum(until_us, end_us), 0)
        fresh = until_us - rhythm["last_us"][moved] < _RATE_HOLDS_US
        self.traces = collected.traces
        return Results(
            collected.get_beats(),
            collected.transitions,
            collected.rhythms,
            moved,
            np.where(fresh, rhythm["hr_bpm"][moved], np.nan).astype(np.float32),
            states["signal"]["quality"][moved],
            until_us,
            dropped[moved],
        )


def compile_engine() -> None:
    """Compile all stages, or load them where that was done before: what would otherwise delay the first tick."""
    engine = Engine(1)
    row = engine.open()
    engine.tick([Segment(row, 0, 250_000, 1.0, 0, 0, np.zeros(1, np.int16))])
    engine.flush_row(row)


def _say(change: np.void) -> Transition:
    code = calls.CODES[change["call"]]
    kind = calls.KINDS[change["kind"]]
    detail: dict[str, float | str] = {}
    if kind != "ended":
        for name, value in zip(calls.UNITS[change["call"]], change["measured"].tolist(), strict=False):
            if np.isfinite(value):
                detail[name] = round(value, 2)
    if kind == "suppressed":
        detail["by"] = calls.CODES[change["by"]]
    return Transition(
        int(change["row"]), code, kind, int(change["onset_us"]), int(change["at_us"]), detail, int(change["end_us"]),
        round(float(change["confidence"]), 3),
    )  # fmt: skip


class _Collected:
    """What a tick has found so far."""

    __slots__ = ("beats", "rhythms", "traces", "transitions")

    def __init__(self) -> None:
        self.beats: list[NDArray[np.void]] = []
        self.transitions: list[Transition] = []
        self.rhythms: list[RhythmChange] = []
        self.traces: list[NDArray[np.void]] = []

    def get_beats(self) -> Beats:
        """Return all beats, sorted by row and time."""
        if not self.beats:
            none = np.zeros(0, np.int64)
            return Beats(none, none, none.astype(np.float32), none.astype(np.float32), none.astype("S1"))
        beats = self.beats[0] if len(self.beats) == 1 else np.concatenate(self.beats)
        beats = beats[np.lexsort((beats["t_us"], beats["row"]))]
        return Beats(beats["row"], beats["t_us"], beats["rr_s"], beats["amplitude_mv"], _LETTERS[beats["label"]])


__all__ = [
    "ENGINE_VERSION",
    "Beats",
    "Engine",
    "Quality",
    "Results",
    "RhythmChange",
    "Segment",
    "Transition",
    "compile_engine",
]
