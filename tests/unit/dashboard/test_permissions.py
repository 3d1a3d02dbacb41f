"""Every route says who may, and the matrix says what people of the field expect."""

import pytest

from dashboard.permissions import PERMISSIONS, Permission, Role, permissions_of
from tests.declared_routes import PUBLIC, SIGNED_IN, declared_routes


def test_every_route_says_who_may() -> None:
    seen = set()
    for route in declared_routes():
        name = (route.method, route.path)
        seen.add(name)
        if route.path.startswith("/api/my"):
            assert route.asks_device, f"{name} does not ask for the device's credential"
        elif name in SIGNED_IN:
            assert route.asks_session, f"{name} does not ask who is there"
        elif name in PUBLIC:
            assert not route.asks_session, f"{name} is public, and asks who is there"
        else:
            assert route.n_permissions == 1, f"{name} declares no permission: `Depends(needs(Permission...))`"
    assert seen >= PUBLIC | SIGNED_IN, "a route that is gone is named in tests/declared_routes.py"


#: Own ways to be reached, and having the ledger counted anew: who may look may do so.
_FOR_WHO_LOOKS = {
    ("POST", "/api/ledger/checks"),
    ("POST", "/api/contacts"),
    ("DELETE", "/api/contacts/{contact_id}"),
    ("POST", "/api/contacts/{contact_id}/test"),
}
#: What is an administrator's alone, to look at as well as to change.
_OF_ADMINISTRATORS = ("/api/audit", "/api/people", "/api/retention", "/api/storage", "/api/tokens", "/api/webhooks")


def test_to_look_is_not_to_change() -> None:
    for route in declared_routes():
        name = (route.method, route.path)
        if route.method != "GET" and route.permission is not None and name not in _FOR_WHO_LOOKS:
            assert not route.permission.startswith("see_"), f"who may {route.permission} may {name}"


def test_a_record_is_not_for_who_looks_after_people_and_theirs_is_not_for_the_team() -> None:
    for route in declared_routes():
        who = {role for role in Role if route.permission in PERMISSIONS[role]}
        if route.path.startswith(_OF_ADMINISTRATORS):
            may = {Role.ADMIN} | ({Role.SYSTEM} if route.permission is Permission.SEE_AUDIT else set())
            assert who == may, (route.method, route.path)
        elif route.path.startswith("/api/patients/{patient_id}") and not route.path.endswith(("/devices", "/hold")):
            assert Role.ADMIN not in who, (route.method, route.path)


def test_every_role_and_every_permission_has_its_place() -> None:
    assert set(PERMISSIONS) == set(Role)
    assert frozenset[Permission]().union(*PERMISSIONS.values()) == set(Permission)
    assert permissions_of("invented") == frozenset()
    assert permissions_of("patient") == frozenset()


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        ("nurse", {"act_on_alarms", "review", "set_limits", "break_glass"}, {"turn_alarms_off", "manage_devices"}),
        ("physician", {"act_on_alarms", "turn_alarms_off", "message"}, {"manage_people", "see_audit"}),
        ("technician", {"act_on_alarms", "review", "manage_devices"}, {"set_limits", "message", "break_glass"}),
        ("admin", {"manage_people", "see_audit", "manage_devices"}, {"see_patient", "act_on_alarms", "export"}),
        ("tester", {"see_patient", "manage_patients"}, {"act_on_alarms", "review", "message", "manage_people"}),
    ],
)
def test_who_may_what(role: str, may: set[str], may_not: set[str]) -> None:
    assert permissions_of(role) >= may
    assert permissions_of(role).isdisjoint(may_not)
