"""Signing in by a provider: which user somebody becomes, and what he is by the provider's word."""

import threading
from collections.abc import Callable, Iterator

import pytest

from tests.integration.dashboard_stack import PASSWORD, Person, Stack
from tests.integration.openid_stack import (
    begin,
    bring,
    of_the_impostor,
    providers_file,
    refusal,
    serving,
    sign_in,
)
from tests.servers.impostor import Impostor
from tests.servers.migrated import TEMPLATE
from tests.servers.postgres import PostgresServer


@pytest.fixture(scope="module")
def impostor() -> Iterator[Impostor]:
    with Impostor() as impostor:
        yield impostor


@pytest.fixture(scope="module")
def stack(
    impostor: Impostor, database_servers: Callable[[str], PostgresServer], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    directory = tmp_path_factory.mktemp("openid")
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
    server = database_servers("timescaledb")
    database = server.create_database("openid_people", template=TEMPLATE)
    try:
        with serving(database, directory, providers_file(directory, tables)) as stack:
            stack.execute("INSERT INTO tenants (name) VALUES ('elsewhere')")
            stack.execute("INSERT INTO wards (tenant_id, name) VALUES (1, 'Cardiology'), (1, 'Stroke unit')")
            yield stack
    finally:
        server.drop_database("openid_people")


@pytest.fixture(autouse=True)
def _honest(impostor: Impostor) -> None:
    impostor.be_honest()


@pytest.fixture
def person(stack: Stack) -> Iterator[Person]:
    with stack.person(None) as person:
        yield person


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
