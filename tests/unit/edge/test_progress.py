"""How it goes, in words, on a terminal and in a file."""

import io

from edge.outbox import Contents
from edge.progress import Progress, Tally


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _tally(*, connected: bool = True, problem: str = "", unanswered_s: float = 0.0, disk_full: bool = False) -> Tally:
    return Tally(5, 4, 3, Contents(2, 1000, 255_000_000, 0), connected, problem, unanswered_s, disk_full)


def test_says_where_things_stand() -> None:
    text = "5 frames made, 4 sent, 3 confirmed by the database; outbox: 2 frames, 255.0 MB left"
    assert str(_tally()) == text
    assert str(_tally(connected=False)) == f"{text}; connecting"
    assert str(_tally(connected=False, problem="host:1: gone")) == f"{text}; no broker: host:1: gone"
    assert "is this device registered with a patient?" in str(_tally(unanswered_s=20.0))
    assert "DISK FULL" in str(_tally(disk_full=True))


def test_a_file_gets_a_line_now_and_then_and_when_trouble_comes() -> None:
    stream = io.StringIO()
    progress = Progress(3600.0, stream)
    for _ in range(5):
        progress.report(_tally())
    assert stream.getvalue() == ""
    for _ in range(5):
        progress.report(_tally(connected=False, problem="host:1: gone"))
    assert stream.getvalue().count("\n") == 1


def test_a_terminal_keeps_one_line() -> None:
    stream = _Terminal()
    progress = Progress(3600.0, stream)
    progress.report(_tally(connected=False, problem="host:1: gone"))
    progress.say("something happened")
    progress.end(_tally())
    first, second, last = stream.getvalue().replace("\r", "").splitlines()
    assert first.endswith("no broker: host:1: gone")
    assert second == "something happened"
    assert last.startswith("5 frames made")


def test_a_closed_terminal_harms_nobody() -> None:
    Progress(3600.0, _Closed()).say("anything")


class _Closed(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError(text)
