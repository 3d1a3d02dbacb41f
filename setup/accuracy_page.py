"""Write the tables of docs/accuracy.md: the live engine on annotated databases, record by record.

Run as ``python -m setup.accuracy_page DIR``; DIR holds the databases' folders. What stands above the tables in the page
is written by hand and stays.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from setup.report import SetupError, fail, step

_ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = _ROOT / "docs" / "accuracy.md"
_MARK: Final = "<!-- What follows is written by `python -m setup.accuracy_page DIR`. -->\n"
_HEARTWIRE: Final = _ROOT / ".venv" / "bin" / "heartwire"
_SNR_DB: Final = ("24", "18", "12", "6", "0", "-6")
Document = dict[str, Any]


def main(directory: Path) -> None:
    """Evaluate every database of the folder that is there, and write the page."""
    head = PAGE.read_text(encoding="utf-8").partition(_MARK)[0]
    parts = [head, _MARK]
    with tempfile.TemporaryDirectory() as work:
        for name, describe in _DATABASES.items():
            if not (directory / name).is_dir():
                raise SetupError(f"{directory} has no folder {name}; the page needs all of {', '.join(_DATABASES)}")
            with step(f"Evaluating {name}"):
                parts.append(describe(_evaluate(directory / name, Path(work))))
        with step("Evaluating mitdb with the noise of electrode motion"):
            noisy = _evaluate(directory / "mitdb", Path(work), "--noise", "em", "--snr", *_SNR_DB)
            parts.append(_describe_noise(noisy))
    PAGE.write_text("".join(parts), encoding="utf-8")


def _evaluate(database: Path, work: Path, *options: str) -> Document:
    document = work / "document.json"
    command = [str(_HEARTWIRE), "evaluate", str(database), "--json", str(document), *options]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SetupError(f"heartwire evaluate {database.name} failed: {done.stderr.strip().splitlines()[-1:]}")
    found: Document = json.loads(document.read_text(encoding="utf-8"))
    return found


def _say(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _get(document: Document, path: str) -> object:
    found: object = document
    for name in path.split("."):
        if not isinstance(found, dict) or name not in found:
            return None
        found = found[name]
    return found


def _table(title: str, names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"\n### {title}\n\n", f"| {' | '.join(names)} |\n", f"|{'---|' * len(names)}\n"]
    lines += [f"| {' | '.join(_say(value) for value in row)} |\n" for row in rows]
    return "".join(lines)


def _by_record(document: Document, title: str, columns: dict[str, str]) -> str:
    """Return a table of records, and gross below; records without any of the figures are left out."""
    rows: list[list[object]] = []
    for name, record in sorted(document["records"].items()):
        values = [_get(record, path) for path in columns.values()]
        if any(value is not None for value in values):
            rows.append([name, *values])
    rows.append(["**gross**", *(_get(document["gross"], path) for path in columns.values())])
    return _table(title, ["record", *columns], rows)


def _counts(name: str) -> dict[str, str]:
    return {"Se %": f"{name}.se", "+P %": f"{name}.ppv", "TP": f"{name}.tp", "FN": f"{name}.fn", "FP": f"{name}.fp"}


def _episodes(name: str) -> dict[str, str]:
    return {
        "episode Se %": f"{name}.episode_se",
        "episode +P %": f"{name}.episode_ppv",
        "duration Se %": f"{name}.duration_se",
        "duration +P %": f"{name}.duration_ppv",
        "annotated s": f"{name}.annotated_s",
        "found s": f"{name}.found_s",
    }


def _alarms(document: Document) -> str:
    rows = [
        [
            call,
            _get(each, "alarms"),
            _get(each, "judged"),
            _get(each, "false"),
            _get(each, "false_per_patient_day"),
            _get(each, "onset_to_alarm_s.median"),
            _get(each, "onset_to_alarm_s.p95"),
        ]
        for call, each in document["false_alarms"].items()
    ]
    names = ("call", "alarms", "judged by annotations", "false", "false a patient and day", "onset to alarm s", "p95 s")
    return _table("Alarms by call", names, rows)


def _describe_mitdb(document: Document) -> str:
    rate = {
        "mean abs bpm": "heart_rate.mean_abs_bpm",
        "RMS bpm": "heart_rate.rms_bpm",
        "RMS %": "heart_rate.rms_percent",
    }
    runs = [
        _by_record(document, title, {"Se %": f"ventricular_runs.{name}.se", "+P %": f"ventricular_runs.{name}.ppv"})
        for title, name in (
            ("Ventricular couplets", "couplets"),
            ("Short ventricular runs (3 to 5 beats)", "short"),
            ("Long ventricular runs", "long"),
        )
    ]
    return "".join(
        (
            f"\n## MIT-BIH Arrhythmia Database, first lead (engine {document['engine']})\n",
            "\n`heartwire evaluate DIR/mitdb`; after the first five minutes, 150 ms, fibrillation left out.\n",
            _by_record(document, "QRS", _counts("qrs")),
            _by_record(document, "Ventricular ectopic beats (V)", _counts("veb")),
            _by_record(document, "Supraventricular ectopic beats (S)", _counts("sveb")),
            *runs,
            _by_record(document, "Atrial fibrillation and flutter", _episodes("af")),
            _by_record(document, "Heart rate", rate),
            _alarms(document),
        )
    )  # fmt: skip


def _describe_fibrillation(title: str) -> Any:  # noqa: ANN401 # a function of a document
    def describe(document: Document) -> str:
        by_second = {
            "Se by 1 s %": "vf.se_1s",
            "Sp by 1 s %": "vf.sp_1s",
            "onset to alarm s": "vf.onset_to_alarm_s.median",
            "p95 s": "vf.onset_to_alarm_s.p95",
        }
        return (
            f"\n## {title}\n"
            + _by_record(document, "Fibrillation and flutter", by_second | _episodes("vf"))
            + _alarms(document)
        )

    return describe


def _describe_icu(document: Document) -> str:
    rows = [
        [call, *(_get(each, name) for name in ("score", "tp", "fp", "tn", "fn"))]
        for call, each in document["gross"]["alarm_score"]["by_call"].items()
    ]
    total = document["gross"]["alarm_score"]
    rows.append(["**all**", *(_get(total, name) for name in ("score", "tp", "fp", "tn", "fn"))])
    wrong = [
        [name, record["monitor_alarm"]["call"], "true" if record["monitor_alarm"]["is_true"] else "false"]
        for name, record in sorted(document["records"].items())
        if "monitor_alarm" in record and record["monitor_alarm"]["is_true"] != record["monitor_alarm"]["found"]
    ]
    return (
        "\n## PhysioNet/CinC Challenge 2015: alarms of an intensive care unit\n\n"
        "`heartwire evaluate DIR/cinc2015`; the first ECG lead, in real time: nothing after the alarm is used.\n"
        + _table("Score", ("call", "score", "TP", "FP", "TN", "FN"), rows)
        + _table("Records that were judged wrongly", ("record", "the monitor's alarm", "was"), wrong)
    )


def _describe_hand_held(document: Document) -> str:
    by_record = document["gross"]["af_by_record"]
    names = ("se", "sp", "f1", "tp", "fn", "fp", "tn")
    title = "Atrial fibrillation against the rest, by record"
    table = _table(title, ("Se %", "Sp %", "F1 %", "TP", "FN", "FP", "TN"), [[by_record.get(name) for name in names]])
    return (
        "\n## PhysioNet/CinC Challenge 2017: single-lead hand-held ECG\n\n`heartwire evaluate DIR/cinc2017`\n" + table
    )


def _describe_noise(document: Document) -> str:
    parts = {"QRS, noisy stretches:": "qrs_noisy", "QRS, all:": "qrs", "V, noisy stretches:": "veb_noisy"}
    figures = {"Se %": "se", "+P %": "ppv", "F1 %": "f1"}
    rows = [
        [entry["snr_db"], *(_get(entry, f"{part}.{name}") for part in parts.values() for name in figures.values())]
        for entry in document["noise"]
    ]
    names = ["SNR dB", *(f"{part} {name}" for part in parts for name in figures)]
    return (
        "\n## Noise of electrode motion mixed into the MIT-BIH records\n\n"
        f"`heartwire evaluate DIR/mitdb --noise em --snr {' '.join(_SNR_DB)}`\n" + _table("Gross", names, rows)
    )


_DATABASES: Final = {
    "mitdb": _describe_mitdb,
    "vfdb": _describe_fibrillation("MIT-BIH Malignant Ventricular Ectopy Database, first lead"),
    "cudb": _describe_fibrillation("CU Ventricular Tachyarrhythmia Database"),
    "cinc2015": _describe_icu,
    "cinc2017": _describe_hand_held,
}


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except (SetupError, OSError) as problem:
        fail(problem)
    except IndexError:
        sys.exit("usage: python -m setup.accuracy_page DIR")
