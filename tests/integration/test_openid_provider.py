"""Signing in by a real provider: oidc-provider, which is certified by the OpenID Foundation."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.integration.dashboard_stack import PASSWORD, Person, Stack
from tests.integration.openid_stack import PAGES, begin, bring, providers_file, refusal, serving
from tests.servers.migrated import TEMPLATE
from tests.servers.missing import ServerMissingError, skip_or_fail
from tests.servers.openid_provider import CLIENT, SECRET, OpenIdProvider
from tests.servers.plain_http import PLAIN
from tests.servers.postgres import PostgresServer


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("openid")


@pytest.fixture(scope="module")
def provider(directory: Path) -> Iterator[OpenIdProvider]:
    try:
        provider = OpenIdProvider(directory, PAGES)
    except ServerMissingError as missing:
        skip_or_fail(str(missing))
    provider.start()
    yield provider
    provider.process.kill()


@pytest.fixture(scope="module")
def stack(
    provider: OpenIdProvider, database_servers: Callable[[str], PostgresServer], directory: Path
) -> Iterator[Stack]:
    (directory / "real.secret").write_text(SECRET, encoding="utf-8")
    table = {
        "name": "hospital account",
        "issuer": provider.issuer,
        "client_id": CLIENT,
        "client_secret_file": str(directory / "real.secret"),
        "max_age_s": 0,
        "role_claim": "groups",
        "roles": {"doctors": "physician", "nurses": "nurse"},
        "makes_users": True,
    }
    server = database_servers("timescaledb")
    database = server.create_database("openid_provider", template=TEMPLATE)
    try:
        env = {"HEARTWIRE_DASHBOARD_PASSWORD_SIGN_IN": "false"}
        with serving(database, directory, providers_file(directory, {"hospital": table}), env) as stack:
            yield stack
    finally:
        server.drop_database("openid_provider")


@pytest.fixture
def person(stack: Stack) -> Iterator[Person]:
    with stack.person(None) as person:
        yield person


def _sign_in(person: Person, provider: OpenIdProvider, login: str) -> httpx.Response:
    return bring(person, "hospital", **provider.sign_in(begin(person, "hospital").url, login))


def test_in_and_out_and_in_with_another_role(stack: Stack, provider: OpenIdProvider, person: Person) -> None:
    provider.say_of("nora", preferred_username="nora", name="Nora Lind", groups=["nurses"], locale="de")
    answer = _sign_in(person, provider, "nora")
    assert answer.status_code == 200, answer.text
    user = answer.json()["user"]
    assert (user["login"], user["name"], user["role"], user["language"]) == ("nora", "Nora Lind", "nurse", "de")
    assert person.http.get("/api/sessions").json()["sessions"][0]["method"] == "oidc"
    leave = urlsplit(person.http.delete("/api/session").json()["leave_url"])
    asked = parse_qs(leave.query)
    assert f"{leave.scheme}://{leave.netloc}" == provider.issuer
    assert asked["post_logout_redirect_uri"] == [f"{PAGES}/sign-in"]
    # The provider takes it, and goes on to end the session of whoever's browser this is.
    said = httpx.get(leave.geturl(), verify=PLAIN, timeout=10)
    assert said.status_code == 200, said.text
    assert 'name="logout"' in said.text
    provider.say_of("nora", preferred_username="nora", name="Nora Lind", groups=["doctors"])
    assert _sign_in(person, provider, "nora").json()["user"]["role"] == "physician"
    provider.say_of("nora", preferred_username="nora", name="Nora Lind", groups=[])
    assert refusal(_sign_in(person, provider, "nora")) == ("no_role", "")
    left = "SELECT count(*) FROM sessions JOIN users USING (user_id) WHERE login = 'nora'"
    assert stack.execute(left) == [(0,)]


def test_new_keys_of_the_provider_are_taken_up(provider: OpenIdProvider, person: Person) -> None:
    provider.say_of("olaf", preferred_username="olaf", groups=["nurses"])
    assert _sign_in(person, provider, "olaf").status_code == 200
    provider.process.kill()
    way = begin(person, "hospital")
    answer = bring(person, "hospital", state=way.state, code="x", iss=provider.issuer)
    assert refusal(answer) == ("provider_unreachable", "")
    provider.start()
    assert _sign_in(person, provider, "olaf").status_code == 200


def test_a_code_of_the_provider_holds_once_and_with_its_own_verifier(provider: OpenIdProvider, person: Person) -> None:
    provider.say_of("pia", preferred_username="pia", groups=["nurses"])
    brought = provider.sign_in(begin(person, "hospital").url, "pia")
    other = begin(person, "hospital")
    stolen = brought | {"state": other.state}
    # Another sign-in's verifier: the code was meant for the first (PKCE).
    assert refusal(bring(person, "hospital", **stolen)) == ("provider_refused", "invalid_grant")
    assert refusal(bring(person, "hospital", **brought)) == ("sign_in_expired", ""), "another cookie by now"


def test_where_passwords_are_off_the_right_one_lets_nobody_in(stack: Stack, person: Person) -> None:
    assert person.http.get("/api/sign-in").json()["password"] is False
    for path in ("/api/session", "/api/session/second-factor"):
        for password in (PASSWORD, "a wrong one"):
            answer = person.http.post(path, json={"login": "nurse", "password": password})
            assert (answer.status_code, refusal(answer)) == (403, ("password_off", "")), path
    assert not person.http.cookies
    assert stack.execute("SELECT count(*) FROM sessions JOIN users USING (user_id) WHERE login = 'nurse'") == [(0,)]
