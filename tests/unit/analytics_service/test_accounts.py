"""What reached nobody is told once in each hospital, says what it is, and is over when it is accounted for."""

import msgspec
import pytest

from analytics.ledger.accounts import Account, Asking, OpenAccount, add_up, is_due, judge

_S = 1_000_000
_ASKING = Asking(7, 1, "ventricular_tachycardia", "high", 100 * _S, is_over=False)


@pytest.mark.parametrize(
    ("change", "after_s", "due"),
    [
        ({}, 59, False),
        ({}, 60, True),
        ({"priority": "medium", "call": "tachycardia"}, 60, True),
        ({"priority": "low", "call": "couplet"}, 6000, False),
        ({"is_over": True}, 60, True),
        ({"call": "lead_off", "priority": "medium"}, 60, True),
        ({"call": "lead_off", "priority": "medium", "is_over": True}, 60, False),
        ({"call": "alarm_unaccounted"}, 60, False),
        ({"call": "of_another_version"}, 60, True),
    ],
)
def test_who_should_have_been_accounted_for(change: dict[str, object], after_s: int, *, due: bool) -> None:
    alarm = Asking(**(_ASKING._asdict() | change))
    assert is_due(alarm, (100 + after_s) * _S, 60 * _S) is due


def test_each_hospital_has_its_own_account_and_names_the_oldest() -> None:
    due = [_ASKING._replace(alarm_id=number, raised_us=-number) for number in range(30)]
    due.append(_ASKING._replace(alarm_id=99, tenant_id=2))
    accounts = add_up(due, {2: 3}, {4: 5}, [1, 2, 3, 4])
    assert accounts == {
        1: Account(30, 0, 0, list(range(29, 9, -1))),
        2: Account(1, 3, 0, [99]),
        4: Account(0, 0, 5, []),
    }


def test_what_is_told_already_is_told_anew_only_when_it_changes() -> None:
    account = Account(1, 0, 0, [7])
    same = OpenAccount(50, 1, msgspec.to_builtins(account))
    assert judge({1: account}, []) == ({1: account}, {}, [])
    assert judge({1: account}, [same]) == ({}, {}, [])
    more = Account(2, 0, 0, [7, 8])
    assert judge({1: more}, [same]) == ({}, {50: more}, [])
    assert judge({}, [same]) == ({}, {}, [50])
