"""The ledger in the database: what is sealed of each source, and the check that counts a chain anew (docs/adr/0024)."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from heartwire.errors import PermanentError
from heartwire.ledger import GENESIS, Entry, content_of, follows
from heartwire.storage.errors import translated
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("heartwire.storage", "ledger.sql")
#: Begins a check that others can follow; no row where one goes on.
BEGIN_CHECK: Final = _QUERIES["begin_check"]
#: Tables whose rows are sealed. Their queries stand under their names.
SOURCES: Final = ("alarm_events", "notification_attempts", "retention_log")
_BATCH: Final = 5_000
#: Findings that are told one by one; beyond them their number says enough.
_TOLD: Final = 100


class LedgerError(PermanentError):
    """The ledger cannot be read as asked."""


class Wrong(StrEnum):
    """What can be wrong about a row or an entry."""

    CHANGED = "changed"
    """The row, or its alarm, is not as it was sealed."""
    MISSING = "missing"
    """The row is gone, and no line of the retention log says that it was dropped."""
    ADDED = "added"
    """The row was never sealed, and does not wait for it."""
    ENTRY_CHANGED = "entry_changed"
    """The ledger's entry is not as it was sealed, or the one before it is not."""
    ENTRY_MISSING = "entry_missing"
    """The ledger's entry is gone."""
    ANCHOR = "anchor"
    """The entry is another than the one that was noted elsewhere."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong: the entry's number (0: it has none), and the row that it is about."""

    wrong: Wrong
    seq: int
    source: str
    source_id: int
    alarm_id: int | None

    def __str__(self) -> str:
        """Say it in words."""
        row = f"{self.source} {self.source_id}" if self.source else "its row"
        of_alarm = "" if self.alarm_id is None else f" (alarm {self.alarm_id})"
        return {
            Wrong.CHANGED: f"entry {self.seq}: {row}{of_alarm} is not as it was sealed",
            Wrong.MISSING: f"entry {self.seq}: {row}{of_alarm} is gone, and retention did not drop it",
            Wrong.ADDED: f"{row}{of_alarm} was never sealed: it was added past the ledger",
            Wrong.ENTRY_CHANGED: f"entry {self.seq} ({row}{of_alarm}) was changed, or the one before it was",
            Wrong.ENTRY_MISSING: f"entry {self.seq} is gone",
            Wrong.ANCHOR: f"entry {self.seq} is not the one that was noted",
        }[self.wrong]


class Report(msgspec.Struct, frozen=True):
    """What a check found of a tenant's chain.

    Attributes
    ----------
    entries, head_hash : int, str
        How many there are, and the hash of the last, in hexadecimal digits.
    dropped : int
        Rows that are gone by the word of the retention log.
    due : int
        Rows that were committed and not sealed at that moment.
    wrong : int
        How many things are wrong; `findings` has the first of them.
    """

    entries: int
    head_hash: str
    dropped: int
    due: int
    wrong: int
    findings: list[Finding]


class Tenant(NamedTuple):
    """Whose chain it is."""

    tenant_id: int
    name: str


def list_tenants(connection: psycopg.Connection[Any], name: str | None = None) -> list[Tenant]:
    """Return all tenants, or the one of that name.

    Raises
    ------
    LedgerError
        If there is none.
    """
    with translated():
        found = [Tenant(*row) for row in connection.execute(_QUERIES["tenants"], {"tenant": name})]
    if not found:
        raise LedgerError(f"no tenant {name!r}")
    return found


def read_contents(connection: psycopg.Connection[Any], source: str, ids: Sequence[int]) -> dict[int, bytes]:
    """Return the hash of each of these rows that is there, by its number."""
    rows = connection.execute(_QUERIES[source], {"ids": list(ids)})
    return {row[0]: content_of(row) for row in rows}


def read_head(connection: psycopg.Connection[Any], tenant_id: int) -> Entry | None:
    """Return a tenant's last entry; ``None`` while there is none."""
    row = connection.execute(_QUERIES["head"], {"tenant_id": tenant_id}).fetchone()
    return None if row is None else Entry(*row)


def read_entries(connection: psycopg.Connection[Any], tenant_id: int) -> Iterable[list[Entry]]:
    """Yield a tenant's entries from the first on, some thousands at a time."""
    after = 0
    while True:
        given = {"tenant_id": tenant_id, "after": after, "limit": _BATCH}
        entries = [Entry(*row) for row in connection.execute(_QUERIES["entries"], given)]
        if not entries:
            return
        yield entries
        after = entries[-1].seq


def check_chain(
    connection: psycopg.Connection[Any],
    tenant_id: int,
    *,
    anchor: tuple[int, str] | None = None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Report:
    """Count a tenant's chain anew from the rows themselves, as they all were at one moment.

    Parameters
    ----------
    connection : psycopg.Connection
        Autocommitting.
    anchor : (int, str), optional
        Number of an entry and its hash, noted earlier outside of this database: whoever made the whole chain anew
        cannot have made this one.
    progress : callable
        Called with how many entries are checked, and how many there are.

    Raises
    ------
    DatabaseUnavailableError, DatabaseRefusedError
        The database.
    """
    with translated(), connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return _Check(connection, tenant_id, anchor).run(progress)


def follow_check(
    connection: psycopg.Connection[Any], progress: psycopg.Connection[Any], tenant_id: int, check_id: int
) -> Report:
    """Check a tenant's chain, and keep in the database how far it is and what it found.

    Parameters
    ----------
    progress : psycopg.Connection
        Another one, autocommitting: others see by it how the check comes on.
    check_id : int
        Of `BEGIN_CHECK`.

    Raises
    ------
    DatabaseUnavailableError, DatabaseRefusedError
        The check stays without its end.
    """

    def come_on(done: int, of: int) -> None:
        with translated():
            progress.execute(_QUERIES["come_on"], {"check_id": check_id, "done": done, "of": of})

    report = check_chain(connection, tenant_id, progress=come_on)
    given = {"check_id": check_id, "done": report.entries, "report": Jsonb(msgspec.to_builtins(report))}
    with translated():
        progress.execute(_QUERIES["end_check"], given)
    return report


class _Check:
    """One check of one chain."""

    def __init__(self, connection: psycopg.Connection[Any], tenant_id: int, anchor: tuple[int, str] | None) -> None:
        self._connection: Final = connection
        self._tenant_id: Final = tenant_id
        self._anchor: Final = anchor
        self._findings: Final[list[Finding]] = []
        self._n_wrong = 0
        self._gone: Final[list[Entry]] = []
        #: Lines of the retention log that are as they were sealed.
        self._logs: Final[set[int]] = set()
        self._seq = 0
        self._hash = GENESIS
        self._anchor_met = anchor is None

    def run(self, progress: Callable[[int, int], None]) -> Report:
        head = read_head(self._connection, self._tenant_id)
        n_all = 0 if head is None else head.seq
        for entries in read_entries(self._connection, self._tenant_id):
            self._look_at(entries)
            progress(self._seq, n_all)
        if not self._anchor_met and self._anchor is not None:
            self._find(Wrong.ANCHOR, self._anchor[0])
        n_dropped = self._judge_gone()
        given = {"tenant_id": self._tenant_id}
        for source, source_id, alarm_id in self._connection.execute(_QUERIES["added"], given):
            self._tell(Finding(Wrong.ADDED, 0, source, source_id, alarm_id))
        due = self._connection.execute(_QUERIES["due"], given).fetchone()
        assert due is not None
        self._findings.sort(key=lambda one: (one.seq == 0, one.seq))
        return Report(self._seq, self._hash.hex(), n_dropped, due[0], self._n_wrong, self._findings[:_TOLD])

    def _look_at(self, entries: Sequence[Entry]) -> None:
        wanted: defaultdict[str, list[int]] = defaultdict(list)
        for entry in entries:
            wanted[entry.source].append(entry.source_id)
        contents = {
            source: read_contents(self._connection, source, ids) for source, ids in wanted.items() if source in SOURCES
        }
        for entry in entries:
            for seq in range(self._seq + 1, entry.seq):
                self._find(Wrong.ENTRY_MISSING, seq)
            # Behind a gap nothing can be said of the link, but that entry's own successor can be judged again.
            if entry.seq == self._seq + 1 and not follows(entry, self._hash):
                self._find(Wrong.ENTRY_CHANGED, entry.seq, entry)
            self._seq, self._hash = entry.seq, entry.hash
            if self._anchor is not None and entry.seq == self._anchor[0]:
                self._anchor_met = entry.hash.hex() == self._anchor[1].lower()
            self._compare(entry, contents.get(entry.source, {}).get(entry.source_id))

    def _compare(self, entry: Entry, content: bytes | None) -> None:
        if content is None:
            self._gone.append(entry)
        elif content != entry.content:
            self._find(Wrong.CHANGED, entry.seq, entry)
        elif entry.source == "retention_log":
            self._logs.add(entry.source_id)

    def _judge_gone(self) -> int:
        """Find what is missing; return how many rows retention has dropped by a line that is sealed itself."""
        alarms = sorted({entry.alarm_id for entry in self._gone if entry.alarm_id is not None})
        given = {"tenant_id": self._tenant_id, "alarms": alarms}
        dropped = {
            alarm_id
            for alarm_id, log_id in (self._connection.execute(_QUERIES["dropped"], given) if alarms else ())
            if log_id in self._logs
        }
        missing = [entry for entry in self._gone if entry.alarm_id not in dropped]
        for entry in missing:
            self._find(Wrong.MISSING, entry.seq, entry)
        return len(self._gone) - len(missing)

    def _find(self, wrong: Wrong, seq: int, entry: Entry | None = None) -> None:
        row = ("", 0, None) if entry is None else (entry.source, entry.source_id, entry.alarm_id)
        self._tell(Finding(wrong, seq, *row))

    def _tell(self, finding: Finding) -> None:
        self._n_wrong += 1
        if len(self._findings) < 10 * _TOLD:
            self._findings.append(finding)
