"""A second factor is asked for wherever it is turned on or must be, taken once, and counted like a password."""

import base64
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import httpx
import psycopg
import pytest

from dashboard.second_factor import FAILURES_MOST
from heartwire.storage.queries import load_queries
from tests.authenticator import Authenticator
from tests.conftest import StartHeartwire
from tests.integration.dashboard_stack import PASSWORD, Person, Stack, add_person, on_one_pair
from tests.servers.fixtures import BrokerServer

pytestmark = on_one_pair
_NEW_PASSWORD: Final = "another good password"  # noqa: S105 # of a test's own user
_WRONG: Final = "not the password"
_TRIES: Final = 4


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> Stack:
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    env = {"HEARTWIRE_DASHBOARD_FACTOR_KEY": key, "HEARTWIRE_DASHBOARD_SIGN_IN_TRIES_LOGIN": str(_TRIES)}
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO tenants (name) VALUES ('other hospital')")
        add_person(connection, "amy", "Amy Admin", role="admin")
        add_person(connection, "otto", "Otto Other", role="admin", tenant="other hospital")
        add_person(connection, "olga", "Olga Other", role="nurse", tenant="other hospital")
    return Stack(heartwire_process, database, broker, env)


def _said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def _sign_in(person: Person, login: str, code: str | None = None, password: str = PASSWORD) -> httpx.Response:
    answer = person.http.post("/api/session", json={"login": login, "password": password, "code": code})
    if answer.status_code == 200:
        person.http.headers["x-csrf-token"] = answer.json()["csrf"]
    return answer


def _elsewhere(stack: Stack, login: str, code: str | None = None) -> httpx.Response:
    with stack.person(None) as person:
        return _sign_in(person, login, code)


def _turn_on(person: Person) -> tuple[Authenticator, list[str]]:
    answer = person.http.post("/api/account/second-factor", json={"password": PASSWORD})
    assert answer.status_code == 201, answer.text
    app = Authenticator.scan(answer.json()["uri"])
    answer = person.http.post("/api/account/second-factor/confirmation", json={"code": app.code()})
    assert answer.status_code == 200, answer.text
    return app, answer.json()["recovery_codes"]


def _trail(stack: Stack, login: str) -> list[str]:
    rows = stack.execute(
        "SELECT action FROM audit_events JOIN users USING (user_id) WHERE login = %s ORDER BY audit_id", login
    )
    return [action for (action,) in rows]


def _factor(person: Person) -> dict[str, Any]:
    return dict(person.http.get("/api/account").json()["second_factor"])


def _can_try_at_once(stack: Stack) -> None:
    stack.execute("DELETE FROM sign_in_failures")


def test_what_was_turned_on_is_asked_for_at_each_sign_in_and_taken_once(stack: Stack) -> None:
    with stack.person() as nurse, stack.person(None) as again:
        assert _factor(nurse) == {"since_us": None, "recovery_left": 0, "required": False, "available": True}
        # Somebody else at a screen that was left open does not have the password.
        assert _said(nurse.http.post("/api/account/second-factor", json={"password": _WRONG})) == (
            403,
            "wrong_password",
        )
        answer = nurse.http.post("/api/account/second-factor", json={"password": PASSWORD})
        app = Authenticator.scan(answer.json()["uri"])
        assert Authenticator(answer.json()["secret"]).at(0) == app.at(0)
        confirmation = "/api/account/second-factor/confirmation"
        assert _said(nurse.http.post(confirmation, json={"code": app.at(0)})) == (403, "wrong_second_factor")
        assert _sign_in(again, "nurse").status_code == 200, "what no code confirmed is not asked for"
        first = app.code()
        codes = nurse.http.post(confirmation, json={"code": first}).json()["recovery_codes"]
        assert len(set(codes)) == 10
        assert _factor(nurse)["recovery_left"] == 10
        assert _said(nurse.http.post("/api/account/second-factor", json={"password": PASSWORD})) == (409, "not_needed")
        ((sealed,),) = stack.execute("SELECT secret FROM user_factors")
        assert base64.b32decode(answer.json()["secret"].replace(" ", "")) not in base64.urlsafe_b64decode(sealed)

        again.http.cookies.clear()
        n_sessions = stack.execute("SELECT count(*) FROM sessions")
        for password, code, said in (
            (PASSWORD, None, (401, "second_factor_needed")),
            (_WRONG, first, (401, "wrong_credentials")),
            (PASSWORD, first, (403, "wrong_second_factor")),
            (PASSWORD, codes[0][:-1], (403, "wrong_second_factor")),
        ):
            answer = _sign_in(again, "nurse", code, password)
            assert _said(answer) == said
            assert "set-cookie" not in answer.headers
        assert stack.execute("SELECT count(*) FROM sessions") == n_sessions, "nothing began"
        # The same code in many hands at once lets in one of them.
        code = app.code()
        with ThreadPoolExecutor(_TRIES) as several:
            _can_try_at_once(stack)
            answers = several.map(lambda _: _sign_in(again, "nurse", code).status_code, range(_TRIES))
        assert sorted(answers) == [200, 403, 403, 403]
        # Also of two who both read that it was not used yet.
        used = load_queries("dashboard", "second_factor.sql")["use_step"]
        with psycopg.connect(stack.database) as connection:
            row = connection.execute("SELECT user_id, last_step AS step FROM user_factors").fetchone()
            assert row is not None
            assert connection.execute(used, {"user_id": row[0], "step": row[1]}).fetchone() is None
        _can_try_at_once(stack)
        assert _sign_in(again, "nurse", codes[3].lower()).status_code == 200
        assert _said(_elsewhere(stack, "nurse", codes[3])) == (403, "wrong_second_factor")
        assert _factor(again)["recovery_left"] == 9
        methods = [one["method"] for one in again.http.get("/api/sessions").json()["sessions"]]
        assert sorted(methods) == ["password", "password", "password+recovery", "password+totp"]

        _can_try_at_once(stack)
        renewed = again.http.post("/api/account/recovery-codes", json={"password": PASSWORD, "code": codes[4]})
        assert _said(again.http.post("/api/account/recovery-codes", json={"password": PASSWORD, "code": codes[5]})) == (
            403,
            "wrong_second_factor",
        ), "those before hold no more"
        removal = "/api/account/second-factor/removal"
        code = renewed.json()["recovery_codes"][0]
        assert _said(again.http.post(removal, json={"password": _WRONG, "code": code})) == (403, "wrong_password")
        assert again.http.post(removal, json={"password": PASSWORD, "code": code}).status_code == 204
        assert _factor(again)["since_us"] is None
        assert _elsewhere(stack, "nurse").status_code == 200
        done = _trail(stack, "nurse")
        assert [one for one in done if one not in {"signed_in", "refused_factor"}] == [
            "turned_on_factor",
            "renewed_recovery",
            "turned_off_factor",
        ]
        assert done.count("refused_factor") == 2 + 3 + 1 + 1


def test_codes_are_tried_no_more_often_than_passwords(stack: Stack) -> None:
    with stack.person() as nurse, stack.person(None) as thief, stack.person("amy") as admin:
        app, _ = _turn_on(nurse)
        for _ in range(_TRIES):
            assert _said(_sign_in(thief, "nurse")) == (401, "second_factor_needed"), "and forgives nothing"
            assert _said(_sign_in(thief, "nurse", app.at(0))) == (403, "wrong_second_factor")
        assert _said(_sign_in(thief, "nurse", app.at(0))) == (429, "too_many_attempts")
        # However patient he is, after a hundred none is heard any more.
        _can_try_at_once(stack)
        stack.execute("UPDATE user_factors SET failures = %s", FAILURES_MOST - 1)
        assert _said(_sign_in(thief, "nurse", app.at(0))) == (403, "wrong_second_factor")
        assert _said(_sign_in(thief, "nurse", app.code())) == (403, "factor_locked")
        assert nurse.http.get("/api/ward").status_code == 200, "who is signed in works on"
        user_id = nurse.http.get("/api/session").json()["user"]["id"]
        path = f"/api/people/{user_id}/second-factor"
        assert admin.http.get("/api/people").json()["people"][-1]["second_factor"]
        with stack.person("otto") as stranger:
            assert stranger.http.delete(path).status_code == 404
        assert nurse.http.delete(path).status_code == 403
        assert not admin.http.delete(path).json()["second_factor"]
        assert _said(nurse.http.get("/api/session")) == (401, "not_signed_in")
        assert _sign_in(thief, "nurse").status_code == 200
        own = admin.http.get("/api/session").json()["user"]["id"]
        assert _said(admin.http.delete(f"/api/people/{own}/second-factor")) == (409, "not_yourself")
        assert "reset_factor" in _trail(stack, "amy")


def test_whose_role_must_have_one_sets_it_up_before_he_sees_anything(
    stack: Stack, heartwire_process: StartHeartwire
) -> None:
    with stack.person() as before, stack.person(None) as nurse, stack.person("amy") as admin:
        answer = admin.http.put("/api/people/second-factor", json={"roles": ["nurse", "admin"]})
        assert answer.json() == {"roles": ["admin", "nurse"], "available": True}
        assert admin.http.get("/api/people/second-factor").json() == answer.json()
        assert before.http.get("/api/ward").status_code == 200, "no screen goes dark in the middle of a shift"
        answer = _sign_in(nurse, "nurse")
        assert _said(answer) == (401, "enrol_first")
        assert "set-cookie" not in answer.headers
        assert _said(_sign_in(nurse, "nurse", "123456")) == (401, "enrol_first"), "there is no secret yet"
        for login, password, said in (
            ("nurse", _WRONG, (401, "wrong_credentials")),
            ("doctor", PASSWORD, (409, "not_needed")),
            ("olga", PASSWORD, (409, "not_needed")),  # another hospital's
        ):
            answer = nurse.http.post("/api/session/second-factor", json={"login": login, "password": password})
            assert _said(answer) == said
        _can_try_at_once(stack)
        enrolment = nurse.http.post("/api/session/second-factor", json={"login": "nurse", "password": PASSWORD}).json()
        app = Authenticator.scan(enrolment["uri"])
        assert _said(_sign_in(nurse, "nurse", app.at(0))) == (403, "wrong_second_factor")
        answer = _sign_in(nurse, "nurse", app.code())
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["recovery_codes"]) == 10
        assert nurse.http.get("/api/session").json()["recovery_codes"] is None
        assert nurse.http.get("/api/ward").status_code == 200
        assert _elsewhere(stack, "doctor").status_code == 200
        proof = {"password": PASSWORD, "code": answer.json()["recovery_codes"][0]}
        assert _said(nurse.http.post("/api/account/second-factor/removal", json=proof)) == (409, "factor_required")
        assert _trail(stack, "nurse")[-2:] == ["signed_in", "turned_on_factor"]
        # A new password of one's own ends the other sessions, and this one goes on.
        _can_try_at_once(stack)
        wish = {"password": _WRONG, "new_password": _NEW_PASSWORD}
        assert _said(nurse.http.put("/api/account/password", json=wish)) == (403, "wrong_password")
        too_short = {"password": PASSWORD, "new_password": "short"}
        assert _said(nurse.http.put("/api/account/password", json=too_short)) == (422, "invalid")
        assert nurse.http.put("/api/account/password", json=wish | {"password": PASSWORD}).status_code == 204
        assert _said(before.http.get("/api/session")) == (401, "not_signed_in")
        assert nurse.http.get("/api/session").status_code == 200
        with stack.person(None) as there:
            assert _said(_sign_in(there, "nurse")) == (401, "wrong_credentials")
            assert _sign_in(there, "nurse", app.code(), _NEW_PASSWORD).status_code == 200
            assert nurse.http.delete("/api/sessions").json() == {"ended": 1}
            assert _said(there.http.get("/api/session")) == (401, "not_signed_in")
        # Nobody is left who could reset it at the pages: the command does.
        process = heartwire_process(
            "dashboard", "user", "reset-factor", "nurse", env={"HEARTWIRE_DASHBOARD_DATABASE": stack.database}
        )
        assert process.wait() == 0, process.log
        assert "sets it up anew" in process.log
        assert _said(nurse.http.get("/api/session")) == (401, "not_signed_in")
        assert _said(_sign_in(nurse, "nurse", None, _NEW_PASSWORD)) == (401, "enrol_first")
        assert _trail(stack, "nurse")[-3:] == ["changed_password", "signed_in", "ended_other_sessions"]
