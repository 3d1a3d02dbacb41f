"""The people of the demo: its patients, what their hearts do and what is written of them; and who looks after them."""

import itertools
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from simulators.scripts import Rhythm, Segment

EAST: Final = "Cardiology 3 East"
WEST: Final = "Telemetry 4 West"
#: Of WFDB records, where they are played.
RECORDS: Final = "Records"
#: A ward that the demo's nurses do not see.
SURGERY: Final = "Surgery 2 North"


class Member(NamedTuple):
    """Somebody of the care team; without `wards`, of all. `shown`: how one signs in as him is printed."""

    login: str
    name: str
    role: str
    sees: str
    wards: tuple[str, ...] | None = None
    is_shown: bool = True


ADMINISTRATOR: Final = Member(
    "administrator", "Aylin Demir", "admin", "people, wards, rosters, channels, storage, audit"
)
NURSE: Final = Member("nurse", "Nora Keller", "nurse", "her two wards; start here", (EAST, WEST, RECORDS))
COLLEAGUE: Final = Member("colleague", "Birgit Aalto", "nurse", "", (EAST, WEST, RECORDS), is_shown=False)
PHYSICIAN: Final = Member("physician", "Paul Okafor", "physician", "all wards; may turn alarms off")
TECHNICIAN: Final = Member("technician", "Timo Brandt", "technician", "all wards; reviews and looks after devices")
#: In the order in which they are printed.
TEAM: Final = (NURSE, PHYSICIAN, TECHNICIAN, ADMINISTRATOR, COLLEAGUE)


class Verdict(NamedTuple):
    """What the night made of a call of this patient."""

    call: str
    verdict: str
    note: str


class Story(NamedTuple):
    """A patient.

    Attributes
    ----------
    name, ward : str
    script, recorded : tuple of Segment
        What his heart does from the start on, and before it, again and again; without a script he plays the real ECG.
    nurse : Member or None
        Whose he is.
    notes : tuple of str
        Of the chart: why he is here, by the physician, then what the night saw.
    reviews : tuple of Verdict
        Of what his device recorded; a call that is not here is left for the visitor.
    life : dict
        More for the fleet's file (`simulators.config`): battery, says, away.
    """

    name: str
    ward: str = EAST
    script: tuple[Segment, ...] = ()
    recorded: tuple[Segment, ...] = ()
    nurse: Member | None = None
    notes: tuple[str, ...] = ()
    reviews: tuple[Verdict, ...] = ()
    life: dict[str, Any] = {}  # noqa: RUF012 # read only


def _normal(seconds: float, bpm: float) -> Segment:
    return Segment(Rhythm.NORMAL, seconds, bpm)


# In this order: a smaller ward keeps the first ones. The first alarm is due within the first minute; each comes again
# after a quarter of an hour or so.
_STORIES: Final = (
    Story(
        "Arthur Lindqvist",
        script=(_normal(26, 71), Segment(Rhythm.ASYSTOLE, 9), _normal(1040, 71)),
        recorded=(
            _normal(5200, 68),
            Segment(Rhythm.ASYSTOLE, 6),
            _normal(7000, 66),
            Segment(Rhythm.PAUSE, 4, 66),
            _normal(2000, 68),
        ),
        nurse=NURSE,
        notes=(
            "Man of 78. Syncope at breakfast. Known first degree block, bisoprolol stopped. Pauses? Then a pacemaker.",
            "Asystole of six seconds in the night, awake, dizzy, no fall. Strip printed for Dr Okafor.",
        ),
        reviews=(
            Verdict("asystole", "true", "Six seconds, patient awake and dizzy. Physician informed."),
            Verdict("pause", "true", ""),
        ),
        life={
            "battery": 84,
            "says": [{"after_s": 70, "chips": ["dizzy"], "note": "Everything went grey for a moment."}],
        },
    ),
    Story(
        "Rosa Marchetti",
        WEST,
        script=(_normal(420, 74), Segment(Rhythm.VT, 9), _normal(700, 76)),
        recorded=(_normal(4000, 70), Segment(Rhythm.VT, 2, 150), _normal(5000, 71)),
        nurse=COLLEAGUE,
        notes=("Woman of 66. Third day after a stent in the right coronary artery, free of pain.",),
        life={"battery": 61},
    ),
    Story(
        "Margaret Osei",
        script=(_normal(95, 62), Segment(Rhythm.BRADYCARDIA, 40, 46), _normal(800, 61)),
        recorded=(
            _normal(520, 56),
            Segment(Rhythm.BRADYCARDIA, 45, 46),
            _normal(700, 57),
            Segment(Rhythm.BRADYCARDIA, 30, 47),
        ),
        nurse=NURSE,
        notes=(
            "Woman of 59, runs marathons. Palpitations at rest, 48 h of monitoring. Resting rate 46 to 52 since years.",
            "Bradycardia rings whenever she sleeps deeply. Well each time. Could the limit be lower?",
        ),
        reviews=(Verdict("bradycardia", "false", "Asleep, well. As always."),),
        life={"battery": 92},
    ),
    Story(
        "Ingrid Solheim",
        WEST,
        script=(
            _normal(150, 68),
            Segment(Rhythm.LEAD_OFF, 25, 68),
            _normal(500, 68),
            Segment(Rhythm.PAUSE, 4, 66),
            _normal(260, 68),
        ),
        recorded=(_normal(6000, 64), Segment(Rhythm.LEAD_OFF, 40, 64), _normal(3000, 66)),
        nurse=COLLEAGUE,
        notes=("Woman of 71. Fourth day after an aortic valve (TAVI). Watched for conduction block until Friday.",),
        reviews=(Verdict("pause", "true", "Block after the valve, as before."),),
        life={"battery": 14},
    ),
    Story(
        "Tomás Herrera",
        script=(_normal(60, 78), Segment(Rhythm.AFIB, 300, 104), _normal(640, 78)),
        recorded=(_normal(2400, 74), Segment(Rhythm.AFIB, 1500, 96), _normal(1800, 72), Segment(Rhythm.AFIB, 900, 99)),
        nurse=NURSE,
        notes=(
            "Man of 64. Paroxysmal atrial fibrillation, apixaban since Monday. How much of the day does he fibrillate?",
        ),
        reviews=(Verdict("atrial_fibrillation", "true", ""),),
        life={"battery": 77, "says": [{"after_s": 140, "chips": ["palpitations"], "note": ""}]},
    ),
    Story(
        "Henri Dubois",
        WEST,
        nurse=COLLEAGUE,
        notes=(
            "Man of 82. Heart failure, weight down by 3 kg. MRI of the knee today, alarms paused meanwhile. Real ECG.",
        ),
        life={"battery": 55},
    ),
    Story(
        "Kwame Boateng",
        script=(_normal(230, 66), Segment(Rhythm.VT, 8), _normal(960, 66)),
        recorded=(
            _normal(7800, 63),
            Segment(Rhythm.VT, 3),
            _normal(5400, 64),
            Segment(Rhythm.VT, 8),
            _normal(1500, 65),
        ),
        nurse=NURSE,
        notes=(
            "Man of 57. Anterior infarction six weeks ago, ejection fraction 32 %. Runs of VT?",
            "Walks a lot. The wireless does not reach the stairs: his device delivers when he is back.",
        ),
        reviews=(Verdict("ventricular_tachycardia", "true", "Eight seconds, felt nothing. Potassium 3.4, replaced."),),
        life={
            "battery": 48,
            "away": {"after_s": 150, "lasts_s": 130, "every_s": 1198},
            "says": [{"after_s": 330, "message": "I was on the stairs, is everything all right with the device?"}],
        },
    ),
    Story(
        "Yuki Tanabe",
        WEST,
        script=(_normal(210, 76), Segment(Rhythm.NOISE, 40, 76), _normal(700, 76)),
        recorded=(
            _normal(2800, 70),
            Segment(Rhythm.TACHYCARDIA, 60, 128),
            _normal(2100, 72),
            Segment(Rhythm.NOISE, 60, 74),
        ),
        nurse=COLLEAGUE,
        notes=("Woman of 34. Myocarditis, fifth day. Physiotherapy twice a day: much movement, much noise.",),
        life={"battery": 70},
    ),
    Story(
        "Elena Petrova",
        SURGERY,
        script=(_normal(40, 74), Segment(Rhythm.ECTOPY, 240, 74), _normal(500, 74)),
        recorded=(_normal(900, 72), Segment(Rhythm.ECTOPY, 600, 74)),
        nurse=PHYSICIAN,
        notes=("Woman of 69. Second day after a hip. Ectopic beats since the operation, magnesium given.",),
        life={"battery": 66},
    ),
    Story(
        "David Cohen",
        SURGERY,
        script=(_normal(300, 88), Segment(Rhythm.TACHYCARDIA, 45, 132), _normal(560, 88)),
        nurse=PHYSICIAN,
        notes=("Man of 45. First day after appendectomy, fever of 38.6.",),
        life={"battery": 81},
    ),
)
_FIRST_NAMES: Final = ("Amara", "Bruno", "Chiara", "Dilan", "Elif", "Farid", "Greta", "Hassan", "Irena", "Jonas")
_LAST_NAMES: Final = (
    *("Almeida", "Bergmann", "Castellano", "Demir", "Eriksen", "Fontaine", "Grigoryan", "Haddad", "Ivanova", "Jansen"),
    *("Kowalska", "Laurent", "Moreno", "Novak", "Okafor", "Petrov", "Quintero", "Rossi", "Sørensen", "Tamm"),
)


def stories() -> Iterator[Story]:
    """Yield the ward's patients, and then others without end who are well."""
    yield from _STORIES
    for number in itertools.count():
        first = _FIRST_NAMES[number % len(_FIRST_NAMES)]
        last = _LAST_NAMES[(number + number // len(_LAST_NAMES)) % len(_LAST_NAMES)]
        # Each at a rate of his own.
        script = (_normal(600, 58 + number * 7 % 31),)
        nurse = (NURSE, COLLEAGUE)[number % 2]
        yield Story(
            f"{first} {last}", (EAST, WEST)[number % 2], script, nurse=nurse, life={"battery": 95 - number % 50}
        )


def story_of(name: str) -> Story | None:
    """Return the story of a patient of the ward, by name."""
    return next((story for story in _STORIES if story.name == name), None)
