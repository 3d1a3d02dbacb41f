"""The catalogue of calls: everything heartwire can tell a person about a patient's signal.

A *call* is what the engine (or the server's own watch) finds, an *alarm* is what a person is told.
Each call stands here once, with its names, priority, limits and rules; a detector refers to it by code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Priority(StrEnum):
    """Alarm priority, IEC 60601-1-8:2006 clause 6.1.2."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Family(StrEnum):
    """What a call speaks about: the heart, or the system that watches it (IEC 60601-1-8, 3.36)."""

    CLINICAL = "clinical"
    TECHNICAL = "technical"


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of a call, that a patient may have for himself.

    Attributes
    ----------
    default, low, high : float
        Default value and the bounds within which a person may set it.
    unit : str
        Unit of all three.
    """

    default: float
    low: float
    high: float
    unit: str


@dataclass(frozen=True, slots=True)
class Call:
    """One line of the catalogue.

    Attributes
    ----------
    code : str
        Name on the wire, in the database and in message catalogues. Never changes.
    implies : tuple of str
        Lesser calls that this one hides while it lasts (a greater call says all they say).
    onset_rule, end_rule : str
        When it starts and ends, in the signal's time.
    latching : bool
        Stays on the screen after its end until a person acknowledges it.
    source : str
        Where rule and default come from.
    """

    code: str
    name_en: str
    name_fr: str
    name_de: str
    priority: Priority
    family: Family
    onset_rule: str
    end_rule: str
    source: str
    limits: Mapping[str, Limit] = field(default_factory=lambda: MappingProxyType({}))
    implies: tuple[str, ...] = ()

    @property
    def names(self) -> Mapping[str, str]:
        """The name in each language that the pages speak."""
        return MappingProxyType({"en": self.name_en, "fr": self.name_fr, "de": self.name_de})

    @property
    def latching(self) -> bool:
        """Whether a person must acknowledge the alarm before it leaves the screen."""
        return self.priority is Priority.HIGH and self.family is Family.CLINICAL


class UnknownCallError(KeyError):
    """A code that is not in the catalogue."""


def _limits(**limits: Limit) -> Mapping[str, Limit]:
    return MappingProxyType(limits)


#: Calls of what a patient says himself.
SYMPTOM: Final = "symptom"
PATIENT_MESSAGE: Final = "patient_message"
GLASS_BROKEN: Final = "glass_broken"
#: Calls of the notifier.
NOBODY_ANSWERS: Final = "nobody_answers"
CHANNEL_FAILING: Final = "channel_failing"

_DESIGN: Final = "heartwire design, section 4"
_RATE_END: Final = "heart rate back within the limit, with 5 bpm of hysteresis, over the same span"

_CATALOGUE: Final = (
    Call(
        "asystole",
        "Asystole",
        "Asystolie",
        "Asystolie",
        Priority.HIGH,
        Family.CLINICAL,
        "no QRS for the limit, in a signal that can be judged; onset is the last beat",
        "two beats, no further apart than the limit",
        "IEC 60601-2-27:2011 clause 201.12.4.101; " + _DESIGN,
        _limits(seconds=Limit(4.0, 3.0, 10.0, "s")),
        ("pause", "bradycardia", "extreme_bradycardia", "missed_beat"),
    ),
    Call(
        "ventricular_fibrillation",
        "Ventricular fibrillation",
        "Fibrillation ventriculaire",
        "Kammerflimmern",
        Priority.HIGH,
        Family.CLINICAL,
        "a fibrillating or fluttering wave for the limit; onset is where the wave begins",
        "another rhythm for 3 s; the end is where the wave ends",
        "IEC 60601-2-27:2011 clause 201.12.4.101; " + _DESIGN,
        _limits(seconds=Limit(4.0, 3.0, 10.0, "s")),
        (
            "asystole",
            "ventricular_tachycardia",
            "extreme_tachycardia",
            "extreme_bradycardia",
            "bradycardia",
            "supraventricular_tachycardia",
            "atrial_fibrillation",
            "idioventricular_rhythm",
            "ventricular_bigeminy",
            "ventricular_trigeminy",
        ),
    ),
    Call(
        "ventricular_tachycardia",
        "Ventricular tachycardia",
        "Tachycardie ventriculaire",
        "Ventrikuläre Tachykardie",
        Priority.HIGH,
        Family.CLINICAL,
        "as many V beats in a row as the limit says, or beats that are V together though one alone may not look so, "
        "faster than the rate's limit; or a wave of one frequency for 4 s; onset is the first of them",
        "two beats in a row of another kind, or no beat for 3 s; the end is the last V beat",
        "PhysioNet/CinC Challenge 2015 definitions (5 beats, 100 bpm); " + _DESIGN,
        _limits(beats=Limit(5.0, 3.0, 15.0, "beats"), bpm=Limit(100.0, 90.0, 150.0, "1/min")),
        ("ventricular_run", "tachycardia", "supraventricular_tachycardia", "idioventricular_rhythm", "frequent_pvcs"),
    ),
    Call(
        "extreme_tachycardia",
        "Extreme tachycardia",
        "Tachycardie extrême",
        "Extreme Tachykardie",
        Priority.HIGH,
        Family.CLINICAL,
        "mean rate over 17 beats above the limit",
        _RATE_END,
        "PhysioNet/CinC Challenge 2015 definitions (17 beats, 140 bpm); " + _DESIGN,
        _limits(bpm=Limit(140.0, 100.0, 250.0, "1/min")),
        ("tachycardia",),
    ),
    Call(
        "extreme_bradycardia",
        "Extreme bradycardia",
        "Bradycardie extrême",
        "Extreme Bradykardie",
        Priority.HIGH,
        Family.CLINICAL,
        "mean rate over 5 beats below the limit, and not for one long interval alone: that is a pause",
        _RATE_END,
        "PhysioNet/CinC Challenge 2015 definitions (5 beats, 40 bpm); " + _DESIGN,
        _limits(bpm=Limit(40.0, 20.0, 60.0, "1/min")),
        ("bradycardia",),
    ),
    Call(
        "pause",
        "Pause",
        "Pause",
        "Pause",
        Priority.MEDIUM,
        Family.CLINICAL,
        "an RR interval longer than the limit; onset is the beat before it",
        "the beat that ends the interval",
        _DESIGN,
        _limits(seconds=Limit(2.5, 1.5, 5.0, "s")),
        ("missed_beat",),
    ),
    Call(
        "tachycardia",
        "Tachycardia",
        "Tachycardie",
        "Tachykardie",
        Priority.MEDIUM,
        Family.CLINICAL,
        "mean rate over 10 s above the patient's limit",
        _RATE_END,
        _DESIGN,
        _limits(bpm=Limit(120.0, 60.0, 220.0, "1/min")),
    ),
    Call(
        "bradycardia",
        "Bradycardia",
        "Bradycardie",
        "Bradykardie",
        Priority.MEDIUM,
        Family.CLINICAL,
        "mean rate over 10 s below the patient's limit, and not for one long interval alone: that is a pause",
        _RATE_END,
        _DESIGN,
        _limits(bpm=Limit(50.0, 25.0, 100.0, "1/min")),
    ),
    Call(
        "ventricular_run",
        "Run of ventricular beats",
        "Salve d’extrasystoles ventriculaires",
        "Ventrikuläre Salve",
        Priority.MEDIUM,
        Family.CLINICAL,
        "3 V beats in a row, faster than the limit; onset is the first of them",
        "two beats in a row of another kind, or no beat for 3 s; the end is the last V beat",
        "AACN/AHA practice standards (doi:10.1161/CIR.0000000000000527), non-sustained VT; " + _DESIGN,
        _limits(bpm=Limit(100.0, 90.0, 150.0, "1/min")),
        ("couplet",),
    ),
    Call(
        "supraventricular_tachycardia",
        "Supraventricular tachycardia",
        "Tachycardie supraventriculaire",
        "Supraventrikuläre Tachykardie",
        Priority.MEDIUM,
        Family.CLINICAL,
        "5 S beats in a row, faster than the limit; onset is the first of them",
        "two beats in a row of another kind, or no beat for 3 s; the end is the last S beat",
        _DESIGN,
        _limits(bpm=Limit(150.0, 100.0, 220.0, "1/min")),
    ),
    Call(
        "atrial_fibrillation",
        "Atrial fibrillation or flutter",
        "Fibrillation ou flutter auriculaire",
        "Vorhofflimmern oder -flattern",
        Priority.MEDIUM,
        Family.CLINICAL,
        "irregular without P waves for the limit; onset is the first irregular beat",
        "60 s of another rhythm; the end is the last irregular beat",
        "ESC 2024 guideline (doi:10.1093/eurheartj/ehae176): 30 s of single-lead ECG; " + _DESIGN,
        _limits(seconds=Limit(30.0, 10.0, 360.0, "s")),
        ("irregular_rhythm", "missed_beat"),
    ),
    Call(
        "atrial_fibrillation_ended",
        "Atrial fibrillation has ended",
        "Fin de fibrillation auriculaire",
        "Vorhofflimmern ist zu Ende",
        Priority.LOW,
        Family.CLINICAL,
        "an atrial fibrillation that was told has ended",
        "60 s later, or atrial fibrillation again",
        _DESIGN,
    ),
    Call(
        "couplet",
        "Ventricular couplet",
        "Doublet ventriculaire",
        "Ventrikuläres Couplet",
        Priority.LOW,
        Family.CLINICAL,
        "2 V beats in a row between others; onset is the first of them",
        "the beat after them",
        _DESIGN,
    ),
    Call(
        "idioventricular_rhythm",
        "Accelerated idioventricular rhythm",
        "Rythme idioventriculaire accéléré",
        "Beschleunigter idioventrikulärer Rhythmus",
        Priority.LOW,
        Family.CLINICAL,
        "5 V beats in a row, no faster than ventricular tachycardia is; onset is the first of them",
        "two beats in a row of another kind, or no beat for 3 s; the end is the last V beat",
        _DESIGN,
        implies=("frequent_pvcs",),
    ),
    Call(
        "ventricular_bigeminy",
        "Ventricular bigeminy",
        "Bigéminisme ventriculaire",
        "Ventrikulärer Bigeminus",
        Priority.LOW,
        Family.CLINICAL,
        "three times in a row every second beat is a V beat; onset is the first of them",
        "the pattern breaks; the end is its last V beat",
        _DESIGN,
        implies=("frequent_pvcs",),
    ),
    Call(
        "ventricular_trigeminy",
        "Ventricular trigeminy",
        "Trigéminisme ventriculaire",
        "Ventrikulärer Trigeminus",
        Priority.LOW,
        Family.CLINICAL,
        "three times in a row every third beat is a V beat; onset is the first of them",
        "the pattern breaks; the end is its last V beat",
        _DESIGN,
        implies=("frequent_pvcs",),
    ),
    Call(
        "frequent_pvcs",
        "Frequent ventricular beats",
        "Extrasystoles ventriculaires fréquentes",
        "Häufige ventrikuläre Extrasystolen",
        Priority.LOW,
        Family.CLINICAL,
        "more V beats within a minute than the limit; onset is the first of them",
        "no more than four fifths of the limit within a minute",
        _DESIGN,
        _limits(count=Limit(10.0, 1.0, 60.0, "1/min")),
    ),
    Call(
        "missed_beat",
        "Missed beat",
        "Battement manquant",
        "Ausgefallener Schlag",
        Priority.LOW,
        Family.CLINICAL,
        "an RR interval above 1.8 times the mean of the last eight, in a regular rhythm; onset is the beat before it",
        "the second beat after it",
        _DESIGN,
    ),
    Call(
        "irregular_rhythm",
        "Irregular rhythm",
        "Rythme irrégulier",
        "Unregelmäßiger Rhythmus",
        Priority.LOW,
        Family.CLINICAL,
        "intervals as irregular as in atrial fibrillation for 60 s, P waves or not; onset is the first irregular beat",
        "60 s of a regular rhythm; the end is the last irregular beat",
        _DESIGN,
    ),
    Call(
        "lead_off",
        "Lead off",
        "Électrode décollée",
        "Elektrode ab",
        Priority.MEDIUM,
        Family.TECHNICAL,
        "the device says that an electrode has lost contact, for the limit",
        "contact for 2 s",
        _DESIGN,
        _limits(seconds=Limit(3.0, 1.0, 30.0, "s")),
        ("signal_flat", "signal_railed", "noise"),
    ),
    Call(
        "signal_flat",
        "Flat signal",
        "Signal plat",
        "Signal ohne Ausschlag",
        Priority.MEDIUM,
        Family.TECHNICAL,
        "samples flow, yet do not move at all, for the limit",
        "a moving signal for 2 s",
        _DESIGN,
        _limits(seconds=Limit(3.0, 1.0, 30.0, "s")),
        ("noise",),
    ),
    Call(
        "signal_railed",
        "Signal saturated",
        "Signal saturé",
        "Signal übersteuert",
        Priority.MEDIUM,
        Family.TECHNICAL,
        "samples at the end of the converter's range, for the limit",
        "a signal within the range for 2 s",
        _DESIGN,
        _limits(seconds=Limit(3.0, 1.0, 30.0, "s")),
        ("noise",),
    ),
    Call(
        "noise",
        "Too noisy to analyse",
        "Trop de bruit pour analyser",
        "Zu gestört zum Auswerten",
        Priority.LOW,
        Family.TECHNICAL,
        "noise in 20 of the last 30 s; arrhythmia calls are suspended",
        "less than 10 s of noise in the last 30 s",
        _DESIGN,
    ),
    Call(
        "gone_quiet",
        "No signal received",
        "Aucun signal reçu",
        "Kein Signal empfangen",
        Priority.MEDIUM,
        Family.TECHNICAL,
        "no sample received for the limit, or never since the patient was paired (server's clock)",
        "a live sample received",
        _DESIGN,
        _limits(seconds=Limit(15.0, 5.0, 600.0, "s")),
        ("lead_off", "signal_flat", "signal_railed", "noise"),
    ),
    Call(
        "clock_wrong",
        "Device's clock is wrong",
        "Horloge de l’appareil fausse",
        "Uhr des Geräts geht falsch",
        Priority.LOW,
        Family.TECHNICAL,
        "the device's clock, measured by the server, is off by the limit or more: its times are not those of the ward",
        "off by less than four fifths of the limit",
        _DESIGN,
        _limits(seconds=Limit(10.0, 1.0, 3600.0, "s")),
    ),
    Call(
        "battery_low",
        "Battery low",
        "Batterie faible",
        "Batterie schwach",
        Priority.LOW,
        Family.TECHNICAL,
        "the device says that its battery has the limit or less",
        "more than 5 % above the limit",
        _DESIGN,
        _limits(percent=Limit(15.0, 5.0, 50.0, "%")),
    ),
    Call(
        "outbox_filling",
        "Signal piles up in the device",
        "Le signal s’accumule dans l’appareil",
        "Signal staut sich im Gerät",
        Priority.MEDIUM,
        Family.TECHNICAL,
        "the device's outbox, which waits for the server, is full by the limit or more",
        "full by less than four fifths of the limit",
        _DESIGN,
        _limits(percent=Limit(50.0, 5.0, 95.0, "%")),
    ),
    # What the patient says himself; raised by ingest as it is stored, over when a person has read it.
    Call(
        SYMPTOM,
        "Symptom reported",
        "Symptôme signalé",
        "Symptom gemeldet",
        Priority.MEDIUM,
        Family.CLINICAL,
        "the press; details that come later belong to it, and ask again if it was answered before they came",
        "a person has read it",
        _DESIGN,
    ),
    Call(
        PATIENT_MESSAGE,
        "Message from the patient",
        "Message du patient",
        "Nachricht des Patienten",
        Priority.LOW,
        Family.CLINICAL,
        "a message, or an answer to a question",
        "a person has read it",
        _DESIGN,
    ),
    # Of the system itself, no patient's: one upstream fault is one alarm (promise P4).
    Call(
        "broker_unreachable",
        "Broker unreachable",
        "Serveur de messages injoignable",
        "Nachrichtenserver nicht erreichbar",
        Priority.HIGH,
        Family.TECHNICAL,
        "ingest lives and has had no connection to the broker for the limit",
        "the connection is back",
        _DESIGN,
        _limits(seconds=Limit(10.0, 5.0, 120.0, "s")),
        ("gone_quiet", "signals_lost"),
    ),
    Call(
        "ingest_silent",
        "Nothing is being stored",
        "Rien n'est enregistré",
        "Nichts wird gespeichert",
        Priority.HIGH,
        Family.TECHNICAL,
        "no ingest process has given a sign of life for the limit",
        "a sign of life",
        _DESIGN,
        _limits(seconds=Limit(10.0, 5.0, 120.0, "s")),
        ("gone_quiet", "broker_unreachable", "signals_lost"),
    ),
    Call(
        "signals_lost",
        "Many signals lost at once",
        "Nombreux signaux perdus à la fois",
        "Viele Signale auf einmal verloren",
        Priority.HIGH,
        Family.TECHNICAL,
        "five devices or more, and more than half of the hospital's, went quiet within ten seconds",
        "no more than half of them are still missing",
        _DESIGN,
        implies=("gone_quiet",),
    ),
    Call(
        "analysis_behind",
        "Signals are not being analysed",
        "Les signaux ne sont pas analysés",
        "Signale werden nicht ausgewertet",
        Priority.HIGH,
        Family.TECHNICAL,
        "a stored signal has waited for its analysis for the limit: alarms come late",
        "none waits for half of the limit",
        _DESIGN,
        _limits(seconds=Limit(15.0, 5.0, 300.0, "s")),
    ),
    Call(
        "notifier_silent",
        "Nobody would be told",
        "Personne ne serait prévenu",
        "Niemand würde benachrichtigt",
        Priority.HIGH,
        Family.TECHNICAL,
        "whom to tell is set, and no notifier has given a sign of life for the limit: alarms that nobody answers on a"
        " screen reach nobody else",
        "a sign of life",
        _DESIGN,
        _limits(seconds=Limit(10.0, 5.0, 120.0, "s")),
    ),
    Call(
        "ledger_broken",
        "The ledger is not whole",
        "Le registre n'est pas intact",
        "Das Protokoll ist nicht unversehrt",
        Priority.HIGH,
        Family.TECHNICAL,
        "the last count of the ledger found something that was changed, taken away or added",
        "a count that finds nothing",
        _DESIGN,
    ),
    Call(
        "alarm_unaccounted",
        "Alarms that reached nobody",
        "Alarmes parvenues à personne",
        "Alarme, die niemanden erreichten",
        Priority.HIGH,
        Family.TECHNICAL,
        "for the limit nobody knew of a live alarm of high or medium priority: neither on a screen nor told, taken on,"
        " reviewed, hidden or paused; or an episode has no alarm, or an event is not in the ledger",
        "all of them are accounted for",
        "heartwire design, promise P5",
        _limits(seconds=Limit(60.0, 30.0, 600.0, "s")),
    ),
    Call(
        "alarm_path_unproven",
        "Alarms may not come through",
        "Les alarmes n'arrivent peut-être pas",
        "Alarme kommen vielleicht nicht an",
        Priority.HIGH,
        Family.TECHNICAL,
        "no test alarm of the canary came through from a wearable to its acknowledgement for two of its cycles",
        "one has come through",
        "heartwire design, promise P6",
    ),
    # Of the notifier: who was to be told, and was not.
    Call(
        NOBODY_ANSWERS,
        "Nobody answers",
        "Personne ne répond",
        "Niemand antwortet",
        Priority.HIGH,
        Family.TECHNICAL,
        "an alarm's chain is at its end, or nobody is on call, and nobody has answered it",
        "each such alarm is answered or over",
        _DESIGN,
    ),
    Call(
        CHANNEL_FAILING,
        "Messages do not arrive",
        "Les messages n'arrivent pas",
        "Nachrichten kommen nicht an",
        Priority.MEDIUM,
        Family.TECHNICAL,
        "three attempts in a row to reach somebody by one of the person's contacts failed",
        "a message arrived, or the contact was removed",
        _DESIGN,
    ),
    Call(
        GLASS_BROKEN,
        "Seen by another ward",
        "Consulté par un autre service",
        "Von einer anderen Station eingesehen",
        Priority.LOW,
        Family.TECHNICAL,
        "somebody who does not belong to the patient's ward opened the record, and said why",
        "the right to see it has ended, four hours later",
        "heartwire design, promise P10",
    ),
)

CALLS: Final[Mapping[str, Call]] = MappingProxyType({call.code: call for call in _CATALOGUE})


def get_call(code: str) -> Call:
    """Return the call of that code.

    Raises
    ------
    UnknownCallError
        If no call has it.
    """
    try:
        return CALLS[code]
    except KeyError:
        raise UnknownCallError(f"no call {code!r}; known: {', '.join(CALLS)}") from None


def hidden_by(code: str) -> frozenset[str]:
    """Return the codes of all calls that hide `code` while they last (transitively)."""
    direct = {call.code for call in _CATALOGUE if code in call.implies}
    return frozenset(direct.union(*(hidden_by(greater) for greater in direct)))
