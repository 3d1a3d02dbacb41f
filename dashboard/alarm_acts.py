"""What a person does to an alarm: takes it on, silences it, reviews it; and what takes each of these back.

Every act is one more event with who, when and from where. Whoever acts holds the alarm's row meanwhile, so that two
hands do one after the other.
"""

from collections.abc import Collection
from typing import Final, Literal

from psycopg.types.json import Jsonb

from dashboard.access import Action, audit
from dashboard.alarms import Alarm, AlarmState, Verdict, one_alarm
from dashboard.errors import ApiError, Code
from dashboard.glass import refuse_own_word
from dashboard.whence import Hand
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard", "alarms.sql")
_OPEN: Final = frozenset(
    {AlarmState.PENDING, AlarmState.ACTIVE, AlarmState.SILENCED, AlarmState.PAUSED, AlarmState.LATCHED}
)


async def acknowledge(hand: Hand, alarm_id: int, additions: int) -> Alarm:
    """Take an alarm on, in the name of who is signed in; a second time changes nothing.

    Parameters
    ----------
    additions : int
        As they were shown.

    Raises
    ------
    ApiError
        `NOT_FOUND`; `NOT_OPEN` when it is over or suppressed; `CHANGED` when something was added that was not shown;
        `FOR_THE_TEAM`.
    """
    async with hand.connection.transaction():
        alarm = await _locked(hand, alarm_id)
        if alarm.acknowledged is not None:
            return alarm
        if alarm.state not in _OPEN:
            raise ApiError(Code.NOT_OPEN)
        await refuse_own_word(hand.connection, hand.viewer, alarm)
        if alarm.additions != additions:
            raise ApiError(Code.CHANGED)
        return await _act(hand, alarm, "acknowledged", Action.ACKNOWLEDGED)


async def undo_acknowledgement(hand: Hand, alarm_id: int) -> Alarm:
    """Take an acknowledgement back, whoever gave it; without one nothing changes.

    Raises
    ------
    ApiError
        `NOT_FOUND`.
    """
    return await _undo(hand, alarm_id, "acknowledged", "acknowledgement_undone", Action.UNDID_ACKNOWLEDGEMENT)


async def silence(hand: Hand, alarm_id: int, seconds: int) -> Alarm:
    """Silence an alarm from now on for a time; again begins the time anew. What is acknowledged is silent already.

    Raises
    ------
    ApiError
        `NOT_FOUND`; `NOT_OPEN` when it is over or suppressed; `FOR_THE_TEAM`.
    """
    async with hand.connection.transaction():
        alarm = await _locked(hand, alarm_id)
        if alarm.state is AlarmState.ACKNOWLEDGED:
            return alarm
        if alarm.state not in _OPEN:
            raise ApiError(Code.NOT_OPEN)
        await refuse_own_word(hand.connection, hand.viewer, alarm)
        return await _act(hand, alarm, "silenced", Action.SILENCED, seconds=seconds)


async def undo_silence(hand: Hand, alarm_id: int) -> Alarm:
    """Let an alarm sound again, whoever silenced it; one that is not silenced stays as it is.

    Raises
    ------
    ApiError
        `NOT_FOUND`.
    """
    return await _undo(hand, alarm_id, "silenced", "silence_undone", Action.UNDID_SILENCE)


async def review(hand: Hand, alarm_id: int, verdict: Verdict, note: str) -> Alarm:
    """Say what an alarm was; the last word counts, and the earlier ones are kept.

    Raises
    ------
    ApiError
        `NOT_FOUND`.
    """
    async with hand.connection.transaction():
        alarm = await _locked(hand, alarm_id)
        said = alarm.reviewed
        if said is not None and (said.name, said.verdict, said.note) == (hand.viewer.name, verdict, note):
            return alarm
        return await _act(hand, alarm, "reviewed", Action.REVIEWED, verdict=verdict, note=note)


async def undo_review(hand: Hand, alarm_id: int) -> Alarm:
    """Take a review back, whoever gave it: the alarm waits for one again.

    Raises
    ------
    ApiError
        `NOT_FOUND`.
    """
    return await _undo(hand, alarm_id, "reviewed", "review_undone", Action.UNDID_REVIEW)


async def show(hand: Hand, alarms: Collection[int]) -> None:
    """Keep that these alarms are on a screen; of others' alarms and of those that were shown before nothing is kept."""
    given = {
        "alarms": sorted(alarms),
        "tenant_id": hand.viewer.tenant_id,
        "user_id": hand.viewer.user_id,
        "detail": Jsonb(hand.detail()),
    }
    await hand.connection.execute(_QUERIES["shown"], given)


async def _undo(
    hand: Hand, alarm_id: int, field: Literal["acknowledged", "silenced", "reviewed"], kind: str, action: Action
) -> Alarm:
    """Take back what stands in a field; where nothing does, nothing changes."""
    async with hand.connection.transaction():
        alarm = await _locked(hand, alarm_id)
        return alarm if getattr(alarm, field) is None else await _act(hand, alarm, kind, action)


async def _locked(hand: Hand, alarm_id: int) -> Alarm:
    given = {"alarm_id": alarm_id, "tenant_id": hand.viewer.tenant_id}
    if await (await hand.connection.execute(_QUERIES["lock"], given)).fetchone() is None:
        raise ApiError(Code.NOT_FOUND)
    return await one_alarm(hand.connection, hand.viewer.tenant_id, alarm_id)


async def _act(hand: Hand, alarm: Alarm, kind: str, action: Action, **detail: object) -> Alarm:
    given = {
        "alarm_id": alarm.id,
        "tenant_id": hand.viewer.tenant_id,
        "kind": kind,
        "user_id": hand.viewer.user_id,
        "detail": Jsonb(hand.detail(**detail)),
    }
    await hand.connection.execute(_QUERIES["add_event"], given)
    await audit(hand.connection, hand.viewer, action, alarm.patient_id)
    return await one_alarm(hand.connection, hand.viewer.tenant_id, alarm.id)
