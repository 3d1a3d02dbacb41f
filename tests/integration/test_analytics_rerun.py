"""Stored signal is analysed again beside the live analysis: compared with it, stored apart from it, told to nobody."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from analytics.comparison import Comparison
from analytics.engine import ENGINE_VERSION, Engine
from analytics.rerun import PART_US, Asked, Done, RerunError, rerun
from analytics.results import Results, RhythmChange, Segment
from analytics.rollups import rebuild_minutes
from heartwire.storage.leases import Leases
from heartwire.storage.pool import connect
from heartwire.topics import SHARDS
from ingest.compactor.compaction import Compaction
from tests.conftest import StartHeartwire
from tests.ecg import cut_into_frames, draw_ecg, regular_beats
from tests.integration.analytics_stack import BEGIN_US, Stack, on_one_database

_S: Final = 1_000_000
_LENGTH_S: Final = 740
_END_US: Final = BEGIN_US + _LENGTH_S * _S
#: Two silences of seven seconds, one on each side of the border between two parts.
_BEATS: Final = [*regular_beats(0.4, 300, 75), *regular_beats(307, 650, 75), *regular_beats(657, _LENGTH_S, 75)]
#: Whatever a rerun may not touch.
_LIVE: Final = ("alarms", "alarm_events", "analytics_cursors", "analysis_checkpoints", "signal_states", "beat_minutes",
                "ecg_minutes")  # fmt: skip
_RESULTS: Final = ("beats", "episodes", "rhythms")


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str) -> Stack:
    return Stack(heartwire_process, database)


@pytest.fixture
def device(stack: Stack) -> str:
    """A device whose signal is stored and analysed, by a service that has ended."""
    device = stack.add_device()
    process = stack.start()
    frames = cut_into_frames(draw_ecg(_BEATS, _LENGTH_S), BEGIN_US)
    stack.store(device, frames)
    stack.wait_until_analysed()
    assert process.stop() == 0
    assert len(stack.beats(device)) > 880
    assert len(stack.alarms(device, "asystole")) == 2
    return device


def _rerun(stack: Stack, begin_s: float = 0, end_s: float = _LENGTH_S, **more: Any) -> Done:  # noqa: ANN401
    ((patient_id,),) = stack.rows("SELECT patient_id FROM patients")
    asked = Asked(patient_id, BEGIN_US + round(begin_s * _S), BEGIN_US + round(end_s * _S), more.pop("version", None))
    with connect(stack.database, "test", autocommit=True) as connection:
        return rerun(connection, asked, **more)


def _is_same(found: Comparison) -> bool:
    return (found.beats, found.episodes) == ([], []) and found.beats_paired == found.beats_stored > 0


def _tables(stack: Stack, *tables: str) -> dict[str, list[tuple[Any, ...]]]:
    return {table: stack.rows(f"SELECT * FROM {table} AS x ORDER BY x::text") for table in tables}  # noqa: S608


def _as_of_another_version(stack: Stack) -> None:
    """Let it have been another version that was live, which saw some things otherwise."""
    for table in ("beats", "beat_minutes", "episodes", "alarms", "rhythms"):
        stack.execute(f"UPDATE {table} SET engine = 'old-1'")  # noqa: S608
    stack.execute("UPDATE beats SET label = 'V' WHERE t = (SELECT min(t) FROM beats WHERE t > %s)", _at(100))
    stack.execute("DELETE FROM beats WHERE t = (SELECT min(t) FROM beats WHERE t > %s)", _at(200))
    stack.execute(
        "INSERT INTO beats SELECT patient_id, tenant_id, device_id, %s, 0.4, 1, 'N', engine FROM beats LIMIT 1",
        _at(303),
    )
    stack.execute("DELETE FROM episodes WHERE call = 'asystole' AND onset_at > %s", _at(400))
    stack.execute("UPDATE episodes SET ended_at = ended_at + interval '2 s' WHERE call = 'asystole'")


def _at(second: float) -> datetime:
    return datetime.fromtimestamp(BEGIN_US / 1e6 + second, UTC)


def _rebuild(stack: Stack) -> tuple[int, int, int]:
    with connect(stack.database, "test", autocommit=True) as connection:
        return rebuild_minutes(connection, _at(0), _at(3600), lowers=True)


def _compact(stack: Stack) -> None:
    now = datetime.now(UTC)
    with connect(stack.database, "test", autocommit=True) as connection:
        leases = Leases("compactor", "test", 600.0)
        compaction = Compaction(connection, leases.tick(connection).worker_id)
        for hour in list(compaction.hours(now)):
            for unit in compaction.units(hour, range(SHARDS), now):
                compaction.compact(unit, range(SHARDS))
        leases.leave(connection)


def test_the_same_version_finds_the_same_and_stores_nothing(stack: Stack, device: str) -> None:
    before = _tables(stack, *_LIVE, *_RESULTS)
    done = _rerun(stack)
    assert done.live == [done.engine] == [ENGINE_VERSION]
    assert _is_same(done.comparison)
    assert done.comparison.beats_same_instant == done.comparison.beats_stored
    assert done.comparison.episodes_same > 2
    assert done.live_parts == 2
    assert _tables(stack, *_LIVE, *_RESULTS) == before
    _compact(stack)
    assert stack.rows("SELECT count(*) FROM ecg_blocks")[0][0] > 10
    from_blocks = _rerun(stack)
    assert from_blocks == done


@on_one_database
def test_in_the_midst_of_the_signal_the_warm_up_suffices(stack: Stack, device: str) -> None:
    found = _rerun(stack, 250.3, 660.7).comparison
    assert _is_same(found)
    assert found.beats_stored == len(
        [beat for beat in stack.beats(device) if 250.3 * _S <= beat[0] - BEGIN_US < 660.7 * _S]
    )
    assert [each.call for each in found.episodes] == []
    assert found.episodes_stored == found.episodes_same > 2


@on_one_database
def test_the_lead_boots_and_limits_are_those_of_the_live_analysis(stack: Stack) -> None:
    device = stack.add_device()
    stack.execute("INSERT INTO patient_limits SELECT patient_id, 1, 'tachycardia', 'bpm', 70 FROM patients")
    beats = regular_beats(0.4, 60, 75)
    leads = [
        cut_into_frames(draw_ecg(beats, 60, seed=seed), BEGIN_US, lead=lead) for seed, lead in ((1, "V5"), (2, "I"))
    ]
    frames = [frame for pair in zip(*leads, strict=True) for frame in pair]
    stack.store(device, [msgspec.structs.replace(frame, seq=seq) for seq, frame in enumerate(frames)])
    other_boot = cut_into_frames(draw_ecg(beats, 60, seed=3), BEGIN_US + 70 * _S, lead="V5", boot_id=9)
    stack.store(device, [*other_boot[:20], *other_boot[24:]])
    process = stack.start()
    stack.wait_until_analysed()
    assert process.stop() == 0
    assert len(stack.alarms(device, "tachycardia")) > 0
    # Of the last half second the live analysis does not know yet what follows.
    found = _rerun(stack, 0, 129).comparison
    assert _is_same(found)
    assert found.beats_same_instant == found.beats_stored > 130
    assert found.episodes_same > 0


@on_one_database
def test_rhythms_are_stored_beside_the_live_ones(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    device = stack.add_device()
    stack.store(device, cut_into_frames(draw_ecg(regular_beats(0.4, 60, 75), 60), BEGIN_US))
    stack.execute("UPDATE analytics_cursors SET next_xid = log_horizon()")
    ((patient_id,),) = stack.rows("SELECT patient_id FROM patients")
    stack.execute("INSERT INTO rhythms VALUES (%s, 1, %s, %s, 'N', false, 'old-1')", patient_id, device, _at(1))
    tick = Engine.tick
    told = "N"

    def tick_with_rhythm(engine: Engine, segments: Sequence[Segment]) -> Results:
        found = tick(engine, segments)
        changes = [
            RhythmChange(segments[0].row, BEGIN_US + 2 * _S, told),
            RhythmChange(segments[0].row, BEGIN_US - _S, "B"),
        ]
        return found._replace(rhythms=changes)

    monkeypatch.setattr(Engine, "tick", tick_with_rhythm)
    rhythms = "SELECT rhythm, engine, is_rerun FROM rhythms ORDER BY t"
    _rerun(stack, 0, 60)
    assert stack.rows(rhythms) == [("N", "old-1", False), ("N", ENGINE_VERSION, True)]
    told = "AFIB"
    _rerun(stack, 0, 60)
    assert stack.rows(rhythms) == [("N", "old-1", False), ("AFIB", ENGINE_VERSION, True)]


@on_one_database
def test_what_another_version_finds_stands_beside_it_and_differences_are_told(stack: Stack, device: str) -> None:
    _as_of_another_version(stack)
    assert _rebuild(stack)[:2] == (3, 0)
    before = _tables(stack, *_LIVE, *_RESULTS)
    found = _rerun(stack).comparison
    assert [(beat.stored, beat.rerun) for beat in found.beats] == [("V", "N"), ("", "N"), ("N", "")]
    assert [(each.call, each.stored is None) for each in found.episodes] == [("asystole", False), ("asystole", True)]
    moved = found.episodes[0]
    assert moved.stored is not None
    assert moved.rerun is not None
    assert moved.stored.onset_us == moved.rerun.onset_us
    assert moved.stored.end_us == (moved.rerun.end_us or 0) + 2 * _S
    # Beside it, marked; nothing of what was there has changed, and nobody was told anything.
    assert _tables(stack, *_LIVE) == {table: before[table] for table in _LIVE}
    after = _tables(stack, *_RESULTS)
    for table in _RESULTS:
        assert [row for row in after[table] if row[-1] is False] == before[table]
    versions = "SELECT engine, is_rerun, count(*) FROM {} GROUP BY 1, 2 ORDER BY 1"
    assert [row[:2] for row in stack.rows(versions.format("beats"))] == [(ENGINE_VERSION, True), ("old-1", False)]
    assert stack.rows("SELECT count(*) FROM beats WHERE is_rerun") == [(found.beats_rerun,)]
    assert stack.rows("SELECT count(*), count(ended_at) FROM episodes WHERE is_rerun") == [(found.episodes_rerun,) * 2]
    assert stack.rows("SELECT done_until FROM reruns") == [(_at(_LENGTH_S),)]
    # Again: not one row is another one.
    kept = _tables(stack, *_RESULTS, "reruns")
    assert _rerun(stack).comparison == found
    assert _tables(stack, *_RESULTS, "reruns") == kept
    # Counted anew, minutes are still those of the live analysis alone.
    assert _rebuild(stack) == (0, 0, 0)
    # Compared with the first rerun instead.
    assert _is_same(_rerun(stack, version=ENGINE_VERSION).comparison)
    assert not _is_same(_rerun(stack, version="old-1").comparison)


@on_one_database
def test_what_an_earlier_rerun_found_and_this_one_does_not_goes(stack: Stack, device: str) -> None:
    _as_of_another_version(stack)
    _rerun(stack)
    kept = _tables(stack, *_RESULTS)
    stack.execute(
        "INSERT INTO beats SELECT patient_id, tenant_id, device_id, t + interval '0.3 s', 0.3, 1, 'N', engine, true"
        " FROM beats WHERE is_rerun AND t < %s",
        _at(20),
    )
    stack.execute("UPDATE beats SET label = 'V' WHERE is_rerun AND t > %s", _at(_LENGTH_S - 20))
    stack.execute("UPDATE episodes SET onset_at = onset_at - interval '0.1 s' WHERE is_rerun AND call = 'asystole'")
    _rerun(stack)
    after = _tables(stack, *_RESULTS)
    assert after["beats"] == kept["beats"]
    # All but their numbers.
    assert {repr(row[1:]) for row in after["episodes"]} == {repr(row[1:]) for row in kept["episodes"]}


@on_one_database
def test_ended_in_its_midst_whole_parts_stay_and_another_run_does_the_rest(stack: Stack, device: str) -> None:
    _as_of_another_version(stack)

    def interrupt(until_us: int) -> None:
        if until_us == _END_US:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _rerun(stack, on_progress=interrupt)
    part_end = BEGIN_US + PART_US
    assert stack.rows("SELECT done_until FROM reruns") == [(_at(PART_US / _S),)]
    ((beats, last),) = stack.rows("SELECT count(*), max(extract(epoch FROM t) * 1e6)::bigint FROM beats WHERE is_rerun")
    assert beats > 700
    assert part_end - _S < last < part_end
    _rerun(stack)
    assert stack.rows("SELECT done_until FROM reruns") == [(_at(_LENGTH_S),)]
    ((again,),) = stack.rows("SELECT count(*) FROM beats WHERE is_rerun")
    assert again == pytest.approx(len(_BEATS), abs=4)


@on_one_database
def test_what_cannot_be_done_is_said(stack: Stack) -> None:
    device = stack.add_device()
    stack.store(device, cut_into_frames(draw_ecg(regular_beats(0.4, 20, 75), 20), BEGIN_US))
    with pytest.raises(RerunError, match="20 frames of that stretch wait for the live analysis"):
        _rerun(stack, 0, 60)
    stack.execute("UPDATE analytics_cursors SET next_xid = log_horizon()")
    with pytest.raises(RerunError, match="by version 'new-9'; there are: none"):
        _rerun(stack, 0, 60, version="new-9")
    with pytest.raises(
        RerunError, match=r"no ECG .* there is some from 2026-03-01 14:00:00 to 2026-03-01 14:00:19 UTC"
    ):
        _rerun(stack, 100, 160)
    with pytest.raises(RerunError, match="--from must be before --to"):
        _rerun(stack, 60, 60)
    with connect(stack.database, "test", autocommit=True) as connection:
        with pytest.raises(RerunError, match="no patient 4711"):
            rerun(connection, Asked(4711, BEGIN_US, _END_US))
        ((patient_id,),) = stack.rows("SELECT patient_id FROM patients")
        rerun(connection, Asked(patient_id, BEGIN_US, BEGIN_US + 20 * _S))
        with pytest.raises(RerunError, match="another rerun"):
            _rerun(stack, 0, 20)


def _command(database: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "heartwire", "analytics", "rerun", *words],
        env=os.environ | {"HEARTWIRE_ANALYTICS_DATABASE": database},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@on_one_database
def test_the_command_says_it_in_words_and_as_json(stack: Stack, tmp_path: Path) -> None:
    device = stack.add_device()
    stack.store(device, cut_into_frames(draw_ecg(regular_beats(0.4, 60, 75), 60), BEGIN_US))
    stack.execute("UPDATE analytics_cursors SET next_xid = log_horizon()")
    ((patient_id,),) = stack.rows("SELECT patient_id FROM patients")
    words = ("--patient", str(patient_id), "--from", "2026-03-01T14:00:00", "--to", "2026-03-01T14:01:00")
    done = _command(stack.database, *words, "--json", str(tmp_path / "new" / "found.json"))
    assert done.returncode == 0, done.stderr
    # Where it took longer than a moment it says how far it is; nothing else.
    progress = re.compile(rf"{ENGINE_VERSION}: analysed up to 2026-03-01 14:0[01]:[0-9.]+ UTC, [0-9]+%")
    assert all(progress.fullmatch(line) for line in done.stderr.splitlines()), done.stderr
    assert f"engine that ran: {ENGINE_VERSION}; live then: none; compared with: what was live" in done.stdout
    assert "beats only in the rerun (N): 7" in done.stdout
    assert "more; --json has all" in done.stdout
    found = json.loads((tmp_path / "new" / "found.json").read_text())
    assert found["beats"]["stored"] == 0
    assert len(found["beats"]["differences"]) == found["beats"]["rerun"] > 70
    refused = _command(stack.database, *words[:-1], "2026-03-01T13:00:00")
    assert refused.returncode == 1
    assert "--from must be before --to" in refused.stderr


@on_one_database
def test_without_a_schema_the_command_says_what_to_do(empty_database: str) -> None:
    done = _command(empty_database, "--patient", "1", "--from", "2026-03-01", "--to", "2026-03-02")
    assert done.returncode == 1
    assert "run `heartwire migrate`" in done.stderr
    assert "Traceback" not in done.stderr
