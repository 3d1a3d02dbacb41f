"""Signing in by a provider: there with a question that only this browser can bring back, and in with its answer.

OpenID Connect's code flow (Core 1.0, 3.1) with PKCE (RFC 7636), state and nonce. The page asks for the way there, and
brings the answer back by itself: nothing that a page of another site makes a browser fetch signs anybody in.
"""

import asyncio
import base64
import hashlib
import logging
import time
from collections.abc import Awaitable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

import psycopg

from dashboard.access import Access, Action, Viewer, audit
from dashboard.database import Database
from dashboard.errors import ApiError, Code
from dashboard.openid.claims import standing_of
from dashboard.openid.client import Client, ProviderError, RefusedError, Vouched, new_secret, word_of
from dashboard.openid.person import Person, end_sessions, find_person
from dashboard.openid.providers import Provider, read_providers
from dashboard.openid.refusals import Refusals
from dashboard.openid.tokens import DistrustError
from dashboard.rate_limit import RateLimit
from dashboard.settings import DashboardSettings
from dashboard.whence import Whence
from heartwire.settings import SettingsError
from heartwire.storage.queries import load_queries

_logger: Final = logging.getLogger(__name__)
_QUERIES: Final = load_queries("dashboard.openid", "sign_in.sql")
#: How long somebody may take at the provider, seconds.
LASTS_S: Final = 600
#: How long all of a provider's answers together may take, seconds: less than until a request is given up (app.py).
_PATIENCE_S: Final = 4.0
#: Sign-ins that begin at one network address, which may be a whole hospital's, a minute.
_BEGINS_MOST: Final = 300
_T = TypeVar("_T")


class Way(NamedTuple):
    """The way to a provider, and what the browser keeps until it comes back."""

    url: str
    browser: str


class Answer(NamedTuple):
    """What a provider sent somebody back with: `code`, or the `error` that kept it from doing so."""

    state: str
    code: str | None
    error: str | None
    issuer: str | None


class OpenId:
    """Signs people in whom a provider vouches for.

    Raises
    ------
    SettingsError
        If the file of providers is wrong, or nobody could sign in at all.
    """

    def __init__(self, database: Database, access: Access, settings: DashboardSettings) -> None:
        self.providers: Final[Mapping[str, Provider]] = read_providers(settings.openid_providers)
        if not self.providers and not settings.password_sign_in:
            raise SettingsError(
                "nobody could sign in: HEARTWIRE_DASHBOARD_PASSWORD_SIGN_IN is off and"
                " HEARTWIRE_DASHBOARD_OPENID_PROVIDERS names no provider"
            )
        if self.providers and settings.public_url is None:
            raise SettingsError(
                "HEARTWIRE_DASHBOARD_PUBLIC_URL is not set: providers send people back to it, such as"
                " https://ward.example.org"
            )
        self._pages: Final = (settings.public_url or "").rstrip("/")
        self._clients: Final = {
            key: _client(provider, f"{self._pages}/sign-in/{key}") for key, provider in self.providers.items()
        }
        self._database: Final = database
        self._access: Final = access
        self._begins: Final = RateLimit(_BEGINS_MOST)
        self._refusals: Final = Refusals()

    async def close(self) -> None:
        """Close the connections to all providers."""
        for client in self._clients.values():
            await client.close()

    async def begin(self, key: str, at: Whence) -> Way:
        """Return the way to a provider.

        Raises
        ------
        ApiError
            `NOT_FOUND`, `TOO_MANY_ATTEMPTS`, `PROVIDER_UNREACHABLE`, `PROVIDER_DISTRUSTED`.
        """
        client = self._client(key)
        wait_s = self._begins.wait_s(at.address, time.monotonic())
        if wait_s > 0:
            raise ApiError(Code.TOO_MANY_ATTEMPTS, retry_s=max(1, round(wait_s)))
        state, browser, nonce, verifier = (new_secret() for _ in range(4))
        challenge = base64.urlsafe_b64encode(_hash(verifier)).rstrip(b"=").decode()
        url = await _heard(client, client.way_there(state=state, nonce=nonce, challenge=challenge))
        given = {
            "state_hash": _hash(state),
            "browser_hash": _hash(browser),
            "provider": key,
            "nonce": nonce,
            "verifier": verifier,
            "lasts_s": LASTS_S,
        }
        async with self._database.connection() as connection:
            await connection.execute(_QUERIES["begin"], given)
        return Way(url, browser)

    async def answer(self, key: str, browser: str, answer: Answer, at: Whence) -> tuple[str, Viewer]:
        """Return a new session's token and whose it is, for what somebody brought back from a provider.

        Raises
        ------
        ApiError
            With what is wrong: of the way back, of the provider's answer, or of what it says about somebody.
        """
        client = self._client(key)
        given = {"state_hash": _hash(answer.state), "browser_hash": _hash(browser), "provider": key}
        async with self._database.connection() as connection:
            row = await (await connection.execute(_QUERIES["take"], given)).fetchone()
        if row is None:
            raise ApiError(Code.SIGN_IN_EXPIRED)
        vouched: Vouched | None = None
        try:
            vouched = await _redeemed(client, answer, *row)
            return await self._enter(client.provider, vouched, at)
        except ApiError as problem:
            async with self._database.connection() as connection:
                await self._refusals.note(connection, client.provider, vouched, problem, at)
            raise

    async def way_out(self, viewer: Viewer) -> str | None:
        """Return where a session's owner signs out at the provider, too; ``None`` where he need not."""
        async with self._database.connection() as connection:
            given = {"token_hash": viewer.token_hash}
            row = await (await connection.execute(_QUERIES["token"], given)).fetchone()
        client = self._clients.get(row[0]) if row is not None else None
        if row is None or client is None:
            return None
        try:
            return await _heard(client, client.way_out(row[1], f"{self._pages}/sign-in"))
        except ApiError:  # here he is signed out all the same
            return None

    async def _enter(self, provider: Provider, vouched: Vouched, at: Whence) -> tuple[str, Viewer]:
        try:
            standing = standing_of(provider, vouched.claims)
        except ApiError as problem:
            if problem.code is Code.NO_ROLE:
                async with self._database.connection() as connection:
                    await end_sessions(connection, provider, vouched)
            raise
        async with self._database.connection() as connection, connection.transaction():
            person = await find_person(connection, provider, vouched, standing)
            token, viewer = await self._access.begin(
                connection, person.user_id, person.tenant_id, "oidc", (at.address, at.agent)
            )
            kept = {"provider": provider.key, "id_token": vouched.id_token, "token_hash": viewer.token_hash}
            await connection.execute(_QUERIES["keep_token"], kept)
            await _tell(connection, viewer, provider, person)
        return token, viewer

    def _client(self, key: str) -> Client:
        client = self._clients.get(key)
        if client is None:
            raise ApiError(Code.NOT_FOUND)
        return client


async def _tell(connection: psycopg.AsyncConnection[Any], viewer: Viewer, provider: Provider, person: Person) -> None:
    """Write down what a sign-in made and changed."""
    detail = {"of": person.user_id, "role": viewer.role, "provider": provider.key}
    if person.is_new:
        await audit(connection, viewer, Action.ADDED_PERSON, detail=detail)
    elif person.is_linked:
        await audit(connection, viewer, Action.LINKED_PERSON, detail=detail)
    if person.is_changed:
        await audit(connection, viewer, Action.CHANGED_PERSON, detail=detail)


async def _redeemed(client: Client, answer: Answer, nonce: str, verifier: str) -> Vouched:
    if answer.code is None:
        raise _refused(client.provider, word_of(answer.error or ""))
    return await _heard(client, client.redeem(answer.code, verifier=verifier, nonce=nonce, issuer=answer.issuer))


async def _heard(client: Client, asking: Awaitable[_T]) -> _T:
    """Return a provider's answer; what is wrong with it is logged for whoever looks after the server."""
    provider = client.provider
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await asking
    except RefusedError as error:
        raise _refused(provider, error.word) from None
    except DistrustError as error:
        _logger.warning("an answer of the provider %s is not believed: %s", provider.key, error.reason)
        raise ApiError(Code.PROVIDER_DISTRUSTED, provider=provider.name, reason=error.reason.value) from None
    except (ProviderError, TimeoutError) as error:
        reason = str(error) or "it takes too long"
        _logger.warning("the provider %s cannot be asked: %s", provider.key, reason)
        raise ApiError(Code.PROVIDER_UNREACHABLE, provider=provider.name) from None


def _refused(provider: Provider, word: str) -> ApiError:
    _logger.warning("the provider %s refused: %s", provider.key, word)
    if word == "access_denied":
        return ApiError(Code.PROVIDER_DENIED, provider=provider.name)
    return ApiError(Code.PROVIDER_REFUSED, provider=provider.name, reason=word)


def _client(provider: Provider, redirect_uri: str) -> Client:
    try:
        return Client(provider, redirect_uri)
    except OSError as error:
        raise SettingsError(f"[{provider.key}] ca_file cannot be used: {error}") from None


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
