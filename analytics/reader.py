"""What analytics reads: frames in the order of their commit, checkpoints, limits."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.rows import TupleRow

from analytics.checkpoints import Limits
from analytics.ordering import Frame
from heartwire.storage.errors import DatabaseRefusedError, translated
from heartwire.storage.log_epoch import begin_log_epoch
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("analytics", "reader.sql")
_NOT_OF_THIS_VERSION: Final = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedFunction,
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Cursor(NamedTuple):
    """How far one shard is: frames below `next_xid` are analysed, those below `replay_xid` are in checkpoints."""

    next_xid: int
    replay_xid: int


class StoredCheckpoint(NamedTuple):
    """A device's checkpoint: the engine that made it, after every frame below `next_xid`."""

    engine: str
    next_xid: int
    state: bytes


def find_schema(connection: psycopg.Connection[TupleRow]) -> None:
    """Fail where the schema is not of this version; changes nothing.

    Raises
    ------
    DatabaseRefusedError
        With what to do.
    DatabaseUnavailableError
        If the database cannot be reached.
    """
    try:
        with translated():
            connection.execute(_QUERIES["find_schema"])
    except DatabaseRefusedError as error:
        if isinstance(error.__cause__, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn):
            raise DatabaseRefusedError("the database has no schema of this version; run `heartwire migrate`") from error
        raise


class Reader:
    """Reads over one autocommitting connection; nothing here takes a transaction id.

    Every method raises `DatabaseUnavailableError` where the database cannot be reached.

    Parameters
    ----------
    connection : psycopg.Connection
        Autocommitting.
    """

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection: Final = connection

    def check_schema(self) -> None:
        """Fail at once where the schema is not of this version; let the log go on where it was restored.

        Raises
        ------
        DatabaseRefusedError
            With what to do.
        """
        find_schema(self._connection)
        begin_log_epoch(self._connection)

    def cursors(self, shards: Iterable[int]) -> dict[int, Cursor]:
        """Return the cursor of each of these shards."""
        return {shard: Cursor(*xids) for shard, *xids in self._rows("cursors", shards=list(shards))}

    def next_frames(self, shards: Iterable[int], next_xid: int, at_least: int) -> list[Frame]:
        """Return the next frames of these shards from `next_xid` on, in order.

        Frames of a transaction are returned together. Those beside which an older transaction still runs are left
        for later, whoever's transaction it is.

        Parameters
        ----------
        next_xid : int
            First transaction that may not be analysed yet.
        at_least : int
            Number of frames after which no further transaction is added.
        """
        return _frames(self._rows("next_frames", shards=list(shards), next_xid=next_xid, frames=at_least))

    def frames_again(self, shards: Iterable[int], next_xid: int, below: int, at_least: int) -> list[Frame]:
        """Return frames that were analysed before, as `next_frames`, none from transaction `below` on."""
        rows = self._rows("frames_again", shards=list(shards), next_xid=next_xid, below=below, frames=at_least)
        return _frames(rows)

    def checkpoints(self, devices: Iterable[str]) -> dict[str, StoredCheckpoint]:
        """Return the checkpoints of these devices, of those that have one."""
        rows = self._rows("checkpoints", devices=list(devices))
        return {device: StoredCheckpoint(*row) for device, *row in rows}

    def limits(self) -> dict[int, Limits]:
        """Return each patient's own limits, by call and name."""
        limits: dict[int, dict[str, dict[str, float]]] = {}
        for patient_id, call, name, value in self._rows("limits"):
            limits.setdefault(patient_id, {}).setdefault(call, {})[name] = value
        return dict(limits)

    def _rows(self, query: str, **parameters: Any) -> list[TupleRow]:  # noqa: ANN401 # the driver's values
        with translated(), self._connection.cursor(binary=True) as cursor:
            return cursor.execute(_QUERIES[query], parameters).fetchall()


def _frames(rows: Iterable[TupleRow]) -> list[Frame]:
    return [
        Frame(xid, device, patient, tenant, boot, seq, _utc_us(t0), _utc_us(received), *rest)
        for xid, device, patient, tenant, boot, seq, t0, received, *rest in rows
    ]


def _utc_us(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND
