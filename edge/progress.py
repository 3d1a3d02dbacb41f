"""How it goes, for a person: one line that changes on a terminal, a line every few seconds elsewhere."""

import contextlib
import shutil
import sys
import time
from typing import Final, NamedTuple, Protocol, TextIO

from edge.outbox import Contents

_TERMINAL_EVERY_S: Final = 0.5
_FIRST_S: Final = 1.0
#: So long without a confirmation, a person is told what to look at.
_UNANSWERED_S: Final = 15.0


class Tally(NamedTuple):
    """Where a run stands: its frames, the outbox, the link, and what is wrong with them."""

    made: int
    sent: int
    confirmed: int
    outbox: Contents
    is_connected: bool
    problem: str
    unanswered_s: float
    is_disk_full: bool

    def __str__(self) -> str:
        text = f"{self.made} frames made, {self.sent} sent, {self.confirmed} confirmed by the database; {self.outbox}"
        if self.is_disk_full:
            text += "; DISK FULL, frames are held"
        if self.problem:
            return f"{text}; no broker: {self.problem}"
        if not self.is_connected:
            return f"{text}; connecting"
        if self.unanswered_s > _UNANSWERED_S:
            text += (
                f"; nothing confirmed for {self.unanswered_s:.0f} s: is ingest running, and is this device registered"
                " with a patient?"
            )
        return text


class Reporter(Protocol):
    """Who tells a person how it goes."""

    def report(self, tally: Tally) -> None:
        """Show where things stand; called several times a second."""

    def end(self, tally: Tally) -> None:
        """Show where things stand at the end."""

    def say(self, text: str) -> None:
        """Say something that happened once."""


class Progress:
    """Writes to standard error."""

    def __init__(self, every_s: float, stream: TextIO | None = None) -> None:
        self._stream: Final = stream or sys.stderr
        self._is_terminal: Final = self._stream.isatty()
        self._every_s: Final = _TERMINAL_EVERY_S if self._is_terminal else every_s
        self._due_s = time.monotonic() + min(_FIRST_S, self._every_s)
        self._trouble = ""
        self._width = 0

    def report(self, tally: Tally) -> None:
        """Show the tally when it is time, and when trouble begins or ends."""
        now_s = time.monotonic()
        trouble = tally.problem.partition(":")[0] if tally.problem else ("" if tally.is_connected else self._trouble)
        if now_s < self._due_s and trouble == self._trouble:
            return
        is_new = bool(trouble) and trouble != self._trouble
        self._trouble = trouble
        self._due_s = now_s + self._every_s
        if is_new:
            self.say(str(tally))  # whole, however narrow the terminal
        else:
            self._write(tally)

    def end(self, tally: Tally) -> None:
        """Show the last tally, and leave its line."""
        self._write(tally)
        if self._is_terminal:
            self._put("\n")
            self._width = 0

    def say(self, text: str) -> None:
        """Write a line of its own."""
        if self._is_terminal and self._width:
            self._put("\n")
            self._width = 0
        self._put(f"{text}\n")

    def _write(self, tally: Tally) -> None:
        text = str(tally)
        if self._is_terminal:
            text = text[: max(20, shutil.get_terminal_size().columns - 1)]  # a second line could not be written over
            self._put(f"\r{text:<{self._width}}")
            self._width = len(text)
        else:
            self._put(f"{text}\n")

    def _put(self, text: str) -> None:
        # Whoever read this may be gone, or its disk full: the patient's signal goes on.
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()
