"""The demo's processes: each is a child on a leash, started again when it ends, and stopped in good order."""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from heartwire.embedded.child import Child
from heartwire.errors import HeartwireError

_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 15.0
#: A child that lived so long is well; the next pause is short again.
_WELL_AFTER_S: Final = 30.0
_WORD_MAX: Final = 200


def heartwire_command(*words: str) -> list[str]:
    """Return the words that run ``heartwire ...`` with this very installation."""
    return [sys.executable, "-m", "heartwire", *words]


def make_environment(home: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Return a child's environment: ours, but of heartwire's variables only those given."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HEARTWIRE_")}
    return {**inherited, "HEARTWIRE_HOME": str(home), "PYTHONUNBUFFERED": "1", **settings}


class _Watched:
    """A child, how to start it, and when to do so next."""

    def __init__(self, child: Child, start: Callable[[], None], stop_timeout_s: float) -> None:
        self.child: Final = child
        self.start: Final = start
        self.stop_timeout_s: Final = stop_timeout_s
        self.started_s = 0.0
        self.pause_s = _FIRST_PAUSE_S
        self.due_s: float | None = None


class Services:
    """All children of the demo, in stages: stopped stage by stage, the last stage first.

    Parameters
    ----------
    say : callable
        Takes a line for a person.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say: Final = say
        self._stages: Final[list[list[_Watched]]] = []

    def start_stage(self, children: Sequence[tuple[Child, Callable[[], None]]], *, stop_timeout_s: float) -> None:
        """Start children that may all be stopped at once.

        Parameters
        ----------
        children : sequence of (Child, callable)
            Each with what starts it, the first time and again.
        stop_timeout_s : float
            How long its end may take, seconds, besides what the stages after it left of theirs.
        """
        stage: list[_Watched] = []
        self._stages.append(stage)
        for child, start in children:
            watched = _Watched(child, start, stop_timeout_s)
            stage.append(watched)
            start()
            watched.started_s = time.monotonic()

    def look(self) -> None:
        """Start again what ended, each time later; call it a few times a second."""
        for stage in self._stages:
            for watched in stage:
                self._look_at(watched, time.monotonic())

    def stop(self) -> None:
        """End all of them, the last stage first; harshly what does not listen.

        A stage may use the time that others saved.
        """
        deadline_s = time.monotonic()
        for stage in reversed(self._stages):
            for watched in stage:
                watched.child.ask_to_end()
            deadline_s += max((watched.stop_timeout_s for watched in stage), default=0.0)
            for watched in stage:
                if not watched.child.wait(deadline_s - time.monotonic()):
                    self._say(f"{watched.child.name} did not end by itself, and was killed")
                watched.child.kill()

    def kill(self) -> None:
        """SIGKILL all of them."""
        for stage in reversed(self._stages):
            for watched in stage:
                watched.child.kill()

    def _look_at(self, watched: _Watched, now_s: float) -> None:
        child = watched.child
        if child.is_running:
            return
        if watched.due_s is None:
            if now_s - watched.started_s > _WELL_AFTER_S:
                watched.pause_s = _FIRST_PAUSE_S
            watched.due_s = now_s + watched.pause_s
            self._say(f"{child.name} {_end(child)}, starting it again in {watched.pause_s:g} s (log: {child.log_path})")
            watched.pause_s = min(2 * watched.pause_s, _LONGEST_PAUSE_S)
        elif now_s >= watched.due_s:
            watched.due_s = None
            watched.started_s = now_s
            try:
                watched.start()
            except HeartwireError as error:
                self._say(f"{child.name} cannot be started again: {error}")
            else:
                self._say(f"{child.name} is started again")
                watched.started_s = time.monotonic()


def _end(child: Child) -> str:
    code = child.returncode
    if code is None:
        return "did not start"
    if code < 0:
        return f"was ended by signal {-code}"
    return f"ended with code {code} ({_last_word(child.log_end(1)) or 'it said nothing'})"


def _last_word(line: str) -> str:
    """Return what a line of a log says, without what stands around it."""
    try:
        return str(json.loads(line)["message"])[:_WORD_MAX]
    except (ValueError, TypeError, KeyError):
        return line[:_WORD_MAX]
