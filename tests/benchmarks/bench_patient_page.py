"""How long a patient's day takes: from the click until it is drawn, and what of it is the server's."""

import statistics
import time
from pathlib import Path
from typing import Final

import httpx
from playwright.sync_api import Page, sync_playwright

from tests.benchmarks.patient_day import PASSWORD, PatientDay
from tests.benchmarks.results import SHORT, Bench, say
from tests.benchmarks.shares import Meter, let_yield
from tests.browser.conftest import FLAGS
from tests.servers.plain_http import PLAIN

_SECONDS: Final = 7_200 if SHORT else 86_400
_TIMES: Final = 3 if SHORT else 9
_SETTLE_S: Final = 4
_AIM: Final = "< 500"
_ONLY: Final = "bench_patient_page.py"
#: Click, and wait until the page has drawn what it asked for: two frames after it was there.
_STEP: Final = """async ([level]) => {
  const begin = performance.now();
  const frame = () => new Promise(requestAnimationFrame);
  const plot = () => document.querySelector(".disclosure-plot");
  document.querySelectorAll(".disclosure .window .button:not(.icon-only)")[level].click();
  while (!(plot()?.dataset.level === String(level) && plot().dataset.shown === "true")) await frame();
  await frame();
  await frame();
  return performance.now() - begin;
}"""
_OPEN: Final = """async () => {
  const begin = performance.now();
  const frame = () => new Promise(requestAnimationFrame);
  document.querySelector(".tile a").click();
  while (document.querySelector(".disclosure-plot")?.dataset.shown !== "true") await frame();
  await frame();
  await frame();
  return performance.now() - begin;
}"""


def _steps_ms(page: Page, level: int) -> list[float]:
    """Return how long it takes to come to a level from another, again and again, milliseconds."""
    took = []
    for _ in range(_TIMES):
        page.evaluate(_STEP, [4])
        took.append(float(page.evaluate(_STEP, [level])))
    return took


def _request_ms(day: PatientDay, *, bucket_s: float) -> float:
    """Return how long the server takes to answer for the day, milliseconds: the median."""
    with httpx.Client(base_url=day.url, timeout=30, verify=PLAIN) as http:
        http.post("/api/session", json={"login": "nurse", "password": PASSWORD}).raise_for_status()
        given = {"from_us": day.begin_us, "to_us": day.end_us, "bucket_s": bucket_s}
        took = []
        for _ in range(_TIMES):
            begin_s = time.perf_counter()
            http.get(f"/api/patients/{day.patient_id}/outline", params=given).raise_for_status()
            took.append(1e3 * (time.perf_counter() - begin_s))
    return statistics.median(took)


def test_a_day_on_the_screen(bench: Bench, ecg_dir: Path, chromium_path: Path) -> None:
    """A day at 250 Hz, 22 hours of it in blocks and two raw: on TimescaleDB, in Chromium."""
    records = [ecg_dir / "mitdb" / name for name in ("101", "106", "119", "201", "203", "208", "220", "223")]
    with PatientDay(records, _SECONDS) as day, sync_playwright() as playwright:
        request_ms = _request_ms(day, bucket_s=3.0)
        let_yield()
        browser = playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        page = browser.new_page(base_url=day.url, viewport={"width": 1440, "height": 900})
        page.goto("/sign-in")
        page.fill("input[name=login]", "nurse")
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_selector(".tile a")
        page.wait_for_timeout(1000 * _SETTLE_S)  # the pages' code comes after the first picture
        meter = Meter()
        opened_ms = float(page.evaluate(_OPEN))
        levels = {name: statistics.median(_steps_ms(page, level)) for level, name in enumerate(("24 h", "6 h", "1 h"))}
        shares = meter.read()
        browser.close()
    say(f"patient page: {levels}, opened in {opened_ms:.0f} ms, of a request {request_ms:.0f} ms; {shares}")
    peers = {"6 hours": levels["6 h"], "an hour": levels["1 h"], "of it the server's answer": request_ms}
    bench.record("patient_page_day_ms", levels["24 h"], "ms to 24 h drawn", aim=_AIM, peers=peers, only=_ONLY)
    bench.record("patient_page_open_ms", opened_ms, "ms from the ward to 24 h drawn", only=_ONLY)
