"""What a sample costs on disk and in time: lossless blocks beside raw frames and one row a sample, on TimescaleDB."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import psycopg
import wfdb
from numpy.typing import NDArray

from heartwire.frames import EcgFrame
from heartwire.storage.ecg import read_ecg
from heartwire.storage.flac import decode_flac, encode_flac
from heartwire.storage.leases import Leases
from heartwire.storage.migrate import migrate
from heartwire.topics import Stream
from ingest.decode import DecodedFrame, StreamKey
from ingest.packets import Received
from ingest.registry import Registry
from ingest.writer import Writer
from tests.benchmarks.results import SHORT, Bench, say
from tests.integration.storage_stack import BEGIN_US, Vault
from tests.servers.postgres import TimescaleServer

_RECORDS: Final = 2 if SHORT else 22
_FS_HZ: Final = 360
_BATCH: Final = 2_000
_ROWS: Final = 100_000 if SHORT else 2_000_000
_DAY_S: Final = 3_600 if SHORT else 86_400


class _Lead(NamedTuple):
    name: str
    gain: float
    baseline: int
    samples: NDArray[np.int16]


def _leads(record: Path) -> list[_Lead]:
    read = wfdb.rdrecord(str(record), physical=False)
    return [
        _Lead(name, gain, baseline, np.ascontiguousarray(column, np.int16))
        for name, gain, baseline, column in zip(
            read.sig_name, read.adc_gain, read.baseline, read.d_signal.T, strict=True
        )
    ]


def _frames(leads: list[_Lead], fs_hz: int = _FS_HZ) -> Iterator[EcgFrame]:
    """Yield a record as its device would send it: a frame a second of each lead."""
    n = leads[0].samples.size // fs_hz
    for second in range(n):
        for number, lead in enumerate(leads):
            samples = lead.samples[second * fs_hz : (second + 1) * fs_hz].tobytes()
            yield EcgFrame(
                1,
                second * len(leads) + number,
                BEGIN_US + second * 1_000_000,
                fs_hz * 1000,
                lead.name,
                lead.gain,
                lead.baseline,
                0,
                samples,
            )


def _store(vault: Vault, writer: Writer, device: str, frames: Iterator[EcgFrame]) -> int:
    key, n_samples, batch = StreamKey(device, Stream.ECG, 1), 0, list[Any]()
    for frame in frames:
        n_samples += frame.n_samples
        batch.append(DecodedFrame(key, frame, Received(b"", b"", 0, frame.t_end, retained=False, connection=0, mid=0)))
        if len(batch) == _BATCH:
            writer.write(batch)
            batch.clear()
    if batch:
        writer.write(batch)
    return n_samples


def _size(connection: psycopg.Connection[Any], table: str) -> int:
    """Return a table's bytes on disk: chunks, indexes, TOAST and all."""
    row = connection.execute(
        "SELECT sum(pg_total_relation_size(c.oid)) FROM ("
        " SELECT %s::regclass AS oid UNION ALL SELECT inhrelid FROM pg_inherits WHERE inhparent = %s::regclass) AS c",
        (table, table),
    ).fetchone()
    assert row is not None
    return int(row[0])


def _row_a_sample(connection: psycopg.Connection[Any]) -> float:
    connection.execute(
        "CREATE TABLE samples (patient_id bigint NOT NULL, t timestamptz NOT NULL, lead text NOT NULL,"
        " mv double precision NOT NULL, PRIMARY KEY (patient_id, lead, t))"
    )
    connection.execute("SELECT create_hypertable('samples', by_range('t', interval '1 hour'))")
    connection.execute(
        "INSERT INTO samples SELECT 1, to_timestamp(%s + i / 360.0), 'MLII', random() FROM generate_series(1, %s) AS i",
        (BEGIN_US // 1_000_000, _ROWS),
    )
    return _size(connection, "samples") / _ROWS


def _codec_ns(leads: list[_Lead]) -> tuple[float, float]:
    pieces = [lead.samples[at : at + 60 * _FS_HZ] for lead in leads for at in range(0, 600_000, 60 * _FS_HZ)]
    n_samples = sum(piece.size for piece in pieces)
    begin_s = time.process_time()
    encoded = [encode_flac(piece) for piece in pieces]
    middle_s = time.process_time()
    for flac in encoded:
        decode_flac(flac)
    return (middle_s - begin_s) / n_samples * 1e9, (time.process_time() - middle_s) / n_samples * 1e9


def test_bytes_a_sample(bench: Bench, ecg_dir: Path) -> None:
    """All of the MIT-BIH records that there are, both leads, as ingest stores them and as the compactor leaves them."""
    records = sorted(path.with_suffix("") for path in (ecg_dir / "mitdb").glob("*.hea"))[:_RECORDS]
    with TimescaleServer() as server:
        migrate(database := server.create_database("storage"))
        vault = Vault(database)
        standing = Leases("ingest", "bench", 6000.0).tick(vault.connection)
        writer = Writer(database, Registry(1000, admits_everyone=False), lambda: standing)
        n_samples = sum(_store(vault, writer, vault.add_patient()[1], _frames(_leads(record))) for record in records)
        raw = _size(vault.connection, "ecg_frames") / n_samples
        vault.analyse()
        begin_s = time.perf_counter()
        n_frames = vault.compact()
        took_s = time.perf_counter() - begin_s
        assert vault.value("SELECT sum(n_samples) FROM ecg_blocks") == n_samples
        blocks = _size(vault.connection, "ecg_blocks") / n_samples
        flac = int(vault.value("SELECT sum(octet_length(samples)) FROM ecg_blocks")) / n_samples
        say(f"storage: {n_samples} samples, {1e6 * took_s / n_frames:.0f} us a frame to compact")
        bench.record(
            "storage_bytes_per_sample",
            blocks,
            "bytes on disk a sample",
            aim="<= 0.65",
            peers={
                "of it FLAC": flac,
                "raw frames, int16": raw,
                "one row a sample, hypertable": _row_a_sample(vault.connection),
            },
            only="bench_storage.py",
        )
        encode_ns, decode_ns = _codec_ns(_leads(records[0]))
        bench.record("storage_encode_ns_per_sample", encode_ns, "ns a sample", only="bench_storage.py")
        bench.record("storage_decode_ns_per_sample", decode_ns, "ns a sample", only="bench_storage.py")
        bench.record(
            "storage_read_day_s", _read_day_s(vault, writer, _leads(records[0])[0]), "s", only="bench_storage.py"
        )
        writer.close()
        vault.close()


def _read_day_s(vault: Vault, writer: Writer, lead: _Lead) -> float:
    """Return how long it takes to have a day of one lead at 250 Hz as one signal, seconds: the best of three."""
    patient_id, device = vault.add_patient()
    day = lead._replace(samples=np.resize(lead.samples, _DAY_S * 250))
    _store(vault, writer, device, _frames([day], 250))
    vault.analyse()
    vault.compact()
    took_s = []
    for _ in range(3):
        begin_s = time.perf_counter()
        ecg = read_ecg(vault.connection, patient_id, BEGIN_US, BEGIN_US + _DAY_S * 1_000_000)
        took_s.append(time.perf_counter() - begin_s)
        assert ecg.ecg_mv.size == _DAY_S * 250
        assert np.isfinite(ecg.ecg_mv).all()
    return min(took_s)
