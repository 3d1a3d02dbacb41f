"""Pages of other sites may not speak to this server."""

import pytest

from dashboard.access import Access
from dashboard.database import Database
from dashboard.errors import ApiError, Code
from dashboard.settings import DashboardSettings


def _access(**given: object) -> Access:
    settings = DashboardSettings.load(**given)
    return Access(Database("postgresql://nowhere.invalid/", 2), settings)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("https://ward.example.org", "ward.example.org"),
        ("https://Ward.Example.org", "ward.example.ORG"),
        ("https://other.example.org", "behind-a-proxy"),
    ],
)
def test_own_pages_may(origin: str, host: str) -> None:
    _access(origins=("https://other.example.org",)).check_origin({"origin": origin, "host": host}, required=True)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example", "host": "ward.example.org"},
        {"origin": "https://ward.example.org.evil.example", "host": "ward.example.org"},
        {"origin": "http://127.0.0.1:8001", "host": "127.0.0.1:8000"},
        {"origin": "null", "host": "ward.example.org"},
        {"origin": "null"},
        {"origin": "", "host": ""},
    ],
)
def test_others_may_not(headers: dict[str, str]) -> None:
    with pytest.raises(ApiError) as refused:
        _access().check_origin(headers, required=False)
    assert refused.value.code is Code.BAD_ORIGIN


def test_a_request_without_an_origin_may_not_open_a_live_connection() -> None:
    _access().check_origin({"host": "ward.example.org"}, required=False)
    with pytest.raises(ApiError):
        _access().check_origin({"host": "ward.example.org"}, required=True)


@pytest.mark.parametrize(
    ("scheme", "host", "secure"),
    [
        ("http", "127.0.0.1", False),
        ("http", "localhost", False),
        ("http", "::1", False),
        ("http", "192.0.2.7", True),
        ("http", "ward.example.org", True),
        ("https", "127.0.0.1", True),
    ],
)
def test_cookies_are_secure_but_for_a_laptop_without_a_certificate(scheme: str, host: str, secure: bool) -> None:
    assert _access().wants_secure_cookie(scheme, host) is secure
    assert _access(secure_cookies="always").wants_secure_cookie(scheme, host)
