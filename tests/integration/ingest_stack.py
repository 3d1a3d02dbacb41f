"""What the tests of ingest share: the pairs of servers, a registered device, ingest as a process, the stored rows."""

from collections.abc import Container, Mapping
from typing import Any, Final, Protocol

import psycopg
import pytest

from heartwire.storage.registry import add_patient
from heartwire.topics import SHARDS, new_device, shard_of
from tests.conftest import StartHeartwire
from tests.servers.process import Process
from tests.servers.waiting import wait_until
from tests.wire import Device

#: Hospital and laptop: every test runs on both.
on_both_pairs: Final = pytest.mark.parametrize(
    ("database_server", "broker"),
    [("timescaledb", "mosquitto"), ("embedded-postgresql", "amqtt")],
    indirect=True,
)
on_both_killable_pairs: Final = pytest.mark.parametrize(
    ("killable_database_server", "broker"),
    [("timescaledb", "mosquitto"), ("embedded-postgresql", "amqtt")],
    indirect=True,
)


class BrokerAddress(Protocol):
    """What the stack has to know of a broker, or of what stands before one."""

    @property
    def host(self) -> str:
        """Loopback address."""

    @property
    def port(self) -> int:
        """TCP port."""

    @property
    def speaks_mqtt5(self) -> bool:
        """Whether it speaks MQTT 5 besides 3.1.1."""


class Stack:
    """A database, a broker, and as many ingest processes as a test starts."""

    def __init__(self, start: StartHeartwire, database: str, broker: BrokerAddress) -> None:
        self.database: Final = database
        self.broker: Final = broker
        self._start: Final = start
        self._count = 0

    def start_ingest(self, *, waits: bool = True, env: Mapping[str, str] | None = None) -> Process:
        """Start a process; return when it is subscribed and has the database, unless `waits` is off."""
        self._count += 1
        return self._start(
            "ingest",
            env={
                "HEARTWIRE_INGEST_DATABASE": self.database,
                "HEARTWIRE_INGEST_BROKER_HOST": self.broker.host,
                "HEARTWIRE_INGEST_BROKER_PORT": str(self.broker.port),
                "HEARTWIRE_INGEST_INSTANCE": f"test-{self._count}",
                "HEARTWIRE_INGEST_RETRY_LONGEST_S": "0.5",
                **(env or {}),
            },
            is_ready=is_ready if waits else None,
        )

    def device(self, shards: Container[int] = range(SHARDS)) -> Device:
        """Return a device of one of the shards that is registered, with a patient; not connected yet."""
        name = next(name for name in iter(new_device, "") if shard_of(name) in shards)
        device = Device(self.broker.host, self.broker.port, name)
        with psycopg.connect(self.database) as connection:
            add_patient(connection, "Ada Example", device=device.name)
        return device

    def stranger(self) -> Device:
        """Return a device that nobody registered."""
        return Device(self.broker.host, self.broker.port)

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with psycopg.connect(self.database) as connection:
            return connection.execute(query, parameters).fetchall()

    def execute(self, statement: str) -> None:
        """Run a statement and commit."""
        with psycopg.connect(self.database) as connection:
            connection.execute(statement)

    def stored(self) -> list[tuple[Any, ...]]:
        """Return every ECG frame's identity and content, in order."""
        return self.rows(
            "SELECT s.device_id, s.boot_id, f.seq, (extract(epoch FROM f.t0) * 1000000)::bigint, f.fs_mhz, f.lead,"
            " f.gain, f.baseline, f.flags, f.samples"
            " FROM ecg_frames f JOIN streams s USING (stream_id) ORDER BY 1, 2, 3"
        )

    def reasons(self) -> list[str]:
        """Return the reason of every dead letter, sorted."""
        return sorted(reason for (reason,) in self.rows("SELECT reason FROM dead_letters"))

    def wait_for_rows(self, count: int, table: str = "ecg_frames") -> None:
        """Wait until a table has so many rows."""
        query = f"SELECT count(*) FROM {table}"  # noqa: S608 # a test's own words
        wait_until(lambda: self.rows(query) == [(count,)], f"{count} rows in {table}; reasons: {self.reasons()}")


def is_ready(process: Process) -> bool:
    """Whether ingest has both broker and database."""
    return "subscribed at" in process.log and "the database is there" in process.log
