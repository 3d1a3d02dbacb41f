"""What a provider's claims about somebody mean here.  Pure."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from dashboard.errors import ApiError, Code
from dashboard.openid.providers import ALL_WARDS, Provider

_LANGUAGES: Final = ("en", "fr", "de")
_LOGIN_MOST: Final = 64
_NAME_MOST: Final = 120


class Standing(NamedTuple):
    """What somebody is by his provider's word.

    Attributes
    ----------
    tenant, language : str
        `language` is one of the pages'.
    login : str, optional
        ``None`` where nothing usable is said: who is known already needs none.
    name : str, optional
        By which colleagues know him.
    role : str, optional
        ``None`` where roles are given here and no role is for whoever comes.
    maps_role : bool
        Whether the provider decides on the role, at each sign-in.
    wards : tuple of str, optional
        Names of those that he sees, ``None`` for all.
    maps_wards : bool
        Likewise.
    """

    tenant: str
    login: str | None
    name: str | None
    language: str
    role: str | None
    maps_role: bool
    wards: tuple[str, ...] | None
    maps_wards: bool


def standing_of(provider: Provider, claims: Mapping[str, Any]) -> Standing:
    """Return what somebody is.

    Raises
    ------
    ApiError
        `UNUSABLE_CLAIM` of the hospital, `NO_ROLE`.
    """
    role = _role(provider, claims)
    if provider.role_claim is not None and role is None:
        raise ApiError(Code.NO_ROLE, provider=provider.name)
    wards = None if provider.ward_claim is None else _wards(provider, _texts(claims, provider.ward_claim))
    said = _text(claims, provider.name_claim) or ""
    name = " ".join("".join(letter if letter.isprintable() else " " for letter in said).split())[:_NAME_MOST].strip()
    locale = (_text(claims, "locale") or "").replace("_", "-").partition("-")[0].lower()
    return Standing(
        tenant=tenant_of(provider, claims),
        login=login_of(provider, claims),
        name=name or None,
        language=locale if locale in _LANGUAGES else _LANGUAGES[0],
        role=role,
        maps_role=provider.role_claim is not None,
        wards=wards,
        maps_wards=provider.ward_claim is not None,
    )


def tenant_of(provider: Provider, claims: Mapping[str, Any]) -> str:
    """Return the hospital to which somebody belongs.

    Raises
    ------
    ApiError
        `UNUSABLE_CLAIM`.
    """
    if provider.tenant_claim is None:
        return provider.hospitals[0]
    found = {provider.tenants[text] for text in _texts(claims, provider.tenant_claim) if text in provider.tenants}
    if len(found) != 1:  # none, or more than one person can belong to
        raise unusable(provider, provider.tenant_claim)
    return found.pop()


def login_of(provider: Provider, claims: Mapping[str, Any]) -> str | None:
    """Return the login that somebody may have here; ``None`` where nothing usable is said."""
    login = _text(claims, provider.login_claim) or ""
    is_known = not provider.login_claim.endswith("email") or claims.get("email_verified") is True
    is_login = 1 <= len(login) <= _LOGIN_MOST and all("!" <= letter <= "~" for letter in login)
    return login if is_known and is_login else None


def _role(provider: Provider, claims: Mapping[str, Any]) -> str | None:
    if provider.role_claim is None:
        return provider.default_role
    has = set(_texts(claims, provider.role_claim))
    return next((role for value, role in provider.roles.items() if value in has), provider.default_role)


def _wards(provider: Provider, values: list[str]) -> tuple[str, ...] | None:
    wards = [provider.wards[value] for value in values if value in provider.wards] if provider.wards else values
    # Without a table nobody becomes one who sees all by a value of the provider's.
    return None if provider.wards and ALL_WARDS in wards else tuple(dict.fromkeys(wards))


def _find(claims: Mapping[str, Any], way: str) -> object:
    """Return a claim: by its whole name first, which may have dots (`https://hospital.example/roles`)."""
    if way in claims:
        return claims[way]
    found: object = claims
    for part in way.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found


def _text(claims: Mapping[str, Any], way: str) -> str | None:
    found = _find(claims, way)
    return found if isinstance(found, str) else None


def _texts(claims: Mapping[str, Any], way: str) -> list[str]:
    found = _find(claims, way)
    if isinstance(found, str):
        return [found]
    return [text for text in found if isinstance(text, str)] if isinstance(found, list) else []


def unusable(provider: Provider, claim: str) -> ApiError:
    """Return the error about a claim that is missing or cannot be used."""
    return ApiError(Code.UNUSABLE_CLAIM, provider=provider.name, claim=claim)
