"""What a patient says and is told: events up, words down, and the short forms that the care team sends.  Pure.

An event's text is JSON (docs/adr/0019). Unknown fields are let pass: a newer app may say more.
"""

from enum import StrEnum
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from msgspec import Meta

from heartwire.frames import Instant

#: Most fields of a form.
FIELDS_MOST: Final = 6
SCALE_MOST: Final = 10

_NO_NUL: Final = r"^[^\x00]*$"
Ident = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+\Z")]
Note = Annotated[str, Meta(max_length=500, pattern=_NO_NUL)]
Said = Annotated[str, Meta(min_length=1, max_length=800, pattern=_NO_NUL)]
Number = Annotated[str, Meta(pattern=r"^[0-9]{1,18}\Z")]


#: As the API's description may say it: JSON Schema knows no other end of a text than ``$``.
FieldId = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")]


class Kind(StrEnum):
    """Kinds of events that are understood; others are stored as they are."""

    SYMPTOM = "symptom"
    MESSAGE = "message"
    READ = "read"
    ANSWER = "answer"


class Chip(StrEnum):
    """What a patient may feel, in a word."""

    PALPITATIONS = "palpitations"
    DIZZY = "dizzy"
    CHEST_PAIN = "chest_pain"
    SHORT_OF_BREATH = "short_of_breath"


class Symptom(msgspec.Struct, frozen=True):
    """The symptom button. Events of one `press` are one symptom: what comes later is added to it."""

    press: Ident
    chips: Annotated[tuple[Chip, ...], Meta(max_length=len(Chip))] = ()
    note: Note = ""


class PatientMessage(msgspec.Struct, frozen=True):
    """Words of a patient to the care team."""

    id: Ident
    text: Said


class ReadMark(msgspec.Struct, frozen=True):
    """A patient has read what the team said."""

    id: Number


Value: TypeAlias = bool | int | Annotated[str, Meta(max_length=300, pattern=_NO_NUL)]


class Answer(msgspec.Struct, frozen=True):
    """A patient's answers to a question, by the form's fields."""

    question_id: Number
    answers: Annotated[dict[Ident, Value], Meta(min_length=1, max_length=FIELDS_MOST)]


PatientWord: TypeAlias = Symptom | PatientMessage | ReadMark | Answer


class FieldKind(StrEnum):
    """How a field of a form is answered: with a bool, one of its options, 0 to 10, or words."""

    YES_NO = "yes_no"
    CHOICE = "choice"
    SCALE = "scale"
    TEXT = "text"


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One field of a form."""

    id: FieldId
    kind: FieldKind
    label: Annotated[str, Meta(min_length=1, max_length=200, pattern=_NO_NUL)]
    options: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=80, pattern=_NO_NUL)], ...], Meta(max_length=8)
    ] = ()


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A short form that the care team sends."""

    title: Annotated[str, Meta(min_length=1, max_length=120, pattern=_NO_NUL)]
    fields: Annotated[tuple[Field, ...], Meta(min_length=1, max_length=FIELDS_MOST)]


class WordCode(StrEnum):
    """What a word down is."""

    MESSAGE = "message"
    QUESTION = "question"
    SEEN = "seen"
    """A person has read the symptom or message of that id."""


class CareWord(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A word of the care team on a device's `message` stream.

    The first element tells it from a refusal (`heartwire.frames.Message`), which begins with a number.
    """

    code: WordCode
    id: Annotated[str, Meta(max_length=64)]
    t: Instant
    text: Annotated[str, Meta(max_length=4000)]
    by: Annotated[str, Meta(max_length=200)]


class CareError(Exception):
    """An event whose text is not what its kind says."""


_json: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(CareWord)
_TYPES: Final[dict[str, type[Symptom | PatientMessage | ReadMark | Answer]]] = {
    Kind.SYMPTOM: Symptom,
    Kind.MESSAGE: PatientMessage,
    Kind.READ: ReadMark,
    Kind.ANSWER: Answer,
}


def read_word(kind: str, text: str, press: str) -> PatientWord | None:
    """Read an event's text.

    Parameters
    ----------
    kind, text : str
        Of the event.
    press : str
        A press's id where the text does not say one: a symptom that is no JSON object is a note, from devices that know
        no more; a symptom is never refused for that.

    Returns
    -------
    PatientWord or None
        ``None`` for a kind that is not understood.

    Raises
    ------
    CareError
        If a field is missing, of another type or out of bounds.
    """
    wanted = _TYPES.get(kind)
    if wanted is None:
        return None
    if kind == Kind.SYMPTOM and not text.lstrip().startswith("{"):
        return Symptom(press, (), text[:500])
    if kind == Kind.READ and not text.lstrip().startswith("{"):
        text = _json.encode({"id": text.strip()}).decode()
    try:
        return msgspec.json.decode(text.encode(), type=wanted)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise CareError(f"{kind}: {error}") from None


def encode_word(word: CareWord) -> bytes:
    """Write a word as the wire's MessagePack array."""
    return msgspec.msgpack.encode(word)


def decode_word(payload: bytes) -> CareWord | None:
    """Read a word of the care team; ``None`` when it is another message or cannot be read."""
    try:
        return _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def form_json(form: Form) -> str:
    """Return a form as the wire says it."""
    return _json.encode(form).decode()


def check_form(form: Form) -> str | None:
    """Return what is wrong with a form beyond its fields' own bounds, or ``None``."""
    if len({one.id for one in form.fields}) < len(form.fields):
        return "two fields have one id"
    for one in form.fields:
        if one.id.endswith("\n"):  # Python's ``$`` lets it pass
            return f"field {one.id!r}: the id ends a line"
        if (one.kind is FieldKind.CHOICE) != (len(one.options) >= 2):
            return f"field {one.id}: options are of a choice, which has two or more"
    return None


def misfit(form: Any, answers: dict[str, Any]) -> str | None:  # noqa: ANN401 # as the database kept it
    """Return why answers do not fit the form that was sent, or ``None`` when they do; fields may be left out."""
    fields = {one.id: one for one in msgspec.convert(form, Form).fields}
    for name, value in answers.items():
        if (one := fields.get(name)) is None:
            return f"no field {name!r} in the form"
        if not _fits(one, value):
            return f"field {name!r}: {type(value).__name__} is no answer to {one.kind}"
    return None


def _fits(one: Field, value: Any) -> bool:  # noqa: ANN401
    if one.kind is FieldKind.YES_NO:
        return isinstance(value, bool)
    if one.kind is FieldKind.SCALE:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= SCALE_MOST
    return isinstance(value, str) and (one.kind is FieldKind.TEXT or value in one.options)


class Told(msgspec.Struct, frozen=True):
    """What a symptom says with all that was added to it."""

    chips: tuple[str, ...]
    note: str


#: Longest note with all that was added, characters.
_NOTE_MOST: Final = 4000


def add_details(known: Told, said: Symptom) -> Told:
    """Return a symptom with later details; nothing that was said goes away, in whatever order it comes."""
    chips = tuple(sorted({*known.chips, *map(str, said.chips)}))
    if said.note in known.note:
        note = known.note
    elif known.note in said.note:
        note = said.note
    else:
        note = f"{known.note}\n{said.note}"[:_NOTE_MOST]
    return Told(chips, note)
