"""Who may sign in. For the command line; signing in itself is in access.py."""

from typing import Any, Final, NamedTuple

import psycopg

from dashboard.errors import UserError
from dashboard.passwords import LEAST_CHARACTERS, MOST_CHARACTERS, hash_password
from heartwire.storage.errors import translated
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard", "users.sql")


class UserRow(NamedTuple):
    """One user."""

    login: str
    name: str
    role: str
    tenant: str
    disabled: bool


def check_password(password: str) -> None:
    """Refuse what is too short to be safe, or too long to be meant (NIST SP 800-63B, 5.1.1.2: length, no recipes).

    Raises
    ------
    UserError
        With what is wanted.
    """
    if not LEAST_CHARACTERS <= len(password) <= MOST_CHARACTERS:
        raise UserError(
            f"the password has {len(password)} characters, wanted {LEAST_CHARACTERS} to {MOST_CHARACTERS};"
            " a few words in a row are good"
        )


def add_user(
    connection: psycopg.Connection[Any],
    login: str,
    *,
    name: str,
    role: str,
    password: str,
    language: str = "en",
    tenant: str = "default",
) -> None:
    """Let somebody sign in.

    Raises
    ------
    UserError
        If the login is taken or malformed, the password is too short, or there is no such tenant.
    """
    check_password(password)
    if not login or len(login) > 64 or login != login.strip() or not login.isprintable():
        raise UserError(f"{login!r} is no login: 1 to 64 printable characters, no spaces around them")
    if not name.strip():
        raise UserError("a user needs a name: alarms are acknowledged by it")
    given = {
        "login": login,
        "name": name.strip(),
        "role": role,
        "language": language,
        "tenant": tenant,
        "password_hash": hash_password(password),
    }
    with translated(), connection.transaction():
        row = connection.execute(_QUERIES["add"], given).fetchone()
    if row is None:
        raise UserError(f"there is a user {login!r} already, or no tenant {tenant!r}; `user list` shows who there is")


def list_users(connection: psycopg.Connection[Any]) -> list[UserRow]:
    """Return all users."""
    with translated():
        return [UserRow(*row) for row in connection.execute(_QUERIES["list"])]


def set_password(connection: psycopg.Connection[Any], login: str, password: str) -> None:
    """Give a user a new password and sign him out everywhere; a disabled one may come in again.

    Raises
    ------
    UserError
        If there is no such user, or the password is too short.
    """
    check_password(password)
    with translated(), connection.transaction():
        given = {"login": login, "password_hash": hash_password(password)}
        _change(connection, "set_password", given)
        connection.execute(_QUERIES["forget_failures"], {"login": login})


def reset_factor(connection: psycopg.Connection[Any], login: str) -> bool:
    """Take a user's second factor away and sign him out everywhere; returns whether there was one.

    Raises
    ------
    UserError
        If there is no such user.
    """
    with translated(), connection.transaction():
        row = _change(connection, "remove_factor", {"login": login})
    return bool(row[1])


def disable_user(connection: psycopg.Connection[Any], login: str) -> None:
    """Keep a user out, from now on and everywhere.

    Raises
    ------
    UserError
        If there is no such user.
    """
    with translated(), connection.transaction():
        _change(connection, "disable", {"login": login})


def link_user(connection: psycopg.Connection[Any], login: str, issuer: str, subject: str) -> None:
    """Let a user sign in by an OpenID provider: whom it calls `subject`.

    Raises
    ------
    UserError
        If there is no such user, or the provider's name is another user's.
    """
    given = {"login": login, "issuer": issuer, "subject": subject}
    with translated(), connection.transaction():
        if connection.execute(_QUERIES["find"], given).fetchone() is None:
            raise _no_user(login)
        if connection.execute(_QUERIES["link"], given).fetchone() is None:
            raise UserError(f"{issuer} and {subject!r} belong to another user already, or to {login} himself")


def _change(connection: psycopg.Connection[Any], query: str, given: dict[str, str]) -> tuple[Any, ...]:
    """Change a user, and sign him out everywhere; returns what the query does, the user's id first."""
    row: tuple[Any, ...] | None = connection.execute(_QUERIES[query], given).fetchone()
    if row is None:
        raise _no_user(given["login"])
    connection.execute(_QUERIES["end_sessions"], {"user_id": row[0]})
    return row


def _no_user(login: str) -> UserError:
    return UserError(f"no user {login!r}; `heartwire dashboard user list` shows who there is")
