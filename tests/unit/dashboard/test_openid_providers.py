"""The file of providers: what is wrong in it is a sentence, and what is right means what it says."""

from pathlib import Path
from typing import Any

import pytest

from dashboard.errors import ApiError
from dashboard.openid.claims import standing_of
from dashboard.openid.client import word_of
from dashboard.openid.providers import Provider, is_safe, read_providers
from heartwire.settings import SettingsError
from tests.conftest import ROOT

_LEAST = '[hospital]\nname = "Hospital"\nissuer = "https://id.example"\nclient_id = "heartwire"\n'


def _read(tmp_path: Path, text: str) -> dict[str, Provider]:
    file = tmp_path / "providers.toml"
    file.write_text(text, encoding="utf-8")
    return dict(read_providers(file))


def test_no_file_is_no_provider_and_the_least_one_lets_nobody_in_who_is_not_known(tmp_path: Path) -> None:
    assert read_providers(None) == {}
    provider = _read(tmp_path, _LEAST)["hospital"]
    assert (provider.makes_users, provider.links_users, provider.tenant) == (False, False, "default")
    assert provider.client_secret is None


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("isuer = 1", "isuer"),
        ('issuer = "http://id.example"', "Cannot overwrite"),
        ('scopes = ["profile"]', "`scopes` must have `openid`"),
        ('role_claim = "groups"', "go together"),
        ("makes_users = true", "`makes_users` needs `default_role`"),
        ('[hospital.roles]\nx = "system"', "roles"),
        ('tenant_claim = "org"', "go together"),
        ('[hospital.wards]\nx = "A"', "needs `ward_claim`"),
        ("max_age_s = -1", "max_age_s"),
        ('links_users = "yes"', "links_users"),
        ('client_secret_file = "/nowhere/secret"', "cannot be read"),
        ('[Hospital]\nname = "H"\nissuer = "https://b.example"\nclient_id = "h"', "key"),
        ('[other]\nname = "H"\nissuer = "https://id.example"\nclient_id = "h"', "issuer twice"),
        ("[", "no TOML"),
    ],
)
def test_what_is_wrong_is_told_with_where_it_stands(tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(SettingsError, match=r"providers\.toml") as refused:
        _read(tmp_path, _LEAST + more)
    assert said in str(refused.value)


def test_an_empty_file_a_missing_one_and_what_stands_alone_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="names none"):
        _read(tmp_path, "")
    with pytest.raises(SettingsError, match="cannot be read"):
        read_providers(tmp_path / "nowhere.toml")
    with pytest.raises(SettingsError, match="outside of any table"):
        _read(tmp_path, 'name = "Hospital"\n' + _LEAST)
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="empty"):
        _read(tmp_path, _LEAST + f'client_secret_file = "{tmp_path / "empty"}"')


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://id.example/realms/a", True),
        ("http://127.0.0.1:8080", True),
        ("http://localhost:8080/x", True),
        ("http://[::1]/x", True),
        ("http://id.example", False),
        ("http://localhost.evil.example", False),
        ("https://", False),
        ("https://id.example#x", False),
        ("https://user:word@id.example", False),
        ("javascript:alert(1)", False),
        ("https://id.example:x", False),
        ("https://id.exam ple", False),
        ("https://[", False),
    ],
)
def test_only_what_comes_over_tls_or_from_this_machine_is_safe(url: str, *, safe: bool) -> None:
    assert is_safe(url) is safe


def test_an_issuer_is_one(tmp_path: Path) -> None:
    for issuer in ("http://id.example", "id.example", "https://id.example/?x=1"):
        with pytest.raises(SettingsError, match="issuer: Value error, wanted an address"):
            _read(tmp_path, _LEAST.replace("https://id.example", issuer))


@pytest.mark.parametrize("text", ["", "Access_denied", "a b", "<b>", "x" * 65, "a-b", "á"])
def test_only_words_are_passed_on(text: str) -> None:
    assert word_of(text) == "unknown"
    assert word_of("invalid_grant") == "invalid_grant"


def test_the_examples_of_the_handbook_are_right(tmp_path: Path) -> None:
    handbook = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    examples = [block.partition("```")[0] for block in handbook.split("```toml\n")[1:]]
    assert len(examples) >= 2
    (tmp_path / "openid.secret").write_text("secret", encoding="utf-8")
    whole = "\n".join(examples).replace("/run/secrets", str(tmp_path))
    keycloak, eid = _read(tmp_path, whole).values()
    claims: dict[str, Any] = {"preferred_username": "nora", "name": "Nora", "realm_access": {"roles": ["hw-nurse"]}}
    standing = standing_of(keycloak, claims | {"wards": ["/wards/cardiology"]})
    assert (standing.role, standing.wards) == ("nurse", ("Cardiology",))
    with pytest.raises(ApiError):
        standing_of(keycloak, claims | {"realm_access": {"roles": ["offline_access"]}})
    assert not eid.makes_users
    assert not eid.links_users
