"""Writes a batch to the database in one transaction, each frame exactly once, and says what was committed.

What is new is told by what this process remembers of each stream, and checked by the database in the same transaction:
the row of the stream takes in only numbers that it does not have. If it does not fit, nothing is written, all that was
remembered is forgotten, and the batch is sorted anew. So a memory that is wrong, for whatever reason, costs a second
attempt and never a frame.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import psycopg
from psycopg.rows import TupleRow

from heartwire.errors import HeartwireError
from heartwire.frames import EcgFrame, EventFrame, HrFrame
from heartwire.storage.errors import DatabaseRefusedError, translated
from heartwire.storage.leases import LeaseLostError, Standing, fence, set_writer
from heartwire.storage.log_epoch import begin_log_epoch
from heartwire.storage.pool import connect
from heartwire.storage.queries import load_queries
from heartwire.storage.stored import FrameKey, find_forgotten, find_in_blocks
from heartwire.topics import SHARDS, shard_of
from ingest.care import keep_words
from ingest.decode import DeadLetter, Decoded, DecodedFrame, DecodedStatus, topic_text
from ingest.errors import BatchRefusedError, StreamsChangedError
from ingest.refusals import Refusals, Refused
from ingest.registry import KnownStream, Registry
from ingest.rows import COPY_HEADER, COPY_TRAILER, pack_ecg, postgres_us
from ingest.sorting import Change, Sorted, by_stream, conflicting, sort_batch, unknown_status
from ingest.watermark import Watermark

_QUERIES: Final = load_queries("ingest", "writer.sql")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HR_TYPES: Final = ("int8", "int8", "int8", "int4", "int8", "int4", "int4[]", "int2", "int8")
_EVENT_TYPES: Final = ("int8", "int8", "int8", "int4", "int8", "text", "text", "int8")
_DEAD_LETTER_TYPES: Final = ("int8", "text", "text", "text", "bytea")
# Classes of SQLSTATE that blame the rows: cardinality, data, integrity, WITH CHECK, a limit, a trigger's own
# exception, an internal error. All others (rights, missing tables, resources) would meet any row.
_BLAMES_ROWS: Final = frozenset({"21", "22", "23", "44", "54", "P0", "XX"})
_UNDEFINED_TABLE: Final = "42P01"


class Written(NamedTuple):
    """What one commit did.

    Attributes
    ----------
    watermarks : tuple of Watermark
        Of each stream in the batch.
    frames, duplicates, statuses : int
        Frames stored, frames that were known, statuses seen.
    dead_letters : tuple of DeadLetter
        All that went there, those that only the database could know included.
    refused : tuple of Refused
        Devices that are to be told that their frames are not stored.
    n_refused : int
        Frames that were not stored for that reason.
    """

    watermarks: tuple[Watermark, ...]
    frames: int
    duplicates: int
    statuses: int
    dead_letters: tuple[DeadLetter, ...]
    refused: tuple[Refused, ...]
    n_refused: int


class Writer:
    """One connection to the database; opened when needed, and again after it broke.

    Parameters
    ----------
    database : str
        libpq URL.
    registry : Registry
        Remembers what the database has of each stream.
    standing : callable
        Returns which shards this process may write now, and in whose name; ``None`` for none.
    """

    def __init__(self, database: str, registry: Registry, standing: Callable[[], Standing | None]) -> None:
        self._database: Final = database
        self._registry: Final = registry
        self._standing: Final = standing
        self._writes_for: int | None = None
        self._refusals: Final = Refusals(registry.most)
        self._connection: psycopg.Connection[TupleRow] | None = None

    def setup(self) -> psycopg.Connection[TupleRow]:
        """Open the connection, unless it is there.

        Raises
        ------
        DatabaseUnavailableError
            If the database cannot be reached.
        DatabaseRefusedError
            If it does not let us in or has no schema.
        """
        if self._connection is None:
            connection = connect(self._database, "ingest")
            try:
                with _blamed(), connection.transaction():
                    connection.execute(_QUERIES["prepare_session"])
                    connection.execute(_QUERIES["find_schema"])
                    begin_log_epoch(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def write(self, messages: Sequence[Decoded]) -> Written:
        """Commit all of it, or nothing.

        Raises
        ------
        DatabaseUnavailableError, DatabaseFullError, StreamsChangedError
            Later it may work; the outcome of this commit may be unknown, and writing again is right.
        BatchRefusedError
            The database refuses something in these rows.
        DatabaseRefusedError
            It would refuse any.
        LeaseLostError
            Others took this process for dead.
        """
        standing = self._standing()
        if standing is None:
            raise LeaseLostError("no shard is held")
        connection = self.setup()
        try:
            with _blamed():
                if self._writes_for != standing.worker_id:
                    set_writer(connection, standing.worker_id)
                    connection.commit()
                    self._writes_for = standing.worker_id
                if changed := {note.payload for note in connection.notifies(timeout=0)}:
                    self._registry.forget_devices(changed)
                batch = self._sort(connection, messages, standing.held)
                with connection.transaction():
                    fence(connection, standing.worker_id)
                    return _write(connection, batch)
        except BaseException:
            # Whatever state it is in: the next one is clean, and remembers nothing that was not committed.
            self._registry.forget_streams()
            self._refusals.forget()
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; what was not committed is rolled back."""
        connection, self._connection = self._connection, None
        self._writes_for = None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()

    def _sort(
        self, connection: psycopg.Connection[TupleRow], messages: Sequence[Decoded], shards: frozenset[int]
    ) -> Sorted:
        frames = by_stream(messages)
        if len(shards) < SHARDS:
            # What came before a shard was given up, or after: another process stores it.
            frames = {key: items for key, items in frames.items() if shard_of(key.device) in shards}
        settled = [
            message.settles.key for message in messages if type(message) is DeadLetter and message.settles is not None
        ]
        streams = self._registry.find_streams(connection, (*frames, *settled))
        refused = self._refusals.sift(frames, streams)
        batch = sort_batch(messages, {key: frames[key] for key in frames if key not in refused}, streams)
        for key, refusal in refused.items():
            batch.n_refused += len(frames[key])
            if letter := self._refusals.due(key, refusal, frames[key][-1]):
                batch.dead_letters.append(letter)
                batch.refused.append(refusal)
        if batch.statuses:
            registered = self._registry.find_devices(connection, {status.device for status in batch.statuses})
            batch.dead_letters += [unknown_status(one) for one in batch.statuses if one.device not in registered]
            # By device: two processes lock the rows in one order. Python's sort keeps the order of arrival within it.
            batch.statuses = sorted(
                (one for one in batch.statuses if one.device in registered), key=lambda one: one.device
            )
        return batch


def _write(connection: psycopg.Connection[TupleRow], batch: Sorted) -> Written:
    _update_streams(connection, sorted(batch.changes.values(), key=lambda change: change.stream.stream_id))
    if fresh := batch.fresh:
        _copy_frames(connection, fresh)
        batch.dead_letters += keep_words(connection, fresh)
        connection.execute(_QUERIES["tell"])
    if known := batch.known:
        batch.dead_letters += _find_conflicts(connection, known)
    if batch.statuses:
        connection.cursor().executemany(_QUERIES["upsert_status"], [_status_row(status) for status in batch.statuses])
    if batch.dead_letters:
        _copy_dead_letters(connection, batch.dead_letters)
    watermarks = tuple([change.watermark(key) for key, change in batch.changes.items()])
    duplicates = sum(watermark.known_frames for watermark in watermarks)
    return Written(
        watermarks,
        len(fresh),
        duplicates,
        len(batch.statuses),
        tuple(batch.dead_letters),
        tuple(batch.refused),
        batch.n_refused,
    )


def _update_streams(connection: psycopg.Connection[TupleRow], changes: list[Change]) -> None:
    if not changes:
        return
    columns = {
        "ids": [change.stream.stream_id for change in changes],
        "seqs": [change.seqs for change in changes],
        "samples_us": [change.last_sample_us for change in changes],
        "received_us": [change.last_received_us for change in changes],
    }
    updated = connection.execute(_QUERIES["update_received"], columns).rowcount
    if updated < len(changes):
        raise StreamsChangedError(
            f"{len(changes) - updated} of {len(changes)} streams are not as they were left; looking at them anew"
        )


def _copy_frames(connection: psycopg.Connection[TupleRow], fresh: Sequence[tuple[KnownStream, DecodedFrame]]) -> None:
    pieces = [COPY_HEADER]
    others = []
    for stream, item in fresh:
        if type(item.frame) is EcgFrame:
            pieces += pack_ecg(stream.owner, item.frame, item.received.at_us)
        else:
            others.append((stream, item))
    with connection.cursor() as cursor:
        if len(pieces) > 1:
            pieces.append(COPY_TRAILER)
            with cursor.copy(_QUERIES["copy_ecg"]) as copy:
                copy.write(b"".join(pieces))
        if others:
            _copy(cursor, "copy_hr", _HR_TYPES, [_hr_row(*one) for one in others if type(one[1].frame) is HrFrame])
            _copy(
                cursor,
                "copy_events",
                _EVENT_TYPES,
                [_event_row(*one) for one in others if type(one[1].frame) is EventFrame],
            )


def _ecg_content(frame: object) -> tuple[object, ...]:
    assert isinstance(frame, EcgFrame)
    return (frame.fs_mhz, frame.lead, frame.gain, frame.baseline, frame.flags, frame.samples)


def _hr_content(frame: object) -> tuple[object, ...]:
    assert isinstance(frame, HrFrame)
    return (frame.bpm, list(frame.rr_ms), frame.contact)


def _event_content(frame: object) -> tuple[object, ...]:
    assert isinstance(frame, EventFrame)
    return (frame.kind, frame.text)


_STORED: Final[tuple[tuple[type, str, Callable[[object], tuple[object, ...]]], ...]] = (
    (EcgFrame, "stored_ecg", _ecg_content),
    (HrFrame, "stored_hr", _hr_content),
    (EventFrame, "stored_events", _event_content),
)


def _find_conflicts(
    connection: psycopg.Connection[TupleRow], known: Sequence[tuple[KnownStream, DecodedFrame]]
) -> Iterator[DeadLetter]:
    """Yield a dead letter for each frame that is not what is stored under its number."""
    for kind, query, content in _STORED:
        items = [(stream.stream_id, item) for stream, item in known if type(item.frame) is kind]
        if not items:
            continue
        times = [_instant(item.frame.t0) for _, item in items]
        keys = {
            "ids": [stream_id for stream_id, _ in items],
            "seqs": [item.frame.seq for _, item in items],
            "times": times,
            "first": min(times),
            "last": max(times),
        }
        stored = {
            (stream_id, seq): tuple(values)
            for stream_id, seq, *values in connection.execute(_QUERIES[query], keys, binary=True)
        }
        if kind is EcgFrame and len(stored) < len(items):
            stored |= _compacted(
                connection, [(id_, item) for id_, item in items if (id_, item.frame.seq) not in stored]
            )
        for stream_id, item in items:
            if stored.get((stream_id, item.frame.seq)) != content(item.frame):
                yield conflicting(item)


def _compacted(
    connection: psycopg.Connection[TupleRow], items: Sequence[tuple[int, DecodedFrame]]
) -> dict[tuple[int, int], tuple[object, ...]]:
    """Return what is known of these ECG frames, which are raw no more."""
    by_key = {FrameKey(stream_id, item.frame.seq, item.frame.t0): item for stream_id, item in items}
    found: dict[FrameKey, tuple[object, ...]] = {}
    for key, (scale, frame) in find_in_blocks(connection, list(by_key)).items():
        found[key] = (*scale, frame.flags, frame.samples)
    # What was dropped when its time was over cannot be compared any more, and is no conflict.
    forgotten = find_forgotten(connection, [key for key in by_key if key not in found])
    found |= {key: _ecg_content(by_key[key].frame) for key in forgotten}
    return {(key.stream_id, key.seq): content for key, content in found.items()}


def _hr_row(stream: KnownStream, item: DecodedFrame) -> tuple[object, ...]:
    frame = item.frame
    assert isinstance(frame, HrFrame)
    return (*_row_head(stream, item), frame.bpm, list(frame.rr_ms), frame.contact, postgres_us(item.received.at_us))


def _event_row(stream: KnownStream, item: DecodedFrame) -> tuple[object, ...]:
    frame = item.frame
    assert isinstance(frame, EventFrame)
    return (*_row_head(stream, item), frame.kind, frame.text, postgres_us(item.received.at_us))


def _row_head(stream: KnownStream, item: DecodedFrame) -> tuple[object, ...]:
    return (stream.stream_id, item.frame.seq, postgres_us(item.frame.t0), stream.tenant_id, stream.patient_id)


def _status_row(item: DecodedStatus) -> dict[str, object]:
    status = item.status
    return {
        "device": item.device,
        "boot_id": status.boot_id,
        "t": _instant(status.t),
        "online": status.online,
        "battery_percent": status.battery_percent,
        "firmware": status.firmware,
        "wearable": status.wearable,
        "rssi_dbm": status.rssi_dbm,
        "outbox_frames": status.outbox_frames,
        "outbox_bytes_left": status.outbox_bytes_left,
        "received_at": _instant(item.received.at_us),
        "is_live_will": not status.online and not item.received.retained,
    }


def _copy_dead_letters(connection: psycopg.Connection[TupleRow], letters: Iterable[DeadLetter]) -> None:
    rows = [
        (
            postgres_us(letter.received.at_us),
            _storable(topic_text(letter.received.topic)),
            str(letter.reason),
            _storable(letter.detail),
            letter.received.payload,
        )
        for letter in letters
    ]
    with connection.cursor() as cursor:
        _copy(cursor, "copy_dead_letters", _DEAD_LETTER_TYPES, rows)


def _copy(
    cursor: psycopg.Cursor[TupleRow], query: str, types: tuple[str, ...], rows: Sequence[tuple[object, ...]]
) -> None:
    if not rows:
        return
    with cursor.copy(_QUERIES[query]) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def _storable(text: str) -> str:
    """Return text that PostgreSQL takes, whatever came: U+0000 and lone surrogates are written out."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()


def _instant(utc_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=utc_us)


@contextmanager
def _blamed() -> Iterator[None]:
    """Translate the driver's errors, and tell those that blame the rows from the others."""
    try:
        with translated():
            yield
    except HeartwireError as error:
        cause = error.__cause__
        if not isinstance(cause, psycopg.Error):
            raise
        if cause.sqlstate == _UNDEFINED_TABLE:
            raise DatabaseRefusedError("the database has no schema of this version; run `heartwire migrate`") from cause
        blames_rows = (
            isinstance(cause, psycopg.DataError) if cause.sqlstate is None else cause.sqlstate[:2] in _BLAMES_ROWS
        )
        if blames_rows:
            # Not the driver's whole text: it may quote the row.
            message = cause.diag.message_primary or type(cause).__name__
            raise BatchRefusedError(cause.sqlstate or "client", message) from cause
        raise
