"""What a message says, in the language of who gets it.  Pure.

No name, unless a setting allows it: messages go through other companies' networks and lie on locked screens.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from heartwire.calls import CALLS, Family
from heartwire.zones import clock_words

_LINES_MOST: Final = 10
_PRIORITIES: Final = ("high", "medium", "low")
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "high": "HIGH",
        "medium": "MEDIUM",
        "low": "LOW",
        "alarms": "{n} alarms",
        "patients": "{call}: {n} patients",
        "ward": "ward {ward}",
        "since": "since {time}",
        "more": "and {n} more",
        "answer": "Acknowledge, or pass on to the next: {link}",
        "open": "Open the ward's page to answer.",
        "test": "Test message",
        "test_body": "This is a test. Messages about alarms reach you this way.",
    },
    "fr": {
        "high": "HAUTE",
        "medium": "MOYENNE",
        "low": "BASSE",
        "alarms": "{n} alarmes",
        "patients": "{call} : {n} patients",
        "ward": "service {ward}",
        "since": "depuis {time}",
        "more": "et {n} de plus",
        "answer": "Répondre, ou passer au suivant : {link}",
        "open": "Ouvrez la page du service pour répondre.",
        "test": "Message d'essai",
        "test_body": "Ceci est un essai. Les messages d'alarme vous parviennent par cette voie.",
    },
    "de": {
        "high": "HOCH",
        "medium": "MITTEL",
        "low": "NIEDRIG",
        "alarms": "{n} Alarme",
        "patients": "{call}: {n} Patienten",
        "ward": "Station {ward}",
        "since": "seit {time}",
        "more": "und {n} weitere",
        "answer": "Übernehmen oder weitergeben: {link}",
        "open": "Zum Antworten die Stationsseite öffnen.",
        "test": "Testnachricht",
        "test_body": "Dies ist ein Test. Alarmmeldungen erreichen Sie auf diesem Weg.",
    },
}


@dataclass(frozen=True, slots=True)
class Told:
    """One alarm that a message is about, in whose `zone` its time is said.

    `name` is the patient's, or empty where it is not to be said.
    """

    call: str
    priority: str
    ward: str
    onset_at: datetime
    zone: str
    name: str = ""

    @property
    def is_technical(self) -> bool:
        """Whether it is about the system, not a heart."""
        call = CALLS.get(self.call)
        return call is not None and call.family is Family.TECHNICAL


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: a title of a line, a body of a few, and the link that answers, if there is one."""

    title: str
    body: str
    priority: str
    link: str


def trial_message(language: str) -> Message:
    """Return the message by which somebody sees that messages arrive."""
    words = _words(language)
    return Message(f"heartwire: {words['test']}", words["test_body"], "low", "")


def alarm_message(told: Sequence[Told], language: str, link: str) -> Message:
    """Return one message about all of these alarms, the gravest first; technical ones of a kind are one line.

    Parameters
    ----------
    told : sequence of Told
        At least one.
    link : str
        Where it is answered; empty where there is no such address.
    """
    words = _words(language)
    lines = _lines(sorted(told, key=lambda alarm: (_PRIORITIES.index(alarm.priority), alarm.onset_at)), language)
    gravest = min((alarm.priority for alarm in told), key=_PRIORITIES.index)
    wards = sorted({_one_line(alarm.ward) for alarm in told if alarm.ward})
    what = lines[0][0] if len(lines) == 1 else words["alarms"].format(n=len(told))
    where = f", {words['ward'].format(ward=', '.join(wards))}" if wards else ""
    body = [line for _, line in lines[:_LINES_MOST]]
    if len(lines) > _LINES_MOST:
        body.append(words["more"].format(n=len(lines) - _LINES_MOST))
    body += ["", words["answer"].format(link=link) if link else words["open"]]
    return Message(f"heartwire {words[gravest]}: {what}{where}", "\n".join(body), gravest, link)


def _lines(told: Sequence[Told], language: str) -> list[tuple[str, str]]:
    """Return what each cause is called, and its line."""
    words = _words(language)
    causes: dict[tuple[object, ...], list[Told]] = defaultdict(list)
    for number, alarm in enumerate(told):
        causes[(alarm.call,) if alarm.is_technical else (alarm.call, number)].append(alarm)
    lines = []
    for alarms in causes.values():
        first = alarms[0]
        call = CALLS.get(first.call)
        name = call.names.get(language, call.name_en) if call else first.call
        what = words["patients"].format(call=name, n=len(alarms)) if len(alarms) > 1 else name
        parts = [f"{words[first.priority]}: {what}"]
        if len(alarms) == 1:
            parts += [_one_line(first.name)] if first.name else []
            parts += [words["ward"].format(ward=_one_line(first.ward))] if first.ward else []
        parts.append(words["since"].format(time=clock_words(first.onset_at, first.zone)))
        lines.append((what, ", ".join(parts)))
    return lines


def _one_line(name: str) -> str:
    """Return a name without what would begin a line, or turn the direction of one: no name makes an alarm."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())


def _words(language: str) -> Mapping[str, str]:
    return _WORDS.get(language, _WORDS["en"])
