"""A strap that is not worn is told from one that is, and a heart that stands still or fibrillates from both."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import wfdb

from edge.wearables.wear import Wear, WearWatch
from edge.wearables.wearable import Contact, EcgPacket, HeartRate
from heartwire.frames import EcgFlag

FS_HZ: Final = 130
N: Final = 73
_Array = np.ndarray[Any, np.dtype[np.float64]]


def _watch(
    watch: WearWatch, samples_uv: _Array, *, contact: Contact = Contact.UNKNOWN, beats: bool = False
) -> list[EcgFlag]:
    flags = []
    for at in range(0, len(samples_uv) - N + 1, N):
        watch.hear(HeartRate(60 if beats else 0, contact, None, (1024,) if beats else ()))
        packet = EcgPacket(at * 10**9 // FS_HZ, FS_HZ, "ECG", tuple(int(one) for one in samples_uv[at : at + N]))
        flags.append(watch.look(packet))
    return flags


def _is(watch: WearWatch, wear: Wear) -> bool:
    return watch.wear is wear


def _times(seconds: float) -> _Array:
    return np.arange(round(seconds * FS_HZ)) / FS_HZ


def _noise(seconds: float, uv: float) -> _Array:
    return np.random.default_rng(1).normal(0, uv, round(seconds * FS_HZ))


def test_the_contact_bit_says_off_and_on() -> None:
    watch = WearWatch()
    assert set(_watch(watch, _noise(5, 100), contact=Contact.PRESENT)) == {EcgFlag(0)}
    assert set(_watch(watch, _noise(5, 100), contact=Contact.NONE)) == {EcgFlag.LEAD_OFF}
    assert _is(watch, Wear.NO_CONTACT)
    assert set(_watch(watch, _noise(5, 100), contact=Contact.PRESENT)) == {EcgFlag(0)}
    assert _is(watch, Wear.WORN)


@pytest.mark.parametrize("mains_hz", [50, 60])
def test_a_strap_on_the_table_that_sends_the_mains_for_ever_is_off_the_body(mains_hz: int) -> None:
    watch = WearWatch()
    _watch(watch, _noise(20, 100), beats=True)
    hum = 800 * np.sin(2 * np.pi * mains_hz * _times(60)) + _noise(60, 30)
    flags = _watch(watch, hum)
    assert _is(watch, Wear.OFF_BODY)
    said_s = flags.index(EcgFlag.LEAD_OFF) * N / FS_HZ
    assert 8.5 < said_s < 12
    assert set(flags[flags.index(EcgFlag.LEAD_OFF) :]) == {EcgFlag.LEAD_OFF}


def test_a_strap_that_wanders_in_the_hand_is_off_the_body_and_back_with_the_first_beat() -> None:
    watch = WearWatch()
    wander = 18_000 * np.sin(2 * np.pi * 0.4 * _times(30))
    _watch(watch, wander)
    assert _is(watch, Wear.OFF_BODY)
    _watch(watch, _noise(1, 100), beats=True)
    assert _is(watch, Wear.WORN)


def test_a_wearable_that_feels_skin_or_finds_beats_is_worn_whatever_the_hum() -> None:
    hum = 3000 * np.sin(2 * np.pi * 50 * _times(60))
    assert set(_watch(WearWatch(), hum, contact=Contact.PRESENT)) == {EcgFlag(0)}
    assert set(_watch(WearWatch(), hum, beats=True)) == {EcgFlag(0)}


@pytest.mark.parametrize("hz", [3.0, 5.0, 8.0, 10.0])
@pytest.mark.parametrize("uv", [60, 300, 1500])
def test_fibrillation_without_a_beat_for_minutes_is_never_taken_for_a_strap_on_a_table(hz: float, uv: int) -> None:
    t = _times(120)
    wave = uv * np.sin(2 * np.pi * hz * t + 2 * np.sin(2 * np.pi * 0.3 * t)) + _noise(120, 10)
    assert set(_watch(WearWatch(), wave)) == {EcgFlag(0)}


def test_asystole_with_breathing_and_a_little_noise_is_never_taken_for_a_strap_on_a_table() -> None:
    breath = 200 * np.sin(2 * np.pi * 0.25 * _times(120)) + _noise(120, 15)
    assert set(_watch(WearWatch(), breath)) == {EcgFlag(0)}


def test_real_fibrillation_in_which_no_beat_is_found_is_worn(ecg_dir: Path) -> None:
    headers = sorted(ecg_dir.glob("cudb/*.hea")) + sorted(ecg_dir.glob("vfdb/*.hea"))
    assert headers
    off_s = {}
    for path in headers:
        record = wfdb.rdrecord(str(path.with_suffix("")), channels=[0])
        signal = np.nan_to_num(record.p_signal[-round(record.fs * 400) :, 0]) * 1000
        at_s = _times(len(signal) / record.fs - 1)
        flags = _watch(WearWatch(), np.interp(at_s, np.arange(len(signal)) / record.fs, signal))
        off_s[path.stem] = sum(flag == EcgFlag.LEAD_OFF for flag in flags) * N / FS_HZ
    assert {name: off for name, off in off_s.items() if off} == {}


def test_flat_is_told_and_is_no_flag() -> None:
    watch = WearWatch()
    flags = _watch(watch, np.full(FS_HZ * 30, -37.0) + np.arange(FS_HZ * 30) % 3)
    assert _is(watch, Wear.FLAT)
    assert set(flags) == {EcgFlag(0)}


def test_railed_is_saturated() -> None:
    watch = WearWatch()
    _watch(watch, np.clip(30_000 * np.sin(2 * np.pi * 0.2 * _times(30)), -20_000, 20_000), beats=True)
    clipped = np.clip(60_000 * np.sin(2 * np.pi * 1.0 * _times(30)), -20_000, 20_000)
    assert set(_watch(watch, clipped, beats=True)) == {EcgFlag.SATURATED}
    assert _is(watch, Wear.RAILED)
    assert set(_watch(watch, np.full(FS_HZ * 5, 20_000.0), beats=True)) == {EcgFlag.SATURATED}
    _watch(watch, _noise(2, 100), beats=True)
    assert _is(watch, Wear.WORN)


def test_a_heart_rate_strap_without_ecg_says_whether_it_is_worn() -> None:
    watch = WearWatch()
    assert _is(watch, Wear.UNKNOWN)
    watch.hear(HeartRate(0, Contact.UNKNOWN, None, ()))
    assert _is(watch, Wear.UNKNOWN)
    watch.hear(HeartRate(60, Contact.UNKNOWN, None, (1024,)))
    assert _is(watch, Wear.WORN)
    watch.hear(HeartRate(0, Contact.NONE, None, ()))
    assert _is(watch, Wear.NO_CONTACT)
