"""What a loaded fleet has to do with the database: registers its devices, and looks what became of their frames."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg

from heartwire.access import hash_secret
from heartwire.storage.blocks import read_layout
from heartwire.storage.errors import translated
from heartwire.storage.pool import connect
from heartwire.storage.registry import add_many
from heartwire.storage.stored import read_frames
from simulators.load.device import Credential, LoadDevice
from simulators.load.processes import find_by_port, program_of
from simulators.load.report import FRACTIONS, Analysed, Latency, Stored
from simulators.load.sightings import QUERIES
from simulators.load.signal import Pool

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: A look at all frames of a long run takes minutes.
_TIMEOUT_S: Final = 1800.0
#: Of so many devices the samples are compared.
_COMPARED: Final = 20
_FRAME_US: Final = 1_000_000


def register_devices(database: str, credentials: Sequence[Credential]) -> int:
    """Register those that are not yet, each with a patient of its own, and return how many were new.

    Of those with a password the hash is kept, as of devices that are paired: `heartwire broker restore` lets them in.
    """
    secrets = [(one.device, hash_secret(one.password)) for one in credentials if one.password is not None]
    with connect(database, "simulate") as connection, translated():
        count = add_many(connection, [one.device for one in credentials], prefix="Load ", ward="load")
        if secrets:
            parameters = {
                "devices": [device for device, _ in secrets],
                "salts": [secret.salt for _, secret in secrets],
                "iterations": [secret.iterations for _, secret in secrets],
                "hashes": [secret.hash for _, secret in secrets],
            }
            connection.execute(QUERIES["add_credentials"], parameters)
        return count


def find_processes(database: str, broker_port: int) -> dict[int, str]:
    """Return the processes of this machine that serve the fleet: name by process id.

    The broker is who listens on its port; the services are who is connected to the database, by the names that they
    give themselves there; the database is the one that answers.
    """
    with connect(database, "simulate", autocommit=True) as connection, translated():
        database_port = connection.info.port
        services = {port: name.split("-")[1] for name, port in connection.execute(QUERIES["services"])}
    found = find_by_port({broker_port, database_port}, services)
    names = {pid: services[port] for port, pid in found.items() if port in services}
    names |= {found[port]: program_of(found[port]) for port in (broker_port, database_port) if port in found}
    return _told_apart(names)


def look_behind(database: str, devices: Sequence[LoadDevice]) -> Analysed | None:
    """Return how old the newest analysed signal is, now; ``None`` where nothing is analysed."""
    with connect(database, "simulate", autocommit=True) as connection, translated():
        parameters = {"devices": [device.name for device in devices], "fractions": [0.5, 0.99]}
        count, ages_s = _row(connection, "behind", parameters)
    return Analysed(count, *ages_s) if count else None


def look(
    database: str,
    devices: Sequence[LoadDevice],
    pool: Pool,
    *,
    fs_hz: int,
    since_us: int,
    sighted: Mapping[int, int],
) -> tuple[Stored, Latency | None]:
    """Count what the database has of a fleet, compare samples, and say how long frames took.

    Parameters
    ----------
    since_us : int
        When the fleet began, UTC microseconds.
    sighted : mapping
        When each transaction was seen to be over, UTC microseconds (`simulators.load.sightings`).
    """
    with connect(database, "simulate", statement_timeout_s=_TIMEOUT_S) as connection, translated():
        # One snapshot: what moves from frames to blocks meanwhile is seen once.
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute(QUERIES["prepare_check"])
        with connection.cursor().copy(QUERIES["copy_made"]) as copy:
            for device in devices:
                copy.write_row((device.name, device.boot_id, device.held.made, device.t0_us))
        with connection.cursor().copy(QUERIES["copy_sighted"]) as copy:
            for pair in sighted.items():
                copy.write_row(pair)
        longest = max(device.held.made for device in devices)
        window = {
            "first": _at(since_us - 2 * _FRAME_US),
            "last": _at(since_us + (longest + 2) * _FRAME_US),
            "n_samples": fs_hz,
        }
        connection.execute(QUERIES["gather"], window)
        _gather_blocks(connection, window, fs_hz)
        rows, frames, right = _row(connection, "count")
        (complete,) = _row(connection, "streams_complete")
        letters: dict[str, int] = dict(connection.execute(QUERIES["dead_letters"], {"since": _at(since_us)}).fetchall())
        compared = different = 0
        for device in devices[:: max(1, len(devices) // _COMPARED)]:
            for seq, samples in _samples(connection, device, since_us, longest):
                compared += 1
                different += samples != pool.samples(device.number, seq)
        n_timed, times_ms = _row(connection, "latency", {"fractions": list(FRACTIONS)})
    latency = Latency(n_timed, *(float(ms) for ms in times_ms)) if n_timed else None
    return Stored(rows, frames, right, complete, compared, different, letters), latency


def _gather_blocks(connection: psycopg.Connection[Any], window: Mapping[str, object], fs_hz: int) -> None:
    """Add the frames that are in blocks to those that are gathered."""
    blocks = connection.execute(QUERIES["blocks"], window).fetchall()
    with connection.cursor().copy(QUERIES["copy_stored"]) as copy:
        for stream_id, minute_us, fs_mhz, layout, made, began_us in blocks:
            where = read_layout(minute_us, fs_mhz, layout)
            for seq, t0_us, n_samples in zip(*(part.tolist() for part in where[:3]), strict=True):
                is_right = 0 <= seq < made and t0_us == began_us + seq * _FRAME_US and n_samples == fs_hz
                copy.write_row((stream_id, seq, t0_us + _FRAME_US, is_right))


def _samples(
    connection: psycopg.Connection[Any], device: LoadDevice, since_us: int, longest: int
) -> Iterator[tuple[int, bytes]]:
    parameters = {"device": device.name, "boot_id": device.boot_id}
    row = connection.execute(QUERIES["patient"], parameters).fetchone()
    if row is None:
        return
    for item in read_frames(connection, row[0], since_us - 2 * _FRAME_US, since_us + (longest + 2) * _FRAME_US):
        if (item.device_id, item.boot_id) == (device.name, device.boot_id):
            yield item.frame.seq, item.frame.samples


def _row(connection: psycopg.Connection[Any], name: str, parameters: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401 # a row of any query
    row = connection.execute(QUERIES[name], parameters).fetchone()
    assert row is not None
    return row


def _at(us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=us)


def _told_apart(names: dict[int, str]) -> dict[int, str]:
    """Add the process id where two have one name."""
    shared = {name for name in names.values() if list(names.values()).count(name) > 1}
    return {pid: f"{name} {pid}" if name in shared else name for pid, name in names.items()}
