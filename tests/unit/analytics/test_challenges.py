"""The scores of the PhysioNet/CinC Challenges 2015 (alarms) and 2017 (atrial fibrillation by record)."""

from pathlib import Path

import pytest

from analytics.evaluation.challenge_2015 import AlarmCounts, MonitorAlarm, count_alarms, is_found, read_monitor_alarms
from analytics.evaluation.challenge_2017 import AfRecords, count_records, get_coverage, read_classes
from analytics.evaluation.records import UnreadableRecordError
from analytics.evaluation.run import Alarm
from tests.annotated import annotate


def test_score_of_alarms() -> None:
    verdicts = [
        *[(MonitorAlarm("asystole", is_true=True), True)] * 6,
        *[(MonitorAlarm("asystole", is_true=True), False)] * 2,
        *[(MonitorAlarm("asystole", is_true=False), True)] * 1,
        *[(MonitorAlarm("asystole", is_true=False), False)] * 7,
    ]
    counts = count_alarms(verdicts)
    assert counts == AlarmCounts(tp=6, fp=1, tn=7, fn=2)
    assert counts.score == pytest.approx(100 * 13 / (13 + 1 + 5 * 2))
    assert AlarmCounts(0, 0, 0, 0).score is None


@pytest.mark.parametrize(
    ("alarm", "found"),
    [
        (Alarm("asystole", 292.0, 296.0), True),  # still there
        (Alarm("asystole", 200.0, 204.0), True),
        (Alarm("asystole", 280.0, 284.0, 291.0), True),  # within the last ten seconds
        (Alarm("asystole", 280.0, 284.0, 289.0), False),  # over
        (Alarm("asystole", 297.0, 300.5), False),  # later
        (Alarm("pause", 292.0, 296.0), False),
    ],
)
def test_an_alarm_near_the_monitors(alarm: Alarm, *, found: bool) -> None:
    assert is_found("asystole", [alarm], []) is found


@pytest.mark.parametrize(
    ("hidden", "found"),
    [
        (Alarm("extreme_tachycardia", 100.0, 110.0, hidden_by="ventricular_fibrillation"), True),
        (Alarm("extreme_tachycardia", 100.0, 110.0, hidden_by="ventricular_tachycardia"), False),
        (Alarm("extreme_tachycardia", 285.0, 292.0, hidden_by="ventricular_tachycardia"), True),
        (Alarm("extreme_tachycardia", 296.0, 301.0, hidden_by="ventricular_fibrillation"), False),
    ],
)
def test_what_a_greater_call_hides_was_found_while_it_lasts(hidden: Alarm, *, found: bool) -> None:
    greater = Alarm("ventricular_fibrillation", 90.0, 94.0)
    assert is_found("extreme_tachycardia", [greater], [hidden]) is found
    assert is_found("ventricular_tachycardia", [greater], [hidden]) is False


def test_monitor_alarms_are_read(tmp_path: Path) -> None:
    assert read_monitor_alarms(tmp_path) == {}
    (tmp_path / "ALARMS").write_text("v100s,Ventricular_Tachycardia,0\na103l,Asystole,1\n", encoding="utf-8")
    assert read_monitor_alarms(tmp_path) == {
        "v100s": MonitorAlarm("ventricular_tachycardia", is_true=False),
        "a103l": MonitorAlarm("asystole", is_true=True),
    }
    (tmp_path / "ALARMS").write_text("v100s,Something,0\n", encoding="utf-8")
    with pytest.raises(UnreadableRecordError, match="v100s,Something,0"):
        read_monitor_alarms(tmp_path)


def test_coverage_is_counted_from_first_to_last_beat() -> None:
    rhythms = [(0.0, 5.0, "AFIB"), (5.0, 15.0, "N"), (15.0, 18.0, "AFIB"), (18.0, 30.0, "AFL")]
    found = annotate(times_s=[2.0, 10.0, 22.0], rhythms=rhythms, seconds=30.0)
    assert get_coverage(found) == pytest.approx((3 + 7) / 20)
    assert get_coverage(annotate(times_s=[2.0], rhythms=rhythms)) == 0.0


def test_score_of_records() -> None:
    counts = count_records([("A", 0.5), ("A", 0.49), ("N", 1.0), ("O", 0.0), ("~", 0.1), ("A", 0.9)])
    assert counts == AfRecords(tp=2, fn=1, fp=1, tn=2)
    assert counts.se_percent == pytest.approx(200 / 3)
    assert counts.sp_percent == pytest.approx(200 / 3)
    assert counts.f1_percent == pytest.approx(100 * 2 * 2 / (3 + 3))
    assert AfRecords(0, 0, 0, 1).f1_percent is None


def test_classes_are_read(tmp_path: Path) -> None:
    assert read_classes(tmp_path) == {}
    (tmp_path / "REFERENCE.csv").write_text("A00001,N\nA00004,A\nA00005,~\n", encoding="utf-8")
    assert read_classes(tmp_path) == {"A00001": "N", "A00004": "A", "A00005": "~"}
    (tmp_path / "REFERENCE.csv").write_text("A00001,B\n", encoding="utf-8")
    with pytest.raises(UnreadableRecordError, match="A00001,B"):
        read_classes(tmp_path)
