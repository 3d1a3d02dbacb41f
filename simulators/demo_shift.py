"""What the demo's care team does, by the API as people do it: the beginning of a shift, and a colleague who helps.

The charts are written, the patients given to their nurses, one patient's alarms are off, a shift waits to be handed
over. Then the colleague judges what the night brought, and answers what the visitor leaves unanswered.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final

from simulators.demo_api import ApiRefusedError, Signed
from simulators.demo_home import Home
from simulators.demo_mailbox import Mailbox
from simulators.demo_stories import ADMINISTRATOR, COLLEAGUE, NURSE, PHYSICIAN, Member, Story, story_of
from simulators.demo_team import make_reachable, set_zone, sign_in

#: The colleague answers what nobody did for so long: after the second step of the chain, before the third.
_PATIENCE_US: Final = 110_000_000
#: What is older than so much when the demo starts is the night's, and hers; the rest is left to the visitor.
_LEFT_US: Final = 45 * 60_000_000
#: What is over sooner is told to nobody; so long after its onset she has looked at it.
_SHORT_US: Final = 25_000_000
_LOOK_EVERY_S: Final = 5.0
_REVIEW_EVERY_S: Final = 15.0
_AGAIN_AFTER_S: Final = 10.0
_OFF_S: Final = 12 * 3600
_OFF_REASON: Final = "Palliative care, agreed with him and his family"
_OPEN: Final = frozenset({"pending", "active", "latched"})
#: A patient's own words are left to the visitor for longer; she takes them on, and leaves them to be read.
_WORDS_PATIENCE_US: Final = 175_000_000
_WORDS: Final = frozenset({"symptom", "patient_message"})
_QUESTION: Final = {
    "title": "How is the pain?",
    "fields": [
        {"id": "pain", "kind": "scale", "label": "Pain in the chest, 0 to 10"},
        {"id": "walked", "kind": "yes_no", "label": "Have you walked today?"},
    ],
}
_GREETING: Final = "Good morning, this is Nora. Please ring before you get up today."


class Shift:
    """The team's work, on a thread of its own.

    Parameters
    ----------
    say : callable
        Takes a line for a person.
    """

    def __init__(self, home: Home, port: int, mailbox: Mailbox, say: Callable[[str], None]) -> None:
        self._home: Final = home
        self._port: Final = port
        self._mailbox: Final = mailbox
        self._say: Final = say
        self._begin_us: Final = time.time_ns() // 1000
        self._ended: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._work, name="shift", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; a request that is under way is not waited for."""
        self._ended.set()

    def _work(self) -> None:
        for task in (self._open_the_house, self._begin_shift, self._help):
            while not self._ended.is_set():
                try:
                    task()
                    break
                except ApiRefusedError as problem:
                    if not self._ended.wait(_AGAIN_AFTER_S):
                        self._say(f"the demo's team tries again: {problem}")

    @contextmanager
    def _as(self, member: Member) -> Iterator[Signed]:
        with sign_in(self._home, self._port, member) as signed:
            yield signed

    def _open_the_house(self) -> None:
        with self._as(ADMINISTRATOR) as administrator:
            make_reachable(administrator, self._mailbox)
            set_zone(administrator)

    def _begin_shift(self) -> None:
        with self._as(NURSE) as nurse, self._as(COLLEAGUE) as colleague, self._as(PHYSICIAN) as physician:
            ward = physician.get("/ward")
            patients = {patient["name"]: patient for patient in ward["patients"]}
            stories = [story for name in patients if (story := story_of(name)) is not None]
            nurses = {NURSE: nurse.user_id, COLLEAGUE: colleague.user_id, PHYSICIAN: physician.user_id}
            for story in stories:
                _assign(physician, patients[story.name], story, nurses)
                _write_chart(physician, colleague, patients[story.name]["id"], story)
            by_name = {story.name: patients[story.name]["id"] for story in stories}
            if not ward["hand_overs"] and any(story.nurse is COLLEAGUE for story in stories):
                colleague.post("/hand-overs", {"to_user_id": nurse.user_id})
            tomas, henri = by_name.get("Tomás Herrera"), by_name.get("Henri Dubois")
            if tomas is not None and not physician.get(f"/patients/{tomas}/limits")["limits"]:
                physician.put(f"/patients/{tomas}/limits", {"limits": {"tachycardia": {"bpm": 135}}})
            if henri is not None and all(pause["patient_id"] != henri for pause in ward["pauses"]):
                pause = {"kind": "alarms_off", "seconds": _OFF_S, "patient_id": henri, "reason": _OFF_REASON}
                physician.post("/pauses", pause)
            _say_once(nurse, by_name.get("Arthur Lindqvist"), "messages", {"text": _GREETING})
            _say_once(colleague, by_name.get("Rosa Marchetti"), "questions", _QUESTION)

    def _help(self) -> None:
        reviewed_s = -_REVIEW_EVERY_S
        with self._as(COLLEAGUE) as colleague:
            while not self._ended.wait(_LOOK_EVERY_S):
                for alarm in colleague.get("/ward")["alarms"]:
                    if self._is_hers(alarm):
                        _acknowledge(colleague, alarm)
                if time.monotonic() - reviewed_s > _REVIEW_EVERY_S:
                    reviewed_s = time.monotonic()
                    self._judge(colleague)

    def _is_of_the_night(self, alarm: Mapping[str, Any]) -> bool:
        return bool(alarm["late"] and alarm["onset_us"] < self._begin_us - _LEFT_US)

    def _is_hers(self, alarm: Mapping[str, Any]) -> bool:
        if alarm["state"] not in _OPEN or alarm["family"] != "clinical":
            return False
        if alarm["late"]:
            return self._is_of_the_night(alarm)
        patience_us = _WORDS_PATIENCE_US if alarm["call"] in _WORDS else _PATIENCE_US
        return bool(time.time_ns() // 1000 - alarm["raised_us"] > patience_us)

    def _judge(self, colleague: Signed) -> None:
        """Review what the night brought, and what was over before anybody was told, as the stories say."""
        alike: dict[tuple[str, str], list[int]] = {}
        for alarm in colleague.get("/review?days=1&limit=300")["waiting"]:
            key = _verdict_of(alarm["name"], alarm["call"])
            if key is not None and (self._is_of_the_night(alarm) or _was_short(alarm)):
                alike.setdefault(key, []).append(alarm["alarm_id"])
        for (verdict, note), alarms in alike.items():
            colleague.post("/review", {"alarm_ids": alarms[:100], "verdict": verdict, "note": note})


def _acknowledge(colleague: Signed, alarm: Mapping[str, Any]) -> None:
    try:
        colleague.post(f"/alarms/{alarm['id']}/acknowledgement", {"additions": alarm["additions"]})
    except ApiRefusedError as refused:
        if refused.status != HTTPStatus.CONFLICT:  # it ended, or somebody was faster
            raise


def _was_short(alarm: Mapping[str, Any]) -> bool:
    """Whether it rang and was over before the first on call would have been told: somebody must have looked at it."""
    age_us = time.time_ns() // 1000 - alarm["onset_us"]
    is_over = not alarm["late"] and alarm["priority"] == "medium" and alarm["end_us"] is not None
    return bool(is_over and alarm["end_us"] - alarm["onset_us"] < _SHORT_US < age_us)


def _verdict_of(name: str, call: str) -> tuple[str, str] | None:
    story = story_of(name)
    reviews = () if story is None else story.reviews
    return next(((each.verdict, each.note) for each in reviews if each.call == call), None)


def _assign(physician: Signed, patient: Mapping[str, Any], story: Story, nurses: Mapping[Member, int]) -> None:
    if story.nurse is not None and (patient["nurse"] or {}).get("id") != nurses[story.nurse]:
        physician.put(f"/patients/{patient['id']}/nurse", {"user_id": nurses[story.nurse]})


def _write_chart(physician: Signed, colleague: Signed, patient_id: int, story: Story) -> None:
    if physician.get(f"/patients/{patient_id}/notes")["notes"]:
        return
    authors: Sequence[Signed] = (physician, colleague)
    for author, text in zip(authors, story.notes, strict=False):
        author.post(f"/patients/{patient_id}/notes", {"text": text})


def _say_once(who: Signed, patient_id: int | None, kind: str, words: Mapping[str, object]) -> None:
    if patient_id is not None and not who.get(f"/patients/{patient_id}/messages")["messages"]:
        who.post(f"/patients/{patient_id}/{kind}", words)
