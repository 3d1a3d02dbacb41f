"""What an engine tells beside beats and calls is stored as it says it: ends in the signal, confidence, rhythms."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.rows import TupleRow

from analytics.analysis import NO_FINDINGS, CallChange, Findings, Rhythm
from analytics.minutes import NO_SIGNAL
from analytics.writer import Step, Writer
from heartwire.storage.leases import Leases
from tests.conftest import StartHeartwire
from tests.integration.analytics_stack import BEGIN_US, Stack

_S = 1_000_000


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str) -> Stack:
    return Stack(heartwire_process, database)


@pytest.fixture
def writer(stack: Stack) -> Iterator[Writer]:
    connection: psycopg.Connection[TupleRow]
    with psycopg.connect(stack.database, autocommit=True) as connection:
        leases = Leases("analytics", "test", 60.0)
        yield Writer(connection, "test", leases.tick(connection).worker_id)
        leases.leave(connection)


def _write(writer: Writer, findings: Findings) -> None:
    writer.write(Step({0: 0}, 0, 0, findings, NO_SIGNAL, [], []))


def _change(
    stack: Stack, device: str, kind: str, at_us: int, *, end_us: int = 0, confidence: float | None = None
) -> CallChange:
    ((patient_id,),) = stack.rows("SELECT patient_id FROM devices WHERE device_id = %s", device)
    call = "ventricular_tachycardia"
    return CallChange(device, patient_id, 1, call, kind, BEGIN_US, at_us, False, {}, end_us, confidence)


def test_an_episode_ends_where_it_did_in_the_signal_and_the_ledger_says_when_that_was_known(
    stack: Stack, writer: Writer
) -> None:
    device = stack.add_device()
    _write(writer, NO_FINDINGS._replace(changes=[_change(stack, device, "raised", BEGIN_US + 3 * _S, confidence=0.75)]))
    ended = _change(stack, device, "ended", BEGIN_US + 12 * _S, end_us=BEGIN_US + 9 * _S)
    _write(writer, NO_FINDINGS._replace(changes=[ended]))
    length = "SELECT extract(epoch FROM ended_at - onset_at)::float8 FROM episodes"
    assert stack.rows(length) == [(9.0,)]
    assert stack.rows("SELECT confidence FROM alarm_states") == [(0.75,)]
    details = stack.rows("SELECT detail FROM alarm_events ORDER BY event_id")
    assert details == [({},), ({"end_us": BEGIN_US + 9 * _S, "at_us": BEGIN_US + 12 * _S},)]


def test_without_a_word_about_its_end_an_episode_ends_when_the_rule_was_met_and_never_before_it_began(
    stack: Stack, writer: Writer
) -> None:
    first, second = stack.add_device(), stack.add_device()
    _write(
        writer, NO_FINDINGS._replace(changes=[_change(stack, device, "raised", BEGIN_US) for device in (first, second)])
    )
    ends = [
        _change(stack, first, "ended", BEGIN_US + 5 * _S),
        _change(stack, second, "ended", BEGIN_US + 5 * _S, end_us=BEGIN_US - 1),
    ]
    _write(writer, NO_FINDINGS._replace(changes=ends))
    length = "SELECT extract(epoch FROM ended_at - onset_at)::float8 FROM episodes WHERE device_id = %s"
    assert [stack.rows(length, device) for device in (first, second)] == [[(5.0,)], [(0.0,)]]
    assert stack.rows("SELECT DISTINCT confidence FROM alarms") == [(None,)]


def test_a_change_of_rhythm_is_stored_once_however_often_it_is_told(stack: Stack, writer: Writer) -> None:
    device = stack.add_device()
    ((patient_id,),) = stack.rows("SELECT patient_id FROM devices")
    told = [
        Rhythm(patient_id, 1, device, BEGIN_US, "N", is_late=False),
        Rhythm(patient_id, 1, device, BEGIN_US + 60 * _S, "AFIB", is_late=False),
        Rhythm(patient_id, 1, device, BEGIN_US + 90 * _S, "N", is_late=True),
    ]
    for _ in range(2):
        _write(writer, NO_FINDINGS._replace(rhythms=told))
    assert stack.rows("SELECT rhythm, is_late, engine FROM rhythms ORDER BY t") == [
        ("N", False, "test"),
        ("AFIB", False, "test"),
        ("N", True, "test"),
    ]
