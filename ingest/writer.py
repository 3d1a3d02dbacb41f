"""Writes a batch to the database in one transaction, each frame exactly once, and says what was committed."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import psycopg
from psycopg.rows import TupleRow

from heartwire.errors import HeartwireError
from heartwire.frames import EcgFrame, EventFrame, HrFrame, Reason
from heartwire.storage.errors import DatabaseRefusedError, translated
from heartwire.storage.pool import connect
from heartwire.storage.queries import load_queries
from ingest.decode import DeadLetter, Decoded, DecodedFrame, DecodedStatus, StreamKey
from ingest.errors import BatchRefusedError, StreamsGoneError
from ingest.registry import Registry
from ingest.rows import COPY_HEADER, COPY_TRAILER, pack_ecg, postgres_us
from ingest.watermark import GAPS_MAX, Watermark

_QUERIES: Final = load_queries("ingest", "writer.sql")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HR_TYPES: Final = ("int8", "int8", "int8", "int8", "int4", "int4[]", "int2")
_EVENT_TYPES: Final = ("int8", "int8", "int8", "int8", "text", "text")
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
    """

    watermarks: tuple[Watermark, ...]
    frames: int
    duplicates: int
    statuses: int
    dead_letters: tuple[DeadLetter, ...]


class _Staged(NamedTuple):
    """Frames of a batch by stream and seq, each once; the streams of what came twice; the batch's streams."""

    frames: dict[tuple[int, int], DecodedFrame]
    repeated: Counter[int]
    ids: dict[StreamKey, int]

    def of(self, kind: type[EcgFrame | HrFrame | EventFrame]) -> list[tuple[int, DecodedFrame]]:
        return [(stream_id, item) for (stream_id, _), item in self.frames.items() if type(item.frame) is kind]


class Writer:
    """One connection to the database; opened when needed, and again after it broke."""

    def __init__(self, database: str, registry: Registry) -> None:
        self._database: Final = database
        self._registry: Final = registry
        self._connection: psycopg.Connection[TupleRow] | None = None

    def setup(self) -> psycopg.Connection[TupleRow]:
        """Open the connection and its staging tables, unless they are there.

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
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def write(self, messages: Sequence[Decoded]) -> Written:
        """Commit all of it, or nothing.

        Raises
        ------
        DatabaseUnavailableError, DatabaseFullError
            Later it may work; the outcome of this commit may be unknown, and writing again is right.
        BatchRefusedError
            The database refuses something in these rows.
        DatabaseRefusedError
            It would refuse any.
        """
        connection = self.setup()
        try:
            with _blamed():
                frames, statuses, dead_letters = self._sort(connection, messages)
                with connection.transaction():
                    return self._write(connection, frames, statuses, dead_letters)
        except HeartwireError:
            # Whatever state it is in: the next one is clean.
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; what was not committed is rolled back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()

    def _sort(
        self, connection: psycopg.Connection[TupleRow], messages: Sequence[Decoded]
    ) -> tuple[_Staged, list[DecodedStatus], list[DeadLetter]]:
        """Tell apart what is stored in which way; strangers and contradictions within the batch are dead letters."""
        dead_letters = [message for message in messages if isinstance(message, DeadLetter)]
        statuses = [message for message in messages if isinstance(message, DecodedStatus)]
        frames = [message for message in messages if isinstance(message, DecodedFrame)]
        settled = [letter.settles for letter in dead_letters if letter.settles is not None]
        ids = self._registry.find_streams(connection, (frame.key for frame in (*frames, *settled)))
        staged = _Staged({}, Counter(), ids)
        for item in frames:
            stream_id = ids.get(item.key)
            if stream_id is None:
                dead_letters.append(_unknown(item, item.key.device))
                continue
            first = staged.frames.setdefault((stream_id, item.frame.seq), item)
            if first is item:
                continue
            staged.repeated[stream_id] += 1
            if first.frame != item.frame:
                dead_letters.append(_conflicting(item))
        registered = self._registry.find_devices(connection, (status.device for status in statuses))
        dead_letters += [_unknown(status, status.device) for status in statuses if status.device not in registered]
        # By device: two processes lock the rows in one order. Python's sort keeps the order of arrival within it.
        kept = sorted((status for status in statuses if status.device in registered), key=lambda status: status.device)
        return staged, kept, dead_letters

    def _write(
        self,
        connection: psycopg.Connection[TupleRow],
        staged: _Staged,
        statuses: list[DecodedStatus],
        dead_letters: list[DeadLetter],
    ) -> Written:
        self._lock(connection, staged.ids)
        watermarks: list[Watermark] = []
        if staged.frames:
            inserted = _copy_and_insert(connection, staged)
            if inserted < len(staged.frames):
                dead_letters += _find_conflicts(connection, staged)
            if inserted:
                connection.execute(_QUERIES["tell"])
            rows = connection.execute(_QUERIES["update_received"], {"gaps": GAPS_MAX + 1}, binary=True)
            watermarks += _watermarks(rows, staged)
        if statuses:
            connection.cursor().executemany(_QUERIES["upsert_status"], [_status_row(status) for status in statuses])
        for letter in dead_letters:
            if letter.settles is not None and letter.settles.key in staged.ids:
                parameters = {
                    "stream_id": staged.ids[letter.settles.key],
                    "seq": letter.settles.frame.seq,
                    "gaps": GAPS_MAX + 1,
                }
                rows = connection.execute(_QUERIES["settle_refused"], parameters, binary=True)
                watermarks += _watermarks(rows, staged)
        if dead_letters:
            _copy_dead_letters(connection, dead_letters)
        frames = sum(watermark.new_frames for watermark in watermarks)
        duplicates = sum(watermark.known_frames for watermark in watermarks)
        return Written(tuple(watermarks), frames, duplicates, len(statuses), tuple(dead_letters))

    def _lock(self, connection: psycopg.Connection[TupleRow], ids: dict[StreamKey, int]) -> None:
        if not ids:
            return
        rows = connection.execute(_QUERIES["lock_streams"], {"ids": sorted(ids.values())}).fetchall()
        if len(rows) < len(ids):
            self._registry.forget_streams()
            raise StreamsGoneError(f"{len(ids) - len(rows)} streams were deleted meanwhile; they are looked up again")


def _copy_and_insert(connection: psycopg.Connection[TupleRow], staged: _Staged) -> int:
    """Copy the frames to the staging tables, insert those that are new, and return how many were."""
    inserted = 0
    with connection.cursor() as cursor:
        if ecg := staged.of(EcgFrame):
            rows = (
                pack_ecg(stream_id, item.frame, item.received.at_us)
                for stream_id, item in ecg
                if isinstance(item.frame, EcgFrame)
            )
            with cursor.copy(_QUERIES["copy_ecg"]) as copy:
                copy.write(b"".join((COPY_HEADER, *rows, COPY_TRAILER)))
            inserted += cursor.execute(_QUERIES["insert_ecg"]).rowcount
        if hr := staged.of(HrFrame):
            _copy(cursor, "copy_hr", _HR_TYPES, (_hr_row(*item) for item in hr))
            inserted += cursor.execute(_QUERIES["insert_hr"]).rowcount
        if events := staged.of(EventFrame):
            _copy(cursor, "copy_events", _EVENT_TYPES, (_event_row(*item) for item in events))
            inserted += cursor.execute(_QUERIES["insert_events"]).rowcount
    return inserted


def _find_conflicts(connection: psycopg.Connection[TupleRow], staged: _Staged) -> list[DeadLetter]:
    times = [item.frame.t0 for item in staged.frames.values()]
    bounds = {"first": _instant(min(times)), "last": _instant(max(times))}
    kinds = {type(item.frame) for item in staged.frames.values()}
    names = {EcgFrame: "conflicting_ecg", HrFrame: "conflicting_hr", EventFrame: "conflicting_events"}
    return [
        _conflicting(staged.frames[stream_id, seq])
        for kind in kinds
        for stream_id, seq in connection.execute(_QUERIES[names[kind]], bounds)
    ]


def _watermarks(rows: Iterable[TupleRow], staged: _Staged) -> Iterator[Watermark]:
    keys = {stream_id: key for key, stream_id in staged.ids.items()}
    for stream_id, highest, gaps, new_frames, known_frames in rows:
        yield Watermark(
            keys[stream_id],
            highest,
            tuple((low, high) for low, high in gaps),
            new_frames,
            known_frames + staged.repeated[stream_id],
        )


def _hr_row(stream_id: int, item: DecodedFrame) -> tuple[object, ...]:
    frame = item.frame
    assert isinstance(frame, HrFrame)
    times = (postgres_us(frame.t0), postgres_us(item.received.at_us))
    return (stream_id, frame.seq, *times, frame.bpm, list(frame.rr_ms), frame.contact)


def _event_row(stream_id: int, item: DecodedFrame) -> tuple[object, ...]:
    frame = item.frame
    assert isinstance(frame, EventFrame)
    return (stream_id, frame.seq, postgres_us(frame.t0), postgres_us(item.received.at_us), frame.kind, frame.text)


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
    rows = (
        (
            postgres_us(letter.received.at_us),
            _storable(letter.received.topic),
            str(letter.reason),
            _storable(letter.detail),
            letter.received.payload,
        )
        for letter in letters
    )
    with connection.cursor() as cursor:
        _copy(cursor, "copy_dead_letters", _DEAD_LETTER_TYPES, rows)


def _copy(
    cursor: psycopg.Cursor[TupleRow], query: str, types: tuple[str, ...], rows: Iterable[tuple[object, ...]]
) -> None:
    with cursor.copy(_QUERIES[query]) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def _storable(text: str) -> str:
    """Return text that PostgreSQL takes, whatever came: U+0000 and lone surrogates are written out."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()


def _unknown(message: DecodedFrame | DecodedStatus, device: str) -> DeadLetter:
    return DeadLetter(Reason.UNKNOWN_DEVICE, f"device {device} is not registered", message.received)


def _conflicting(item: DecodedFrame) -> DeadLetter:
    detail = f"seq {item.frame.seq} of boot {item.key.boot_id} is stored already with another content; that one is kept"
    return DeadLetter(Reason.CONFLICTING, detail, item.received)


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
