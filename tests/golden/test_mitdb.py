"""QRS detection on the MIT-BIH Arrhythmia Database: pinned counts of the live engine in one-second frames.

Counts change only with the engine's version: look at why, then pin them anew with
``heartwire evaluate ../shared/ecg/mitdb --json FILE``.
"""

from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from analytics.evaluation.records import list_records, read_annotations
from analytics.evaluation.report import add_up
from analytics.evaluation.run import Analysed, run
from analytics.scoring import Score, score

#: Record: beats paired, missed, false; first lead, after the first five minutes.
QRS: Final = {
    "101": (1522, 1, 2),
    "106": (1696, 0, 2),
    "108": (1475, 5, 22),
    "109": (2099, 0, 0),
    "112": (2111, 0, 0),
    "114": (1604, 0, 2),
    "115": (1637, 0, 0),
    "116": (1999, 18, 0),
    "118": (1916, 0, 1),
    "119": (1661, 0, 1),
    "122": (2054, 0, 0),
    "124": (1367, 0, 0),
    "201": (1483, 38, 0),
    "203": (2464, 17, 20),
    "205": (2201, 0, 0),
    "207": (1591, 1, 2),
    "208": (2428, 9, 4),
    "209": (2519, 0, 1),
    "215": (2795, 0, 0),
    "220": (1694, 0, 0),
    "223": (2199, 0, 0),
    "230": (1859, 0, 1),
}


@pytest.fixture(scope="module")
def analysed(ecg_dir: Path) -> list[Analysed]:
    mitdb = ecg_dir / "mitdb"
    session = run(mitdb, list_records(mitdb), None, lambda _: None)
    assert not session.problems
    return session.analysed


@pytest.fixture(scope="module")
def scores(analysed: list[Analysed]) -> dict[str, Score]:
    scores = {}
    for each in analysed:
        reference = read_annotations(each.record)
        assert reference is not None
        scores[each.record.name] = score(reference, each.beats_s)
    return scores


def test_counts_by_record(scores: dict[str, Score]) -> None:
    assert {name: tuple(each.scored) for name, each in scores.items()} == QRS


def test_sensitivity_and_positive_predictivity(scores: dict[str, Score]) -> None:
    gross = add_up([each.scored for each in scores.values()])
    assert gross.se_percent is not None
    assert gross.ppv_percent is not None
    assert gross.se_percent >= 99.5
    assert gross.ppv_percent >= 99.5


def test_asystole_only_where_the_lead_shows_no_complex(analysed: list[Analysed]) -> None:
    """The first lead of 116 fails for some seconds (below 0.1 mV); only the second shows the beats there."""
    calls = Counter(each.record.name for each in analysed for alarm in each.alarms if alarm.call == "asystole")
    assert calls == {"116": 2}
