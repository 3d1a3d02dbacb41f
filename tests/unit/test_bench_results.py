"""The harness of the benchmarks: its file is what others read."""

import json
from pathlib import Path

from tests.benchmarks.results import Bench


def test_figures_are_written_as_they_come_and_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "bench" / "results.json"
    Bench(path).record("old", 1.0, "s")
    bench = Bench(path)
    bench.record("new", 2.00004, "us", aim="<= 3", peers={"paho": 7.123456}, only="bench_new.py")
    assert json.loads(path.read_text()) == {
        "new": {
            "value": 2.0,
            "unit": "us",
            "aim": "<= 3",
            "peers": {"paho": 7.1235},
            "command": "make bench ONLY=bench_new.py",
        },
        "old": {"value": 1.0, "unit": "s", "aim": "", "peers": {}, "command": "make bench"},
    }
    assert "\n".join(bench.table()).split() == ["value", "unit", "aim", "new", "2", "us", "<=", "3", "paho", "7.123"]
