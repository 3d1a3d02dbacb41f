"""What the page shows is made of what the database said last, and never shows the past as the present."""

import pytest

from dashboard.canary import NO_RUNS
from dashboard.ward import PatientNow, ServiceState, WardFacts, picture

NOW_US = 1_790_000_000_000_000
_PATIENT = PatientNow(1, "Ada", "B", 71.5, "good", NOW_US - 1, NOW_US, NOW_US, 80, online=True, nurse=None, ward_id=3)


_BROKER = ServiceState(live=True, at_us=NOW_US)


def _facts(*, silent_s: float = 1.0) -> WardFacts:
    at_us = NOW_US - round(silent_s * 1e6)
    return WardFacts(NOW_US, {"ingest": at_us, "analytics": at_us}, [_PATIENT], [], [], [], NO_RUNS, {})


def test_all_is_live() -> None:
    ward = picture(_facts(), NOW_US, database_live=True, broker=_BROKER)
    assert (ward.services.ingest.live, ward.services.analytics.live, ward.services.broker.live) == (True, True, True)
    assert ward.patients == [_PATIENT]


@pytest.mark.parametrize(("silent_s", "live"), [(9.9, True), (10.1, False)])
def test_a_service_is_live_while_it_gives_signs_of_life(silent_s: float, live: bool) -> None:
    services = picture(_facts(silent_s=silent_s), NOW_US, database_live=True, broker=_BROKER).services
    assert services.ingest.live is services.analytics.live is live


@pytest.mark.parametrize(("silent_s", "live"), [(9.9, True), (10.1, False)])
def test_the_notifier_is_there_or_stopped_where_there_ever_was_one(silent_s: float, live: bool) -> None:
    facts = _facts(silent_s=silent_s)
    assert picture(facts, NOW_US, database_live=True, broker=_BROKER).services.notifier is None
    facts.heartbeats["notifier"] = NOW_US - round(silent_s * 1e6)
    notifier = picture(facts, NOW_US, database_live=True, broker=_BROKER).services.notifier
    assert notifier is not None
    assert notifier.live is live


def test_the_broker_is_as_this_server_finds_it() -> None:
    gone = ServiceState(live=False, at_us=NOW_US - 5)
    assert picture(_facts(), NOW_US, database_live=True, broker=gone).services.broker == gone
    services = picture(_facts(silent_s=60.0), NOW_US, database_live=True, broker=_BROKER).services
    assert (services.ingest.live, services.broker.live) == (False, True)


def test_without_a_database_nothing_is_live_and_no_rate_is_of_now() -> None:
    ward = picture(_facts(), NOW_US, database_live=False, broker=_BROKER)
    assert not ward.database_live
    assert not any((ward.services.ingest.live, ward.services.analytics.live))
    assert [(patient.name, patient.hr_bpm, patient.quality) for patient in ward.patients] == [("Ada", None, "unknown")]


def test_a_service_that_never_gave_a_sign_is_not_live() -> None:
    services = picture(
        WardFacts(NOW_US, {}, [], [], [], [], NO_RUNS, {}), NOW_US, database_live=True, broker=_BROKER
    ).services
    assert (services.ingest.live, services.ingest.at_us) == (False, None)
