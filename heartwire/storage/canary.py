"""The canary in the database: a tenant of its own with one patient, one device and one user (docs/adr/0028)."""

from typing import Any, Final

import psycopg

from heartwire.access import CANARY_DEVICE, SecretHash, hash_secret
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
        for query in ("add_tenant", "add_device", "add_user", "add_contact", "add_on_call", "add_chain", "keep_days"):
            connection.execute(_QUERIES[query], given)
        if secret is None:
            return
        row = connection.execute(_QUERIES["credential"], given).fetchone()
        if row is None or not SecretHash(bytes(row[0]), row[1], bytes(row[2])).fits(secret):
            made = hash_secret(secret)
            connection.execute(_QUERIES["set_credential"], {**given, **made._asdict()})
