"""What a loaded fleet has to do with the database."""

from collections.abc import Sequence

from heartwire.storage.pool import connect
from heartwire.storage.registry import add_many


def register_devices(database: str, devices: Sequence[str]) -> int:
    """Register those that are not yet, each with a patient of its own, and return how many were new."""
    with connect(database, "simulate") as connection:
        return add_many(connection, devices, prefix="Load ", ward="load")
