"""What an evaluation says while it runs: a line for each record, and on a terminal a line that moves."""

import sys
import time
from collections import Counter
from typing import Final, Self

import click

from analytics.evaluation.run import Analysed

_EVERY_S: Final = 0.5


class Progress:
    """A line that moves, on a terminal only."""

    def __init__(self) -> None:
        self._total = 0
        self._what = ""
        self._done = 0
        self._shown_s = 0.0
        self._is_on = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._clear()

    def _clear(self) -> None:
        if self._is_on:
            click.echo("\r\x1b[K", nl=False, err=True)

    def begin(self, what: str, total: int) -> None:
        """Say what the records go through now."""
        self._what, self._total, self._done = f"{what}: ", total, 0

    def say(self, line: str) -> None:
        """Say something that stays."""
        self._clear()
        click.echo(line)

    def step(self) -> None:
        """Note that a record is done."""
        self._done += 1

    def update(self, samples: int) -> None:
        """Move on."""
        if self._is_on and time.monotonic() - self._shown_s >= _EVERY_S:
            self._shown_s = time.monotonic()
            line = f"{self._what}{self._done} of {self._total} records, {samples:,} samples"
            click.echo(f"\r\x1b[K{line}", nl=False, err=True)


def say_record(each: Analysed) -> str:
    """Return one line about a record."""
    record = each.record
    beats = len(each.beat_times_s)
    parts = [f"{record.name:<12} {record.lead:<6} {record.fs_hz:>6g} Hz {record.seconds:>7.0f} s {beats:>6} beats"]
    if each.alarms:
        calls = Counter(alarm.call for alarm in each.alarms)
        parts.append("alarms: " + ", ".join(f"{call} {count}" for call, count in calls.items()))
    if each.seconds_unanalysable >= 1:
        parts.append(f"{each.seconds_unanalysable:.0f} s not analysable")
    return "   ".join(parts)


def say_throughput(analysed: list[Analysed], engine_s: float) -> str:
    """Return how fast the engine was."""
    samples = sum(each.samples for each in analysed)
    seconds = sum(each.record.seconds for each in analysed)
    return (
        f"throughput: {samples:,} samples ({seconds / 3600:.1f} h of ECG) in {engine_s:.1f} s of the engine:"
        f" {engine_s / samples * 1e9:.0f} ns a sample, {seconds / engine_s:,.0f} times real time"
    )
