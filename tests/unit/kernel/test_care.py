"""What a patient says and is told: every bound of it, and details that are added to a press."""

import contextlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heartwire.care import (
    Answer,
    CareError,
    CareWord,
    Chip,
    Field,
    FieldKind,
    Form,
    PatientMessage,
    ReadMark,
    Symptom,
    Told,
    WordCode,
    add_details,
    check_form,
    decode_word,
    encode_word,
    form_json,
    misfit,
    read_word,
)
from heartwire.frames import FrameError, Message, decode_message, encode

FORM = Form(
    "How are you?",
    (
        Field("dizzy", FieldKind.YES_NO, "Are you dizzy?"),
        Field("pain", FieldKind.SCALE, "How much pain?"),
        Field("where", FieldKind.CHOICE, "Where?", ("at home", "outside")),
        Field("more", FieldKind.TEXT, "Anything else?"),
    ),
)


@pytest.mark.parametrize(
    ("kind", "said", "word"),
    [
        (
            "symptom",
            {"press": "p-1", "chips": ["chest_pain"], "note": "très fort"},
            Symptom("p-1", (Chip.CHEST_PAIN,), "très fort"),
        ),
        ("symptom", {"press": "p-1", "later": "field"}, Symptom("p-1")),
        ("message", {"id": "m:1", "text": "Hello"}, PatientMessage("m:1", "Hello")),
        ("read", {"id": "17"}, ReadMark("17")),
        ("answer", {"question_id": "17", "answers": {"a": True, "b": 3}}, Answer("17", {"a": True, "b": 3})),
    ],
)
def test_what_a_patient_says_is_read(kind: str, said: dict[str, Any], word: object) -> None:
    assert read_word(kind, json.dumps(said), "none") == word


def test_a_symptom_without_json_is_a_note_and_a_read_mark_may_be_bare() -> None:
    assert read_word("symptom", "palpitations", "1-2") == Symptom("1-2", (), "palpitations")
    assert read_word("symptom", "", "1-2") == Symptom("1-2", (), "")
    assert read_word("read", " 17 ", "none") == ReadMark("17")
    assert read_word("something else", "{", "none") is None


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("symptom", "{"),
        ("symptom", '{"press": ""}'),
        ("symptom", '{"press": "a b"}'),
        ("symptom", '{"press": "p\\n"}'),
        ("symptom", '{"press": "p", "chips": ["hungry"]}'),
        ("symptom", '{"press": "p", "chips": ["dizzy","dizzy","dizzy","dizzy","dizzy"]}'),
        ("symptom", json.dumps({"press": "p", "note": "x" * 501})),
        ("symptom", '{"press": "p", "note": "a\\u0000b"}'),
        ("message", '{"id": "m"}'),
        ("message", '{"id": "m", "text": ""}'),
        ("message", '{"id": "m", "text": "\\ud800"}'),
        ("message", "[]"),
        ("read", "the first"),
        ("read", "-1"),
        ("answer", '{"question_id": "1", "answers": {}}'),
        ("answer", '{"question_id": "1", "answers": {"a": [1]}}'),
        ("answer", json.dumps({"question_id": "1", "answers": {str(n): 1 for n in range(7)}})),
        ("message", "[" * 990),
    ],
)
def test_what_breaks_a_bound_is_refused(kind: str, text: str) -> None:
    with pytest.raises(CareError):
        read_word(kind, text, "none")


def test_details_are_added_in_any_order_and_nothing_goes_away() -> None:
    press = add_details(Told((), ""), Symptom("p"))
    chip = Symptom("p", (Chip.DIZZY,))
    note = Symptom("p", (Chip.DIZZY, Chip.CHEST_PAIN), "on the stairs")
    told = add_details(add_details(press, chip), note)
    assert told == add_details(add_details(press, note), chip) == Told(("chest_pain", "dizzy"), "on the stairs")
    assert add_details(told, Symptom("p", (), "on the stairs, again")).note == "on the stairs, again"
    assert add_details(told, Symptom("p", (), "at night")).note == "on the stairs\nat night"
    assert add_details(told, note) == told


def test_a_form_is_checked_and_answers_fit_it() -> None:
    assert check_form(FORM) is None
    assert check_form(Form("x", (FORM.fields[0], FORM.fields[0]))) is not None
    assert check_form(Form("x", (Field("a", FieldKind.CHOICE, "?", ("one",)),))) is not None
    assert check_form(Form("x", (Field("a\n", FieldKind.TEXT, "?"),))) is not None
    assert check_form(Form("x", (Field("a", FieldKind.TEXT, "?", ("one", "two")),))) is not None
    kept = json.loads(form_json(FORM))
    assert misfit(kept, {"dizzy": True, "pain": 10, "where": "outside", "more": "no"}) is None
    assert misfit(kept, {"more": ""}) is None
    for wrong in ({"other": 1}, {"dizzy": 1}, {"pain": True}, {"pain": 11}, {"where": "here"}, {"more": 1}):
        assert misfit(kept, wrong) is not None, wrong


def test_words_down_are_told_from_refusals_by_either_reader() -> None:
    word = CareWord(WordCode.SEEN, "p-1", 1_700_000_000_000_000, "", "Nora Nurse")
    refusal = encode(Message(7, "revoked_device", "this device was revoked"))
    assert decode_word(encode_word(word)) == word
    assert msgspec.msgpack.decode(encode_word(word)) == ["seen", "p-1", 1_700_000_000_000_000, "", "Nora Nurse"]
    assert decode_word(refusal) is None
    with pytest.raises(FrameError):
        decode_message(encode_word(word))


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader_of_words(payload: bytes) -> None:
    decode_word(payload)


@given(st.sampled_from(["symptom", "message", "read", "answer"]), st.text(max_size=200))
def test_no_text_breaks_the_reader_of_what_is_said(kind: str, text: str) -> None:
    with contextlib.suppress(CareError):
        read_word(kind, text, "none")
