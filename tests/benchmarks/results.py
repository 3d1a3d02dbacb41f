"""Where every benchmark puts its figure: ``bench/results.json``, and one table at the end of ``make bench``.

``{name: {value, unit, aim, peers: {name: value}, command}}``, the peers measured in the same run as the value. A
benchmark says `record` for each figure; figures of benchmarks that did not run stay as they were.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from tests.conftest import ROOT

RESULTS_PATH: Final = ROOT / "bench" / "results.json"
#: A short variant of everything, to try the benchmarks themselves: its figures mean little.
SHORT: Final = bool(os.environ.get("BENCH_SHORT"))


class Result(msgspec.Struct, frozen=True):
    """One figure.

    Attributes
    ----------
    value : float
        In `unit`.
    aim : str
        What was to be reached, such as ``<= 60``; empty where there is no aim.
    peers : dict
        Other programs' figures, or other ways to do the same, in the same unit.
    command : str
        Measures it again.
    """

    value: float
    unit: str
    aim: str
    peers: dict[str, float]
    command: str


class Bench:
    """The figures of one session, written as they come: a benchmark that fails later takes none with it."""

    def __init__(self, path: Path = RESULTS_PATH) -> None:
        self._path: Final = path
        self.results: Final[dict[str, Result]] = {}

    def record(
        self,
        name: str,
        value: float,
        unit: str,
        *,
        aim: str = "",
        peers: Mapping[str, float] | None = None,
        only: str = "",
    ) -> None:
        """Keep a figure.

        Parameters
        ----------
        aim : str
            As in `Result`.
        only : str
            The file in tests/benchmarks that measures it alone.
        """
        command = f"make bench ONLY={only}" if only else "make bench"
        rounded = {peer: round(number, 4) for peer, number in (peers or {}).items()}
        self.results[name] = Result(round(value, 4), unit, aim, rounded, command)
        kept = json.loads(self._path.read_text(encoding="utf-8")) if self._path.exists() else {}
        kept[name] = msgspec.to_builtins(self.results[name])
        self._path.parent.mkdir(exist_ok=True)
        unfinished = self._path.with_suffix(".new")
        unfinished.write_text(json.dumps(dict(sorted(kept.items())), indent=2) + "\n", encoding="utf-8")
        unfinished.replace(self._path)

    def table(self) -> list[str]:
        """Return the session's figures as lines, each with its peers below it."""
        lines = [f"{'':44} {'value':>10}  {'unit':22} aim"]
        for name, result in sorted(self.results.items()):
            lines.append(f"{name:44} {result.value:>10,.4g}  {result.unit:22} {result.aim}".rstrip())
            lines += [f"    {peer:40} {value:>10,.4g}" for peer, value in result.peers.items()]
        return lines


def say(line: str) -> None:
    """Tell a person how it goes."""
    print(line, flush=True)  # noqa: T201 # what a benchmark is for
