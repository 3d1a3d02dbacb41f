"""Two hospitals and two wards of one of them, each with a patient of whom there is something of everything.

Every text of a patient carries his own mark, so that whatever leaks is seen, wherever it leaks.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import psycopg

from dashboard.permissions import Role
from heartwire.access import hash_secret
from heartwire.storage.queries import load_queries
from heartwire.storage.registry import add_patient
from heartwire.topics import new_device, shard_of
from tests.integration.dashboard_stack import add_person

OTHER_TENANT: Final = "other hospital"
#: Of each role: who sees all of the first hospital, who sees its ward A, and who belongs to the other hospital.
PLACES: Final = ("all", "ward_a", "other")
#: What has rules that the API's description does not tell.
_VALUES: Final = {
    "fields": [{"id": "a", "kind": "text", "label": "How are you?"}],
    "label": "N",
    "limits": {"bradycardia": {"bpm": 45}},
}
#: What belongs to a hospital, not to a patient: everybody there who may at all may do so, whatever his ward.
OF_TENANT: Final = frozenset(
    {"user_id", "to_user_id", "token_id", "webhook_id", "contact_id", "on_call_id", "session_id", "ward_id"}
)
_QUERIES: Final = load_queries("tests.integration", "tenants.sql")


class Kept(NamedTuple):
    """A patient with all that there is of him.

    `mark` stands in all his texts; `ids` are by the names of the API's parameters; `secret` is that of his device.
    """

    mark: str
    tenant: str
    ids: Mapping[str, Any]
    secret: str

    @property
    def patient_id(self) -> int:
        """Who."""
        return int(self.ids["patient_id"])

    @property
    def device(self) -> str:
        """What he wears."""
        return str(self.ids["device"])


class Tenants(NamedTuple):
    """A patient of ward A and one of ward B of one hospital, and one of ward A of another."""

    a: Kept
    b: Kept
    other: Kept

    def foreign_to(self, place: str) -> tuple[Kept, ...]:
        """Return those whom people of a place must not see."""
        return {"all": (self.other,), "ward_a": (self.b, self.other), "other": (self.a, self.b)}[place]

    def own_of(self, place: str) -> Kept:
        """Return one whom they see."""
        return self.other if place == "other" else self.a


def login_of(role: str, place: str) -> str:
    """Return the login of who has this role there."""
    return f"{role}-{place}"


def fill(database: str) -> Tenants:
    """Fill a database with people of every role and place, and the three patients."""
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO tenants (name) VALUES (%s)", [OTHER_TENANT])
        for place in PLACES:
            for role in Role:
                tenant = OTHER_TENANT if place == "other" else "default"
                add_person(connection, login_of(role, place), f"{role} of {place}", role=role, tenant=tenant)
        kept = [
            keep(connection, mark, ward, tenant)
            for mark, ward, tenant in (
                ("Marked-Aaa", "A", "default"),
                ("Marked-Bbb", "B", "default"),
                ("Marked-Ooo", "A", OTHER_TENANT),
            )
        ]
        connection.execute(_QUERIES["bind"], {})
    return Tenants(*kept)


def keep(connection: psycopg.Connection[Any], mark: str, ward: str, tenant: str) -> Kept:
    """Add a patient of whom there is something of everything, his mark in each text, where somebody may sign in."""
    device = new_device()
    patient_id = add_patient(connection, f"{mark} Patient", ward=ward, device=device, tenant=tenant)
    given: dict[str, Any] = {"p": patient_id, "d": device, "mark": mark, "shard": shard_of(device)}
    row = connection.execute(_QUERIES["place"], given).fetchone()
    assert row is not None
    given["t"], given["w"], given["by"] = row
    given["where"] = tenant
    secret = f"secret of {mark}"
    connection.execute(_QUERIES["credential"], given | hash_secret(secret)._asdict())
    ids: dict[str, Any] = {"patient_id": patient_id, "device": device, **_VALUES}
    ids |= {"user_id": given["by"], "to_user_id": given["by"]}
    for name, statement in _QUERIES.items():
        if name.endswith("_id"):
            made = connection.execute(statement, given).fetchone()
            assert made is not None
            ids[name] = made[0]
    for name, statement in _QUERIES.items():
        if name == "describe" or name.startswith("more_"):
            connection.execute(statement, given | ids)
    return Kept(mark, tenant, ids, secret)
