"""What the demo says to a person: steps with their time, and lines between them."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Console:
    """Standard output, written at once, also into a pipe; a reader who went away is no reason to stop."""

    def __init__(self) -> None:
        self._line_is_open = False

    def say(self, line: str) -> None:
        """Print a line of its own."""
        self._write(f"\n{line}\n" if self._line_is_open else f"{line}\n")
        self._line_is_open = False

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Say what is being done, and then how long it took."""
        begin_s = time.monotonic()
        self._write(f"  {name} ...")
        self._line_is_open = True
        try:
            yield
        except BaseException:
            self._end_line("")
            raise
        self._end_line(f"  {name}: {time.monotonic() - begin_s:.1f} s")

    def _end_line(self, text: str) -> None:
        """Finish the open line, or say it whole where something else came between."""
        if self._line_is_open:
            self._write(f" {text.rsplit(': ', 1)[-1]}\n")
        elif text:
            self._write(f"{text}\n")
        self._line_is_open = False

    @staticmethod
    def _write(text: str) -> None:
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError:
            sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 # for the rest of our life
