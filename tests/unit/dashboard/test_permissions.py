"""Every route says who may, and the matrix says what people of the field expect."""

from collections.abc import Iterator

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from dashboard.openapi import ROUTERS
from dashboard.permissions import PERMISSIONS, Permission, Role, permissions_of
from dashboard.routes.answers import Needs, get_holder, get_viewer

#: For everybody, without a session; codes, passwords and tokens of their own decide.
_PUBLIC = {
    ("POST", "/api/session"),
    ("GET", "/api/health"),
    ("POST", "/api/pair"),
    ("POST", "/api/pair/look"),
    ("GET", "/api/notices/{token}"),
    ("POST", "/api/notices/{token}/acknowledgement"),
    ("POST", "/api/notices/{token}/passing"),
}
#: For everybody who is signed in: about himself, or no secret.
_SIGNED_IN = {("GET", "/api/session"), ("DELETE", "/api/session"), ("GET", "/api/calls")}


def _routes() -> Iterator[tuple[tuple[str, str], set[object]]]:
    for routes in ROUTERS:
        for route in routes.router.routes:
            if isinstance(route, APIRoute) and route.path.startswith("/api"):
                for method in route.methods or ():
                    yield (method, route.path), set(_dependencies(route.dependant))


def _dependencies(dependant: Dependant) -> Iterator[object]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from _dependencies(inner)


def test_every_route_says_who_may() -> None:
    seen = set()
    for route, dependencies in _routes():
        seen.add(route)
        permissions = [one for one in dependencies if isinstance(one, Needs)]
        if route[1].startswith("/api/my"):
            assert get_holder in dependencies, f"{route} does not ask for the device's credential"
        elif route in _SIGNED_IN:
            assert get_viewer in dependencies, f"{route} does not ask who is there"
        elif route not in _PUBLIC:
            assert len(permissions) == 1, f"{route} declares no permission: `Depends(needs(Permission...))`"
        if route in _PUBLIC:
            assert get_viewer not in dependencies
    assert seen >= _PUBLIC | _SIGNED_IN, "a route that is gone is named here"


def test_every_role_and_every_permission_has_its_place() -> None:
    assert set(PERMISSIONS) == set(Role)
    assert frozenset[Permission]().union(*PERMISSIONS.values()) == set(Permission)
    assert permissions_of("invented") == frozenset()
    assert permissions_of("patient") == frozenset()


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        ("nurse", {"act_on_alarms", "review", "set_limits", "break_glass"}, {"turn_alarms_off", "see_audit"}),
        ("physician", {"act_on_alarms", "turn_alarms_off", "message"}, {"manage_people", "see_audit"}),
        ("technician", {"act_on_alarms", "review", "manage_patients"}, {"set_limits", "message", "break_glass"}),
        ("admin", {"manage_people", "see_audit", "manage_patients"}, {"see_patient", "act_on_alarms", "export"}),
        ("tester", {"see_patient", "manage_patients"}, {"act_on_alarms", "review", "message", "manage_people"}),
    ],
)
def test_who_may_what(role: str, may: set[str], may_not: set[str]) -> None:
    assert permissions_of(role) >= may
    assert permissions_of(role).isdisjoint(may_not)
