"""Whether annotations confirm an alarm, and how many false ones a patient has a day."""

from typing import Any

import numpy as np
import pytest

from analytics.evaluation.confirmation import count_false_alarms, is_confirmed
from analytics.evaluation.run import Alarm
from tests.annotated import annotate

AF = [(0.0, 310.0, "N"), (310.0, 400.0, "AFIB"), (400.0, 1800.0, "N")]


@pytest.mark.parametrize(
    ("call", "onset_s", "raised_s", "labels", "options", "expected"),
    [
        ("asystole", 302.0, 306.0, "", {"times_s": [300.0, 301.0, 302.0, 307.0]}, True),
        ("asystole", 302.0, 306.0, "NNNNNNNNNN", {}, False),
        ("asystole", 302.0, 306.0, "", {"rhythms": [(0.0, 301.0, "N"), (301.0, 330.0, "ASYS")]}, True),
        ("asystole", 302.0, 306.0, "", {"rhythms": [(0.0, 900.0, "N")]}, False),
        ("pause", 302.0, 304.5, "", {"times_s": [300.0, 301.0, 302.0, 304.6]}, True),
        ("extreme_tachycardia", 300.0, 306.4, "N" * 20, {"rr_s": 0.4}, True),
        ("extreme_tachycardia", 300.0, 306.4, "N" * 20, {"rr_s": 0.6}, False),
        ("extreme_bradycardia", 300.0, 306.4, "N" * 20, {"rr_s": 1.6}, True),
        ("extreme_bradycardia", 300.0, 306.4, "N" * 20, {"rr_s": 1.0}, False),
        ("tachycardia", 300.0, 310.0, "N" * 40, {"rr_s": 0.48}, True),
        ("bradycardia", 300.0, 310.0, "N" * 40, {"rr_s": 0.9}, False),
        ("missed_beat", 303.0, 305.0, "", {"times_s": [*range(296, 304), 305.0, 306.0]}, True),
        ("missed_beat", 303.0, 305.0, "NNNNNNNN", {}, False),
        ("irregular_rhythm", 300.0, 360.0, "", {"times_s": np.cumsum([299.0, *[0.6, 1.0] * 40]).tolist()}, True),
        ("irregular_rhythm", 300.0, 360.0, "N" * 70, {}, False),
        ("ventricular_tachycardia", 301.0, 303.0, "NVVVVVN", {"rr_s": 0.5}, True),
        ("ventricular_tachycardia", 301.0, 303.0, "NVVVVNN", {"rr_s": 0.5}, False),
        ("ventricular_tachycardia", 301.0, 306.0, "NVVVVVN", {"rr_s": 0.7}, False),  # 86 a minute
        ("idioventricular_rhythm", 301.0, 306.0, "NVVVVVN", {"rr_s": 0.7}, True),
        ("ventricular_tachycardia", 301.0, 303.0, "N", {"rhythms": [(300.0, 310.0, "VT")]}, True),
        ("ventricular_tachycardia", 301.0, 303.0, "", {"rhythms": [(300.0, 310.0, "N")]}, False),
        ("ventricular_tachycardia", 301.0, 303.0, "NNN", {"brackets_s": [(300.0, 310.0)]}, True),
        ("ventricular_run", 300.5, 301.5, "NVVVN", {"rr_s": 0.5}, True),
        ("ventricular_run", 300.5, 301.5, "NVVNN", {"rr_s": 0.5}, False),
        ("ventricular_run", 300.5, 301.5, "", {"rhythms": [(0.0, 900.0, "N")]}, None),
        ("couplet", 301.0, 302.0, "NVFN", {}, True),
        ("couplet", 301.0, 302.0, "NVNV", {}, False),
        ("couplet", 301.0, 302.0, "NVVN", {"has_classes": False}, None),
        ("supraventricular_tachycardia", 300.0, 302.0, "NSSSSSN", {"rr_s": 0.38}, True),
        ("supraventricular_tachycardia", 300.0, 302.0, "NVVVVVN", {"rr_s": 0.38}, False),
        ("ventricular_bigeminy", 301.0, 305.0, "NVNVNVN", {}, True),
        ("ventricular_bigeminy", 301.0, 305.0, "NVNNVNN", {}, False),
        ("ventricular_trigeminy", 301.0, 305.0, "NVNNVNN", {}, True),
        ("frequent_pvcs", 300.0, 330.0, "NV" * 15, {}, True),
        ("frequent_pvcs", 300.0, 330.0, "NNNV" * 8, {}, False),
        ("atrial_fibrillation", 305.0, 335.0, "N" * 40, {"rhythms": AF}, True),
        ("atrial_fibrillation", 405.0, 435.0, "N" * 40, {"rhythms": AF}, False),
        ("atrial_fibrillation", 405.0, 435.0, "N" * 40, {}, None),
        ("irregular_rhythm", 305.0, 335.0, "N" * 40, {"rhythms": AF}, True),
        ("ventricular_fibrillation", 305.0, 309.0, "NNN", {"brackets_s": [(307.0, 330.0)]}, True),
        ("ventricular_fibrillation", 405.0, 409.0, "NNN", {"brackets_s": [(307.0, 330.0)]}, False),
        ("ventricular_fibrillation", 405.0, 409.0, "NNN", {}, None),
        ("asystole", 310.0, 314.0, "NNN", {"brackets_s": [(307.0, 330.0)]}, None),
        ("ventricular_fibrillation", 305.0, 309.0, "", {"rhythms": [(300.0, 320.0, "NOISE")]}, None),
        ("noise", 300.0, 320.0, "NNN", {}, None),
    ],
)
def test_alarm(  # noqa: PLR0917 # a table of cases
    call: str, onset_s: float, raised_s: float, labels: str, options: dict[str, Any], expected: bool | None
) -> None:
    assert is_confirmed(Alarm(call, onset_s, raised_s), annotate(labels, **options)) is expected


def test_false_alarms_per_patient_and_day() -> None:
    alarms = [Alarm("asystole", 302.0, 306.0), Alarm("asystole", 502.0, 506.5), Alarm("noise", 300.0, 320.0)]
    reference = annotate("N" * 20)
    found = count_false_alarms([(alarms, reference, 1800.0), (alarms[:1], None, 1800.0), ([], reference, 1800.0)])
    assert list(found) == ["asystole", "noise"]
    asystole = found["asystole"]
    assert asystole[:3] == (3, 2, 1)
    assert asystole.per_day == pytest.approx(86400 / 3600)  # the record without annotations is no time either
    assert asystole.onset_to_alarm_s.tolist() == [4.0, 4.5, 4.0]
    assert found["noise"][:4] == (1, 0, 0, None)
