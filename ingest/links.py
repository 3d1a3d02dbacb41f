"""How the way from each device to here does, as far as arrivals tell.  Pure: the clock is in the messages.

These numbers are for people (P4, P11, P12). They are remembered per device, within a bound, and written now and then;
what a crash loses of them is a few seconds.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from heartwire.clock_offset import ClockOffset, Drift, fit_drift
from heartwire.frames import EcgFlag, EcgFrame
from ingest.decode import Decoded, DecodedFrame, DecodedStatus, SequencedFrame, StreamKey

_CLOCK_NOT_SET: Final = int(EcgFlag.CLOCK_NOT_SET)
#: One point of the offset is kept for the drift so often, microseconds, and so many of them: four hours.
_POINT_US: Final = 900_000_000
_POINTS: Final = 16
#: Who was silent for so long may have been heard by another process meanwhile, microseconds.
FORGET_US: Final = 60_000_000


class Link(msgspec.Struct, array_like=True):
    """What is known of one device's way; times are the server's clock, UTC microseconds, unless said otherwise.

    Attributes
    ----------
    contact_us : int
        Last message of any kind.
    sample_us : int
        End of the latest signal, by the device's clock; 0 for none yet.
    boot_id, boot_first_us : int
        The boot that was heard last, and the beginning of its first signal heard, by the device's clock.
    silence_us, silence_ended_us : int
        Longest time between two messages in this boot, and when it ended.
    clock : ClockOffset
        Of this boot.
    points : list of (int, int)
        Offsets over the last hours.
    drift : Drift, optional
        Fitted to them.
    former : list of int
        Boots before it: what still comes of them tells nothing about the present.
    """

    contact_us: int = 0
    sample_us: int = 0
    boot_id: int = -1
    boot_first_us: int = 0
    silence_us: int = 0
    silence_ended_us: int = 0
    clock: ClockOffset = msgspec.field(default_factory=ClockOffset)
    points: list[tuple[int, int]] = []
    drift: Drift | None = None
    former: list[int] = []


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Link)


class LinkRow(NamedTuple):
    """A link as it is written; `state` is all of it, for `Links.take_up`."""

    device: str
    contact_us: int
    sample_us: int | None
    boot_id: int
    boot_first_us: int | None
    offset_us: int | None
    drift: Drift | None
    jump_us: int | None
    jumped_us: int | None
    silence_us: int
    silence_ended_us: int | None
    state: bytes


class Links:
    """The links of devices that were heard lately.

    Parameters
    ----------
    most : int
        Most devices remembered; the one that was first heard of is forgotten first.
    """

    def __init__(self, most: int) -> None:
        self._most: Final = most
        self._links: Final[dict[str, Link]] = {}
        self._changed: Final[set[str]] = set()

    def __len__(self) -> int:
        """Return how many devices are remembered."""
        return len(self._links)

    def strangers(self, messages: Iterable[Decoded]) -> set[str]:
        """Return the devices of which the database may know more; they are to be taken up before their messages."""
        found: set[str] = set()
        links = self._links
        for message in messages:
            if type(message) is DecodedFrame:
                device = message.key.device
            elif type(message) is DecodedStatus:
                device = message.device
            else:
                continue
            link = links.get(device)
            if link is None or message.received.at_us - link.contact_us > FORGET_US:
                found.add(device)
        return found

    def take_up(self, devices: Iterable[str], stored: Mapping[str, bytes]) -> None:
        """Go on with what was stored of these devices; begin with those of which nothing was, or nothing readable."""
        for device in devices:
            try:
                link = _decoder.decode(stored[device]) if device in stored else Link()
            except msgspec.DecodeError:
                link = Link()
            known = self._links.get(device)
            if known is None or link.contact_us > known.contact_us:
                self._links[device] = link
        for device in list(self._links)[: max(0, len(self._links) - self._most)]:
            del self._links[device]
            self._changed.discard(device)

    def hear(self, messages: Iterable[Decoded], accepted: Container[StreamKey] | None = None) -> None:
        """Take in what was committed, and only of streams that were accepted, where some were not.

        Devices that are not taken up are left out.
        """
        links, changed = self._links, self._changed
        frame: SequencedFrame | None
        for message in messages:
            if type(message) is DecodedFrame:
                if accepted is not None and message.key not in accepted:
                    continue
                device, _, boot_id = message.key
                frame = message.frame
            elif type(message) is DecodedStatus and not message.received.retained:
                device, boot_id, frame = message.device, message.status.boot_id, None
            else:
                continue
            link = links.get(device)
            if link is None:
                continue
            changed.add(device)
            at_us = message.received.at_us
            if boot_id != link.boot_id and not _begin_boot(link, boot_id):
                link.contact_us = max(link.contact_us, at_us)
                continue
            _hear_one(link, frame, at_us)

    def take_changed(self) -> list[LinkRow]:
        """Return those that changed since the last time, as they are now."""
        rows = [_row_of(device, self._links[device]) for device in sorted(self._changed)]
        self._changed.clear()
        return rows

    def again(self, rows: Sequence[LinkRow]) -> None:
        """Remember that these could not be written."""
        self._changed.update(row.device for row in rows if row.device in self._links)


def _hear_one(link: Link, frame: SequencedFrame | None, at_us: int) -> None:
    silent_us = at_us - link.contact_us
    if silent_us > 0:
        if silent_us > link.silence_us and link.contact_us:
            link.silence_us = silent_us
            link.silence_ended_us = at_us
        link.contact_us = at_us
    if type(frame) is EcgFrame and not frame.flags & _CLOCK_NOT_SET:
        t_end_us = frame.t0 + len(frame.samples) * 500_000_000 // frame.fs_mhz
        link.sample_us = max(link.sample_us, t_end_us)
        if not link.boot_first_us or frame.t0 < link.boot_first_us:
            link.boot_first_us = frame.t0
        link.clock.hear(frame.seq, frame.t0, t_end_us, at_us)


def _begin_boot(link: Link, boot_id: int) -> bool:
    """Let another boot be the present one, unless it is one of before."""
    if boot_id in link.former:
        return False
    if link.boot_id >= 0:
        link.former = [*link.former[-3:], link.boot_id]
    link.boot_id = boot_id
    link.boot_first_us = link.sample_us = link.silence_us = link.silence_ended_us = 0
    link.clock = ClockOffset()
    link.points = []
    link.drift = None
    return True


def _row_of(device: str, link: Link) -> LinkRow:
    clock = link.clock
    offset_us = clock.offset_us
    if link.points and clock.jumped_us > link.points[0][0]:
        link.points = []  # no line leads over a step
        link.drift = None
    if offset_us is not None and (not link.points or link.contact_us - link.points[-1][0] >= _POINT_US):
        link.points = [*link.points[1 - _POINTS :], (link.contact_us, offset_us)]
        link.drift = fit_drift(link.points)
    return LinkRow(
        device,
        link.contact_us,
        link.sample_us or None,
        link.boot_id,
        link.boot_first_us or None,
        offset_us,
        link.drift,
        clock.jump_us if clock.jumped_us else None,
        clock.jumped_us or None,
        link.silence_us,
        link.silence_ended_us or None,
        _encoder.encode(link),
    )
