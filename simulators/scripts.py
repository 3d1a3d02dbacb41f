"""Scripts: what the heart of a synthetic patient does, one segment after the other.

A script file is a JSON list of segments::

    [{"rhythm": "normal", "seconds": 40, "bpm": 70},
     {"rhythm": "asystole", "seconds": 8},
     {"rhythm": "noise", "seconds": 25}]

==============  =====================================================================  ===========
rhythm          what the samples show                                                  default bpm
==============  =====================================================================  ===========
``normal``      sinus rhythm with respiratory arrhythmia                               70
``tachycardia`` fast and nearly regular                                                130
``bradycardia`` slow                                                                   42
``pause``       one RR interval of `seconds`, then beats again to the segment's end    70
``asystole``    no beat; baseline wander and slight noise go on                        none
``ectopy``      sinus rhythm in which every fourth or fifth beat is ventricular         72
``afib``        atrial fibrillation: no P wave, no order in the intervals              95
``vt``          ventricular tachycardia: wide beats, regular                           165
``vf``          ventricular fibrillation: no beat, a wave of 4 to 6 Hz                 none
``lead_off``    constant samples, frames flagged `LEAD_OFF`; the heart beats on unseen 70
``flat``        constant samples, nothing flagged; the heart beats on unseen           70
``noise``       muscle and motion artefact that drowns the beats                       75
==============  =====================================================================  ===========

`seconds` is 0.5 to 86400, `bpm` 20 to 250. Unknown keys are refused.
"""

from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, NamedTuple, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

from simulators.errors import SimulationError


class Rhythm(StrEnum):
    """What a segment shows."""

    NORMAL = "normal"
    TACHYCARDIA = "tachycardia"
    BRADYCARDIA = "bradycardia"
    PAUSE = "pause"
    ASYSTOLE = "asystole"
    ECTOPY = "ectopy"
    AFIB = "afib"
    VT = "vt"
    VF = "vf"
    LEAD_OFF = "lead_off"
    FLAT = "flat"
    NOISE = "noise"


#: Segments in which beats cannot be seen though the heart has them.
UNSEEN: Final = frozenset({Rhythm.LEAD_OFF, Rhythm.FLAT, Rhythm.NOISE})
#: Segments in which samples do not move.
STILL: Final = frozenset({Rhythm.LEAD_OFF, Rhythm.FLAT})

#: Segments in which the heart has no beats.
BEATLESS: Final = frozenset({Rhythm.ASYSTOLE, Rhythm.VF})

#: The shortest segment, seconds.
SEGMENT_S_MIN: Final = 0.5

_DEFAULT_BPM: Final = MappingProxyType(
    {
        Rhythm.TACHYCARDIA: 130.0,
        Rhythm.BRADYCARDIA: 42.0,
        Rhythm.NOISE: 75.0,
        Rhythm.ECTOPY: 72.0,
        Rhythm.AFIB: 95.0,
        Rhythm.VT: 165.0,
    }
)


class Segment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One stretch of a script; `bpm` is the mean heart rate in it, beats a minute."""

    rhythm: Rhythm
    seconds: Annotated[float, Meta(ge=SEGMENT_S_MIN, le=86_400)]
    bpm: Annotated[float, Meta(ge=20, le=250)] | None = None

    def __post_init__(self) -> None:
        """Refuse what would play as something else than its name."""
        if self.rhythm in BEATLESS and self.bpm is not None:
            raise ValueError(f"{self.rhythm} has no bpm; leave it out")
        if self.rhythm is Rhythm.PAUSE and self.seconds < 1.5 * self.rr_s:
            raise ValueError(
                f"a pause of {self.seconds:g} s is none at {60 / self.rr_s:g} bpm;"
                f" wanted at least {1.5 * self.rr_s:.1f} s"
            )

    @property
    def rr_s(self) -> float:
        """Mean interval between two beats, seconds."""
        return 60.0 / (self.bpm or _DEFAULT_BPM.get(self.rhythm, 70.0))


Script: TypeAlias = Annotated[tuple[Segment, ...], Meta(min_length=1, max_length=1000)]


class Span(NamedTuple):
    """A segment and its place in time, seconds since the script began."""

    segment: Segment
    begin_s: float
    end_s: float


class Timeline:
    """The segments in their places, once or for ever; numbered from 0 on."""

    def __init__(self, script: tuple[Segment, ...], *, loop: bool) -> None:
        self._script: Final = script
        self._loop: Final = loop
        self._begins: Final[list[float]] = []
        total_s = 0.0
        for segment in script:
            self._begins.append(total_s)
            total_s += segment.seconds
        self.total_s: Final = total_s

    def span(self, number: int) -> Span | None:
        """Return a segment's place; ``None`` after the last."""
        cycle, place = divmod(number, len(self._script))
        if cycle and not self._loop:
            return None
        segment = self._script[place]
        end_s = self._begins[place + 1] if place + 1 < len(self._script) else self.total_s
        return Span(segment, cycle * self.total_s + self._begins[place], cycle * self.total_s + end_s)


_T = TypeVar("_T")


def read_json(path: Path, wanted: type[_T] | Any) -> _T:  # noqa: ANN401 # annotated types are no types to mypy
    """Read a JSON file as what is wanted.

    Raises
    ------
    SimulationError
        If it cannot be read, or does not hold it; the text names the place in it.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise SimulationError(f"{path} cannot be read: {error.strerror}") from None
    try:
        return msgspec.json.decode(text, type=wanted)
    except msgspec.DecodeError as error:
        raise SimulationError(f"{path}: {error}; correct the file ($ is its top)") from None


def read_script(path: Path) -> tuple[Segment, ...]:
    """Read a script file (errors as `read_json`)."""
    return read_json(path, Script)
