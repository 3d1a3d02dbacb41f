"""The phone's rules of whether a strap is worn (edge/phone/src/signal/wear.ts) are the agent's, packet by packet.

A file holds scenes that both play, and what the agent's rules say of them today. So what `test_wear.py` proves of
hearts that stand still or fibrillate holds for the phone.
"""

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from edge.wearables.wear import WearWatch
from edge.wearables.wearable import Contact, EcgPacket, HeartRate
from heartwire.frames import EcgFlag
from tests.conftest import ROOT

_SAMPLE: Final = ROOT / "edge/phone/src/signal/wear.sample.json"
_FS_HZ: Final = 130
_PACKET: Final = 73
_RAIL_UV: Final = 20_000
_SKIN: Final = {0: Contact.UNKNOWN, 1: Contact.NONE, 2: Contact.PRESENT}


def _scene(
    seconds: int, period: int, amplitude_uv: int, noise_uv: int, skin: int = 0, *, beats: bool = False
) -> dict[str, Any]:
    return {
        "seconds": seconds,
        "period": period,
        "amplitudeUv": amplitude_uv,
        "noiseUv": noise_uv,
        "skin": skin,
        "beats": beats,
    }


SCENES: Final = [
    _scene(10, 104, 900, 20, beats=True),  # a heart
    _scene(20, 26, 300, 10),  # fibrillation at 5 Hz, without a beat
    _scene(20, 16, 1500, 30),  # coarse, at 8 Hz
    _scene(20, 14, 60, 10),  # fine
    _scene(20, 520, 200, 15),  # asystole with breathing
    _scene(20, 2, 0, 2),  # asystole without
    _scene(30, 2, 800, 60),  # the mains
    _scene(10, 2, 3000, 60, beats=True),  # the mains on a heart
    _scene(20, 2, 12, 4),  # a little of them
    _scene(20, 4, 500, 200),
    _scene(20, 6, 500, 100),
    _scene(15, 2, 0, 400),  # noise
    _scene(20, 300, 18_000, 50),  # wandering in the hand
    _scene(10, 300, 18_000, 50, 2),  # on skin
    _scene(10, 300, 9_000, 50),
    _scene(30, 10_400, 4_000, 100),  # noise that drifts
    _scene(10, 130, 60_000, 0, beats=True),  # at the rails
    _scene(10, 104, 900, 20, 1),  # no skin
    _scene(10, 104, 900, 20, 2, beats=True),
]


def _packets() -> Iterator[tuple[dict[str, Any], tuple[int, ...]]]:
    random = 1
    for scene in SCENES:
        period, amplitude, noise = scene["period"], scene["amplitudeUv"], scene["noiseUv"]
        for first in range(0, scene["seconds"] * _FS_HZ, _PACKET):
            samples = []
            for i in range(first, first + _PACKET):
                random = random * 48_271 % 2_147_483_647
                triangle = amplitude * (2 * abs(2 * (i % period) - period) - period) // period
                value = triangle + random % (2 * noise + 1) - noise
                samples.append(max(-_RAIL_UV, min(_RAIL_UV, value)))
            yield scene, tuple(samples)


def _flags() -> list[EcgFlag]:
    watch = WearWatch()
    flags = []
    for n, (scene, samples) in enumerate(_packets()):
        watch.hear(
            HeartRate(60 if scene["beats"] else 0, _SKIN[scene["skin"]], None, (1024,) if scene["beats"] else ())
        )
        flags.append(watch.look(EcgPacket(n * 10**9, _FS_HZ, "ECG", samples)))
    return flags


def _written() -> str:
    runs = [{"flag": int(flag), "packets": len(list(run))} for flag, run in groupby(_flags())]
    return json.dumps({"fsHz": _FS_HZ, "packetSamples": _PACKET, "scenes": SCENES, "flags": runs}, indent=2) + "\n"


def test_the_phone_is_tested_against_what_the_agent_says_today() -> None:
    assert {int(flag) for flag in _flags()} == {0, EcgFlag.LEAD_OFF, EcgFlag.SATURATED}
    assert _SAMPLE.read_text(encoding="utf-8") == _written(), f"write {_SAMPLE} anew: python -m {__name__}"


if __name__ == "__main__":
    Path(_SAMPLE).write_text(_written(), encoding="utf-8")
