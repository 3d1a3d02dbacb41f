"""Topics of the wire: ``hw/1/<shard>/<device>/<stream>`` (docs/adr/0007), devices' names and their shards."""

import re
import secrets
import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from heartwire.frames import FrameError, Reason

ROOT: Final = "hw"
WIRE_VERSION: Final = "1"
SHARDS: Final = 64

# Crockford's base 32, lower case: no i, l, o, u.
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_DEVICE: Final = re.compile(rf"[{_ALPHABET}]{{16}}")


class Stream(StrEnum):
    """What flows under a device's topic."""

    ECG = "ecg"
    HR = "hr"
    EVENT = "event"
    STATUS = "status"
    ACK = "ack"
    CONFIG = "config"
    MESSAGE = "message"


UP: Final = frozenset({Stream.ECG, Stream.HR, Stream.EVENT, Stream.STATUS})
DOWN: Final = frozenset({Stream.ACK, Stream.CONFIG, Stream.MESSAGE})


@dataclass(frozen=True, slots=True)
class Topic:
    """One device's stream."""

    device: str
    stream: Stream

    def __str__(self) -> str:
        return f"{topic_prefix(self.device)}/{self.stream}"


def parse_topic(topic: str) -> Topic:
    """Read a topic of the wire.

    Raises
    ------
    FrameError
        With the reason: not ours, another version, no device, not its shard, no such stream.
    """
    parts = topic.split("/")
    if parts[0] != ROOT:
        raise FrameError(Reason.FOREIGN_TOPIC, f"topic {topic[:80]!r} is not below {ROOT}/")
    if len(parts) < 2 or parts[1] != WIRE_VERSION:
        raise FrameError(
            Reason.WRONG_VERSION,
            f"topic {topic[:80]!r} is not of version {WIRE_VERSION}",
        )
    if len(parts) != 5:
        raise FrameError(
            Reason.FOREIGN_TOPIC,
            f"topic {topic[:80]!r} has {len(parts)} levels, wanted 5",
        )
    _, _, shard, device, stream = parts
    if not is_device(device):
        raise FrameError(Reason.BAD_DEVICE, f"{device[:40]!r} is not 16 characters of base 32")
    if shard != str(shard_of(device)):
        raise FrameError(Reason.WRONG_SHARD, f"shard {shard[:40]!r}, wanted {shard_of(device)}")
    if stream not in Stream.__members__.values():
        raise FrameError(Reason.UNKNOWN_STREAM, f"no stream {stream[:40]!r}")
    return Topic(device, Stream(stream))


def topic_prefix(device: str) -> str:
    """Return the topic of which all of a device's streams are children."""
    return f"{ROOT}/{WIRE_VERSION}/{shard_of(device)}/{device}"


def shard_filter(shard: int) -> str:
    """Return the subscription to everything under a shard."""
    return f"{ROOT}/{WIRE_VERSION}/{shard}/#"


def is_device(name: str) -> bool:
    """Whether `name` is a device's name: 16 characters of lower-case Crockford base 32."""
    return _DEVICE.fullmatch(name) is not None


def new_device() -> str:
    """Return a new random device name (80 bits)."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(16))


def shard_of(device: str) -> int:
    """Return the shard of a device, 0 to 63: a hash that never changes (CRC-32 of the name)."""
    return zlib.crc32(device.encode("ascii")) % SHARDS
