"""What may be forgotten: policies, legal holds, what is due next, and dropping it, never without a line in the log."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import sql

from heartwire.errors import PermanentError
from heartwire.storage.chunks import drop_if_empty, has_chunks, list_chunks
from heartwire.storage.errors import translated
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("heartwire.storage", "retention.sql")
KINDS: Final = ("ecg", "beats", "alarms", "dead_letters")
#: Of each kind that is dropped by the day: its tables, and the column of time. Frames that are not in blocks yet are
#: not dropped: analytics may need them.
_TABLES: Final = {"ecg": (("ecg_blocks", "minute"), ("hr_frames", "t0")), "beats": (("beats", "t"), ("rhythms", "t"))}
_DAY: Final = timedelta(days=1)
_NO_LIMIT: Final = 2**62


class RetentionError(PermanentError):
    """A policy or hold that cannot be set as asked."""


class Policy(NamedTuple):
    """How long a kind of data is kept, from when on, by whose word; dead letters have no tenant."""

    tenant: str
    kind: str
    keep_days: int
    keep_rows: int | None
    effective_at: datetime
    set_by: str
    tenant_id: int | None

    def before(self, now: datetime) -> datetime:
        """Return before when nothing is kept, a full hour."""
        return (now - self.keep_days * _DAY).replace(minute=0, second=0, microsecond=0)


class Due(NamedTuple):
    """What a policy lets go: of how many patients now, the oldest that there is, and when that goes or went."""

    policy: Policy
    patients: int
    oldest: datetime | None
    goes_at: datetime | None


class Hold(NamedTuple):
    """A patient of whom nothing is dropped."""

    patient_id: int
    why: str
    placed_by: str
    placed_at: datetime


def list_policies(connection: psycopg.Connection[Any]) -> list[Policy]:
    """Return every policy; what has none is kept for ever."""
    with translated():
        return [Policy(*row) for row in connection.execute(_QUERIES["policies"])]


def set_policy(
    connection: psycopg.Connection[Any],
    kind: str,
    keep_days: int | None,
    *,
    by: str,
    tenant: str = "default",
    keep_rows: int | None = None,
    grace_hours: float = 24.0,
) -> datetime | None:
    """Say how long a kind of data is kept, and return from when on; ``None`` keeps it for ever, at once.

    Raises
    ------
    RetentionError
        If there is no such tenant or kind.
    """
    given = {"kind": kind, "tenant": tenant, "keep_days": keep_days, "keep_rows": keep_rows, "by": by}
    if kind not in KINDS:
        raise RetentionError(f"no kind of data {kind!r}; there are: {', '.join(KINDS)}")
    with translated():
        if keep_days is None:
            connection.execute(_QUERIES["keep_for_ever"], given)
            return None
        row = connection.execute(_QUERIES["set_policy"], {**given, "grace_hours": grace_hours}).fetchone()
    if row is None:
        raise RetentionError(f"no tenant {tenant!r}")
    effective_at: datetime = row[0]
    return effective_at


def place_hold(connection: psycopg.Connection[Any], patient_id: int, *, why: str, by: str) -> None:
    """Keep everything of a patient until `release_hold`.

    Raises
    ------
    RetentionError
        If there is no such patient, or he is held already.
    """
    given = {"patient_id": patient_id, "why": why, "by": by}
    with translated():
        if connection.execute(_QUERIES["place_hold"], given).fetchone() is None:
            raise RetentionError(f"patient {patient_id} does not exist, or is held already")


def release_hold(connection: psycopg.Connection[Any], patient_id: int, *, by: str) -> None:
    """Let the policies hold for a patient again.

    Raises
    ------
    RetentionError
        If he is not held.
    """
    with translated():
        if connection.execute(_QUERIES["release_hold"], {"patient_id": patient_id, "by": by}).fetchone() is None:
            raise RetentionError(f"patient {patient_id} is not held")


def list_holds(connection: psycopg.Connection[Any]) -> list[Hold]:
    """Return the holds that are not released."""
    with translated():
        return [Hold(*row) for row in connection.execute(_QUERIES["holds"])]


def look_ahead(connection: psycopg.Connection[Any], now: datetime | None = None) -> list[Due]:
    """Return what each policy lets go, now and next."""
    now = now or datetime.now(UTC)
    with translated():
        return [_due(connection, policy, now) for policy in list_policies(connection)]


def drop_due(
    connection: psycopg.Connection[Any], by: str, fence: Callable[[], None], now: datetime | None = None
) -> Iterator[int]:
    """Drop what is due, piece by piece, each in a transaction with its line in the log; yield how many rows went.

    Parameters
    ----------
    connection : psycopg.Connection
        Autocommitting.
    by : str
        Who drops it, for the log.
    fence : callable
        Called within each transaction; raises if it may not go on.
    now : datetime, optional
        The clock.
    """
    now = now or datetime.now(UTC)
    for policy in list_policies(connection):
        if policy.effective_at > now:
            continue
        for query, given in list(_pieces(connection, policy, now)):
            with translated(), connection.transaction():
                fence()
                connection.execute(_QUERIES["hold_still"])
                yield _drop(connection, query, {**given, "by": by})
        if has_chunks(connection):
            for table, _ in _TABLES.get(policy.kind, ()):
                for chunk in list_chunks(connection, table, policy.before(now)):
                    if chunk.end <= policy.before(now):
                        drop_if_empty(connection, table, chunk)


def _due(connection: psycopg.Connection[Any], policy: Policy, now: datetime) -> Due:
    before = policy.before(now)
    found: list[tuple[int, datetime]] = []
    if policy.kind == "dead_letters":
        given = {"before": before, "keep_rows": policy.keep_rows or _NO_LIMIT}
        n_rows, oldest = _rows(connection, "dead_letters_due", given)[0]
        return Due(policy, int(n_rows > 0), oldest, max(policy.effective_at, now) if n_rows else None)
    if policy.kind == "alarms":
        given = {"tenant_id": policy.tenant_id, "before": before}
        found = [(patient_id, at) for patient_id, at, _ in _rows(connection, "droppable_alarms", given)]
    for table, column in _TABLES.get(policy.kind, ()):
        found += connection.execute(_named("oldest", table, column), {"tenant_id": policy.tenant_id}).fetchall()
    oldest = min((at for _, at in found), default=None)
    goes_at = None if oldest is None else max(policy.effective_at, oldest + policy.keep_days * _DAY)
    return Due(policy, len({patient_id for patient_id, at in found if at < before}), oldest, goes_at)


def _pieces(
    connection: psycopg.Connection[Any], policy: Policy, now: datetime
) -> Iterator[tuple[str | sql.Composed, dict[str, Any]]]:
    """Yield what is to be dropped: a patient's day, a patient's alarms, all dead letters that are due."""
    before = policy.before(now)
    given: dict[str, Any] = {"tenant_id": policy.tenant_id, "kind": policy.kind, "before": before}
    with translated():
        if policy.kind == "dead_letters":
            yield "drop_dead_letters", {**given, "keep_rows": policy.keep_rows or _NO_LIMIT}
        elif policy.kind == "alarms":
            for patient_id, oldest, alarms in _rows(connection, "droppable_alarms", given):
                yield "alarms", {**given, "patient_id": patient_id, "oldest": oldest, "alarms": alarms}
        for table, column in _TABLES.get(policy.kind, ()):
            for patient_id, oldest in connection.execute(_named("oldest", table, column), given).fetchall():
                at = oldest
                while at < before:
                    piece = {**given, "patient_id": patient_id, "oldest": at, "name": table}
                    yield _named("drop_rows", table, column), {**piece, "before": min(before, at + _DAY)}
                    at += _DAY


def _drop(connection: psycopg.Connection[Any], query: str | sql.Composed, given: dict[str, Any]) -> int:
    if query == "alarms":
        connection.execute(_QUERIES["log_alarms"], given)
        connection.execute(_QUERIES["drop_alarm_events"], given)
        connection.execute(_QUERIES["drop_attempts"], given)
        n_alarms = connection.execute(_QUERIES["drop_alarms"], given).rowcount
        return n_alarms + connection.execute(_QUERIES["drop_episodes"], given).rowcount
    if isinstance(query, str):
        row = connection.execute(_QUERIES[query], given).fetchone()
        return int(row[0]) if row is not None else 0
    dropped = [at for (at,) in connection.execute(query, given)]
    if dropped:
        connection.execute(_QUERIES["log_rows"], {**given, "first": min(dropped), "n_rows": len(dropped)})
    return len(dropped)


def _rows(connection: psycopg.Connection[Any], query: str, given: dict[str, Any]) -> list[Any]:
    return connection.execute(_QUERIES[query], given).fetchall()


def _named(query: str, table: str, column: str) -> sql.Composed:
    return sql.SQL(_QUERIES[query]).format(table=sql.Identifier(table), column=sql.Identifier(column))
