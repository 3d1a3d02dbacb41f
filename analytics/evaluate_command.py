"""``heartwire evaluate``: the live engine over WFDB records, scored where they are annotated."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from analytics.engine import ENGINE_VERSION
from analytics.evaluation import noise_stress
from analytics.evaluation.annotations import write_annotations
from analytics.evaluation.document import get_document
from analytics.evaluation.evaluate import NoiseTest, Watcher
from analytics.evaluation.evaluate import evaluate as evaluate_records
from analytics.evaluation.outcome import Outcome
from analytics.evaluation.progress import Progress, say_record, say_throughput
from analytics.evaluation.records import UnreadableRecordError, list_records
from analytics.evaluation.report import make_report
from analytics.evaluation.table import say_table
from analytics.evaluation.tables import make_tables

_NUMBERS: Final = re.compile(r"[-+]?\d+(?:\.\d+)?(?:,[-+]?\d+(?:\.\d+)?)*")
#: What Moody's tests ran over, dB.
_USUAL_DB: Final = "24,18,12,6,0,-6"
_FILE: Final = click.Path(path_type=Path, dir_okay=False)


class _Command(click.Command):
    """Takes all the numbers after ``--snr`` as its values, negative ones too."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Join the values of ``--snr`` by commas."""
        joined: list[str] = []
        is_snr = False
        for each in args:
            if is_snr and _NUMBERS.fullmatch(each):
                joined[-1] += ("" if joined[-1].endswith("=") else ",") + each
                continue
            is_snr = each == "--snr" or each.startswith("--snr=")
            joined.append("--snr=" if each == "--snr" else each)
        return super().parse_args(ctx, joined)


def _read_snr(_ctx: click.Context, _option: click.Parameter, values: Sequence[str]) -> tuple[float, ...]:
    numbers = [number for value in values for number in value.split(",")]
    if any(_NUMBERS.fullmatch(number) is None for number in numbers):
        raise click.BadParameter(f"{' '.join(values) or 'nothing'}, wanted numbers of dB, as in --snr 24 12 0")
    found = tuple(dict.fromkeys(float(number) for number in numbers))
    if any(abs(each) > 60 for each in found):
        raise click.BadParameter(
            f"{max(found, key=abs):g} dB, wanted -60 to 60; a RECORD that is a number goes before the options"
        )
    return found


@click.command(cls=_Command, short_help="Score the engine on annotated records.")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("records", metavar="[RECORD]...", nargs=-1)
@click.option("--lead", metavar="N", help="Signal to analyse: its number, from 0, or its name. Default: the first ECG.")
@click.option(
    "--annotations",
    metavar="OUT",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write OUT/RECORD.hw: a WFDB annotation file with the beats' classes and the rhythms.",
)
@click.option("--json", "json_file", metavar="FILE", type=_FILE, help="Write all figures.")
@click.option("--report", metavar="FILE", type=_FILE, help="Write tables, plots and the worst errors as one HTML page.")
@click.option("--noise", metavar="NAME", help="Noise stress test with that record of nstdb: em, ma or bw.")
@click.option(
    "--snr",
    metavar="DB...",
    multiple=True,
    callback=_read_snr,
    help=f"Signal-to-noise ratios of the noise stress test.  [default: {_USUAL_DB.replace(',', ' ')}]",
)
@click.option(
    "--noise-dir",
    metavar="NSTDB",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the noise records. Default: nstdb beside DIR.",
)
def evaluate(
    *,
    directory: Path,
    records: tuple[str, ...],
    lead: str | None,
    annotations: Path | None,
    json_file: Path | None,
    report: Path | None,
    noise: str | None,
    snr: tuple[float, ...],
    noise_dir: Path | None,
) -> None:
    """Run the live engine over WFDB records, in one-second frames.

    DIR holds the records. Without RECORD all of them are read: those of its file RECORDS, or every header. Where
    RECORD.atr exists, beats, runs, episodes and heart rate are scored as ANSI/AAMI EC57 says. A file ALARMS in DIR
    (PhysioNet/CinC Challenge 2015) has alarms scored, and nothing after 5:00 analysed; a file REFERENCE.csv
    (Challenge 2017) has atrial fibrillation scored by record.

    A record that cannot be read is named with the reason and left out. The exit status is 0 unless nothing could be
    read, or a RECORD that was asked for is not there.
    """
    names = _choose_records(directory, records)
    noise_test = _choose_noise(directory, noise, snr, noise_dir)
    with Progress() as progress:
        watcher = Watcher(progress.begin, lambda each: progress.say(say_record(each)), progress.step, progress.update)
        try:
            outcome, problems = evaluate_records(directory, names, lead, noise_test, watcher)
        except UnreadableRecordError as error:
            raise click.ClickException(str(error)) from error
    for problem in problems:
        click.echo(f"not read: {problem}", err=True)
    _say(outcome)
    if annotations is not None:
        for each in outcome.analysed:
            write_annotations(annotations / each.record.name, each.annotations, each.record.fs_hz)
    if json_file is not None:
        _write(json_file, json.dumps({"engine": ENGINE_VERSION, **get_document(outcome)}, indent=1) + "\n")
    if report is not None:
        _write(report, make_report(outcome, ENGINE_VERSION))
    if not outcome.analysed:
        raise click.ClickException("no record could be read")
    missing = [name for name in records if not (directory / f"{_strip(name)}.hea").is_file()]
    if missing:
        raise click.ClickException(f"{len(missing)} of the records asked for are not in {directory}")


def _strip(name: str) -> str:
    return name.removesuffix(".hea").removesuffix(".dat").removesuffix(".mat")


def _choose_records(directory: Path, records: Sequence[str]) -> list[str]:
    if not directory.is_dir():
        raise click.ClickException(f"{directory} is not a folder; name one that holds WFDB records (.hea files)")
    names = list(dict.fromkeys(_strip(name) for name in records)) or list_records(directory)
    if not names:
        raise click.ClickException(f"{directory} holds no WFDB records: no file RECORDS, no .hea file")
    return names


def _choose_noise(
    directory: Path, noise: str | None, snr: tuple[float, ...], noise_dir: Path | None
) -> NoiseTest | None:
    if noise is None:
        if snr or noise_dir is not None:
            raise click.UsageError("--snr and --noise-dir say how to mix noise in; name it too, as in --noise em")
        return None
    try:
        found = noise_stress.find_noise(directory, noise, noise_dir)
    except UnreadableRecordError as error:
        raise click.ClickException(str(error)) from error
    return NoiseTest(found, snr or tuple(float(number) for number in _USUAL_DB.split(",")))


def _say(outcome: Outcome) -> None:
    for table in make_tables(outcome):
        for line in say_table(table):
            click.echo(line)
    if not any(each.alarms for each in outcome.analysed):
        click.echo("\nno alarms")
    if outcome.analysed and outcome.engine_s > 0:
        click.echo(f"\n{say_throughput(outcome.analysed, outcome.engine_s)}")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


__all__ = ["evaluate"]
