"""What the pages' server has done since it started, in numbers.  Pure."""

from collections import Counter
from dataclasses import dataclass, field

from heartwire.tally import Tally


@dataclass(slots=True)
class Counters:
    """Counts since the start.

    Attributes
    ----------
    answers : Counter of (str, str)
        Answers of the API, by method and status code.
    answers_s : Tally
        Time until each was there, seconds.
    screens, too_slow : int
        Live connections that began, and those that were ended since they could not follow.
    reads_s : Tally
        Time of each reading of a ward for its screens, seconds.
    streams : int
        Streams of alarms that are open now.
    words_unsent : int
        Words of the care team that the broker was not there to take; devices ask for them later.
    read_failures : int
        Readings that failed: the picture was old.
    """

    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    answers_s: Tally = field(default_factory=lambda: Tally((0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)))
    screens: int = 0
    too_slow: int = 0
    streams: int = 0
    words_unsent: int = 0
    reads_s: Tally = field(default_factory=lambda: Tally((0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)))
    read_failures: int = 0
