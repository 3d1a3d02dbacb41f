"""Only who may: signing in, sessions, changes, origins."""

import contextlib
import http.client
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from websockets.exceptions import InvalidStatus

from dashboard.users import disable_user, set_password
from tests.conftest import StartHeartwire
from tests.declared_routes import declared_routes
from tests.integration.dashboard_stack import PASSWORD, Person, Stack, on_one_pair
from tests.servers.fixtures import BrokerServer

pytestmark = on_one_pair

#: All that asks who is signed in, of things that do not exist.
_GUARDED = [
    (route.method, re.sub(r"\{\w+\}", "1", route.path) + "?from_us=0&to_us=1000000&bucket_s=1")
    for route in declared_routes()
    if route.asks_session
]


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> Stack:
    env = {"HEARTWIRE_DASHBOARD_SIGN_IN_TRIES_LOGIN": "3", "HEARTWIRE_DASHBOARD_SIGN_IN_TRIES_ADDRESS": "5"}
    return Stack(heartwire_process, database, broker, env)


@pytest.fixture
def stranger(stack: Stack) -> Iterator[Person]:
    with stack.person(None) as person:
        yield person


def _code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_the_way_in_and_out(stack: Stack, stranger: Person) -> None:
    answer = stranger.sign_in("doctor")
    assert answer.status_code == 200
    user = answer.json()["user"]
    assert (user["login"], user["name"], user["role"], user["language"]) == ("doctor", "Dr. Day", "physician", "fr")
    cookie = answer.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=strict", "Path=/"))
    assert stranger.http.get("/api/session").json() == answer.json()
    token = stranger.http.cookies["heartwire_session"]
    assert not stack.execute("SELECT 1 FROM sessions WHERE token_hash = %s", token.encode()), "the token itself is kept"
    assert stranger.http.delete("/api/session").json() == {"leave_url": None}
    stranger.http.cookies.set("heartwire_session", token)
    assert _code(stranger.http.get("/api/session")) == (401, "not_signed_in")
    actions = [action for (action,) in stack.execute("SELECT action FROM audit_events ORDER BY audit_id")]
    assert actions == ["signed_in", "signed_out"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE sessions SET last_seen_at = now() - interval '12 hours 1 second'",
        "UPDATE sessions SET expires_at = now() - interval '1 second'",
    ],
    ids=["not used", "old"],
)
def test_a_session_ends_by_itself(stack: Stack, statement: str) -> None:
    with stack.person() as nurse, nurse.screen() as screen:
        stack.execute("UPDATE sessions SET last_seen_at = now() - interval '11 hours'")
        assert nurse.http.get("/api/session").status_code == 200
        recently = "SELECT last_seen_at > now() - interval '1 minute' FROM sessions"
        assert stack.execute(recently) == [(True,)], "to use it is to keep it"
        stack.execute(statement)
        assert _code(nurse.http.get("/api/session")) == (401, "not_signed_in")
        assert screen.wait_for_close() == 4401


def test_nothing_is_said_to_strangers(stranger: Person) -> None:
    for method, path in _GUARDED:
        assert _code(stranger.http.request(method, path)) == (401, "not_signed_in"), path
    stranger.http.cookies.set("heartwire_session", "invented")
    for method, path in _GUARDED:
        assert _code(stranger.http.request(method, path)) == (401, "not_signed_in"), path


def test_a_change_without_the_sessions_token_is_refused(stack: Stack) -> None:
    alarm_id = stack.raise_alarm(stack.add_patient())
    with stack.person() as nurse:
        for token in ("", "invented"):
            nurse.http.headers["x-csrf-token"] = token
            changes = [(method, path) for method, path in _GUARDED if method != "GET"]
            assert len(changes) > 40
            for method, path in (("POST", f"/api/alarms/{alarm_id}/acknowledgement"), *changes):
                assert _code(nurse.http.request(method, path)) == (403, "bad_csrf"), (method, path)
    assert stack.execute("SELECT count(*) FROM alarm_events WHERE kind = 'acknowledged'") == [(0,)]


def test_pages_of_other_sites_are_refused(stack: Stack) -> None:
    with stack.person() as nurse:
        evil = "https://evil.example"
        credentials = {"login": "nurse", "password": PASSWORD}
        answer = nurse.http.post("/api/session", json=credentials, headers={"origin": evil})
        assert _code(answer) == (403, "bad_origin")
        with pytest.raises(InvalidStatus) as refused:
            nurse.open(origin=evil)
        assert refused.value.response.status_code == 403


def test_a_session_that_somebody_else_chose_is_worth_nothing(stack: Stack, stranger: Person) -> None:
    # Before signing in a page of another site, or a colleague at this computer, might have left a cookie.
    with stack.person("doctor") as colleague:
        for chosen in ("chosen-by-an-attacker", colleague.http.cookies["heartwire_session"]):
            stranger.http.cookies.clear()
            stranger.http.cookies.set("heartwire_session", chosen)
            answer = stranger.sign_in("nurse")
            assert answer.status_code == 200
            token = answer.cookies["heartwire_session"]
            assert token != chosen
            kept = stack.execute(
                "SELECT count(*) FROM sessions WHERE token_hash = sha256(%s)", b"chosen-by-an-attacker"
            )
            assert kept == [(0,)]
        assert colleague.http.get("/api/session").json()["user"]["login"] == "doctor"


@pytest.mark.parametrize("below", ["assets", "phone"])
def test_paths_out_of_the_pages_lead_nowhere(stack: Stack, below: str) -> None:
    host, port = stack.url.removeprefix("http://").split(":")
    for trick in (
        "../../settings.py",
        "../../../settings.py",
        "%2e%2e/%2e%2e/settings.py",
        "..%2f..%2f..%2fsettings.py",
        "....//....//settings.py",
        "..%5c..%5csettings.py",
        "%2fetc%2fpasswd",
        "/etc/passwd",
        "%00",
        "index.html%00.js",
        "%c0%ae%c0%ae/settings.py",
    ):
        with contextlib.closing(http.client.HTTPConnection(host, int(port), timeout=10)) as connection:
            connection.putrequest("GET", f"/{below}/{trick}")  # as it is: a client that is no browser mends nothing
            connection.endheaders()
            answer = connection.getresponse()
            said = answer.read()
        assert answer.status in {400, 404}, f"{trick}: {answer.status}"
        assert b"DashboardSettings" not in said
        assert b"root:" not in said
        assert b"Traceback" not in said


def test_a_live_connection_needs_a_session(stack: Stack) -> None:
    with stack.person(None) as stranger, stranger.screen() as screen:
        assert screen.wait_for_close() == 4401
        assert screen.wards == []


def test_guessing_is_slowed_by_user_and_by_address(stack: Stack, stranger: Person) -> None:
    for login in ("nurse", "nobody"):
        assert _code(stranger.sign_in(login, "wrong password")) == (401, "wrong_credentials")
    for _ in range(2):
        assert _code(stranger.sign_in("nurse", "wrong password")) == (401, "wrong_credentials")
    # Three wrong ones: even the right one is not heard any more, and is told for how long.
    answer = stranger.sign_in("nurse")
    assert _code(answer) == (429, "too_many_attempts")
    assert 0 < answer.json()["error"]["params"]["retry_s"] <= 900
    assert answer.headers["retry-after"] == str(answer.json()["error"]["params"]["retry_s"])
    # Somebody else comes in all the same, until the address is too many.
    assert stranger.sign_in("doctor").status_code == 200
    for _ in range(2):
        stranger.sign_in("someone", "wrong password")
    assert _code(stranger.sign_in("doctor")) == (429, "too_many_attempts")
    stack.execute("UPDATE sign_in_failures SET at = at - interval '901 s'")
    assert stranger.sign_in("nurse").status_code == 200


def test_a_new_password_and_a_disabled_user_end_all_sessions(stack: Stack) -> None:
    with stack.person() as nurse, nurse.screen() as screen, psycopg.connect(stack.database) as connection:
        set_password(connection, "nurse", "another good password")
        connection.commit()
        assert screen.wait_for_close() == 4401
        assert _code(nurse.http.get("/api/ward")) == (401, "not_signed_in")
        assert _code(nurse.sign_in()) == (401, "wrong_credentials")
        assert nurse.sign_in(password="another good password").status_code == 200  # noqa: S106 # of a test
        disable_user(connection, "nurse")
        connection.commit()
        assert _code(nurse.http.get("/api/ward")) == (401, "not_signed_in")
        assert _code(nurse.sign_in(password="another good password")) == (401, "wrong_credentials")  # noqa: S106


def test_who_is_added_by_the_command_may_sign_in(
    stack: Stack, stranger: Person, heartwire_process: StartHeartwire, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text(PASSWORD, encoding="utf-8")
    words = ("user", "add", "paul", "--name", "Paul Physician", "--role", "physician", "--language", "fr")
    env = {"HEARTWIRE_DASHBOARD_DATABASE": stack.database}
    process = heartwire_process("dashboard", *words, "--password-file", str(file), env=env)
    assert process.wait() == 0, process.log
    user = stranger.sign_in("paul").json()["user"]
    assert (user["login"], user["name"], user["role"], user["language"]) == (
        "paul",
        "Paul Physician",
        "physician",
        "fr",
    )


def test_nonsense_is_refused_with_a_code(stranger: Person) -> None:
    for body in (b"", b"{}", b"[1]", b'{"login":1,"password":"x"}', b"\xff" * 50, b"x" * 100_000):
        assert _code(stranger.http.post("/api/session", content=body)) == (422, "invalid"), body[:20]


def test_a_login_that_nobody_can_have_is_a_wrong_one(stranger: Person) -> None:
    for login in ("", "nur\0se", "x" * 3000, "' OR true --"):
        assert _code(stranger.sign_in(login, "wrong password")) == (401, "wrong_credentials"), login[:20]


def test_answers_carry_the_headers_that_browsers_need(stranger: Person) -> None:
    for path in ("/", "/api/session", "/patient/1", "/nowhere"):
        headers = stranger.http.get(path).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == ("no-cache" if path in {"/", "/patient/1"} else "no-store")
    assert _code(stranger.http.get("/nowhere")) == (404, "not_found")
