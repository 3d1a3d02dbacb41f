"""The report of an evaluation in a browser: accessible, light and dark, and it asks nobody for anything."""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from playwright.sync_api import Browser

from analytics.evaluation.annotations import get_rhythms
from analytics.evaluation.outcome import NoiseFigures, Outcome, score
from analytics.evaluation.records import EcgRecord
from analytics.evaluation.report import make_report
from analytics.evaluation.run import Analysed
from tests.annotated import annotate
from tests.browser.pages import barriers_of


def _make_outcome() -> Outcome:
    """Two records with figures of every kind."""
    outcome = Outcome("database", noise_name="em", classes={"a1": "A", "a2": "N"})
    for name, part in (("a1", 0.9), ("a2", 0.1)):
        record = EcgRecord(Path(), name, 0, "ECG", 250.0, 250.0, 900.0, 225_000, 200.0, 0, is_single=True)
        analysed = Analysed(record)
        analysed.beat_times_s += [10 + 0.8 * at for at in range(1000)]
        analysed.beat_labels += [b"V" if at % 9 < 3 else b"N" for at in range(1000)]
        analysed.rhythm_changes += [(0.0, "AFIB"), (900.0 * part, "N")]
        reference = annotate("NNVVVNNNNN" * 100, 10.0, 0.81, seconds=900.0)
        reference = reference._replace(rhythms=get_rhythms([(0.0, "N"), (400.0, "AFIB"), (600.0, "VFL")], 900.0))
        outcome.analysed.append(analysed)
        outcome.references[name] = reference
        outcome.figures[name] = score(reference, analysed)
    outcome.noise = [NoiseFigures(snr_db, np.eye(6, dtype=np.int64), np.eye(6, dtype=np.int64)) for snr_db in (24, 0)]
    return outcome


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_report(browser: Browser, tmp_path: Path, scheme: Literal["light", "dark"]) -> None:
    (tmp_path / "report.html").write_text(make_report(_make_outcome(), "hw-test"), encoding="utf-8")
    context = browser.new_context(color_scheme=scheme, viewport={"width": 400, "height": 800})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "report.html").as_uri())
    assert asked == [page.url]
    assert page.locator("figure svg").count() >= 3
    assert page.evaluate("document.documentElement.scrollWidth") <= 400  # wide tables scroll by themselves
    assert barriers_of(page) == []
    context.close()
