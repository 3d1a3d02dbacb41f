"""Raw frames become blocks, and whoever reads sees the same frames before, meanwhile and after; on both databases."""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

import msgspec
import numpy as np
import psycopg
import pytest

from heartwire.errors import HeartwireError
from heartwire.frames import EcgFrame
from heartwire.storage.chunks import drop_chunk, drop_if_empty, list_chunks, lock_table
from heartwire.storage.errors import DatabaseRefusedError
from heartwire.storage.leases import LeaseLostError, Leases
from heartwire.storage.outline import OUTLINES, LeadOutline, outline_of, outline_parameters
from heartwire.storage.stored import EXTENT, SPANS, parameters, spans_of
from heartwire.topics import SHARDS, Stream
from ingest.decode import DecodedFrame, StreamKey
from ingest.packets import Received
from ingest.registry import Registry
from ingest.writer import Writer, Written
from tests.ecg import cut_into_frames
from tests.integration.analytics_stack import store
from tests.integration.storage_stack import BEGIN_US, HOUR_US, Vault, at, noise, rows_of
from tests.servers.postgres import PostgresServer
from tests.servers.waiting import wait_until

MINUTE_US = 60_000_000


@pytest.fixture
def vault(database: str) -> Iterator[Vault]:
    vault = Vault(database)
    yield vault
    vault.close()


def _signal(choose: random.Random) -> list[EcgFrame]:
    """Return frames over an hour's border: two leads and two boots, uneven lengths, gaps, a clock that is set anew."""
    parts = [
        cut_into_frames(
            noise(150 * fs_hz, boot_id + fs_hz),
            begin_us,
            frame_s=choose.choice((0.8, 1.0, 7.3)),
            fs_hz=fs_hz,
            boot_id=boot_id,
            lead=lead,
        )
        for boot_id, lead, fs_hz, begin_us in (
            (1, "II", 250, BEGIN_US + 59 * MINUTE_US + 1_234_567),
            (1, "V1", 360, BEGIN_US + 59 * MINUTE_US),
            (2, "II", 128, BEGIN_US + 61 * MINUTE_US),
        )
    ]
    frames = [frame for part in parts for frame in part if choose.random() < 0.95]
    slip_us = 0
    for seq, frame in enumerate(frames):
        slip_us += choose.choice((0, 0, 0, 1, -1, 40_000, -30_000))
        flags, gain = choose.choice((0, 0, 0, 1, 65_535)), choose.choice((200.0,) * 9 + (1 / 3,))
        frames[seq] = msgspec.structs.replace(frame, seq=seq, t0=frame.t0 + slip_us, flags=flags, gain=gain)
    return frames


@pytest.mark.parametrize("seed", range(3))
def test_any_mixture_of_raw_blocks_and_late_frames_reads_as_what_was_sent(vault: Vault, seed: int) -> None:
    choose = random.Random(seed)  # noqa: S311 # a test that repeats
    frames = _signal(choose)
    missing, stored = frames.copy(), list[EcgFrame]()
    choose.shuffle(missing)
    while missing:
        some = [missing.pop() for _ in range(min(len(missing), choose.randrange(1, 200)))]
        vault.put(some)
        stored += some
        if choose.random() < 0.8:
            vault.analyse()
        if choose.random() < 0.8:
            vault.compact(before_us=BEGIN_US + choose.choice((60, 61, 62, 70)) * MINUTE_US)
        assert vault.frames() == rows_of(vault.device, stored)
    vault.analyse()
    vault.compact()
    assert vault.frames() == rows_of(vault.device, frames)
    assert vault.count("ecg_frames") == 0
    assert vault.value("SELECT sum(n_frames) FROM ecg_blocks") == len(frames)


def test_what_analytics_still_needs_stays_raw(vault: Vault) -> None:
    frames = cut_into_frames(noise(90 * 250, 1), BEGIN_US)
    vault.put(frames[:60])
    assert vault.compact() == 0, "nothing is analysed yet"
    vault.analyse()
    vault.put(frames[60:])
    vault.connection.execute("UPDATE analytics_cursors SET next_xid = log_horizon()")
    assert vault.compact() == 60, "the last 30 would be read again after a restart"
    vault.analyse()
    assert vault.compact() == 30
    assert vault.frames() == rows_of(vault.device, frames)


def test_what_is_young_by_time_or_by_arrival_stays_raw(vault: Vault) -> None:
    frames = cut_into_frames(noise(180 * 250, 1), BEGIN_US)
    vault.put(frames[:90])
    vault.put(frames[90:], received_us=BEGIN_US + HOUR_US)
    vault.analyse()
    assert vault.compact(before_us=BEGIN_US + MINUTE_US) == 59, "the last of the minute came after it"
    assert vault.compact(before_us=BEGIN_US + 2 * MINUTE_US) == 31
    assert vault.compact(before_us=BEGIN_US + HOUR_US) == 0, "they just came"
    assert vault.compact(before_us=BEGIN_US + HOUR_US + 1) == 90
    assert vault.frames() == rows_of(vault.device, frames)


def test_other_workers_shards_are_left_alone(vault: Vault) -> None:
    vault.put(cut_into_frames(noise(60 * 250, 1), BEGIN_US))
    vault.analyse()
    shard = vault.value("SELECT shard FROM devices")
    others = sorted(set(range(SHARDS)) - {shard})
    compaction, now = vault.compaction(), datetime.now(UTC)
    (hour,) = compaction.hours(now)
    assert compaction.units(hour, others, now) == []
    (unit,) = compaction.units(hour, [shard], now)
    assert compaction.compact(unit, others).frames == 0
    assert compaction.compact(unit, [shard]).frames == 60


def test_a_worker_that_was_taken_for_dead_changes_nothing(vault: Vault) -> None:
    frames = cut_into_frames(noise(60 * 250, 1), BEGIN_US)
    vault.put(frames)
    vault.analyse()
    compaction, now = vault.compaction(), datetime.now(UTC)
    (hour,) = compaction.hours(now)
    (unit,) = compaction.units(hour, range(SHARDS), now)
    vault.connection.execute("DELETE FROM shard_workers")
    with pytest.raises(LeaseLostError):
        compaction.compact(unit, range(SHARDS))
    assert (vault.count("ecg_frames"), vault.count("ecg_blocks")) == (60, 0)


def test_an_empty_chunk_is_dropped_and_takes_late_frames_again(vault: Vault, database_server: PostgresServer) -> None:
    frames = cut_into_frames(noise(90 * 250, 1), BEGIN_US + HOUR_US - 45_000_000)
    vault.put(frames[:80])
    vault.analyse()
    for second, taken, hours in ((0, 44, [0, 1]), (1, 1, [1]), (36, 35, [1])):
        assert vault.compact(before_us=BEGIN_US + HOUR_US + second * 1_000_000) == taken
        if database_server.has_timescale:
            assert _hours(vault) == hours, "an hour is dropped when it is over and nothing is raw in it"
    late = [msgspec.structs.replace(frames[0], seq=1000), *frames[80:]]
    vault.put(late)
    vault.analyse()
    assert vault.compact() == 11
    if database_server.has_timescale:
        assert _hours(vault) == []
    assert sorted(vault.frames()) == sorted(rows_of(vault.device, [*frames[:80], *late]))


def _hours(vault: Vault) -> list[int]:
    far = at(BEGIN_US + 100 * HOUR_US)
    return [
        round((chunk.begin - at(BEGIN_US)).total_seconds() / 3600)
        for chunk in list_chunks(vault.connection, "ecg_frames", far)
    ]


@pytest.mark.parametrize("database_server", ["timescaledb"], indirect=True)
def test_a_chunk_into_which_somebody_inserts_is_not_dropped(vault: Vault) -> None:
    vault.put([(frame := cut_into_frames(noise(250, 1), BEGIN_US)[0])])
    (chunk,) = list_chunks(vault.connection, "ecg_frames", datetime.now(UTC))
    vault.connection.execute("DELETE FROM ecg_frames")
    with psycopg.connect(vault.database) as other:
        store(other, vault.device, [frame])
        assert not drop_if_empty(vault.connection, "ecg_frames", chunk), "it only looks empty from here"
        other.commit()
    assert not drop_if_empty(vault.connection, "ecg_frames", chunk)
    assert vault.frames() == rows_of(vault.device, [frame])


@pytest.mark.parametrize("database_server", ["timescaledb"], indirect=True)
def test_who_inserts_while_a_chunk_is_dropped_waits_and_gets_another(vault: Vault) -> None:
    (frame,) = cut_into_frames(noise(250, 1), BEGIN_US)
    with psycopg.connect(vault.database, prepare_threshold=0) as other:
        # The other session knows the chunk well, and has its statements planned for it.
        for _ in range(8):
            store(other, vault.device, [frame])
            other.execute("DELETE FROM ecg_frames")
            other.commit()
        (chunk,) = list_chunks(vault.connection, "ecg_frames", datetime.now(UTC))
        late = threading.Thread(target=lambda: store(other, vault.device, [frame]))
        with vault.connection.transaction():
            lock_table(vault.connection, "ecg_frames")
            late.start()
            wait_until(lambda: _waits_for_a_lock(vault, other.info.backend_pid), "the other session to wait")
            drop_chunk(vault.connection, "ecg_frames", chunk)
        late.join()
        other.commit()
    assert vault.frames() == rows_of(vault.device, [frame])


def _waits_for_a_lock(vault: Vault, pid: int) -> bool:
    return bool(vault.value("SELECT EXISTS (SELECT FROM pg_locks WHERE pid = %s AND NOT granted)", pid))


def test_against_the_leases_two_processes_at_one_minute_lose_nothing(vault: Vault) -> None:
    frames = cut_into_frames(noise(60 * 250, 1), BEGIN_US)
    vault.put(frames)
    vault.analyse()
    compaction, now = vault.compaction(), datetime.now(UTC)
    (hour,) = compaction.hours(now)
    (unit,) = compaction.units(hour, range(SHARDS), now)
    with psycopg.connect(vault.database) as rival:
        rival.execute(
            "INSERT INTO ecg_blocks SELECT stream_id, t0, t0, t0, patient_id, 1, 1, 250000, 1, 1, 0, 0, 'II', '', ''"
            " FROM ecg_frames ORDER BY t0 LIMIT 1"
        )
        refused = list[HeartwireError]()
        pid = vault.connection.info.backend_pid
        taking = threading.Thread(target=lambda: refused.append(_error_of(lambda: compaction.compact(unit, range(64)))))
        taking.start()
        with psycopg.connect(vault.database, autocommit=True) as watch:
            query = "SELECT EXISTS (SELECT FROM pg_locks WHERE pid = %s AND NOT granted)"
            wait_until(lambda: watch.execute(query, (pid,)).fetchone() == (True,), "compaction to meet its rival")
        rival.commit()
    taking.join()
    assert isinstance(refused[0], DatabaseRefusedError)
    assert (vault.count("ecg_frames"), vault.count("ecg_blocks")) == (60, 1)


def _error_of(call: Callable[[], object]) -> HeartwireError:
    with pytest.raises(HeartwireError) as caught:
        call()
    return caught.value


def test_a_frame_that_is_sent_again_after_compaction_is_known_and_another_under_its_number_conflicts(
    vault: Vault,
) -> None:
    frames = cut_into_frames(noise(60 * 250, 1), BEGIN_US)
    leases = Leases("ingest", "test", 600.0)
    standing = leases.tick(vault.connection)
    registry = Registry(100, admits_everyone=False)
    writer = Writer(vault.database, registry, lambda: standing)

    def write(sent: Sequence[EcgFrame]) -> Written:
        key = StreamKey(vault.device, Stream.ECG, 1)
        return writer.write(
            [
                DecodedFrame(key, frame, Received(b"", b"", 0, frame.t_end, retained=False, connection=0, mid=0))
                for frame in sent
            ]
        )

    assert write(frames[:58]).frames == 58
    vault.analyse()
    assert vault.compact() == 58
    other = msgspec.structs.replace(frames[3], samples=frames[4].samples)
    moved = msgspec.structs.replace(frames[5], t0=frames[5].t0 + 1)
    written = write([*frames[:3], other, frames[4], moved, *frames[57:]])
    assert (written.frames, written.duplicates) == (2, 7)
    assert sorted(letter.reason for letter in written.dead_letters) == ["conflicting", "conflicting"]
    writer.close()
    vault.analyse()
    vault.compact()
    assert vault.frames() == rows_of(vault.device, frames)


def _covered(vault: Vault) -> dict[str, list[tuple[int, int]]]:
    """Return by lead when there is signal, less than three milliseconds not being a gap."""
    given = parameters(vault.patient_id, BEGIN_US, BEGIN_US + 2 * HOUR_US)
    with vault.connection.cursor(binary=True) as cursor:
        spans = sorted(spans_of(cursor.execute(SPANS, given).fetchall()))
    covered: dict[str, list[tuple[int, int]]] = {}
    for lead, begin_us, end_us in spans:
        of_lead = covered.setdefault(lead, [])
        if of_lead and begin_us <= of_lead[-1][1] + 3_000:
            begin_us, end_us = of_lead[-1][0], max(end_us, of_lead.pop()[1])  # noqa: PLW2901 # joined to the last
        of_lead.append((begin_us, end_us))
    return covered


def test_when_there_is_signal_is_known_of_blocks_as_of_frames(vault: Vault) -> None:
    frames = cut_into_frames(noise(200 * 250, 1), BEGIN_US)
    del frames[30:33], frames[90:150]
    frames += cut_into_frames(noise(20 * 360, 2), BEGIN_US, fs_hz=360, boot_id=2, lead="V1")
    vault.put(frames)
    wanted = _covered(vault)
    seconds = [(0, 30), (33, 93), (153, 200)]
    assert wanted["II"] == [(BEGIN_US + begin * 1_000_000, BEGIN_US + end * 1_000_000) for begin, end in seconds]
    vault.analyse()
    vault.compact(before_us=BEGIN_US + MINUTE_US)
    assert _covered(vault) == wanted
    vault.compact()
    assert vault.count("ecg_frames") == 0
    assert _covered(vault) == wanted
    extent = vault.connection.execute(EXTENT, {"patient_id": vault.patient_id}).fetchone()
    assert extent == (at(BEGIN_US), at(BEGIN_US + 3 * MINUTE_US)), "the last block's minute stands for its frames"


def _outline(vault: Vault, bucket_us: int, *, span_us: int = 4 * MINUTE_US) -> LeadOutline:
    begin_us, end_us = BEGIN_US + 59 * MINUTE_US, BEGIN_US + 59 * MINUTE_US + span_us
    given = outline_parameters(vault.patient_id, begin_us, end_us, bucket_us)
    rows = vault.connection.cursor(binary=True).execute(OUTLINES, given).fetchall()
    return outline_of(rows, begin_us, end_us, bucket_us)


@pytest.mark.parametrize("bucket_us", [40_000, 500_000, 1_200_000])
def test_the_outline_is_the_same_whatever_form_the_signal_is_stored_in(vault: Vault, bucket_us: int) -> None:
    frames = cut_into_frames(noise(90 * 250, 1), BEGIN_US + 59 * MINUTE_US + 300_000, frame_s=7.3)
    frames += cut_into_frames(noise(20 * 128, 2), BEGIN_US + 61 * MINUTE_US, fs_hz=128, boot_id=2)
    frames += cut_into_frames(noise(30 * 250, 3), BEGIN_US + 59 * MINUTE_US, boot_id=3, lead="V1")
    vault.put(frames)
    vault.analyse()
    raw = _outline(vault, bucket_us)
    assert (raw.lead, raw.leads) == ("II", ["II", "V1"])
    assert raw.bucket_us == {40_000: 40_000, 500_000: 500_000, 1_200_000: 1_500_000}[bucket_us]
    # Half a minute without signal, and nothing after the second piece.
    missing_s = np.isnan(raw.low_mv).sum() * raw.bucket_us / 1e6
    assert missing_s == pytest.approx(4 * 60 - 110, abs=3)
    vault.compact(before_us=BEGIN_US + 60 * MINUTE_US)
    assert vault.count("ecg_frames") > 0
    half = _outline(vault, bucket_us)
    vault.compact()
    assert vault.count("ecg_frames") == 0
    whole = _outline(vault, bucket_us)
    # Blocks that an earlier version made.
    vault.connection.execute("UPDATE ecg_blocks SET envelope = NULL")
    decoded = _outline(vault, bucket_us)
    for other in (half, whole, decoded):
        np.testing.assert_array_equal(other.low_mv, raw.low_mv)
        np.testing.assert_array_equal(other.high_mv, raw.high_mv)
        assert other[:4] == raw[:4]
