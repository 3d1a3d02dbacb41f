"""Signing in by a provider: which user somebody becomes, and what he is by the provider's word."""

import threading
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.integration.dashboard_stack import PASSWORD, Person, Stack, add_person
from tests.integration.openid_stack import (
    begin,
    bring,
    of_the_impostor,
    refusal,
    sign_in,
)
from tests.servers.impostor import Impostor, sign

pytest_plugins = ("tests.integration.openid_fixtures",)


def providers(impostor: Impostor, directory: Path) -> dict[str, dict[str, object]]:
    """Return the providers of these tests."""
    settings: dict[str, dict[str, object]] = {
        "hospital": {},
        "wards": {"ward_claim": "units", "wards": {"c1": "Cardiology", "s1": "Stroke unit", "it": "*"}},
        "named": {"ward_claim": "units"},
        "links": {"links_users": True, "makes_users": False},
        "mails": {"links_users": True, "login_claim": "email"},
        "known": {"makes_users": False},
        "either": {"tenant_claim": "org", "tenants": {"a": "default", "b": "elsewhere"}},
        "deep": {"role_claim": "realm_access.roles", "default_role": "tester"},
    }
    tables = {key: of_the_impostor(impostor, directory, key, **more) for key, more in settings.items()}
    local = of_the_impostor(impostor, directory, "local", default_role="technician")
    tables["local"] = {name: value for name, value in local.items() if name not in {"role_claim", "roles"}}
    return tables


@pytest.fixture(scope="module", autouse=True)
def _another_hospital_and_wards(stack: Stack) -> None:
    stack.execute("INSERT INTO tenants (name) VALUES ('elsewhere')")
    stack.execute("INSERT INTO wards (tenant_id, name) VALUES (1, 'Cardiology'), (1, 'Stroke unit')")
    with psycopg.connect(stack.database) as connection:
        add_person(connection, "amy", "Amy Admin", role="admin")
        add_person(connection, "ben", "Ben Elsewhere", role="admin", tenant="elsewhere")


def _user(stack: Stack, login: str) -> tuple[str, str, str, bool, bool]:
    """Return name, role, language, whether there is a password, and whether all wards are seen."""
    (row,) = stack.execute(
        "SELECT name, role, language, password_hash IS NOT NULL, all_wards FROM users WHERE login = %s", login
    )
    name, role, language, has_password, all_wards = row
    return name, role, language, has_password, all_wards


def _trail(stack: Stack, login: str) -> list[str]:
    rows = stack.execute(
        "SELECT action FROM audit_events JOIN users USING (user_id) WHERE login = %s ORDER BY audit_id", login
    )
    return [action for (action,) in rows]


def test_the_first_sign_in_makes_a_user_and_later_ones_follow_the_provider(
    stack: Stack, impostor: Impostor, person: Person
) -> None:
    impostor.claims = {"sub": "1", "preferred_username": "fay", "name": "Fay\x00 \n First", "groups": ["x", "nurses"]}
    impostor.claims |= {"locale": "fr-CH"}
    assert sign_in(person, "hospital").status_code == 200
    assert _user(stack, "fay") == ("Fay First", "nurse", "fr", False, True)
    assert _trail(stack, "fay") == ["signed_in", "added_person"]
    impostor.claims |= {"preferred_username": "married", "name": "Fay Married", "groups": ["nurses", "doctors"]}
    with stack.person(None) as again:
        user = sign_in(again, "hospital").json()["user"]
        assert (user["login"], user["name"], user["role"]) == ("fay", "Fay Married", "physician")
        assert "turn_alarms_off" in user["permissions"]
        # What is open elsewhere follows, too.
        assert person.http.get("/api/session").json()["user"]["role"] == "physician"
    assert _trail(stack, "fay")[-2:] == ["signed_in", "changed_person"]
    assert sign_in(person, "hospital").status_code == 200
    assert _trail(stack, "fay")[-2:] == ["changed_person", "signed_in"], "nothing was another"
    # A password of heartwire's does not open what has none.
    with stack.person(None) as guesser:
        for password in ("", PASSWORD):
            assert guesser.sign_in("fay", password).status_code in {401, 422}


def test_who_has_no_role_any_more_is_out_everywhere(stack: Stack, impostor: Impostor, person: Person) -> None:
    impostor.claims = {"sub": "2", "preferred_username": "gil", "groups": "nurses"}
    assert sign_in(person, "hospital").status_code == 200
    impostor.claims["groups"] = ["visitors", 7, {"nurses": True}]
    with stack.person(None) as again:
        assert refusal(sign_in(again, "hospital")) == ("no_role", "")
    assert person.http.get("/api/session").status_code == 401
    assert _user(stack, "gil")[1] == "nurse", "what he did was done as one"
    impostor.claims = {"sub": "3", "preferred_username": "hal"}
    assert refusal(sign_in(person, "hospital")) == ("no_role", "")
    assert stack.execute("SELECT count(*) FROM users WHERE login = 'hal'") == [(0,)]


def test_who_is_disabled_here_stays_out_whatever_the_provider_says(
    stack: Stack, impostor: Impostor, person: Person
) -> None:
    impostor.claims |= {"sub": "4", "preferred_username": "ike"}
    assert sign_in(person, "hospital").status_code == 200
    stack.execute("UPDATE users SET disabled_at = now() WHERE login = 'ike'")
    assert person.http.get("/api/session").status_code == 401
    assert refusal(sign_in(person, "hospital")) == ("account_disabled", "")
    assert stack.execute("SELECT count(*) FROM users WHERE login LIKE 'ike%%'") == [(1,)], "no second one is made"


def test_a_name_that_somebody_has_makes_nobody_him(stack: Stack, impostor: Impostor, person: Person) -> None:
    impostor.claims |= {"sub": "5", "preferred_username": "nurse", "groups": ["heads"]}
    answer = sign_in(person, "hospital")
    assert refusal(answer) == ("login_taken", "")
    assert answer.json()["error"]["params"] == {"login": "nurse", "provider": "The hospital"}
    assert _user(stack, "nurse")[:2] == ("Nora Nurse", "nurse")
    # Nor does another provider's word about the same subject.
    impostor.claims |= {"sub": "6", "preferred_username": "joe", "groups": ["nurses"]}
    assert sign_in(person, "hospital").status_code == 200
    assert refusal(sign_in(person, "local")) == ("login_taken", "")


def test_a_login_links_where_the_settings_vouch_for_it_and_once(
    stack: Stack, impostor: Impostor, person: Person
) -> None:
    impostor.claims = {"sub": "7", "preferred_username": "doctor", "name": "Dr. Dora Day", "groups": ["nurses"]}
    assert refusal(sign_in(person, "known")) == ("not_known", "")
    user = sign_in(person, "links").json()["user"]
    assert (user["login"], user["name"], user["role"]) == ("doctor", "Dr. Dora Day", "nurse")
    assert _user(stack, "doctor")[3], "the password stays"
    assert _trail(stack, "doctor") == ["signed_in", "linked_person", "changed_person"]
    # Somebody else at the provider gets the name that was his.
    impostor.claims["sub"] = "8"
    assert refusal(sign_in(person, "links")) == ("not_known", "")
    # Whom nobody knows is not made here, and who is disabled is not linked.
    impostor.claims |= {"sub": "9", "preferred_username": "kim"}
    assert refusal(sign_in(person, "links")) == ("not_known", "")
    stack.execute(
        "INSERT INTO users (tenant_id, login, name, role, disabled_at) VALUES (1, 'leo', 'Leo', 'nurse', now())"
    )
    impostor.claims |= {"sub": "10", "preferred_username": "leo"}
    assert refusal(sign_in(person, "links")) == ("account_disabled", "")
    assert stack.execute("SELECT count(*) FROM identities WHERE subject = '10'") == [(0,)]


def test_other_systems_and_other_hospitals_are_nobody_to_become(
    stack: Stack, impostor: Impostor, person: Person
) -> None:
    stack.execute("INSERT INTO users (tenant_id, login, name, role) VALUES (1, 'robot', 'Robot', 'system')")
    stack.execute("INSERT INTO users (tenant_id, login, name, role) VALUES (2, 'mia', 'Mia', 'nurse')")
    for login in ("robot", "mia"):
        impostor.claims |= {"sub": f"to-be-{login}", "preferred_username": login}
        assert refusal(sign_in(person, "links")) == ("not_known", ""), login


def test_an_address_that_was_not_verified_makes_and_links_nobody(
    stack: Stack, impostor: Impostor, person: Person
) -> None:
    stack.execute("INSERT INTO users (tenant_id, login, name, role) VALUES (1, 'ned@ward.example', 'Ned', 'nurse')")
    for n, verified in enumerate((None, False, "true", 1)):
        for address in ("ned@ward.example", "new@ward.example"):
            impostor.claims = {"sub": f"mail-{n}", "email": address, "groups": ["nurses"]}
            impostor.claims |= {} if verified is None else {"email_verified": verified}
            answer = sign_in(person, "mails")
            assert answer.json()["error"] == {
                "code": "unusable_claim",
                "params": {"provider": "The mails", "claim": "email"},
            }
    assert stack.execute("SELECT count(*) FROM users WHERE login = 'new@ward.example'") == [(0,)]
    impostor.claims = {"sub": "mail", "email": "ned@ward.example", "groups": ["nurses"], "email_verified": True}
    assert sign_in(person, "mails").json()["user"]["login"] == "ned@ward.example"
    impostor.claims = {"sub": "mail", "groups": ["nurses"]}
    user = sign_in(person, "mails").json()["user"]
    assert (user["login"], user["name"]) == ("ned@ward.example", "Ned"), "who is known needs neither login nor name"


@pytest.mark.parametrize("login", ["", "two words", "a" * 65, "né", "x\n", ["list"], None, 7])
def test_a_login_that_nobody_can_have_makes_nobody(impostor: Impostor, person: Person, login: object) -> None:
    impostor.claims |= {"sub": "odd", "preferred_username": login}
    assert refusal(sign_in(person, "hospital"))[0] == "unusable_claim"


def test_wards_are_those_that_the_provider_says(stack: Stack, impostor: Impostor, person: Person) -> None:
    sees = "SELECT w.name FROM ward_members JOIN wards AS w USING (ward_id) JOIN users USING (user_id) WHERE login = %s"

    def wards_at(provider: str, units: list[str]) -> tuple[bool, set[str]]:
        impostor.claims |= {"sub": f"w-{provider}", "preferred_username": f"w-{provider}", "units": units}
        assert sign_in(person, provider).status_code == 200
        return _user(stack, f"w-{provider}")[4], {name for (name,) in stack.execute(sees, f"w-{provider}")}

    assert wards_at("wards", ["c1", "nowhere"]) == (False, {"Cardiology"})
    assert wards_at("wards", ["s1"]) == (False, {"Stroke unit"})
    assert _trail(stack, "w-wards")[-1] == "changed_person"
    assert wards_at("wards", []) == (False, set()), "none, and not all"
    assert wards_at("wards", ["c1", "it"])[0], "all"
    assert wards_at("named", ["Cardiology", "Unknown"]) == (False, {"Cardiology"})
    assert wards_at("named", ["*"]) == (False, set()), "without a table no value means all"


def test_where_roles_are_given_here_they_stay(stack: Stack, impostor: Impostor, person: Person) -> None:
    impostor.claims |= {"sub": "11", "preferred_username": "oda", "groups": ["heads"]}
    assert sign_in(person, "local").json()["user"]["role"] == "technician"
    stack.execute("UPDATE users SET role = 'nurse', all_wards = false WHERE login = 'oda'")
    assert sign_in(person, "local").json()["user"]["role"] == "nurse"
    assert not _user(stack, "oda")[4]


def test_a_role_may_stand_deep_and_be_one_for_the_others(impostor: Impostor, person: Person) -> None:
    impostor.claims |= {"sub": "12", "preferred_username": "pia", "realm_access": {"roles": ["doctors"]}}
    assert sign_in(person, "deep").json()["user"]["role"] == "physician"
    impostor.claims |= {"realm_access": ["doctors"]}
    assert sign_in(person, "deep").json()["user"]["role"] == "tester"


def test_one_provider_may_serve_several_hospitals(stack: Stack, impostor: Impostor, person: Person) -> None:
    impostor.claims |= {"sub": "13", "preferred_username": "quin", "org": "b"}
    assert sign_in(person, "either").status_code == 200
    assert stack.execute("SELECT tenant_id FROM users WHERE login = 'quin'") == [(2,)]
    impostor.claims["org"] = "a"
    assert refusal(sign_in(person, "either")) == ("not_known", ""), "nobody moves to another hospital by signing in"
    for nobody in ("c", ["a", "b"], None):
        impostor.claims |= {"sub": "14", "preferred_username": "rob", "org": nobody}
        assert refusal(sign_in(person, "either"))[0] == "unusable_claim"


def _refused(admin: Person) -> list[tuple[str | None, dict[str, Any]]]:
    """Return who was not let in, as an administrator reads it, the first first: who, and the rest."""
    answer = admin.http.get("/api/audit", params={"action": "refused_sign_in", "limit": 500})
    assert answer.status_code == 200, answer.text
    return [(entry["name"], entry["detail"]) for entry in reversed(answer.json()["entries"])]


def test_administrators_read_who_was_not_let_in_and_why(stack: Stack, impostor: Impostor, person: Person) -> None:
    def refusals_of(provider: str, admin: Person, **claims: object) -> list[tuple[str | None, dict[str, Any]]]:
        """Let somebody be refused, and return what that added to the trail."""
        before = len(_refused(admin))
        impostor.claims = claims
        assert sign_in(person, provider).status_code >= 400
        added = _refused(admin)[before:]
        assert all(detail.pop("provider") == provider for _, detail in added)
        assert all(detail.pop("address") == "127.0.0.1" for _, detail in added)
        return added

    with stack.person("amy") as amy, stack.person("ben") as ben:
        # Whom we know is told by name; of others, what connecting them takes.
        impostor.claims = {"sub": "30", "preferred_username": "tia", "name": "Tia", "groups": ["nurses"]}
        assert sign_in(person, "hospital").status_code == 200
        known = {"subject": "30", "login": "tia"}
        assert refusals_of("hospital", amy, sub="30", preferred_username="tia", groups=[]) == [
            ("Tia", {"code": "no_role", **known})
        ]
        stack.execute("UPDATE users SET disabled_at = now() WHERE login = 'tia'")
        assert refusals_of("hospital", amy, sub="30", preferred_username="tia", groups=["nurses"]) == [
            ("Tia", {"code": "account_disabled", **known})
        ]
        stranger = {"subject": "31", "login": "val"}
        assert refusals_of("known", amy, sub="31", preferred_username="val", groups=["nurses"]) == [
            (None, {"code": "not_known", **stranger})
        ]
        # Of two hospitals the one that is meant is told; where that is not said, both, and nothing of the person.
        assert refusals_of("either", ben, sub="32", preferred_username="amy", groups=["nurses"], org="b") == [
            (None, {"code": "login_taken", "subject": "32", "login": "amy"})
        ]
        assert not any(detail.get("subject") == "32" for _, detail in _refused(amy))
        nowhere = [(None, {"code": "unusable_claim", "claim": "org"})]
        for admin in (amy, ben):
            assert (
                refusals_of("either", admin, sub="33", preferred_username="wim", groups=["nurses"], org="c") == nowhere
            )
        impostor.be_honest()
        impostor.forge = lambda claims: sign(claims | {"nonce": "another"})
        assert refusals_of("hospital", amy, sub="34") == [(None, {"code": "provider_distrusted", "reason": "nonce"})]
        # What is no refusal: a provider that is away, and an answer that comes too late.
        impostor.answers["token"] = (500, b"")
        assert refusals_of("hospital", amy, sub="34") == []
        before = len(_refused(amy))
        assert refusal(bring(person, "hospital", state="old", code="x")) == ("sign_in_expired", "")
        # Who is nobody fills the trail with five lines a minute, however often he knocks.
        for _ in range(7):
            way = begin(person, "hospital")
            assert refusal(bring(person, "hospital", state=way.state, error="access_denied"))[0] == "provider_denied"
        told = [detail["code"] for _, detail in _refused(amy)[before:]]
        assert told == ["provider_denied"] * 4, "one of the five was the answer that nobody believed"


def test_an_administrator_takes_a_provider_from_somebody(stack: Stack, impostor: Impostor, person: Person) -> None:
    issuer = impostor.issuer("hospital")
    impostor.claims = {"sub": "41", "preferred_username": "xia", "groups": ["nurses"]}
    assert sign_in(person, "hospital").status_code == 200
    with stack.person("amy") as amy, stack.person(None) as other:
        impostor.claims = {"sub": "42", "preferred_username": "yan", "groups": ["nurses"]}
        assert sign_in(other, "hospital").status_code == 200
        listed = amy.http.get("/api/people").json()
        assert {"issuer": issuer, "name": "The hospital", "links": False} in listed["issuers"]
        assert [one["name"] for one in listed["issuers"] if one["links"]] == ["The links", "The mails"]
        by_login = {one["login"]: one for one in listed["people"]}
        assert (by_login["xia"]["issuers"], by_login["nurse"]["issuers"]) == ([issuer], [])

        def unlink(login: str, issuer: str) -> httpx.Response:
            return amy.http.delete(f"/api/people/{by_login[login]['id']}/issuer", params={"issuer": issuer})

        assert unlink("xia", impostor.issuer("other")).status_code == 404
        assert refusal(unlink("amy", issuer)) == ("not_yourself", "")
        assert unlink("xia", issuer).json()["issuers"] == []
        assert unlink("xia", issuer).status_code == 404
        assert person.http.get("/api/session").status_code == 401, "signed out at once"
        assert other.http.get("/api/session").status_code == 200, "and nobody else is"
        before = {login for login, one in by_login.items() if one["issuers"] == [issuer]}
        left = amy.http.get("/api/people").json()["people"]
        assert {one["login"] for one in left if one["issuers"] == [issuer]} == before - {"xia"}
        # What the provider says of him makes him nobody here any more; a password lets him in.
        impostor.claims = {"sub": "41", "preferred_username": "xia", "groups": ["nurses"]}
        assert refusal(sign_in(person, "hospital")) == ("login_taken", "")
        fresh = amy.http.post(f"/api/people/{by_login['xia']['id']}/password").json()["password"]
        assert person.sign_in("xia", fresh).status_code == 200
        assert _trail(stack, "amy")[-2:] == ["unlinked_person", "reset_password"]


def test_two_first_sign_ins_at_once_make_one_user(stack: Stack, impostor: Impostor) -> None:
    impostor.claims |= {"sub": "15", "preferred_username": "sue"}
    people = [stack.person(None) for _ in range(4)]
    ways = [begin(person, "hospital") for person in people]
    answers: list[int] = []

    def come(person: Person, state: str, code: str) -> None:
        answers.append(bring(person, "hospital", state=state, code=code).status_code)

    threads = [
        threading.Thread(target=come, args=(person, way.state, way.nonce))
        for person, way in zip(people, ways, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 4
    assert stack.execute("SELECT count(*) FROM users WHERE login = 'sue'") == [(1,)]
    for person in people:
        person.http.close()
