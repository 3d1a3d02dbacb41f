"""The bytes against which the phone's codec is tested (edge/phone/src/wire) are those that heartwire.frames makes."""

import json
from pathlib import Path
from typing import Final

import pytest

from heartwire.frames import Ack, EcgFrame, EventFrame, HrFrame, Message, StatusFrame, encode
from tests.conftest import ROOT

_SAMPLE: Final = ROOT / "edge/phone/src/wire/frames.sample.json"
_T0: Final = 1_764_158_400_123_456
_SAMPLES: Final = (0, 1, -1, 127, -128, 32767, -32768, 1000)

FRAMES: Final[dict[str, EcgFrame | HrFrame | EventFrame | StatusFrame | Ack | Message]] = {
    "ecg": EcgFrame(
        1_764_158_400,
        7,
        _T0,
        130_000,
        "ECG",
        1000.0,
        0,
        17,
        b"".join(value.to_bytes(2, "little", signed=True) for value in _SAMPLES),
    ),
    "ecg_long": EcgFrame(1, 65_536, _T0, 130_000, "ECG", 1000.0, -12, 0, bytes(range(256)) * 2),
    "hr": HrFrame(1_764_158_400, 0, _T0, 72, (833, 5, 300), 2),
    "hr_bare": HrFrame(5, 4_294_967_295, _T0, 300, (), 0),
    "event": EventFrame(1_764_158_400, 3, _T0, "symptom", '{"press":"a","chips":["dizzy"],"note":"tête qui tourne ♥"}'),
    "event_long": EventFrame(1_764_158_400, 200, _T0, "message", "é" * 1000),
    "status": StatusFrame(1_764_158_400, _T0, True, 87, "heartwire phone", "Polar H10 1234ABCD", -60, 12, 268_000_000),
    "status_bare": StatusFrame(1, _T0, False, None, "", "", None, 0, 2**40),
    "ack": Ack(1_764_158_400, "ecg", 41, ((45, 45), (50, 300)), 70_000),
    "ack_none": Ack(9, "event", -1, (), -1),
    "message": Message(1_764_158_400, "revoked_device", "the device was shut out"),
}


def _written() -> str:
    return json.dumps({name: encode(frame).hex() for name, frame in FRAMES.items()}, indent=2) + "\n"


@pytest.mark.parametrize("name", FRAMES)
def test_the_phone_is_tested_against_the_bytes_of_today(name: str) -> None:
    sample = json.loads(_SAMPLE.read_text(encoding="utf-8"))
    assert sample[name] == encode(FRAMES[name]).hex(), f"write {_SAMPLE} anew: python -m {__name__}"


if __name__ == "__main__":
    Path(_SAMPLE).write_text(_written(), encoding="utf-8")
