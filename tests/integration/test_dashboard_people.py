"""Administrators look after people and wards: who may sign in, as what, for which wards."""

from typing import Any

import httpx
import pytest

from dashboard.permissions import Role
from tests.conftest import StartHeartwire
from tests.integration.dashboard_stack import PASSWORD, Person, Stack, on_one_pair
from tests.integration.tenants import Tenants, fill, login_of
from tests.servers.fixtures import BrokerServer

pytestmark = on_one_pair


@pytest.fixture
def tenants(database: str) -> Tenants:
    return fill(database)


@pytest.fixture
def stack(tenants: Tenants, heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> Stack:
    assert tenants
    return Stack(heartwire_process, database, broker)


def _refusal(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["params"].get("field", "")


def _ward(person: Person, name: str) -> dict[str, Any]:
    wards: list[dict[str, Any]] = person.http.get("/api/wards").json()["wards"]
    return next(one for one in wards if one["name"] == name)


def test_somebody_is_added_moved_shut_out_and_let_in_again(stack: Stack, tenants: Tenants) -> None:
    with stack.person(login_of(Role.ADMIN, "all")) as admin, stack.person(None) as person:
        ward_b = _ward(admin, "B")["id"]
        wish = {"login": "zoe", "name": "Zoe Zimmer", "role": "nurse", "language": "de", "wards": [ward_b]}
        answer = admin.http.post("/api/people", json=wish)
        assert answer.status_code == 201, answer.text
        zoe, password = answer.json()["person"], answer.json()["password"]
        assert (zoe["name"], zoe["role"], zoe["wards"], zoe["disabled"]) == ("Zoe Zimmer", "nurse", [ward_b], False)
        assert _refusal(admin.http.post("/api/people", json=wish)) == (409, "taken", "")
        path = f"/api/people/{zoe['id']}"
        assert person.sign_in("zoe", password).status_code == 200
        ward = person.http.get("/api/ward").text
        assert tenants.b.mark in ward
        assert tenants.a.mark not in ward
        # Moved to all wards, as a physician: at once, in the session that is open.
        rights = {"name": "Dr. Zoe Zimmer", "role": "physician", "language": "fr"}
        moved = admin.http.put(path, json=rights).json()
        assert (moved["name"], moved["role"], moved["wards"]) == ("Dr. Zoe Zimmer", "physician", None)
        assert tenants.a.mark in person.http.get("/api/ward").text
        assert person.http.get("/api/session").json()["user"]["role"] == "physician"
        fresh = admin.http.post(f"{path}/password").json()["password"]
        assert person.http.get("/api/session").status_code == 401, "a new password signs out"
        assert person.sign_in("zoe", password).status_code == 401
        assert person.sign_in("zoe", fresh).status_code == 200
        assert admin.http.post(f"{path}/disablement").json()["disabled"]
        assert person.http.get("/api/session").status_code == 401
        assert person.sign_in("zoe", fresh).status_code == 401
        assert not admin.http.delete(f"{path}/disablement").json()["disabled"]
        assert person.sign_in("zoe", fresh).status_code == 200
        everybody = admin.http.get("/api/people").json()["people"]
        assert "Dr. Zoe Zimmer" in {one["name"] for one in everybody}
        assert {one["name"].rpartition(" ")[2] for one in everybody if " of " in one["name"]} == {"all", "ward_a"}
        actions = {entry["action"] for entry in admin.http.get("/api/audit", params={"limit": 500}).json()["entries"]}
        assert actions >= {"added_person", "changed_person", "reset_password", "disabled_person", "enabled_person"}
        assert password not in stack.execute("SELECT string_agg(detail::text, '') FROM audit_events")[0][0]


def test_nobody_shuts_himself_out_or_gives_what_there_is_not(stack: Stack, tenants: Tenants) -> None:
    with stack.person(login_of(Role.ADMIN, "all")) as admin:
        me = admin.http.get("/api/session").json()["user"]["id"]
        assert _refusal(admin.http.post(f"/api/people/{me}/disablement")) == (409, "not_yourself", "")
        rights = {"name": "Me", "role": "nurse"}
        assert _refusal(admin.http.put(f"/api/people/{me}", json=rights)) == (409, "not_yourself", "")
        nobody = {"login": "x", "name": "X", "role": "system"}
        assert _refusal(admin.http.post("/api/people", json=nobody)) == (422, "invalid", "body")
        # A ward of another hospital is none.
        foreign = stack.execute("SELECT ward_id FROM patients WHERE patient_id = %s", tenants.other.patient_id)[0][0]
        somebody = {"login": "y", "name": "Y", "role": "nurse", "wards": [foreign]}
        assert _refusal(admin.http.post("/api/people", json=somebody)) == (422, "invalid", "wards")
        assert stack.execute("SELECT count(*) FROM users WHERE login = 'y'") == [(0,)]
        # Who asks by a token is nobody who signs in, and not to be changed as one.
        token = stack.execute("SELECT user_id FROM users WHERE login LIKE 'token:%%' AND tenant_id = 1 LIMIT 1")[0][0]
        assert admin.http.post(f"/api/people/{token}/password").status_code == 404
        assert PASSWORD not in admin.http.get("/api/people").text
        # This server has no key to keep second factors by: nobody could set one up, so none is asked for.
        assert admin.http.get("/api/people/second-factor").json() == {"roles": [], "available": False}
        required = admin.http.put("/api/people/second-factor", json={"roles": ["nurse"]})
        assert _refusal(required) == (409, "no_factor_key", "")
        begun = admin.http.post("/api/account/second-factor", json={"password": PASSWORD})
        assert _refusal(begun) == (409, "no_factor_key", "")


def test_a_ward_is_renamed_with_its_patients_and_goes_when_it_is_empty(stack: Stack, tenants: Tenants) -> None:
    with stack.person(login_of(Role.ADMIN, "all")) as admin:
        answer = admin.http.post("/api/wards", json={"name": "Stroke unit", "zone": "Europe/Zurich"})
        assert answer.status_code == 201, answer.text
        made = answer.json()
        assert (made["zone"], made["n_patients"], made["n_members"]) == ("Europe/Zurich", 0, 0)
        assert _refusal(admin.http.post("/api/wards", json={"name": "Stroke unit"})) == (409, "taken", "")
        nowhere = {"name": "C", "zone": "Europe/Nowhere"}
        assert _refusal(admin.http.post("/api/wards", json=nowhere)) == (422, "invalid", "zone")
        ward_a = _ward(admin, "A")
        assert (ward_a["n_patients"], ward_a["n_members"]) == (1, len(Role))
        renamed = admin.http.put(f"/api/wards/{ward_a['id']}", json={"name": "Cardiology", "zone": "Asia/Tokyo"})
        assert renamed.json()["name"] == "Cardiology"
        admin.http.put(f"/api/wards/{ward_a['id']}", json={"name": "Cardiology"})
        assert _ward(admin, "Cardiology")["zone"] == "Asia/Tokyo", "nobody said that it moved"
        taken = admin.http.put(f"/api/wards/{ward_a['id']}", json={"name": "B"})
        assert _refusal(taken) == (409, "taken", "")
        with stack.person(login_of(Role.NURSE, "ward_a")) as nurse:
            assert [one["ward"] for one in nurse.http.get("/api/ward").json()["patients"]] == ["Cardiology"]
        assert _refusal(admin.http.delete(f"/api/wards/{ward_a['id']}")) == (409, "not_empty", "")
        assert admin.http.delete(f"/api/wards/{made['id']}").status_code == 204
        assert admin.http.delete(f"/api/wards/{made['id']}").status_code == 404
        assert stack.execute("SELECT name FROM wards WHERE tenant_id = 2") == [("A",)], "of no other hospital"
        assert tenants.a.mark in admin.http.get("/api/ward").text


def test_a_hospital_has_a_zone_with_which_new_wards_begin(stack: Stack, tenants: Tenants) -> None:
    with stack.person(login_of(Role.ADMIN, "all")) as admin, stack.person(login_of(Role.NURSE, "all")) as nurse:
        assert admin.http.get("/api/wards").json()["zone"] == "UTC"
        told = admin.http.put("/api/hospital", json={"zone": "Europe/Zurich"})
        assert (told.status_code, told.json()["zone"]) == (200, "Europe/Zurich")
        for nowhere in ("Europe/Nowhere", "../etc/passwd", "posixrules"):
            assert _refusal(admin.http.put("/api/hospital", json={"zone": nowhere})) == (422, "invalid", "zone")
        assert nurse.http.put("/api/hospital", json={"zone": "UTC"}).status_code == 403
        made = admin.http.post("/api/wards", json={"name": "Stroke unit"}).json()
        assert (made["zone"], _ward(admin, "A")["zone"]) == ("Europe/Zurich", "UTC")
        # A ward that comes with its first patient, too.
        stack.execute("UPDATE patients SET ward = 'Hall 9' WHERE patient_id = %s", tenants.a.ids["patient_id"])
        assert _ward(admin, "Hall 9")["zone"] == "Europe/Zurich"
        zones = nurse.http.get("/api/ward").json()["zones"]
        assert (zones[""], zones["A"], zones["Hall 9"]) == ("Europe/Zurich", "UTC", "Europe/Zurich")
        assert stack.execute("SELECT zone_of_hospital(2)") == [("UTC",)], "of no other hospital"
