"""The ward's page with 64 live leads at 250 Hz: frames a second, memory over ten minutes, first load, alarm to sound.

The whole system with simulated patients, and Chromium without a graphics card, on one machine; the servers yield to the
browser, and what each side had is said.
"""

import statistics
import time
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, sync_playwright

from tests.benchmarks.results import SHORT, Bench, say
from tests.benchmarks.shares import Meter, let_yield
from tests.browser.conftest import FLAGS
from tests.browser.pages import sign_in_as, tile_of, wait_for
from tests.browser.served_stack import User
from tests.browser.ward_stack import Script, WardStack

_ONLY: Final = "bench_dashboard_ward.py"
_PATIENTS: Final = 64
_SETTLE_S: Final = 5 if SHORT else 20
_FRAMES_S: Final = 10 if SHORT else 60
_MEMORY_S: Final = 30 if SHORT else 600
_SOUNDS: Final = 3 if SHORT else 10
_LOADS: Final = 3 if SHORT else 9
#: Times between frames, ms.
_FRAMES: Final = """async seconds => {
    const at = [];
    const end = performance.now() + 1000 * seconds;
    await new Promise(done => {
        const frame = now => { at.push(now); if (now < end) requestAnimationFrame(frame); else done(); };
        requestAnimationFrame(frame);
    });
    return at.slice(1).map((now, i) => now - at[i]);
}"""
#: Leads on which nothing is drawn, of all.
_EMPTY: Final = """() => {
    const sheet = document.querySelector(".tiles > .sheet");
    const on = sheet.getBoundingClientRect();
    return [...document.querySelectorAll(".lead")].filter(lead => {
        const of = lead.getBoundingClientRect();
        const given = [of.left - on.left, of.top - on.top, of.width, of.height].map(Math.round);
        return !sheet.getContext("2d").getImageData(...given).data.some(part => part > 0);
    }).length;
}"""
#: When tones begin, ms since 1970.
_TONES: Final = """() => {
    window.tones = [];
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (...when) {
        window.tones.push(Date.now());
        return start.apply(this, when);
    };
}"""


def test_64_live_leads(chromium_path: Path, bench: Bench) -> None:
    """Frames, memory, first load, sound."""
    with WardStack() as stack, sync_playwright() as playwright:
        user = stack.add_user("Bench Nurse")
        scripts: dict[str, Script] = {
            f"Patient {number:02}": [{"rhythm": "normal", "seconds": 900, "bpm": 58 + number * 7 % 31}]
            for number in range(_PATIENTS)
        }
        stack.add_ward(scripts)
        let_yield()
        chromium = playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        page = _open(chromium, stack, user)
        wait_for(page, lambda: page.evaluate(_EMPTY) == 0, "64 live leads", timeout_s=120)
        page.wait_for_timeout(1000 * _SETTLE_S)
        session = page.context.new_cdp_session(page)
        _measure_frames(page, session, bench)
        _measure_memory(page, session, bench)
        _measure_sound(page, stack, user, bench)
        _measure_load(chromium, page.context, stack, bench)
        chromium.close()


def _open(chromium: Browser, stack: WardStack, user: User) -> Page:
    settings: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}, "base_url": stack.url, "locale": "en-GB"}
    page = chromium.new_context(**settings).new_page()
    page.goto("/sign-in")
    sign_in_as(page, user)
    tile_of(page, "Patient 63").locator(".lead").wait_for()
    return page


def _measure_frames(page: Page, session: CDPSession, bench: Bench) -> None:
    before_s, meter = _busy_s(session), Meter()
    frames_ms = sorted(page.evaluate(_FRAMES, _FRAMES_S))
    shares = meter.read()
    share = (_busy_s(session) - before_s) / shares.seconds
    say(f"64 live leads: {shares}; {len(frames_ms)} frames in {_FRAMES_S} s")
    fps = 1000 / statistics.median(frames_ms)
    p99_ms = frames_ms[int(0.99 * len(frames_ms))]
    cost_ms = 1000 * shares.browser * shares.seconds / len(frames_ms)
    peers = {"cores: browser": shares.browser, "cores: servers and devices": shares.others}
    bench.record("ward, 64 live leads: frames", fps, "frames/s, median", aim=">= 59.5", peers=peers, only=_ONLY)
    bench.record("ward, 64 live leads: a frame", p99_ms, "ms, p99", aim="<= 50", only=_ONLY)
    bench.record("ward, 64 live leads: CPU of the browser", cost_ms, "ms a frame", only=_ONLY)
    bench.record("ward, 64 live leads: the page's main thread", 100 * share, "% of the time", only=_ONLY)


def _measure_memory(page: Page, session: CDPSession, bench: Bench) -> None:
    first_mb = _heap_mb(session)
    page.wait_for_timeout(1000 * _MEMORY_S)
    grown_mb = _heap_mb(session) - first_mb
    name = f"ward, 64 live leads: heap's growth in {_MEMORY_S // 60} min"
    bench.record(name, grown_mb, "MB", aim="<= 1", peers={"heap at first": first_mb}, only=_ONLY)


def _measure_sound(page: Page, stack: WardStack, user: User, bench: Bench) -> None:
    page.locator(".tile").first.hover()  # a person is there, and the browser gives sound
    page.evaluate(_TONES)
    took_s = []
    for _ in range(_SOUNDS):
        page.wait_for_timeout(700)
        heard = page.evaluate("window.tones.length")
        begin_ms = 1000 * time.time()
        alarm = stack.raise_alarm("Patient 07", "ventricular_tachycardia", {"bpm": 150})
        took_s.append((_tone_after(page, heard) - begin_ms) / 1000)
        stack.settle_alarm(alarm, user)
    peers = {"shortest": min(took_s), "longest": max(took_s)}
    bench.record("alarm: commit to sound", statistics.median(took_s), "s, median", aim="< 1", peers=peers, only=_ONLY)


def _tone_after(page: Page, heard: int) -> float:
    """When the next tone began, ms since 1970."""
    wait_for(page, lambda: page.evaluate("window.tones.length") > heard, "a burst")
    return float(page.evaluate("n => window.tones[n]", heard))


def _measure_load(chromium: Browser, signed_in: BrowserContext, stack: WardStack, bench: Bench) -> None:
    state = signed_in.storage_state()
    for page in signed_in.pages:
        page.goto("about:blank")  # one screen, as everywhere: this one would take most of a core
    took_s, meter = [], Meter()
    for _ in range(_LOADS):
        # Its own cache, empty; the session goes along.
        context = chromium.new_context(base_url=stack.url, storage_state=state)
        page = context.new_page()
        begin_s = time.monotonic()
        page.goto("/ward")
        page.locator(".tile").nth(_PATIENTS - 1).wait_for()
        took_s.append(time.monotonic() - begin_s)
        context.close()
    say(f"first loads: {meter.read()}")
    peers = {"longest": max(took_s)}
    bench.record("ward: first load, empty cache", statistics.median(took_s), "s", aim="<= 1.5", peers=peers, only=_ONLY)


def _busy_s(session: CDPSession) -> float:
    session.send("Performance.enable")
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))


def _heap_mb(session: CDPSession) -> float:
    """What is left after everything that nobody needs was thrown away."""
    session.send("HeapProfiler.collectGarbage")
    return float(session.send("Runtime.getHeapUsage")["usedSize"]) / 1e6
