"""``heartwire evaluate``: the live engine over WFDB records, scored where they are annotated."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import click
import numpy as np
import wfdb

from analytics.engine import ENGINE_VERSION
from analytics.evaluation.records import UnreadableRecordError, list_records, read_annotations
from analytics.evaluation.report import get_document, say_record, say_summary
from analytics.evaluation.run import Analysed, run
from analytics.scoring import Reference, Score, score


@click.command(short_help="Score the engine on annotated records.")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("records", metavar="[RECORD]...", nargs=-1)
@click.option("--lead", metavar="N", help="Signal to analyse: its number, from 0, or its name. Default: the first ECG.")
@click.option(
    "--annotations",
    metavar="OUT",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write OUT/RECORD.hw: a WFDB annotation file with a beat at each R peak.",
)
@click.option(
    "--json", "json_file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help="Write all figures."
)
def evaluate(
    directory: Path, records: tuple[str, ...], lead: str | None, annotations: Path | None, json_file: Path | None
) -> None:
    """Run the live engine over WFDB records, in one-second frames.

    DIR holds the records. Without RECORD all of them are read: those of its file RECORDS, or every header. Where
    RECORD.atr exists, QRS sensitivity (Se) and positive predictivity (+P) are counted as ANSI/AAMI EC57 says:
    150 ms, one to one, the first five minutes apart, ventricular flutter left out.

    A record that cannot be read is named with the reason and left out. The exit status is 0 unless nothing could be
    read, or a RECORD that was asked for is not there.
    """
    names = _choose_records(directory, records)
    evaluation = _Evaluation(annotations)
    with _Progress(directory, names) as progress:
        session = run(directory, names, lead, lambda each: progress.say(evaluation.take(each)), progress.update)
    for problem in session.problems + evaluation.problems:
        click.echo(f"not read: {problem}", err=True)
    analysed = sorted(session.analysed, key=lambda each: names.index(each.record.name))
    for line in say_summary(analysed, evaluation.scores, evaluation.references, session.engine_s):
        click.echo(line)
    if json_file is not None:
        document = {"engine": ENGINE_VERSION, **get_document(analysed, evaluation.scores)}
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if not analysed:
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


class _Evaluation:
    """Scores records as they come through, and writes their annotations."""

    def __init__(self, annotations: Path | None) -> None:
        self.scores: dict[str, Score] = {}
        self.references: dict[str, Reference] = {}
        self.problems: list[str] = []
        self._annotations = annotations

    def take(self, each: Analysed) -> str:
        """Return what there is to say of the record."""
        name = each.record.name
        try:
            reference = read_annotations(each.record)
        except UnreadableRecordError as error:
            self.problems.append(str(error))
            reference = None
        # As the annotation file will have them: on the record's samples.
        samples = np.rint(each.beats_s * each.record.fs_hz).astype(np.int64)
        samples = np.unique(np.clip(samples, 0, each.record.n_samples - 1))
        if reference is not None:
            self.references[name] = reference
            self.scores[name] = score(reference, samples / each.record.fs_hz)
        if self._annotations is not None:
            _write_annotations(self._annotations / name, samples)
        return say_record(each, self.scores.get(name))


def _write_annotations(path: Path, samples: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not len(samples):
        path.with_name(path.name + ".hw").write_bytes(b"\0\0")  # the format's end, and nothing before it
        return
    wfdb.wrann(path.name, "hw", samples, symbol=["N"] * len(samples), write_dir=str(path.parent))


class _Progress:
    """A line that moves, on a terminal only."""

    def __init__(self, directory: Path, names: Sequence[str]) -> None:
        self._directory, self._total = directory, len(names)
        self._done = 0
        self._shown = 0
        self._is_on = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._clear()

    def _clear(self) -> None:
        if self._is_on:
            click.echo("\r\x1b[K", nl=False, err=True)

    def say(self, line: str) -> None:
        """Say that a record is done."""
        self._done += 1
        self._clear()
        click.echo(line)

    def update(self, samples: int) -> None:
        """Move on."""
        if self._is_on and samples - self._shown >= 1_000_000:
            self._shown = samples
            click.echo(f"\r\x1b[K{self._done} of {self._total} records, {samples:,} samples", nl=False, err=True)


__all__ = ["evaluate"]
