"""Real records through the live engine, in one-second frames: figures by database are pinned in `pinned/`.

They change only with the engine or with how it is scored: look at why, then pin them anew with
``HEARTWIRE_PIN=1 pytest tests/golden``, and read the difference.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from analytics.evaluation.document import get_document
from analytics.evaluation.evaluate import NoiseTest, evaluate
from analytics.evaluation.noise_stress import find_noise
from analytics.evaluation.outcome import Outcome
from analytics.evaluation.records import list_records

_PINNED: Final = Path(__file__).parent / "pinned"
#: Counts and seconds, from which all rates follow.
_KINDS: Final = (
    "qrs", "qrs_first_5_min", "veb", "sveb", "ventricular_runs", "supraventricular_runs", "af", "vf", "noise",
    "alarm_score", "af_by_record",
)  # fmt: skip
_COUNTS: Final = frozenset(("tp", "fn", "fp", "tn", "tp_se", "tp_ppv", "annotated_s", "found_s", "se_1s", "sp_1s"))


class Database(NamedTuple):
    """A folder, and what of it.

    Attributes
    ----------
    every : int
        One record of so many.
    snr_db : tuple of float
        Ratios of the noise stress test with electrode motion, of the records `noisy`.
    """

    folder: str
    every: int = 1
    noisy: tuple[str, ...] = ()
    snr_db: tuple[float, ...] = ()


DATABASES: Final = {
    "mitdb": Database("mitdb"),
    "vfdb": Database("vfdb", every=3),
    "cudb": Database("cudb"),
    "noise": Database("mitdb", noisy=("118", "119"), snr_db=(24, 12, 6, 0)),
    "cinc2015": Database("cinc2015"),
    "cinc2017": Database("cinc2017", every=4),
}


def _evaluate(ecg_dir: Path, database: Database) -> Outcome:
    directory = ecg_dir / database.folder
    names = list(database.noisy) or list_records(directory)[:: database.every]
    noise_test = NoiseTest(find_noise(directory, "em", None), database.snr_db) if database.noisy else None
    outcome, problems = evaluate(directory, names, None, noise_test)
    assert not problems
    return outcome


def _summarise(outcome: Outcome) -> dict[str, Any]:
    """Return the counts that are pinned: of each record one line of beats, of all together the rest."""
    document = get_document(outcome)
    kept = {kind: _keep_counts(document["gross"][kind]) for kind in _KINDS if kind in document["gross"]}
    summary = {
        "qrs_by_record": {
            name: [record["qrs"][cell] for cell in ("tp", "fn", "fp")]
            for name, record in document["records"].items()
            if "qrs" in record
        },
        **kept,
        "noise": {f"{each['snr_db']:g} dB": _keep_counts(each["qrs_noisy"]) for each in document.get("noise", [])},
        "alarms": dict(sorted(Counter(alarm["call"] for alarm in document["alarms"]).items())),
        "false_alarms": {
            call: each["false"] for call, each in sorted(document["false_alarms"].items()) if "false" in each
        },
    }
    return {kind: value for kind, value in summary.items() if value}


def _keep_counts(figures: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: _keep_counts(value) if isinstance(value, dict) else value for name, value in figures.items()}
    return {name: value for name, value in kept.items() if name in _COUNTS or (isinstance(value, dict) and value)}


@pytest.fixture(scope="module")
def outcome_of(ecg_dir: Path) -> Callable[[str], Outcome]:
    """Evaluate a database when it is first asked for: processes that share these tests do none of it twice."""
    return cache(lambda name: _evaluate(ecg_dir, DATABASES[name]))


@pytest.mark.parametrize("name", DATABASES)
def test_figures(outcome_of: Callable[[str], Outcome], name: str) -> None:
    found, path = _summarise(outcome_of(name)), _PINNED / f"{name}.json"
    if os.environ.get("HEARTWIRE_PIN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(_write(found), encoding="utf-8")
    assert found == json.loads(path.read_text(encoding="utf-8"))


def _write(found: Mapping[str, Any]) -> str:
    """One line a figure, so that a difference can be read."""
    kinds = [f"{json.dumps(kind)}: {_write_kind(value)}" for kind, value in found.items()]
    return "{\n" + ",\n".join(kinds) + "\n}\n"


def _write_kind(value: Mapping[str, Any]) -> str:
    return "{\n" + ",\n".join(f"  {json.dumps(name)}: {json.dumps(each)}" for name, each in value.items()) + "}"


def test_sensitivity_and_positive_predictivity(outcome_of: Callable[[str], Outcome]) -> None:
    qrs = outcome_of("mitdb").gross.qrs
    assert qrs is not None
    assert qrs.se_percent is not None
    assert qrs.ppv_percent is not None
    assert qrs.se_percent >= 99.5
    assert qrs.ppv_percent >= 99.5


def test_asystole_only_where_the_lead_shows_no_complex(outcome_of: Callable[[str], Outcome]) -> None:
    """The first lead of 116 fails for some seconds (below 0.1 mV); only the second shows the beats there."""
    analysed = outcome_of("mitdb").analysed
    calls = Counter(each.record.name for each in analysed for alarm in each.alarms if alarm.call == "asystole")
    assert calls == {"116": 2}
