"""The catalogue of calls is whole and holds together."""

import pytest

from heartwire.calls import CALLS, Call, Family, Priority, UnknownCallError, get_call, hidden_by


@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
def test_a_line_is_complete(call: Call) -> None:
    assert all((call.name_en, call.name_fr, call.name_de, call.onset_rule, call.end_rule, call.source))
    assert all(limit.low <= limit.default <= limit.high and limit.unit for limit in call.limits.values())
    assert set(call.implies) <= set(CALLS)
    assert call.code not in hidden_by(call.code), "a call that hides itself"


def test_a_greater_call_is_never_less_urgent_than_what_it_hides() -> None:
    urgency = list(Priority)
    clinical = [call for call in CALLS.values() if call.family is Family.CLINICAL]
    for call in clinical:
        for lesser in call.implies:
            assert urgency.index(call.priority) <= urgency.index(CALLS[lesser].priority)


def test_hiding_is_transitive() -> None:
    assert hidden_by("pause") == {"asystole", "ventricular_fibrillation"}
    assert hidden_by("couplet") == {"ventricular_run", "ventricular_tachycardia", "ventricular_fibrillation"}
    assert hidden_by("noise") == {"lead_off", "signal_flat", "signal_railed", "gone_quiet", "broker_unreachable",
                                  "ingest_silent", "signals_lost"}  # fmt: skip


def test_priorities_are_those_of_the_design() -> None:
    high = {code for code, call in CALLS.items() if call.priority is Priority.HIGH and call.family is Family.CLINICAL}
    assert high == {
        "asystole",
        "ventricular_fibrillation",
        "ventricular_tachycardia",
        "extreme_tachycardia",
        "extreme_bradycardia",
    }
    medium = {
        "ventricular_run",
        "pause",
        "supraventricular_tachycardia",
        "tachycardia",
        "bradycardia",
        "atrial_fibrillation",
        "symptom",
    }
    assert medium == {
        code for code, call in CALLS.items() if call.priority is Priority.MEDIUM and call.family is Family.CLINICAL
    }
    assert all(call.latching == (call.code in high) for call in CALLS.values())


def test_an_unknown_call_is_refused_with_what_is_known() -> None:
    with pytest.raises(UnknownCallError, match="asystole"):
        get_call("hiccup")
