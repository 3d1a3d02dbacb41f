"""IEC 60601-1-8:2006+A1:2012 on the real page: what an alarm looks like (table 2) and sounds like (tables 3 and 4)."""

from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from tests.browser.pages import alarm_of, tile_of, wait_for
from tests.browser.served_stack import User
from tests.browser.ward_stack import WardStack

_NAME: Final = "Sona Sound"
_WARD: Final = "Sound"
_FS_HZ: Final = 48_000
#: The page's sound goes to a context that renders at once: exact, whatever the machine is doing.
_RENDER: Final = """
window.AudioContext = class {
  offline = new OfflineAudioContext(1, 48000 * 5, 48000);
  state = "suspended";
  started = 0;
  constructor() { window.sound = this; }
  get currentTime() { return 0; }
  get destination() { return this.offline.destination; }
  createPeriodicWave(...given) { return this.offline.createPeriodicWave(...given); }
  createGain() { return this.offline.createGain(); }
  createOscillator() { this.started++; return this.offline.createOscillator(); }
  resume() { this.state = "running"; this.onstatechange?.(); return Promise.resolve(); }
  async rendered() { return [...(await this.offline.startRendering()).getChannelData(0)]; }
};
sessionStorage.setItem("heartwire.ward", "Sound");
"""


class _Expected(NamedTuple):
    """What the standard wants of a burst."""

    call: str
    n_pulses: int
    pulse_s: tuple[float, float]
    notes_hz: tuple[float, ...]


_C4, _E4, _G4, _C5 = 261.6, 329.6, 392.0, 523.3
#: Table 4; the melodies are those of annex F for cardiovascular causes and for equipment that fails.
_EXPECTED: Final = [
    _Expected("ventricular_tachycardia", 10, (0.075, 0.2), (_C4, _E4, _G4, _G4, _C5) * 2),
    _Expected("tachycardia", 3, (0.125, 0.25), (_C4, _E4, _G4)),
    _Expected("couplet", 2, (0.125, 0.25), (_E4, _C4)),
    _Expected("lead_off", 3, (0.125, 0.25), (_C5, _C4, _C4)),
]


@pytest.fixture(scope="module")
def patient(stack: WardStack) -> str:
    stack.add_patient(_NAME, [{"rhythm": "normal", "seconds": 900, "bpm": 72}], ward=_WARD)
    return _NAME


@pytest.fixture
def page(sign_in: SignIn, nurse: User) -> Page:
    """Signed in; its sound is rendered, and only one ward's alarms are heard."""
    page = sign_in(nurse)
    page.add_init_script(_RENDER)
    return page


def _burst(page: Page) -> NDArray[np.float64]:
    wait_for(page, lambda: page.evaluate("window.sound.started > 0"), "a burst")
    return np.asarray(page.evaluate("window.sound.rendered()"), dtype=np.float64)


def _pulses(sound: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Where pulses begin and end: half of the loudest, the loudest within two waves of the lowest tone counting."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(np.abs(sound), 192), 384)
    envelope = windows.max(axis=1)
    loud = np.flatnonzero(np.diff((envelope > envelope.max() / 2).astype(np.int8), prepend=0, append=0))
    return list(zip(loud[::2].tolist(), loud[1::2].tolist(), strict=True))


@pytest.mark.parametrize("expected", _EXPECTED, ids=lambda expected: expected.call)
def test_the_sound_of_each_priority(
    stack: WardStack, patient: str, page: Page, nurse: User, expected: _Expected
) -> None:
    stack.settle_system(nurse)  # those of the system are heard on every ward
    alarm = stack.raise_alarm(patient, expected.call, {})
    page.reload()
    expect(tile_of(page, patient)).to_be_visible()
    sound = _burst(page)
    stack.settle_alarm(alarm, nurse)
    pulses = _pulses(sound)
    assert len(pulses) == expected.n_pulses
    shortest_s, longest_s = expected.pulse_s
    for (begin, end), note_hz in zip(pulses, expected.notes_hz, strict=True):
        assert shortest_s <= (end - begin) / _FS_HZ <= longest_s
        _judge_tone(sound[begin:end], note_hz)
    for begin, _ in pulses:
        _judge_rise(sound, begin, (pulses[0][1] - pulses[0][0]))
    if expected.n_pulses == 10:
        gaps_s = [(later - end) / _FS_HZ for (_, end), (later, _) in pairwise(pulses)]
        assert 0.35 <= gaps_s[4] <= 1.3, "between the two halves"
        assert gaps_s[:4] == pytest.approx(gaps_s[5:], abs=0.005)
        assert gaps_s[2] > 2 * gaps_s[0], "three and two"


def _judge_tone(tone: NDArray[np.float64], note_hz: float) -> None:
    """Fundamental of 150 to 1000 Hz; with it at least four components of 300 to 4000 Hz within 15 dB of the loudest."""
    padded = np.pad(tone * np.hanning(len(tone)), (0, 2 * _FS_HZ - len(tone)))
    strength = np.abs(np.fft.rfft(padded))
    hz_of = np.fft.rfftfreq(len(padded), 1 / _FS_HZ)

    def level_db(hz: float) -> float:
        near = strength[np.abs(hz_of - hz) < 8]
        return float(20 * np.log10(near.max() / strength.max()))

    fundamental = hz_of[np.argmax(np.where(hz_of < 1.5 * note_hz, strength, 0))]
    assert fundamental == pytest.approx(note_hz, rel=0.02)
    harmonics = [n * note_hz for n in range(1, 12) if 300 <= n * note_hz <= 4000]
    assert sum(level_db(hz) > -15 for hz in harmonics) >= 4


def _judge_rise(sound: NDArray[np.float64], begin: int, length: int) -> None:
    """From 10 to 90 % in 10 to 40 % of the pulse."""
    peaks = np.maximum.accumulate(np.abs(sound[max(0, begin - length // 2) : begin + length // 2]))
    rise = np.searchsorted(peaks, 0.9 * peaks[-1]) - np.searchsorted(peaks, 0.1 * peaks[-1])
    assert 0.1 <= rise / length <= 0.4


#: Of each animation its length, ms, and the offsets of its key frames.
_FLASHES: Final = """bar => bar.getAnimations().map(({ effect }) =>
    [effect.getComputedTiming().duration, effect.getKeyframes().map(({ offset }) => offset)])"""


#: Table 2: flashes a second; low does not flash.
_FLASHES_HZ: Final = {"ventricular_tachycardia": (1.4, 2.8), "tachycardia": (0.4, 0.8), "couplet": None}


@pytest.mark.parametrize("call", _FLASHES_HZ)
def test_the_look_of_each_priority(stack: WardStack, patient: str, sign_in: SignIn, nurse: User, call: str) -> None:
    hz = _FLASHES_HZ[call]
    alarm = stack.raise_alarm(patient, call, {})
    page = sign_in(nurse)
    bar = alarm_of(tile_of(page, patient))
    expect(bar).to_have_attribute("data-flashes", "true")
    flashes: list[Any] = bar.evaluate(_FLASHES)
    colour = bar.evaluate("bar => getComputedStyle(bar).getPropertyValue('--fill')")
    marks = bar.locator(".icon-priority path").count() - 1
    page.emulate_media(reduced_motion="reduce")
    still = bar.evaluate(_FLASHES)
    edge = bar.evaluate("bar => getComputedStyle(bar).borderLeftStyle")
    stack.settle_alarm(alarm, nurse)
    assert still == []
    if hz is None:
        assert (colour, marks, flashes) == ("#35cfe8", 1, []), "low: cyan, steady"
        return
    assert (colour, marks) == {"ventricular_tachycardia": ("#d4202c", 3), "tachycardia": ("#ffd21f", 2)}[call]
    assert edge == "double", "where nothing may move, the edge says it"
    ((duration_ms, frames),) = flashes
    assert hz[0] <= 1000 / duration_ms <= hz[1]
    duty = next(offset for offset in frames if offset > 0)
    assert 0.2 <= duty <= 0.6
