"""Whether an ID token may be believed (OpenID Connect Core 1.0, 3.1.3.7).

The library checks signature, issuer, audience and times; what it does not know is checked here.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

import jwt
from jwt import PyJWK

from dashboard.openid.providers import Provider

#: Signatures with a key pair: neither `none`, nor what anybody who knows a secret or a public key could make.
ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
)  # fmt: skip
#: How far apart the clocks of provider and server may be, seconds.
LEEWAY_S: Final = 60.0
_SUBJECT_MOST: Final = 255


class Reason(StrEnum):
    """Why an answer of a provider is not believed."""

    ALGORITHM = "algorithm"
    """Signed by a method that proves nothing, or not signed."""
    KEY = "key"
    """Signed by a key that the provider does not publish."""
    SIGNATURE = "signature"
    ISSUER = "issuer"
    """Made by, or sent on by, another provider."""
    AUDIENCE = "audience"
    """Made for another application."""
    NONCE = "nonce"
    """Made for another sign-in."""
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    """From the future: a clock is wrong."""
    INCOMPLETE = "incomplete"
    """Something is missing that must be there."""
    MALFORMED = "malformed"
    SUBJECT = "subject"
    """Two answers are about two people."""
    ACCESS_TOKEN = "access_token"  # noqa: S105 # a name
    """The access token that came along is another one's."""
    SIGN_IN_TIME = "sign_in_time"
    """Signed in at the provider longer ago than is allowed."""
    ASSURANCE = "assurance"
    """Signed in by weaker means than are wanted."""


class DistrustError(Exception):
    """An answer of a provider is not believed."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason: Final = reason


class Signed(NamedTuple):
    """What a token says about its signature; `key_id` is ``None`` where it names none."""

    algorithm: str
    key_id: str | None


def signed_by(token: str) -> Signed:
    """Return by which method and key a token says that it is signed.

    Raises
    ------
    DistrustError
        `MALFORMED`, `ALGORITHM`.
    """
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError:
        raise DistrustError(Reason.MALFORMED) from None
    algorithm, key_id = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise DistrustError(Reason.ALGORITHM)
    return Signed(algorithm, key_id if isinstance(key_id, str) else None)


def find_key(keys: Sequence[Mapping[str, Any]], signed: Signed) -> PyJWK | None:
    """Return the key of a provider's set that a token names; where it names none, the one that fits its method.

    ``None`` where there is none, or where several might be meant.
    """
    found = []
    for key in keys:
        is_named = signed.key_id is None or key.get("kid") == signed.key_id
        if is_named and key.get("use", "sig") == "sig" and key.get("alg", signed.algorithm) == signed.algorithm:
            try:
                found.append(PyJWK(dict(key), algorithm=signed.algorithm))
            except (jwt.PyJWTError, ValueError, TypeError, KeyError):
                continue  # of another kind than the method needs, or broken
    return found[0] if len(found) == 1 else None


def check_id_token(
    token: str, key: PyJWK, provider: Provider, *, nonce: str, access_token: str | None
) -> Mapping[str, Any]:
    """Return the claims of an ID token that came straight from the provider.

    Raises
    ------
    DistrustError
        With the first reason that is found.
    """
    claims = check_signed(token, key, provider, ("iss", "sub", "aud", "exp", "iat"))
    audience, party = claims["aud"], claims.get("azp")
    if (isinstance(audience, list) and len(audience) > 1 and party is None) or (
        party is not None and party != provider.client_id
    ):
        raise DistrustError(Reason.AUDIENCE)
    if not _same(claims.get("nonce"), nonce):
        raise DistrustError(Reason.NONCE)
    subject = claims["sub"]
    if not 1 <= len(subject) <= _SUBJECT_MOST or not subject.isascii() or not subject.isprintable():
        raise DistrustError(Reason.SUBJECT)
    if "at_hash" in claims and (access_token is None or not _same(claims["at_hash"], _half_hash(key, access_token))):
        raise DistrustError(Reason.ACCESS_TOKEN)
    if provider.max_age_s is not None:
        signed_in = claims.get("auth_time")
        if not isinstance(signed_in, int | float) or isinstance(signed_in, bool):
            raise DistrustError(Reason.INCOMPLETE)
        if time.time() - signed_in > provider.max_age_s + LEEWAY_S:
            raise DistrustError(Reason.SIGN_IN_TIME)
    if provider.acr_values and claims.get("acr") not in provider.acr_values:
        raise DistrustError(Reason.ASSURANCE)
    return claims


def check_signed(token: str, key: PyJWK, provider: Provider, needed: Sequence[str]) -> Mapping[str, Any]:
    """Return the claims of anything that the provider signed for this installation.

    Raises
    ------
    DistrustError
        With the first reason that is found.
    """
    try:
        claims: Mapping[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            audience=provider.client_id,
            issuer=provider.issuer,
            leeway=LEEWAY_S,
            options={"require": list(needed)},
        )
    except jwt.InvalidTokenError as error:
        raise DistrustError(_reason(error)) from None
    return claims


def _reason(error: jwt.InvalidTokenError) -> Reason:
    kinds: tuple[tuple[type[jwt.InvalidTokenError], Reason], ...] = (
        (jwt.InvalidSignatureError, Reason.SIGNATURE),
        (jwt.ExpiredSignatureError, Reason.EXPIRED),
        (jwt.ImmatureSignatureError, Reason.NOT_YET),
        (jwt.InvalidIssuerError, Reason.ISSUER),
        (jwt.InvalidAudienceError, Reason.AUDIENCE),
        (jwt.MissingRequiredClaimError, Reason.INCOMPLETE),
        (jwt.InvalidAlgorithmError, Reason.ALGORITHM),
    )
    return next((reason for kind, reason in kinds if isinstance(error, kind)), Reason.MALFORMED)


def _same(said: object, wanted: str) -> bool:
    return isinstance(said, str) and hmac.compare_digest(said.encode(), wanted.encode())


def _half_hash(key: PyJWK, access_token: str) -> str:
    """Return what `at_hash` must be (Core 1.0, 3.1.3.6): half of the digest that the token's method uses."""
    digest = {"256": hashlib.sha256, "384": hashlib.sha384}.get(key.algorithm_name[-3:], hashlib.sha512)
    whole = digest(access_token.encode()).digest()
    return base64.urlsafe_b64encode(whole[: len(whole) // 2]).rstrip(b"=").decode()
