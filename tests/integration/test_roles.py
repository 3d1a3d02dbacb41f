"""A role that a thread has by a lock of its connection goes to another when its process is frozen (docs/adr/0033)."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest
from psycopg.rows import TupleRow

from heartwire.storage import side_thread
from heartwire.storage.pool import connect
from heartwire.storage.side_thread import SideThread
from tests.integration.analytics_stack import on_one_database
from tests.servers.waiting import wait_until

pytestmark: pytest.MarkDecorator = on_one_database


class _Holder:
    """Writes a row in each turn while it has a role, and freezes when asked: in the middle of a turn, or after one."""

    def __init__(self, database: str, name: str, role: int, *, in_the_middle: bool = False) -> None:
        self.name = name
        self.looks = 0
        self.turns = 0
        self.is_frozen = threading.Event()
        self._freezes = threading.Event()
        self._thaws = threading.Event()
        self._role = role
        self._in_the_middle = in_the_middle
        self._has_role = False
        self._thread = SideThread(database, name, 0.05, self._turn, failing="frozen", begin=self._begin)
        self._thread.start()

    def freeze(self) -> None:
        self._freezes.set()
        self.is_frozen.wait()

    def thaw(self) -> None:
        self._freezes.clear()
        self._thaws.set()

    def stop(self) -> None:
        self.thaw()
        self._thread.stop()

    def _begin(self, _connection: psycopg.Connection[TupleRow]) -> None:
        self._has_role = False

    def _turn(self, connection: psycopg.Connection[TupleRow]) -> None:
        self.looks += 1
        if not self._has_role:
            asked = connection.execute("SELECT pg_try_advisory_lock(33, %s)", [self._role])
            self._has_role = bool(asked.fetchall()[0][0])
        if not self._has_role:
            return
        with connection.transaction():
            connection.execute("INSERT INTO turns VALUES (%s)", [self.name])
            self._freeze(here=self._in_the_middle)
        self.turns += 1
        self._freeze(here=not self._in_the_middle)

    def _freeze(self, *, here: bool) -> None:
        if here and self._freezes.is_set():
            self.is_frozen.set()
            self._thaws.wait()


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    with ExitStack() as closing:
        yield closing


def test_a_frozen_holder_loses_its_role_and_what_it_had_not_committed(
    database: str, closing: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(side_thread, "FROZEN_AFTER_S", 1.0)
    connection = closing.enter_context(connect(database, "test", autocommit=True))
    connection.execute("CREATE TABLE turns (holder text)")
    frozen = [_Holder(database, "between", 1), _Holder(database, "in the middle", 2, in_the_middle=True)]
    for holder in frozen:
        closing.callback(holder.stop)
        wait_until(lambda of=holder: of.turns > 0, f"{holder.name} to have its role")  # type: ignore[misc]
        holder.freeze()
    others = [_Holder(database, "another", 1), _Holder(database, "a fourth", 2)]
    for holder in others:
        closing.callback(holder.stop)
        wait_until(lambda of=holder: of.turns > 0, f"{holder.name} to take over")  # type: ignore[misc]
    for holder in frozen:
        looks = holder.looks
        holder.thaw()
        wait_until(lambda of=holder, n=looks: of.looks > n + 2, f"{holder.name} to look again")  # type: ignore[misc]
        written = connection.execute("SELECT count(*) FROM turns WHERE holder = %s", [holder.name]).fetchone()
        assert written == (holder.turns,), holder.name
        turns = holder.turns
        wait_until(lambda of=holder, n=looks: of.looks > n + 4, f"{holder.name} to look again")  # type: ignore[misc]
        assert holder.turns == turns, f"{holder.name} has another's role"
