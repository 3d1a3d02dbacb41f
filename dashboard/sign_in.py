"""Signing in with a password and, where there is one or must be, a second factor.

There is no session before all of it is right. Attempts are counted before they are judged; a right password without its
code forgives none of them.
"""

import asyncio
from typing import Any, Final, NamedTuple

import psycopg

from dashboard.access import Access, Action, Viewer, audit
from dashboard.database import Database
from dashboard.errors import ApiError, Code
from dashboard.keyring import Keyring
from dashboard.passwords import hash_password, is_password, needs_rehash
from dashboard.second_factor import Enrolment, Holder, Method, Need, begin_enrolment, confirm, need_of, use_code
from dashboard.settings import DashboardSettings
from dashboard.whence import Whence
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard", "sign_in.sql")
_LOGIN_MOST: Final = 64
_Connection = psycopg.AsyncConnection[Any]


class SignedIn(NamedTuple):
    """A new session's token and whose it is; `recovery_codes` of who has just set up his second factor."""

    token: str
    viewer: Viewer
    recovery_codes: list[str] | None


class _Known(NamedTuple):
    """Who gave the right password, and the attempt."""

    who: Holder
    login: str
    password_hash: str
    attempt: dict[str, object]


class SignIn:
    """Lets people in by what they know, and by what they have."""

    def __init__(self, database: Database, settings: DashboardSettings, access: Access) -> None:
        self._database: Final = database
        self._settings: Final = settings
        self._access: Final = access
        self.keyring: Final = Keyring(settings.factor_key)

    async def by_password(self, login: str, password: str, code: str | None, at: Whence) -> SignedIn:
        """Begin a session.

        Parameters
        ----------
        code : str, optional
            Of the app, or a recovery code; the first one of a secret that `enrol` gave sets the second factor up.

        Raises
        ------
        ApiError
            `WRONG_CREDENTIALS`, or `TOO_MANY_ATTEMPTS` with the seconds to wait; with the right password also
            `SECOND_FACTOR_NEEDED`, `ENROL_FIRST`, `WRONG_SECOND_FACTOR`, `FACTOR_LOCKED`, `FACTOR_UNREADABLE`.
        """
        known = await self._know(login, password, at)
        async with self._database.connection() as connection:
            need = await need_of(connection, known.who.user_id)
            if need is not Need.NOTHING and code is None:
                await connection.execute(_QUERIES["take_back"], known.attempt)
                raise ApiError(Code.SECOND_FACTOR_NEEDED if need is Need.CODE else Code.ENROL_FIRST)
            method, recovery_codes = Method.PASSWORD, None
            if need is not Need.NOTHING and code is not None:
                method, recovery_codes = await self._judge(connection, known, need, code)
            window = {"window_s": self._settings.sign_in_window_s}
            await connection.execute(_QUERIES["forgive"], known.attempt | window)
            token, viewer = await self._access.begin(connection, *known.who, method, (at.address, at.agent))
            if recovery_codes is not None:
                await audit(connection, viewer, Action.TURNED_ON_FACTOR)
        await self._rehash(known, password)
        return SignedIn(token, viewer, recovery_codes)

    async def enrol(self, login: str, password: str, at: Whence) -> Enrolment:
        """Return a secret for an app to who must have a second factor and has none.

        Raises
        ------
        ApiError
            As `by_password`; `NOT_NEEDED` where there is one, or none is asked for; `NO_FACTOR_KEY`.
        """
        known = await self._know(login, password, at)
        async with self._database.connection() as connection:
            await connection.execute(_QUERIES["take_back"], known.attempt)
            if await need_of(connection, known.who.user_id) is not Need.ENROLMENT:
                raise ApiError(Code.NOT_NEEDED)
            return await begin_enrolment(connection, known.who, known.login, self.keyring)

    async def prove(self, viewer: Viewer, password: str, code: str | None, at: Whence) -> None:
        """Let who is signed in show again that it is he; `code` counts where he has a second factor, ``None`` without.

        Raises
        ------
        ApiError
            `WRONG_PASSWORD`, `TOO_MANY_ATTEMPTS`; with a code also `WRONG_SECOND_FACTOR` and its kin.
        """
        try:
            known = await self._know(viewer.login, password, at)
        except ApiError as error:
            raise ApiError(Code.WRONG_PASSWORD) if error.code is Code.WRONG_CREDENTIALS else error from None
        async with self._database.connection() as connection:
            if code is not None and await need_of(connection, viewer.user_id) is Need.CODE:
                await self._judge(connection, known, Need.CODE, code)
            await connection.execute(_QUERIES["take_back"], known.attempt)

    async def _know(self, login: str, password: str, at: Whence) -> _Known:
        # No user has such a login, and the database cannot hold every character.
        login = "".join(letter for letter in login[:_LOGIN_MOST] if letter.isprintable())
        given: dict[str, object] = {"login": login, "address": at.address}
        async with self._database.connection() as connection:
            given["at"] = await self._attempt(connection, given)
            user = await (await connection.execute(_QUERIES["user_by_login"], {"login": login})).fetchone()
        # No connection is held during the work of the hash.
        if not await is_password(user[2] if user else None, password) or user is None:
            raise ApiError(Code.WRONG_CREDENTIALS)
        return _Known(Holder(user[0], user[1]), login, user[2], given)

    async def _attempt(self, connection: _Connection, given: dict[str, object]) -> object:
        row = await (await connection.execute(_QUERIES["attempt"], given)).fetchone()
        assert row is not None
        bounds = {
            "window_s": self._settings.sign_in_window_s,
            "tries_login": self._settings.sign_in_tries_login,
            "tries_address": self._settings.sign_in_tries_address,
        }
        blocked = await (await connection.execute(_QUERIES["blocked_until"], given | bounds)).fetchone()
        if blocked is not None and blocked[0] is not None:
            await connection.execute(_QUERIES["take_back"], given | {"at": row[0]})
            raise ApiError(Code.TOO_MANY_ATTEMPTS, retry_s=max(1, round(blocked[0])))
        return row[0]

    async def _judge(
        self, connection: _Connection, known: _Known, need: Need, code: str
    ) -> tuple[Method, list[str] | None]:
        try:
            if need is Need.CODE:
                return await use_code(connection, known.who, code, self.keyring), None
            return Method.TOTP, await confirm(connection, known.who, code, self.keyring)
        except ApiError as error:
            if error.code in {Code.WRONG_SECOND_FACTOR, Code.FACTOR_LOCKED}:
                told = {"action": Action.REFUSED_FACTOR, "address": known.attempt["address"]}
                await connection.execute(_QUERIES["refused"], known.who._asdict() | told)
            raise

    async def _rehash(self, known: _Known, password: str) -> None:
        if not needs_rehash(known.password_hash):
            return
        stronger = await asyncio.to_thread(hash_password, password)
        given = {"user_id": known.who.user_id, "old_hash": known.password_hash, "new_hash": stronger}
        async with self._database.connection() as connection:
            await connection.execute(_QUERIES["rehash"], given)
