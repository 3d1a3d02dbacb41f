"""Signing in by a provider: what is believed, and what is not, of what comes back from it."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.integration.dashboard_stack import PASSWORD, Person, Stack
from tests.integration.openid_stack import (
    PAGES,
    begin,
    bring,
    of_the_impostor,
    refusal,
    sign_in,
)
from tests.servers.impostor import CLIENT, KEY, KEY_ID, OTHER_KEY, SECRET, Claims, Impostor, public, sign, unsigned
from tests.servers.waiting import wait_until

pytest_plugins = ("tests.integration.openid_fixtures",)

#: Each is asked once what it says of itself, so that each tells another lie.
_LIARS = ("liar-issuer", "liar-address", "liar-page", "liar-long", "liar-moved", "liar-down")


_PUBLIC_KEY = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def providers(impostor: Impostor, directory: Path) -> dict[str, dict[str, Any]]:
    """Return the providers of these tests."""
    keys = ("hospital", "other", "promises-iss", "says-me", *_LIARS)
    strict = of_the_impostor(impostor, directory, "strict", max_age_s=60, acr_values=["substantial", "high"])
    return {key: of_the_impostor(impostor, directory, key) for key in keys} | {"strict": strict}


def _nobody_came_in(stack: Stack, person: Person) -> bool:
    return "heartwire_session" not in person.http.cookies and stack.execute(
        "SELECT count(*) FROM sessions AS s JOIN users AS u USING (user_id) WHERE s.method = 'oidc'"
    ) == [(0,)]


def test_the_question_and_what_the_answer_is_redeemed_with(stack: Stack, impostor: Impostor, person: Person) -> None:
    ways = person.http.get("/api/sign-in").json()
    assert ways["password"]
    assert ways["providers"][0] == {"key": "hospital", "name": "The hospital"}
    way = begin(person, "hospital")
    assert way.url.startswith(impostor.issuer("hospital") + "/authorize?tenant=1&")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(way.url).query).items()}
    assert asked["redirect_uri"] == f"{PAGES}/sign-in/hospital"
    assert (asked["response_type"], asked["scope"], asked["client_id"]) == ("code", "openid profile", CLIENT)
    assert asked["code_challenge_method"] == "S256"
    assert len({begin(person, "hospital").state for _ in range(3)} | {way.state}) == 4
    way = begin(person, "hospital")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(way.url).query).items()}
    answer = bring(person, "hospital", state=way.state, code=way.nonce)
    assert answer.status_code == 200, answer.text
    assert all(word in answer.headers["set-cookie"] for word in ("HttpOnly", "SameSite=strict", "Path=/"))
    assert (answer.json()["user"]["name"], answer.json()["user"]["role"]) == ("Ida Identity", "nurse")
    ((authorization, form),) = impostor.asked
    pair = f"{quote(CLIENT, safe='')}:{quote(SECRET, safe='')}"
    assert authorization == "Basic " + base64.b64encode(pair.encode()).decode()
    assert (form["grant_type"], form["redirect_uri"]) == ("authorization_code", f"{PAGES}/sign-in/hospital")
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    assert _base64(digest) == asked["code_challenge"]
    (session,) = person.http.get("/api/sessions").json()["sessions"]
    assert session["method"] == "oidc"
    assert person.http.get("/api/ward").status_code == 200
    # The token that signing out needs is none of what the pages' queries can read.
    readable = "SELECT has_column_privilege('heartwire_pages', 'sessions', %s, 'SELECT')"
    assert [stack.execute(readable, name) for name in ("id_token", "method")] == [[(False,)], [(True,)]]
    assert person.http.delete("/api/session").json() == {"leave_url": None}, "this provider has no page to sign out at"
    assert person.http.get("/api/session").status_code == 401


def _with(key: str, value: object) -> Callable[[Claims], str]:
    return lambda claims: sign(claims | {key: value})


def _at(key: str, after_s: int) -> Callable[[Claims], str]:
    """Give a time, counted from when the token is made: a test may run long after its module was read."""
    return lambda claims: sign(claims | {key: int(time.time()) + after_s})


def _without(key: str) -> Callable[[Claims], str]:
    return lambda claims: sign({name: value for name, value in claims.items() if name != key})


def _by_secret(secret: bytes, claims: Claims) -> str:
    """Sign with something that both sides know; the library would refuse to take a public key for it."""
    head, body = (_base64(json.dumps(part).encode()) for part in ({"alg": "HS256", "kid": KEY_ID}, claims))
    return f"{head}.{body}.{_base64(hmac.digest(secret, f'{head}.{body}'.encode(), 'sha256'))}"


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


_FORGERIES: dict[str, tuple[Callable[[Claims], str], str]] = {
    "not signed": (unsigned, "algorithm"),
    "signed with the public key as a secret": (partial(_by_secret, _PUBLIC_KEY), "algorithm"),
    "signed with the client's secret": (partial(_by_secret, SECRET.encode()), "algorithm"),
    "signed by another": (lambda claims: sign(claims, OTHER_KEY), "signature"),
    "signed by a key that is not published": (lambda claims: sign(claims, OTHER_KEY, "k2"), "key"),
    "no token": (lambda _claims: "abc", "malformed"),
    "made by another provider": (_with("iss", "https://id.example"), "issuer"),
    "made by another provider of this server": (lambda c: sign(c | {"iss": c["iss"] + "/"}), "issuer"),
    "for another application": (_with("aud", "another"), "audience"),
    "for several, to another": (_with("azp", "another"), "audience"),
    "for several, to nobody": (_with("aud", [CLIENT, "another"]), "audience"),
    "for another sign-in": (_with("nonce", "another"), "nonce"),
    "for no sign-in": (_without("nonce"), "nonce"),
    "too late": (_at("exp", -120), "expired"),
    "for ever": (_without("exp"), "incomplete"),
    "from the future": (_at("iat", 600), "not_yet"),
    "about nobody": (_without("sub"), "incomplete"),
    "about an empty name": (_with("sub", ""), "subject"),
    "about a name that is too long": (_with("sub", "x" * 256), "subject"),
    "with another's access token": (_with("at_hash", "another"), "access_token"),
}


@pytest.mark.parametrize("forgery", _FORGERIES)
def test_a_token_that_is_not_what_it_should_be_lets_nobody_in(
    stack: Stack, impostor: Impostor, person: Person, forgery: str
) -> None:
    impostor.forge, reason = _FORGERIES[forgery]
    assert refusal(sign_in(person, "hospital")) == ("provider_distrusted", reason)
    assert _nobody_came_in(stack, person)
    impostor.be_honest()
    assert sign_in(person, "hospital").status_code == 200, "an honest answer is believed after it"
    person.http.delete("/api/session")


def test_only_keys_for_signatures_count_and_a_new_one_is_fetched(impostor: Impostor, person: Person) -> None:
    # "other" has asked for no keys yet: what it publishes first are a key for something else, and a broken one.
    impostor.keys = [public(use="enc"), {"kid": KEY_ID, "kty": "RSA"}, {"kid": KEY_ID}]
    assert refusal(sign_in(person, "other")) == ("provider_distrusted", "key")


def test_the_right_hash_of_the_access_token_and_our_name_among_several_are_right(
    impostor: Impostor, person: Person
) -> None:
    digest = hashlib.sha256(b"an-access-token").digest()[:16]
    impostor.claims |= {"at_hash": _base64(digest)}
    impostor.claims |= {"aud": [CLIENT, "another"], "azp": CLIENT}
    assert sign_in(person, "hospital").status_code == 200
    person.http.delete("/api/session")


def test_who_signed_in_too_long_ago_or_by_too_weak_means_is_refused(impostor: Impostor, person: Person) -> None:
    now_s = int(time.time())
    way = parse_qs(urlsplit(begin(person, "strict").url).query)
    assert (way["max_age"], way["acr_values"]) == (["60"], ["substantial high"])
    for said, reason in (
        ({"acr": "high"}, "incomplete"),
        ({"acr": "high", "auth_time": now_s - 300}, "sign_in_time"),
        ({"auth_time": now_s}, "assurance"),
        ({"acr": "low", "auth_time": now_s}, "assurance"),
    ):
        impostor.be_honest()
        impostor.claims |= said
        assert refusal(sign_in(person, "strict")) == ("provider_distrusted", reason), said
    impostor.claims |= {"acr": "substantial", "auth_time": now_s}
    impostor.claims |= {"sub": "ida-at-strict", "preferred_username": "ida-at-strict"}
    assert sign_in(person, "strict").status_code == 200
    person.http.delete("/api/session")


def test_a_state_holds_once_for_a_time_for_the_browser_and_the_provider_that_it_was_made_for(
    stack: Stack, impostor: Impostor, person: Person
) -> None:
    expired = ("sign_in_expired", "")
    assert refusal(bring(person, "hospital", state="invented", code="x")) == expired, "without a cookie"
    way = begin(person, "hospital")
    assert refusal(bring(person, "hospital", state="invented", code=way.nonce)) == expired
    # Somebody else lures a browser into coming back with his own answer: it would be signed in as him.
    with stack.person(None) as lured:
        assert refusal(bring(lured, "hospital", state=way.state, code=way.nonce)) == expired
        begin(lured, "hospital")
        assert refusal(bring(lured, "hospital", state=way.state, code=way.nonce)) == expired
        assert "heartwire_session" not in lured.http.cookies
    # A provider that is not honest sends back with the answer to another one's question.
    assert refusal(bring(person, "other", state=way.state, code=way.nonce)) == expired
    assert impostor.asked == [], "no code was sent to anybody meanwhile"
    answer = bring(person, "hospital", state=way.state, code=way.nonce)
    assert answer.status_code == 200
    person.http.delete("/api/session")
    way = begin(person, "hospital")
    cookie = person.http.cookies["heartwire_sign_in"]
    assert bring(person, "hospital", state=way.state, code=way.nonce).status_code == 200
    person.http.cookies.set("heartwire_sign_in", cookie)
    assert refusal(bring(person, "hospital", state=way.state, code=way.nonce)) == expired, "the second time"
    way = begin(person, "hospital")
    stack.execute("UPDATE sign_in_states SET expires_at = now()")
    assert refusal(bring(person, "hospital", state=way.state, code=way.nonce)) == expired, "too late"
    begin(person, "hospital")
    assert stack.execute("SELECT count(*) FROM sign_in_states WHERE expires_at < now()") == [(0,)]
    kept = stack.execute("SELECT state_hash, browser_hash FROM sign_in_states")
    assert way.state.encode() not in {part for row in kept for part in row}, "what is secret is not kept itself"
    person.http.delete("/api/session")


def test_who_sends_back_must_be_who_was_asked(impostor: Impostor, person: Person) -> None:
    way = begin(person, "hospital")
    wrong = impostor.issuer("other")
    distrusted = ("provider_distrusted", "issuer")
    assert refusal(bring(person, "hospital", state=way.state, code=way.nonce, iss=wrong)) == distrusted
    impostor.metadata = {"authorization_response_iss_parameter_supported": True}
    assert refusal(sign_in(person, "promises-iss")) == distrusted, "it promised to say so"
    assert impostor.asked == []
    way = begin(person, "promises-iss")
    impostor.claims |= {"sub": "ida-there", "preferred_username": "ida-there"}
    iss = impostor.issuer("promises-iss")
    assert bring(person, "promises-iss", state=way.state, code=way.nonce, iss=iss).status_code == 200
    person.http.delete("/api/session")


def test_what_the_userinfo_endpoint_says_counts_if_it_is_about_the_same_person(
    impostor: Impostor, person: Person
) -> None:
    impostor.claims = {"sub": "uma", "name": "Uma"}
    impostor.userinfo = {"sub": "ida", "preferred_username": "ida", "groups": ["heads"]}
    assert refusal(sign_in(person, "says-me")) == ("provider_distrusted", "subject")
    impostor.userinfo = {"sub": "uma", "preferred_username": "uma", "groups": ["doctors"], "name": "Not this"}
    user = sign_in(person, "says-me").json()["user"]
    assert (user["login"], user["role"], user["name"]) == ("uma", "physician", "Uma"), "what is signed counts first"
    person.http.delete("/api/session")
    impostor.answers["me"] = (200, b"[]")
    assert refusal(sign_in(person, "says-me")) == ("provider_unreachable", "")


_UNREACHABLE = ("provider_unreachable", "")
_LIES: dict[str, tuple[dict[str, object], tuple[int, bytes] | None, tuple[str, str]]] = {
    "liar-issuer": ({"issuer": "https://id.example"}, None, ("provider_distrusted", "issuer")),
    "liar-address": ({"token_endpoint": "http://id.example/token"}, None, _UNREACHABLE),
    "liar-page": ({}, (200, b"<!doctype html>"), _UNREACHABLE),
    "liar-long": ({}, (200, b" " * 1_000_001), _UNREACHABLE),
    "liar-moved": ({}, (302, b""), _UNREACHABLE),
    "liar-down": ({}, (500, b""), _UNREACHABLE),
}


@pytest.mark.parametrize("key", _LIES)
def test_who_says_nothing_right_of_himself_is_nobody_to_go_to(impostor: Impostor, person: Person, key: str) -> None:
    impostor.metadata, answer, code = _LIES[key]
    if answer is not None:
        impostor.answers["openid-configuration"] = answer
    assert refusal(person.http.post(f"/api/sign-in/{key}")) == code
    impostor.be_honest()
    assert person.http.post(f"/api/sign-in/{key}").status_code == 200, "it is asked again"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((400, b'{"error":"invalid_grant"}'), ("provider_refused", "invalid_grant")),
        ((401, b'{"error":"invalid_client","error_description":"no"}'), ("provider_refused", "invalid_client")),
        ((400, b'{"error":"<script>alert(1)</script>"}'), ("provider_refused", "unknown")),
        ((400, b"no"), ("provider_refused", "unknown")),
        ((500, b""), ("provider_unreachable", "")),
        ((200, b'{"token_type":"Bearer"}'), ("provider_unreachable", "")),
        ((200, b'{"token_type":"mac","id_token":"a","access_token":"b"}'), ("provider_unreachable", "")),
        ((200, b"\xff"), ("provider_unreachable", "")),
    ],
)
def test_a_code_that_is_not_redeemed_lets_nobody_in(
    stack: Stack, impostor: Impostor, person: Person, answer: tuple[int, bytes], code: tuple[str, str]
) -> None:
    impostor.answers["token"] = answer
    assert refusal(sign_in(person, "hospital")) == code
    assert _nobody_came_in(stack, person)


def test_a_provider_that_hangs_is_told_in_time_and_holds_nobody_else_up(
    stack: Stack, impostor: Impostor, person: Person
) -> None:
    way = begin(person, "hospital")
    impostor.goes_on.clear()
    begun = time.monotonic()
    with ThreadPoolExecutor(1) as waiting, stack.person("doctor") as doctor:
        answer = waiting.submit(bring, person, "hospital", state=way.state, code=way.nonce)
        assert doctor.http.get("/api/ward").status_code == 200
        assert not answer.done()
        assert refusal(answer.result()) == _UNREACHABLE
    assert time.monotonic() - begun < 8, "it gives up after four seconds"
    impostor.goes_on.set()
    wait_until(lambda: len(impostor.asked) == 1, "what was asked to be over: it is no other test's")


def test_an_error_that_comes_back_is_told_and_only_in_words_that_are_known(impostor: Impostor, person: Person) -> None:
    for word, told in (
        ("access_denied", ("provider_denied", "")),
        ("login_required", ("provider_refused", "login_required")),
        ("<img src=x>", ("provider_refused", "unknown")),
    ):
        way = begin(person, "hospital")
        assert refusal(bring(person, "hospital", state=way.state, error=word)) == told
        assert refusal(bring(person, "hospital", state=way.state, code=way.nonce)) == ("sign_in_expired", "")
    assert impostor.asked == []


def test_pages_of_other_sites_and_nonsense_are_refused(person: Person) -> None:
    evil = {"origin": "https://evil.example"}
    assert refusal(person.http.post("/api/sign-in/hospital", headers=evil)) == ("bad_origin", "")
    way = begin(person, "hospital")
    body = {"state": way.state, "code": way.nonce}
    assert refusal(person.http.post("/api/sign-in/hospital/answer", json=body, headers=evil)) == ("bad_origin", "")
    for nonsense in ({}, {"state": ""}, {"state": "a", "code": "x" * 3001}, {"state": "a", "role": "admin"}):
        assert refusal(person.http.post("/api/sign-in/hospital/answer", json=nonsense)) == ("invalid", "")
    for key in ("nobody", "..", "hospital%2f..", "x" * 40):
        assert person.http.post(f"/api/sign-in/{key}").status_code in {404, 405, 422}, key


def test_a_session_that_somebody_else_chose_is_worth_nothing(stack: Stack, person: Person) -> None:
    with stack.person("doctor") as colleague:
        for chosen in ("chosen-by-an-attacker", colleague.http.cookies["heartwire_session"]):
            person.http.cookies.set("heartwire_session", chosen)
            answer = sign_in(person, "hospital")
            assert answer.status_code == 200
            assert answer.cookies["heartwire_session"] != chosen
            person.http.cookies.clear()
        assert colleague.http.get("/api/session").json()["user"]["login"] == "doctor"
    stack.execute("DELETE FROM sessions WHERE method = 'oidc'")


def test_nothing_secret_is_logged(stack: Stack, impostor: Impostor, person: Person) -> None:
    impostor.forge = _with("nonce", "another")
    assert refusal(sign_in(person, "hospital")) == ("provider_distrusted", "nonce")
    impostor.be_honest()
    assert sign_in(person, "hospital").status_code == 200
    person.http.delete("/api/session")
    log = stack.server.log
    assert "is not believed: nonce" in log
    for secret in (SECRET, "Ida", "an-access-token", "eyJ", PASSWORD):
        assert secret not in log, secret
