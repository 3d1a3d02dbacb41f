"""Who works on which shards: never two on one, all of them soon, and who was buried writes nothing (docs/adr/0008)."""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psycopg
import pytest
from psycopg.rows import TupleRow

from heartwire.storage.lease_keeper import LeaseKeeper
from heartwire.storage.leases import LeaseLostError, Leases, Standing, fence, set_writer
from heartwire.storage.pool import connect
from heartwire.topics import SHARDS
from tests.servers.postgres import PostgresServer
from tests.servers.waiting import wait_until

ALL = frozenset(range(SHARDS))
TTL_S = 60.0


class Member:
    """A worker with a keeper's connection of its own, ticked by hand."""

    def __init__(self, database: str, name: str, ttl_s: float = TTL_S) -> None:
        self.connection = connect(database, "test-keeper", autocommit=True)
        self.leases = Leases("ingest", name, ttl_s)
        self.worker_id = 0

    def tick(self) -> Standing:
        try:
            standing = self.leases.tick(self.connection)
        except LeaseLostError:
            standing = self.leases.tick(self.connection)
        self.worker_id = standing.worker_id
        return standing

    def finish(self) -> None:
        """Tick, and give up at once what is too much."""
        self.leases.release(self.connection, self.tick().surplus)

    def die(self) -> None:
        """Lose the session, as a killed process does."""
        self.connection.close()


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[TupleRow]]:
    with connect(database, "test", autocommit=True) as connection:
        yield connection


Join = Callable[[str], Member]


@pytest.fixture
def join(database: str) -> Iterator[Join]:
    with ExitStack() as stack:

        def join(name: str) -> Member:
            member = Member(database, name)
            stack.callback(member.die)
            return member

        yield join


def _age(connection: psycopg.Connection[TupleRow], worker_id: int, seconds: float) -> None:
    """Let it be so long since the worker was seen."""
    connection.execute(
        "UPDATE shard_workers SET seen_at = seen_at - make_interval(secs => %s) WHERE worker_id = %s",
        [seconds, worker_id],
    )


def test_one_alone_takes_all_at_once(join: Join) -> None:
    standing = join("a").tick()
    assert standing.held == ALL
    assert standing.surplus == frozenset()


def test_a_second_gets_its_half_when_the_first_has_finished(join: Join) -> None:
    first, second = join("a"), join("b")
    first.tick()
    assert second.tick().held == frozenset()
    surplus = first.tick().surplus
    assert len(surplus) == SHARDS // 2
    assert first.tick().surplus == surplus, "what is to be given up does not change while it is finished"
    assert second.tick().held == frozenset(), "nothing is taken that is not given up"
    first.leases.release(first.connection, surplus)
    assert second.tick().held == surplus
    assert first.tick().held == ALL - surplus


def test_who_leaves_is_replaced_at_once(join: Join) -> None:
    first, second = join("a"), join("b")
    first.tick()
    second.tick()
    first.leases.leave(first.connection)
    assert second.tick().held == ALL


def test_who_is_killed_is_replaced_when_its_session_is_gone_and_does_not_come_back(
    join: Join, connection: psycopg.Connection[TupleRow]
) -> None:
    first, second = join("a"), join("b")
    worker_id = first.tick().worker_id
    first.die()
    assert second.tick().held == frozenset(), "it may be coming back"
    _age(connection, worker_id, 2)
    wait_until(lambda: second.tick().held == ALL, "the dead one's shards")


def test_a_session_that_broke_is_replaced_by_another_and_nothing_is_lost(
    database: str, join: Join, connection: psycopg.Connection[TupleRow]
) -> None:
    first, second = join("a"), join("b")
    held = first.tick().held
    second.tick()
    first.die()
    first.connection = connect(database, "test-keeper", autocommit=True)
    first.tick()
    _age(connection, first.tick().worker_id, 2)
    second.tick()
    assert first.tick().held == held


def test_who_comes_back_with_a_new_session_does_not_bury_those_who_are_coming_back_too(
    database: str, join: Join, connection: psycopg.Connection[TupleRow]
) -> None:
    """As after a restart of the database that took less than half of the time that a worker may be silent."""
    first, second = join("a"), join("b")
    held = first.tick().held
    second.tick()
    for member in (first, second):
        member.die()
        member.connection = connect(database, "test-keeper", autocommit=True)
    _age(connection, first.worker_id, 2)
    second.tick()
    assert second.tick().held == frozenset()
    assert first.tick().held == held


def test_who_was_silent_for_too_long_may_not_write_and_joins_anew(
    join: Join, connection: psycopg.Connection[TupleRow]
) -> None:
    frozen, other = join("a"), join("b")
    worker_id = frozen.tick().worker_id
    with connection.transaction():
        fence(connection, worker_id)
    _age(connection, worker_id, TTL_S + 1)
    assert other.tick().held == ALL
    with pytest.raises(LeaseLostError), connection.transaction():
        fence(connection, worker_id)
    with pytest.raises(LeaseLostError):
        set_writer(connection, worker_id)
    with pytest.raises(LeaseLostError):
        frozen.leases.tick(frozen.connection)
    again = frozen.tick()
    assert again.worker_id != worker_id
    assert again.held == frozenset()


def test_who_is_just_writing_is_not_buried(join: Join, connection: psycopg.Connection[TupleRow]) -> None:
    writing, other = join("a"), join("b")
    worker_id = writing.tick().worker_id
    _age(connection, worker_id, TTL_S + 1)
    with connection.transaction():
        fence(connection, worker_id)
        assert other.tick().held == frozenset()
    assert other.tick().held == ALL


def test_a_writer_that_is_frozen_in_a_transaction_is_ended(
    database: str, join: Join, connection: psycopg.Connection[TupleRow]
) -> None:
    frozen, other = join("a"), join("b")
    worker_id = frozen.tick().worker_id
    writer = connect(database, "test-writer")
    set_writer(writer, worker_id)
    writer.commit()
    fence(writer, worker_id)  # and nothing more is heard of it
    _age(connection, worker_id, TTL_S + 1)
    wait_until(lambda: other.tick().held == ALL, "the frozen one's shards")
    with pytest.raises(psycopg.OperationalError):
        writer.execute("SELECT 1")
    writer.close()


def test_a_worker_that_lives_is_renewed_while_it_writes(join: Join, connection: psycopg.Connection[TupleRow]) -> None:
    member = join("a")
    worker_id = member.tick().worker_id
    with connection.transaction():
        fence(connection, worker_id)
        connection.execute("SET LOCAL lock_timeout = '1s'")
        member.connection.execute("SET lock_timeout = '1s'")
        assert member.tick().held == ALL


class Company:
    """Workers that come, go, freeze and die by chance."""

    def __init__(self, join: Join, connection: psycopg.Connection[TupleRow], seed: int) -> None:
        self._join = join
        self._connection = connection
        self._chance = random.Random(seed)  # noqa: S311 # not a secret
        self.alive: list[Member] = []

    def step(self) -> None:
        moves = [self._come, self._die, self._leave, self._freeze, *3 * [self._tick], *3 * [self._finish]]
        if self.alive:
            self._chance.choice(moves)(self._chance.choice(self.alive))
        else:
            self._come(None)

    def held(self) -> list[int]:
        """Return the shards of all who may write."""
        workers = [member.worker_id for member in self.alive]
        query = "SELECT shard FROM shard_leases WHERE service = 'ingest' AND worker_id = ANY(%s)"
        return [shard for (shard,) in self._connection.execute(query, [workers])]

    def _come(self, _other: Member | None) -> None:
        if len(self.alive) < 7:
            member = self._join(f"m{self._chance.random()}")
            member.tick()
            self.alive.append(member)

    def _tick(self, member: Member) -> None:
        member.tick()

    def _finish(self, member: Member) -> None:
        member.finish()

    def _die(self, member: Member) -> None:
        member.die()
        self.alive.remove(member)
        _age(self._connection, member.worker_id, 2)

    def _leave(self, member: Member) -> None:
        member.leases.leave(member.connection)
        self.alive.remove(member)

    def _freeze(self, member: Member) -> None:
        _age(self._connection, member.worker_id, TTL_S + 1)


@pytest.mark.parametrize("seed", range(3))
def test_however_they_come_and_go_no_shard_has_two_and_in_the_end_each_has_one(
    join: Join, connection: psycopg.Connection[TupleRow], seed: int
) -> None:
    company = Company(join, connection, seed)
    for _ in range(150):
        company.step()
        held = company.held()
        assert len(held) == len(set(held))
    if not company.alive:
        company.step()
    for _ in range(6):
        for member in company.alive:
            member.finish()
    shares = [member.tick().held for member in company.alive]
    assert sorted(shard for share in shares for shard in share) == sorted(ALL)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_keepers_share_hand_over_and_take_over(database: str) -> None:
    with ExitStack() as stack:
        keepers = [LeaseKeeper(database, "analytics", name, ttl_s=2.0) for name in "ab"]
        for keeper in keepers:
            stack.callback(keeper.stop)
        first, second = keepers
        first.start()
        wait_until(lambda: first.standing is not None and first.standing.held == ALL, "the first to hold all")
        second.start()
        wait_until(lambda: first.standing is not None and len(first.standing.surplus) == 32, "the first to share")
        assert first.standing is not None
        surplus = first.standing.surplus
        first.release(surplus)
        assert first.standing.held == ALL - surplus, "what is given up is not its own from now on"
        wait_until(lambda: second.standing is not None and second.standing.held == surplus, "the second to take")
        second.stop()
        wait_until(lambda: first.standing is not None and first.standing.held == ALL, "the first to take all again")


def test_keepers_survive_a_restart_of_the_database(killable_database_server: PostgresServer) -> None:
    server = killable_database_server
    keepers = [LeaseKeeper(server.dsn("heartwire"), "analytics", name, ttl_s=2.0) for name in "ab"]
    try:
        for keeper in keepers:
            keeper.start()

        def share() -> bool:
            for keeper in keepers:
                if keeper.standing is not None and keeper.standing.surplus:
                    keeper.release(keeper.standing.surplus)
            return all(keeper.standing is not None and len(keeper.standing.held) == 32 for keeper in keepers)

        wait_until(share, "both to have their half")
        before = [keeper.standing for keeper in keepers]
        server.kill()
        server.start()
        with connect(server.dsn("heartwire"), "test", autocommit=True) as connection:
            seen = "SELECT count(*) FROM shard_workers WHERE seen_at > clock_timestamp() - interval '1 s'"
            wait_until(lambda: connection.execute(seen).fetchone() == (2,), "both to be back")
        wait_until(share, "both to have their half")
        assert [keeper.standing for keeper in keepers] == before
    finally:
        for keeper in keepers:
            keeper.stop()
