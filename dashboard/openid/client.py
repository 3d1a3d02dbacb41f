"""What is asked of a provider, and what it answers: discovery, keys, tokens, claims.  Bounded in time and size."""

import asyncio
import logging
import secrets
import ssl
import time
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode

import httpx
import msgspec

from dashboard.openid.providers import Provider, is_safe
from dashboard.openid.tokens import DistrustError, Reason, Signed, check_id_token, check_signed, find_key, signed_by

_logger: Final = logging.getLogger(__name__)
#: A page waits for these answers, and is told after five seconds that there is none (app.py).
_TIMEOUT: Final = httpx.Timeout(3.0)
_ANSWER_MOST: Final = 1_000_000
#: What a provider says of itself is asked again after this time, seconds.
_FRESH_S: Final = 3600.0
_T = TypeVar("_T", bound=msgspec.Struct)


class ProviderError(Exception):
    """A provider cannot be asked now: it does not answer, or not as one."""


class RefusedError(Exception):
    """A provider refuses, in a word of the specifications (`invalid_grant`)."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word: Final = word


class Metadata(msgspec.Struct, frozen=True):
    """What a provider says of itself (OpenID Connect Discovery 1.0, 3), as far as it is used here."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _Keys(msgspec.Struct, frozen=True):
    keys: list[dict[str, Any]]


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str
    token_type: str
    access_token: str | None = None


class _Refusal(msgspec.Struct, frozen=True):
    error: str


class Vouched(msgspec.Struct, frozen=True):
    """Whom a provider vouches for; `id_token` is shown to it again when he signs out."""

    subject: str
    claims: Mapping[str, Any]
    id_token: str


class Client:
    """What this installation is to one provider.

    Parameters
    ----------
    provider : Provider
        Whom to ask.
    redirect_uri : str
        Address of our page to which it sends people back: one for each provider, so that no other's answer is taken for
        this one's (RFC 9700, 4.4.2.2).
    """

    def __init__(self, provider: Provider, redirect_uri: str) -> None:
        self.provider: Final = provider
        self.redirect_uri: Final = redirect_uri
        self._secret: Final = provider.client_secret
        verify = True if provider.ca_file is None else ssl.create_default_context(cafile=provider.ca_file)
        self._http: Final = httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, verify=verify)
        self._metadata: Metadata | None = None
        self._metadata_s = 0.0
        self._keys: list[dict[str, Any]] = []
        self._one_at_a_time: Final = asyncio.Lock()

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def metadata(self) -> Metadata:
        """Return what the provider says of itself; when it is silent, what it last said.

        Raises
        ------
        ProviderError
            If it never said anything.
        DistrustError
            `ISSUER` where it says to be another one.
        """
        async with self._one_at_a_time:
            if self._metadata is None or time.monotonic() - self._metadata_s > _FRESH_S:
                try:
                    self._metadata = await self._discover()
                except ProviderError:
                    if self._metadata is None:
                        raise
                    _logger.warning("the provider %s says nothing of itself; going on", self.provider.key)
                self._metadata_s = time.monotonic()
            return self._metadata

    async def way_there(self, *, state: str, nonce: str, challenge: str) -> str:
        """Return the address at the provider to which somebody is sent.

        Raises
        ------
        ProviderError, DistrustError
            As `metadata`.
        """
        asked = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(self.provider.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        if self.provider.acr_values:
            asked["acr_values"] = " ".join(self.provider.acr_values)
        if self.provider.max_age_s is not None:
            asked["max_age"] = str(self.provider.max_age_s)
        return _with_query((await self.metadata()).authorization_endpoint, asked)

    async def way_out(self, id_token: str, then: str) -> str | None:
        """Return the address at the provider at which somebody signs out there, too; ``None`` if it has none.

        Raises
        ------
        ProviderError, DistrustError
            As `metadata`.
        """
        endpoint = (await self.metadata()).end_session_endpoint
        if endpoint is None:
            return None
        told = {"id_token_hint": id_token, "client_id": self.provider.client_id, "post_logout_redirect_uri": then}
        return _with_query(endpoint, told)

    async def redeem(self, code: str, *, verifier: str, nonce: str, issuer: str | None) -> Vouched:
        """Return whom the provider vouches for, for the code that somebody brought back.

        Parameters
        ----------
        issuer : str, optional
            Who sent him back, if that was said (RFC 9207).

        Raises
        ------
        ProviderError, RefusedError, DistrustError
            With what is wrong.
        """
        metadata = await self.metadata()
        if issuer != metadata.issuer and (
            issuer is not None or metadata.authorization_response_iss_parameter_supported
        ):
            raise DistrustError(Reason.ISSUER)
        tokens = await self._tokens(metadata, code, verifier)
        key = await self._key(metadata, signed_by(tokens.id_token))
        claims = check_id_token(tokens.id_token, key, self.provider, nonce=nonce, access_token=tokens.access_token)
        subject = str(claims["sub"])
        if metadata.userinfo_endpoint is not None and tokens.access_token is not None:
            more = await self._userinfo(metadata, metadata.userinfo_endpoint, tokens.access_token)
            if more.get("sub") != subject:  # Core 1.0, 5.3.2
                raise DistrustError(Reason.SUBJECT)
            claims = {**more, **claims}
        return Vouched(subject, claims, tokens.id_token)

    async def _discover(self) -> Metadata:
        url = self.provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
        found = _decoded(await self._asked("GET", url), Metadata)
        if found.issuer != self.provider.issuer:
            raise DistrustError(Reason.ISSUER)
        for address in (
            found.authorization_endpoint,
            found.token_endpoint,
            found.jwks_uri,
            found.userinfo_endpoint,
            found.end_session_endpoint,
        ):
            if address is not None and not is_safe(address):
                raise ProviderError("an address that it names is not safe")
        return found

    async def _tokens(self, metadata: Metadata, code: str, verifier: str) -> _Tokens:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": verifier,
        }
        headers = {}
        if self._secret is None:
            form["client_id"] = self.provider.client_id
        elif "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            # Both are form-encoded first (RFC 6749, 2.3.1).
            pair = f"{quote(self.provider.client_id, safe='')}:{quote(self._secret, safe='')}"
            headers["authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": self.provider.client_id, "client_secret": self._secret}
        answer = await self._asked("POST", metadata.token_endpoint, form=form, headers=headers)
        tokens = _decoded(answer, _Tokens)
        if tokens.token_type.lower() != "bearer":
            raise ProviderError("its tokens are of a kind that is not known")
        return tokens

    async def _userinfo(self, metadata: Metadata, url: str, access_token: str) -> Mapping[str, Any]:
        answer = await self._asked("GET", url, headers={"authorization": f"Bearer {access_token}"})
        if answer.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/jwt":
            token = answer.content.decode("ascii", "replace")
            return check_signed(
                token, await self._key(metadata, signed_by(token)), self.provider, ("iss", "sub", "aud")
            )
        try:
            claims = msgspec.json.decode(answer.content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            claims = None
        if not isinstance(claims, dict):
            raise ProviderError("its claims are no JSON object")
        return claims

    async def _key(self, metadata: Metadata, signed: Signed) -> Any:  # noqa: ANN401 # PyJWK, or the error
        """Return the key that a token names; one that is not known is asked for: providers change theirs.

        Only the provider itself can name one: tokens come straight from it.
        """
        key = find_key(self._keys, signed)
        if key is None:
            async with self._one_at_a_time:
                self._keys = _decoded(await self._asked("GET", metadata.jwks_uri), _Keys).keys
            key = find_key(self._keys, signed)
        if key is None:
            raise DistrustError(Reason.KEY)
        return key

    async def _asked(
        self, method: str, url: str, *, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        accepting = {"accept": "application/json", **(headers or {})}
        try:
            async with self._http.stream(method, url, data=form, headers=accepting) as answer:
                body = b""
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > _ANSWER_MOST:
                        raise ProviderError("its answer is too long")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ProviderError(f"it does not answer: {type(error).__name__}") from None
        whole = httpx.Response(answer.status_code, headers=answer.headers, content=body)
        if whole.status_code in {400, 401, 403}:
            raise RefusedError(_word(body))
        if whole.status_code != 200:
            raise ProviderError(f"it answers {whole.status_code}")
        return whole


def word_of(text: str) -> str:
    """Return an error's word as a provider said it, if it is one: anybody may put it into an address.  Pure."""
    is_word = 1 <= len(text) <= 64 and all(letter == "_" or "a" <= letter <= "z" for letter in text)
    return text if is_word else "unknown"


def new_secret() -> str:
    """Return something that nobody guesses, as a state, a nonce and a verifier (RFC 7636, 4.1) must be."""
    return secrets.token_urlsafe(32)


def _word(body: bytes) -> str:
    try:
        return word_of(msgspec.json.decode(body, type=_Refusal).error)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "unknown"


def _decoded(answer: httpx.Response, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ProviderError(f"it answers something that is no {kind.__name__.strip('_').lower()}") from None


def _with_query(endpoint: str, asked: Mapping[str, str]) -> str:
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"
