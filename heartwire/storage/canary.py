"""The canary in the database: a tenant of its own with one patient, one device and one user (docs/adr/0028)."""

from typing import Any, Final

import psycopg

from heartwire.access import CANARY_DEVICE, SecretHash, hash_secret
from heartwire.errors import PermanentError
from heartwire.storage.errors import translated
from heartwire.storage.queries import load_queries
from heartwire.topics import shard_of

_QUERIES: Final = load_queries("heartwire.storage", "canary.sql")
CANARY_LOGIN: Final = "heartwire-canary"
_TENANT: Final = "heartwire canary"
_PATIENT: Final = "Canary"
_KEEP_DAYS: Final = 30


def register_canary(connection: psycopg.Connection[Any], secret: str | None) -> None:
    """Add what is missing of the canary, and keep the hash of its secret for whoever makes the broker's list anew.

    Raises
    ------
    DatabaseUnavailableError, DatabaseRefusedError
        Nothing is added.
    """
    given = {
        "tenant": _TENANT,
        "patient": _PATIENT,
        "login": CANARY_LOGIN,
        "device": CANARY_DEVICE,
        "shard": shard_of(CANARY_DEVICE),
        "keep_days": _KEEP_DAYS,
    }
    with translated(), connection.transaction():
        # Each writes nothing where all is there already.
        for query in (
            "add_tenant",
            "add_device",
            "come_back",
            "add_user",
            "add_contact",
            "add_on_call",
            "add_chain",
            "keep_days",
        ):
            connection.execute(_QUERIES[query], given)
        if secret is None:
            return
        row = connection.execute(_QUERIES["credential"], given).fetchone()
        if row is None or not SecretHash(bytes(row[0]), row[1], bytes(row[2])).fits(secret):
            made = hash_secret(secret)
            connection.execute(_QUERIES["set_credential"], {**given, **made._asdict()})


class CanaryRunsError(PermanentError):
    """A canary that runs cannot be retired: it would be there again at once."""


def retire_canary(connection: psycopg.Connection[Any]) -> bool:
    """Shut the canary out, and forget what it proved; return whether there was one. Its next start brings it back.

    Raises
    ------
    CanaryRunsError
        If one runs.
    DatabaseUnavailableError, DatabaseRefusedError
        It stays.
    """
    with translated(), connection.transaction():
        if connection.execute(_QUERIES["runs_now"]).fetchall()[0][0]:
            raise CanaryRunsError(
                "a canary runs; stop `heartwire canary` wherever it does, and try again ten seconds later"
            )
        given = {"device": CANARY_DEVICE, "why": "retired"}
        return connection.execute(_QUERIES["retire"], given).fetchone() is not None
