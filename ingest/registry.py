"""Which devices may send, and what the database has of each of their streams; remembered, within a bound."""

import logging
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

import psycopg

from heartwire.storage.queries import load_queries
from heartwire.storage.registry import RegistryError, add_patient
from heartwire.topics import Stream
from ingest.decode import StreamKey
from ingest.rows import pack_owner
from ingest.seqs import SeqSet

_logger: Final = logging.getLogger(__name__)
_QUERIES: Final = load_queries("ingest", "registry.sql")
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class KnownStream(NamedTuple):
    """A row of `streams`.

    Attributes
    ----------
    stream_id, tenant_id, patient_id, shard : int
        The database's numbers, and whose work the stream is.
    first_us : int
        When it was first heard of, UTC microseconds.
    is_revoked : bool
        Whether its device may not send any more.
    owner : bytes
        The beginning of each of its rows of ``ecg_frames``, packed.
    seqs : SeqSet
        Which of its frames are known. True as long as this process alone writes the stream; the writer has the database
        check it at every commit, and whoever finds it wrong makes the registry forget.
    """

    stream_id: int
    tenant_id: int
    patient_id: int
    shard: int
    first_us: int
    is_revoked: bool
    owner: bytes
    seqs: SeqSet


class Registry:
    """A cache over the tables `devices` and `streams`.

    What it does not know it asks of the database, in a transaction of its own. Only what is there is
    remembered, so a device registered a moment ago is found. Beyond the bound the oldest entries are forgotten.

    Parameters
    ----------
    most : int
        Most streams, and most devices, remembered.
    admits_everyone : bool
        Register unknown devices, each with a new patient named after it.
    """

    def __init__(self, most: int, *, admits_everyone: bool) -> None:
        self._most: Final = most
        self._admits_everyone: Final = admits_everyone
        self._streams: Final[dict[StreamKey, KnownStream]] = {}
        self._devices: Final[dict[str, None]] = {}

    def find_streams(
        self, connection: psycopg.Connection[Any], keys: Iterable[StreamKey]
    ) -> Mapping[StreamKey, KnownStream]:
        """Return each stream, created where its device is registered; others are left out."""
        wanted = set(keys)
        known = self._streams
        found = {key: known[key] for key in wanted if key in known}
        if len(found) < len(wanted):
            new = self._ask_for_streams(connection, sorted(wanted - found.keys()))
            _remember(known, {key: stream for key, stream in new.items() if not stream.is_revoked}, self._most)
            found |= new
        return found

    def find_devices(self, connection: psycopg.Connection[Any], devices: Iterable[str]) -> set[str]:
        """Return those of the devices that may send."""
        wanted = set(devices)
        found = wanted & self._devices.keys()
        if len(found) < len(wanted):
            with connection.transaction():
                new = self._ask_for_devices(connection, sorted(wanted - found))
            _remember(self._devices, dict.fromkeys(new), self._most)
            found |= new
        return found

    @property
    def most(self) -> int:
        """Most streams, and most devices, remembered."""
        return self._most

    def forget_devices(self, devices: Collection[str]) -> None:
        """Forget devices whose right to send has changed: asked again, the database says how."""
        for key in [key for key in self._streams if key.device in devices]:
            del self._streams[key]
        for device in devices:
            self._devices.pop(device, None)

    def forget_streams(self) -> None:
        """Ask the database again for every stream: what is remembered may not be what it has."""
        self._streams.clear()

    def forget_shards(self, shards: Collection[int]) -> None:
        """Forget the streams of shards that another process writes from now on."""
        for key in [key for key, stream in self._streams.items() if stream.shard in shards]:
            del self._streams[key]

    def _ask_for_streams(
        self, connection: psycopg.Connection[Any], keys: list[StreamKey]
    ) -> dict[StreamKey, KnownStream]:
        with connection.transaction():
            found = _select_streams(connection, keys)
            new = [key for key in keys if key not in found]
            if new and self._admits_everyone:
                self._ask_for_devices(connection, sorted({key.device for key in new}))
            if new:
                connection.execute(_QUERIES["create_streams"], _columns(new))
                found |= _select_streams(connection, new)
        return found

    def _ask_for_devices(self, connection: psycopg.Connection[Any], devices: list[str]) -> set[str]:
        found = {str(row[0]) for row in connection.execute(_QUERIES["find_devices"], {"devices": devices})}
        if self._admits_everyone:
            for device in devices:
                if device not in found:
                    self._admit(connection, device)
            return set(devices)
        return found

    @staticmethod
    def _admit(connection: psycopg.Connection[Any], device: str) -> None:
        try:
            add_patient(connection, f"Device {device}", device=device)
        except RegistryError as error:
            # Another process was faster.
            _logger.info("device %s was not admitted: %s", device, error)
        else:
            _logger.warning("admitted the unknown device %s with a new patient", device)


def _select_streams(connection: psycopg.Connection[Any], keys: list[StreamKey]) -> dict[StreamKey, KnownStream]:
    rows = connection.execute(_QUERIES["find_streams"], _columns(keys))
    return {
        StreamKey(device, Stream(stream), boot_id): KnownStream(
            stream_id,
            tenant_id,
            patient_id,
            shard,
            first_us,
            is_revoked,
            pack_owner(stream_id, tenant_id, patient_id, device, shard),
            SeqSet(zip(lows, highs, strict=True)),
        )
        for device, stream, boot_id, stream_id, tenant_id, patient_id, shard, first_us, is_revoked, lows, highs in rows
    }


def _columns(keys: list[StreamKey]) -> dict[str, list[Any]]:
    return {
        "devices": [key.device for key in keys],
        "streams": [str(key.stream) for key in keys],
        "boots": [key.boot_id for key in keys],
    }


def _remember(cache: dict[_Key, _Value], new: dict[_Key, _Value], most: int) -> None:
    cache.update(new)
    for key in list(cache)[: max(0, len(cache) - most)]:
        del cache[key]
