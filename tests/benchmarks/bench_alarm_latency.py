"""From the heart to the screen: how long after an asystole's fourth second its alarm stands on the ward's page.

Ten scripted patients stop, one after the other, in the whole system: simulated devices in one-second frames, broker,
ingest, database, analytics, dashboard, Chromium. The zero of each time is four seconds after the last beat, by the
device's clock: it includes the filling of the frame that holds that moment.
"""

import statistics
from datetime import datetime
from pathlib import Path

import psycopg
from playwright.sync_api import sync_playwright

from tests.benchmarks.results import SHORT, Bench
from tests.browser.ward_stack import WardStack

_PATIENTS = 3 if SHORT else 10
_SETTLE_S = 30.0
_APART_S = 2.3
_LIMIT_S = 4.0
_WATCH = """() => {
    window.seen = {};
    const look = () => document.querySelectorAll('.tile').forEach((tile) => {
        const alarm = tile.querySelector('.tile-foot');
        if (alarm && alarm.textContent.includes('Asystole')) window.seen[tile.dataset.patient] ??= Date.now();
    });
    new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true});
    look();
}"""
_STAGES = """
    SELECT a.patient_id, a.onset_at, min(e.at)
    FROM alarms AS a JOIN alarm_events AS e USING (alarm_id)
    WHERE a.call = 'asystole' AND e.kind = 'raised'
    GROUP BY a.patient_id, a.onset_at
"""


def _after_s(at: datetime, onset: datetime) -> float:
    return at.timestamp() - onset.timestamp() - _LIMIT_S


def _record(bench: Bench, name: str, seconds: list[float]) -> None:
    bench.record(
        name,
        statistics.median(seconds),
        "s, median",
        aim="<= 3",
        peers={"shortest": min(seconds), "longest": max(seconds)},
        only="bench_alarm_latency.py",
    )


def test_from_asystole_to_page(chromium_path: Path, bench: Bench) -> None:
    """The latency to the database and to the page."""
    with WardStack() as stack, sync_playwright() as playwright:
        user = stack.add_user("Bench Nurse")
        for number in range(_PATIENTS):
            normal: dict[str, str | float] = {"rhythm": "normal", "seconds": _SETTLE_S + number * _APART_S, "bpm": 70}
            stack.add_patient(f"Patient {number}", [normal, {"rhythm": "asystole", "seconds": 600}])
        browser = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{stack.url}/sign-in")
        page.fill("input[name=login]", user.login)
        page.fill("input[name=password]", user.password)
        page.press("input[name=password]", "Enter")
        page.wait_for_selector(".tile")
        page.evaluate(_WATCH)
        while len(page.evaluate("window.seen")) < _PATIENTS:
            page.wait_for_timeout(500)
        seen = {int(patient): ms / 1000 for patient, ms in page.evaluate("window.seen").items()}
        browser.close()
        with psycopg.connect(stack.database) as connection:
            stages = connection.execute(_STAGES).fetchall()
    _record(bench, "alarm_committed_s", [_after_s(raised, onset) for _, onset, raised in stages])
    page_s = [seen[who] - onset.timestamp() - _LIMIT_S for who, onset, _ in stages]
    _record(bench, "alarm_on_the_page_s", page_s)
