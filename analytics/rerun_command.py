"""``heartwire analytics rerun``."""

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

import click

from analytics.engine import ENGINE_VERSION
from analytics.rerun import RUN_OUT_US, WARM_UP_US, Asked, Done
from analytics.rerun import rerun as run_again
from analytics.rerun_report import instant, make_document, say_comparison
from analytics.settings import AnalyticsSettings
from heartwire.storage.pool import connect

_FIRST_S: Final = 2.0
#: Pace of what is said on the way, seconds: on a terminal, and elsewhere.
_MOVING_S: Final = 0.5
_LINES_S: Final = 30.0
_STATEMENT_TIMEOUT_S: Final = 600.0


@click.command(short_help="Analyse stored signal again with this version's engine, and compare.")
@click.option("--patient", "patient_id", type=int, required=True, help="Number of the patient.")
@click.option("--from", "begin", type=click.DateTime(), required=True, help="Beginning, UTC.")
@click.option("--to", "end", type=click.DateTime(), required=True, help="End, UTC; not in it.")
@click.option("--version", help="Compare with what is stored by this version.  [default: what was live then]")
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write all differences here."
)
@click.option("--database", help="Database as a libpq URL. [env: HEARTWIRE_ANALYTICS_DATABASE]")
def rerun(  # noqa: PLR0917 # one parameter an option
    patient_id: int,
    begin: datetime,
    end: datetime,
    version: str | None,
    json_file: Path | None,
    database: str | None,
) -> None:
    """Analyse a stretch of a patient's stored signal again with this version's engine, and compare.

    Reads raw frames and blocks, ten minutes more before the stretch (so that the engine has learned the patient when it
    begins) and up to ten after it (so that what began in it may end), each device in the lead that live analysis would
    take, with the limits that the patient has now. What arrived late stands in its place.

    What is found is stored by the version of the engine that runs, beside what the live analysis found. Where that
    was this very version nothing is stored: the comparison tells whether it finds the same again. Nothing of it is
    ever an alarm, and no trend and no screen shows it: they show the live analysis.

    Everything may run meanwhile. Ctrl-C ends it after whole parts of ten minutes; a second run changes nothing of what
    the first one stored.
    """
    asked = Asked(patient_id, _us(begin), _us(end), version)
    settings = AnalyticsSettings.load(database=database)
    with (
        connect(
            settings.database.get_secret_value(),
            "analytics-rerun",
            autocommit=True,
            statement_timeout_s=_STATEMENT_TIMEOUT_S,
        ) as connection,
        _Progress(asked) as progress,
    ):
        done = run_again(connection, asked, progress.move)
    for line in _say(asked, done):
        click.echo(line)
    if json_file is not None:
        document = {
            "patient_id": patient_id,
            "from_us": asked.begin_us,
            "to_us": asked.end_us,
            "engine": done.engine,
            "live": done.live,
            "compared_with": version or "live",
            **make_document(done.comparison),
        }
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _us(given: datetime) -> int:
    return round(given.replace(tzinfo=UTC).timestamp() * 1e6)


def _say(asked: Asked, done: Done) -> list[str]:
    live = ", ".join(done.live) or "none"
    warm_up, run_out = f"{WARM_UP_US / 6e7:g} min", f"up to {RUN_OUT_US / 6e7:g} min"
    stretch = f"patient {asked.patient_id}, {instant(asked.begin_us)} to {instant(asked.end_us)} UTC"
    signal = f"{done.signal_us / 3.6e9:.2f} h of signal with warm-up ({warm_up}) and run-out ({run_out})"
    compared = asked.version or "what was live"
    lines = [
        f"{stretch}; {signal}",
        f"engine that ran: {done.engine}; live then: {live}; compared with: {compared}",
    ]
    if done.live_parts:
        lines.append(f"where {done.engine} itself was live nothing is stored ({done.live_parts} x 10 min or less)")
    return [*lines, "", *say_comparison(done.comparison)]


class _Progress:
    """How far it is, on standard error, once it has taken two seconds."""

    def __init__(self, asked: Asked) -> None:
        self._asked: Final = asked
        self._moves: Final = sys.stderr.isatty()
        self._due_s = time.monotonic() + _FIRST_S
        self._until_us = asked.begin_us

    def move(self, until_us: int) -> None:
        """Analysed up to there."""
        self._until_us = max(until_us, self._asked.begin_us)
        if time.monotonic() < self._due_s:
            return
        self._due_s = time.monotonic() + (_MOVING_S if self._moves else _LINES_S)
        share = (self._until_us - self._asked.begin_us) / (self._asked.end_us - self._asked.begin_us)
        line = f"{ENGINE_VERSION}: analysed up to {instant(self._until_us)} UTC, {share:.0%}"
        click.echo(f"\r\x1b[K{line}" if self._moves else line, nl=not self._moves, err=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._moves:
            click.echo("\r\x1b[K", nl=False, err=True)
        if kind is KeyboardInterrupt:
            click.echo(
                f"interrupted; analysed up to {instant(self._until_us)} UTC, whole parts are stored; the same command"
                " does it all",
                err=True,
            )


__all__ = ["rerun"]
