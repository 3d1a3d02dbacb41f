"""What analytics has done since it started, in numbers; workers come and go meanwhile.  Pure."""

from collections import Counter
from dataclasses import dataclass, field

from analytics.analysis import Findings
from heartwire.tally import Tally


@dataclass(slots=True)
class Counters:
    """Counts since the start.

    Attributes
    ----------
    frames, beats : int
        Analysed and committed; found and committed.
    changes : Counter of (str, str)
        Calls by code and by what happened: raised, ended, suppressed.
    late : int
        Calls raised in signal that came late (P3).
    checkpoints : int
        States of devices that were saved.
    frames_again : int
        Frames read again when shards were taken up.
    defects : int
        Times that the engine failed.
    database_failures : int
        Times that the work was put off, since the database was away or refused.
    steps_s, step_frames : Tally
        Time of each step that had frames, seconds, its commit included; and how many it had.
    """

    frames: int = 0
    beats: int = 0
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)
    late: int = 0
    checkpoints: int = 0
    frames_again: int = 0
    defects: int = 0
    database_failures: int = 0
    steps_s: Tally = field(default_factory=lambda: Tally((0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)))
    step_frames: Tally = field(default_factory=lambda: Tally((1, 10, 100, 500, 1000, 2500, 5000, 10_000)))

    def add_step(self, frames: int, findings: Findings, step_s: float) -> None:
        """Count one committed step that had frames."""
        self.frames += frames
        self.beats += len(findings.beats)
        self.changes.update((change.call, change.kind) for change in findings.changes)
        self.late += sum(change.late for change in findings.changes if change.kind == "raised")
        self.steps_s.add(step_s)
        self.step_frames.add(frames)
