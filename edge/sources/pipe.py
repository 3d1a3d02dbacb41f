"""Standard input as a source: int16 little-endian, or one whole number a line."""

import os
import select
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from edge.errors import SourceError
from edge.sources.source import Chunk
from heartwire.frames import I16_MAX, I16_MIN, EcgFlag

_LOOK_S: Final = 0.1
#: Read at a time, seconds of signal: a file that is piped into a live source is played, not gulped.
_READ_S: Final = 0.2
#: Bytes of a sample at most, as a number with its line's end.
_SAMPLE_BYTES: Final = {"int16le": 2, "text": 7}
#: Samples that come so much later than the rate says were not there in between, seconds.
_SILENCE_S: Final = 2.0
_MISSING: Final = frozenset({b"", b"nan", b"-"})


class PipeFormat(StrEnum):
    """How samples are written."""

    INT16LE = "int16le"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class PipeSignal:
    """What the samples of a pipe are: rate, lead, units per mV, value of 0 mV."""

    fs_hz: float
    lead: str
    gain: float
    baseline: int


class PipeSource:
    """Samples from a file descriptor.

    Parameters
    ----------
    descriptor : int
        What is read.
    signal, form : PipeSignal, PipeFormat
        What it carries.
    t0_us : int, optional
        Time of the first sample, UTC microseconds; the others follow by the rate. When not given the source is live:
        the first sample is now, and what comes later than the rate says by 2 s has a gap before it.
    now_us : callable
        The clock.
    """

    def __init__(
        self,
        descriptor: int,
        signal: PipeSignal,
        form: PipeFormat,
        *,
        t0_us: int | None = None,
        now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self._descriptor: Final = descriptor
        self._signal: Final = signal
        self._form: Final = form
        self._t0_us = t0_us
        self._is_live: Final = t0_us is None
        self._now_us: Final = now_us
        self._read_bytes: Final = max(64, round(_READ_S * signal.fs_hz) * _SAMPLE_BYTES[form.value])
        self._n = 0  # samples since t0, missing ones included
        self._lines = 0
        self._rest = b""

    @property
    def name(self) -> str:
        """See `Source`."""
        return "standard input"

    def chunks(self, stop: threading.Event) -> Iterator[Chunk]:
        """See `Source`; raises `SourceError` at what is no sample, after handing out what stood before it."""
        flags = EcgFlag(0)
        while (data := self._read(stop)) is not None:
            pieces, problem = self._parse(data)
            for samples in pieces:
                if samples is None:
                    self._n += 1
                    flags = EcgFlag.GAP_BEFORE
                elif samples:
                    yield self._chunk(samples, flags)
                    flags = EcgFlag(0)
            if problem:
                raise SourceError(problem)
        if self._rest and not stop.is_set():
            raise SourceError("standard input ended in the middle of a sample; is --format right?")

    def _chunk(self, samples: bytes, flags: EcgFlag) -> Chunk:
        n = len(samples) // 2
        begin_us = self._now_us() - round(n * 1e6 / self._signal.fs_hz)
        if self._t0_us is None:
            self._t0_us = begin_us
        counted_us = self._t0_us + round(self._n * 1e6 / self._signal.fs_hz)
        if self._is_live and begin_us - counted_us > _SILENCE_S * 1e6:
            self._t0_us, self._n, counted_us = begin_us, 0, begin_us
            flags |= EcgFlag.GAP_BEFORE
        self._n += n
        signal = self._signal
        return Chunk(counted_us, signal.fs_hz, signal.lead, signal.gain, signal.baseline, flags, samples)

    def _read(self, stop: threading.Event) -> bytes | None:
        while not stop.is_set():
            ready, _, _ = select.select([self._descriptor], [], [], _LOOK_S)
            if ready:
                data = os.read(self._descriptor, self._read_bytes)
                if data:
                    return data
                if self._form is PipeFormat.TEXT and self._rest:
                    return b"\n"  # a last line needs no end
                return None
        return None

    def _parse(self, data: bytes) -> tuple[list[bytes | None], str]:
        """Return samples, `None` for each missing one, and what is wrong with what follows them."""
        data = self._rest + data
        if self._form is PipeFormat.INT16LE:
            whole = len(data) // 2 * 2
            self._rest = data[whole:]
            return [data[:whole]], ""
        *lines, self._rest = data.split(b"\n")
        pieces: list[bytes | None] = []
        run = bytearray()
        for line in lines:
            self._lines += 1
            word = line.strip()
            if word.lower() in _MISSING:
                pieces += [bytes(run), None]
                run.clear()
                continue
            try:
                value = int(word)
            except ValueError:
                return [*pieces, bytes(run)], self._problem(word)
            if not I16_MIN <= value <= I16_MAX:
                return [*pieces, bytes(run)], self._problem(word)
            run += value.to_bytes(2, "little", signed=True)
        return [*pieces, bytes(run)], ""

    def _problem(self, word: bytes) -> str:
        shown = word[:20].decode("ascii", "replace")
        return (
            f"line {self._lines} of standard input is {shown!r}, wanted a whole number from {I16_MIN} to {I16_MAX}"
            " (or an empty line or nan for a missing sample)"
        )
