"""Records and pipes give the samples that stand in them, and nothing else."""

import itertools
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wfdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.errors import SourceError
from edge.framer import Framer
from edge.pacing import Pace
from edge.sources.pipe import PipeFormat, PipeSignal, PipeSource
from edge.sources.record import RecordSource
from edge.sources.source import Chunk
from heartwire.frames import EcgFlag

T0_US = 1_790_000_000_000_000
SIGNAL = PipeSignal(250.0, "II", 200.0, -3)


def _record(folder: Path, samples: "np.ndarray[Any, Any]", **changes: object) -> Path:
    n_leads = samples.shape[1]
    fields: dict[str, Any] = {
        "fs": 250,
        "units": ["mV"] * n_leads,
        "sig_name": [f"L{number}" for number in range(n_leads)],
        "fmt": ["16"] * n_leads,
        "adc_gain": [200.0] * n_leads,
        "baseline": [0] * n_leads,
    }
    wfdb.wrsamp("rec", d_signal=samples, write_dir=str(folder), **{**fields, **changes})
    return folder / "rec"


def _chunks(source: RecordSource | PipeSource) -> list[Chunk]:
    return list(source.chunks(threading.Event()))


def _values(chunks: Sequence[Chunk]) -> list[int]:
    return [int(value) for value in np.frombuffer(b"".join(chunk.samples for chunk in chunks), "<i2")]


@pytest.mark.parametrize(("fmt", "low", "high"), [("16", -32767, 32767), ("212", -2047, 2047), ("24", -32768, 32767)])
@pytest.mark.parametrize("chunk_s", [0.1, 0.137, 60.0])
def test_a_record_in_windows_is_the_record(tmp_path: Path, fmt: str, low: int, high: int, chunk_s: float) -> None:
    whole = np.random.default_rng(0).integers(low, high + 1, (250 * 130 + 17, 2))
    path = _record(tmp_path, whole, fmt=[fmt] * 2, adc_gain=[200.5, 7.0], baseline=[-12, 9])
    for lead, column in ((None, 0), ("1", 1), ("L1", 1)):
        source = RecordSource(path, lead=lead, chunk_s=chunk_s, loop=False)
        source.t0_us = T0_US
        chunks = _chunks(source)
        want = wfdb.rdrecord(str(path), physical=False).d_signal[:, column]
        assert _values(chunks) == want.tolist() == whole[:, column].tolist()
        assert {(c.fs_hz, c.lead, c.gain, c.baseline) for c in chunks} == {
            (250.0, f"L{column}", [200.5, 7.0][column], [-12, 9][column])
        }
        n_before = 0
        for chunk in chunks:
            assert chunk.t0_us == T0_US + n_before * 4000
            n_before += chunk.n_samples
        assert not any(chunk.flags for chunk in chunks)


def test_missing_samples_are_gaps(tmp_path: Path) -> None:
    samples = np.arange(250 * 70).reshape(-1, 1) % 1000
    missing = [*range(100, 105), *range(14_990, 15_200), 17_000, 17_499]
    samples[missing] = -32768
    chunks = _chunks(RecordSource(_record(tmp_path, samples), lead=None, chunk_s=0.5, loop=False))
    present = np.setdiff1d(np.arange(17_500), missing)
    assert _values(chunks) == samples[present, 0].tolist()
    times = np.concatenate([c.t0_us / 4000 + np.arange(c.n_samples) for c in chunks])
    np.testing.assert_array_equal(times, present)
    assert [c.t0_us // 4000 for c in chunks if EcgFlag.GAP_BEFORE in c.flags] == [105, 15_200, 17_001]
    frames = [frame for framer in [Framer(1)] for chunk in chunks for frame in framer.push(chunk)]
    assert [f.t0 // 4000 for f in frames if f.flags & EcgFlag.GAP_BEFORE] == [105, 15_200, 17_001]


def test_a_loop_goes_on_in_time_and_marks_its_seam(tmp_path: Path) -> None:
    samples = np.arange(500).reshape(-1, 1)
    source = RecordSource(_record(tmp_path, samples), lead=None, chunk_s=0.5, loop=True)
    chunks: list[Chunk] = []
    for chunk in source.chunks(threading.Event()):
        chunks.append(chunk)
        if len(chunks) == 10:
            break
    assert [c.t0_us for c in chunks] == [number * 500_000 for number in range(10)]
    assert [number for number, c in enumerate(chunks) if c.flags] == [4, 8]
    assert _values(chunks[4:8]) == list(range(500))


def test_units_become_mv(tmp_path: Path) -> None:
    samples = np.zeros((500, 3), dtype=int)
    path = _record(tmp_path, samples, units=["mmHg", "uV", "V"], sig_name=["ABP", "II", "V"], adc_gain=[1.0, 0.2, 2e5])
    assert {(c.lead, c.gain) for c in _chunks(RecordSource(path, lead=None, chunk_s=1.0, loop=False))} == {
        ("II", 200.0)
    }
    assert {c.gain for c in _chunks(RecordSource(path, lead="V", chunk_s=1.0, loop=False))} == {200.0}
    with pytest.raises(SourceError, match=r"signal ABP .* is in mmhg, wanted a lead in mV"):
        RecordSource(path, lead="ABP", chunk_s=1.0, loop=False)


def test_what_the_wire_cannot_carry_is_refused_not_rounded(tmp_path: Path) -> None:
    samples = np.zeros((20_000, 1), dtype=int)
    samples[17_000] = 32_768
    source = RecordSource(_record(tmp_path, samples, fmt=["24"]), lead=None, chunk_s=60.0, loop=False)
    chunks = source.chunks(threading.Event())
    assert next(chunks).n_samples == 15_000
    with pytest.raises(SourceError, match=r"values from 0 to 32768 .* nothing is rounded"):
        next(chunks)


@pytest.mark.parametrize(
    ("changes", "lead", "message"),
    [
        ({"fs": 50}, None, "50 samples/s, wanted 100 to 1000"),
        ({"baseline": [40_000]}, None, "baseline 40000"),
        ({"units": ["NU"]}, None, "has no lead in mV"),
        ({}, "V9", r"no lead 'V9'; choose one of 0 \(L0\)"),
        ({}, "7", "no lead '7'"),
    ],
)
def test_a_record_that_does_not_fit_is_a_sentence(
    tmp_path: Path, changes: dict[str, Any], lead: str | None, message: str
) -> None:
    path = _record(tmp_path, np.zeros((500, 1), dtype=int), **changes)
    with pytest.raises(SourceError, match=message):
        RecordSource(path, lead=lead, chunk_s=1.0, loop=False)


def test_no_record_and_a_cut_one_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"there is no record .*nothing"):
        RecordSource(tmp_path / "nothing", lead=None, chunk_s=1.0, loop=False)
    path = _record(tmp_path, np.zeros((50_000, 1), dtype=int))
    data = (tmp_path / "rec.dat").read_bytes()
    (tmp_path / "rec.dat").write_bytes(data[:40_000])
    with pytest.raises(SourceError, match=r"cannot be read from sample \d+ on"):
        _chunks(RecordSource(path, lead=None, chunk_s=1.0, loop=False))


class _Pipe:
    """A pipe that a thread fills in the given pieces."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self.reader, writer = os.pipe()
        self._thread = threading.Thread(target=self._write, args=(writer, pieces))
        self._thread.start()

    @staticmethod
    def _write(writer: int, pieces: Sequence[bytes]) -> None:
        with os.fdopen(writer, "wb", buffering=0) as file:
            for piece in pieces:
                file.write(piece)

    def close(self) -> None:
        self._thread.join()
        os.close(self.reader)


def _piped(pieces: Sequence[bytes], form: PipeFormat) -> Iterator[Chunk]:
    pipe = _Pipe(pieces)
    try:
        yield from PipeSource(pipe.reader, SIGNAL, form, t0_us=T0_US).chunks(threading.Event())
    finally:
        pipe.close()


@given(
    values=st.lists(st.integers(-32768, 32767), max_size=500),
    cuts=st.lists(st.integers(0, 3500), max_size=10),
    data=st.data(),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_a_pipe_gives_its_samples_however_it_is_cut(values: list[int], cuts: list[int], data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(PipeFormat))
    text = "\n".join(map(str, values)).encode()
    stream = text if form is PipeFormat.TEXT else np.array(values, "<i2").tobytes()
    bounds = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    pieces = [stream[begin:end] for begin, end in itertools.pairwise(bounds)]
    chunks = list(_piped(pieces, form))
    assert _values(chunks) == values
    n_before = 0
    for chunk in chunks:
        assert chunk.t0_us == T0_US + n_before * 4000
        n_before += chunk.n_samples


def test_missing_lines_of_text_are_gaps_in_time() -> None:
    chunks = list(_piped([b"1\n2\n\nnan\n5\r\n 6 \n"], PipeFormat.TEXT))
    assert [(c.t0_us, _values([c]), int(c.flags)) for c in chunks] == [
        (T0_US, [1, 2], 0),
        (T0_US + 4 * 4000, [5, 6], EcgFlag.GAP_BEFORE),
    ]


@pytest.mark.parametrize(
    ("stream", "form", "message"),
    [
        (b"1\n2\nx\n4\n", PipeFormat.TEXT, "line 3 of standard input is 'x'"),
        (b"1\n32768\n", PipeFormat.TEXT, "line 2 of standard input is '32768'"),
        (b"1\n1.5\n", PipeFormat.TEXT, r"line 2 of standard input is '1\.5'"),
        (b"\x01\x00\x02", PipeFormat.INT16LE, "in the middle of a sample"),
    ],
)
def test_what_is_no_sample_is_a_sentence_after_what_is(stream: bytes, form: PipeFormat, message: str) -> None:
    chunks: list[Chunk] = []
    with pytest.raises(SourceError, match=message):
        chunks.extend(_piped([stream], form))
    assert _values(chunks)[0] == 1


def test_a_live_pipe_that_was_silent_has_a_gap() -> None:
    clock = iter([10_000_000, 10_100_000, 10_200_000, 15_000_000, 15_100_000])
    reader, writer = os.pipe()
    source = PipeSource(reader, SIGNAL, PipeFormat.INT16LE, now_us=lambda: next(clock))
    chunks = source.chunks(threading.Event())
    got = []
    for _ in range(5):
        os.write(writer, bytes(50))
        got.append(next(chunks))
    os.close(writer)
    assert list(chunks) == []
    os.close(reader)
    assert [(c.t0_us, int(c.flags)) for c in got] == [
        (9_900_000, 0),
        (10_000_000, 0),
        (10_100_000, 0),
        (14_900_000, EcgFlag.GAP_BEFORE),
        (15_000_000, 0),
    ]


def test_a_pipe_and_a_pace_end_soon_after_a_stop() -> None:
    reader, writer = os.pipe()
    stop = threading.Event()
    source = PipeSource(reader, SIGNAL, PipeFormat.INT16LE)
    thread = threading.Thread(target=lambda: list(source.chunks(stop)))
    thread.start()
    stop.set()
    thread.join(5.0)
    assert not thread.is_alive()
    os.close(reader)
    os.close(writer)
    hour = Chunk(0, 100.0, "II", 200.0, 0, EcgFlag(0), bytes(720_000))
    assert list(Pace(1.0).apply([hour], stop)) == []


def test_a_signal_that_plays_now_follows_the_clock_with_a_gap() -> None:
    clock = iter([100_000_000, 101_000_000, 3_702_000_000, 3_703_000_000])
    pace = Pace(1e6, follows_clock=True, now_us=lambda: next(clock))
    chunks = [Chunk(99_000_000 + n * 1_000_000, 250.0, "II", 200.0, 0, EcgFlag(0), bytes(500)) for n in range(4)]
    got = [one for one in pace.apply(chunks, threading.Event()) if isinstance(one, Chunk)]
    assert [(c.t0_us, int(c.flags)) for c in got] == [
        (99_000_000, 0),
        (100_000_000, 0),
        (3_701_000_000, EcgFlag.GAP_BEFORE),
        (3_702_000_000, 0),
    ]
