"""Devices whose frames are not stored though they are well-formed: they claim another's name, or were revoked.

Such frames are not confirmed, so they stay in the outbox of whoever sent them. It is told why, and so are we, by a
dead letter; both now and then only, because who is refused sends again for ever.  Pure: clocks are in the frames.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from heartwire.frames import EcgFrame, Reason
from ingest.claims import Claims
from ingest.decode import DeadLetter, DecodedFrame, StreamKey
from ingest.registry import KnownStream

#: A boot that is refused is reported so often, microseconds.
_EVERY_US: Final = 10_000_000


class Refused(NamedTuple):
    """A boot of a device that is to be told why its frames are not stored."""

    device: str
    boot_id: int
    reason: Reason
    text: str


class Refusals:
    """Judges each batch.

    Parameters
    ----------
    most : int
        Most devices remembered.
    """

    def __init__(self, most: int) -> None:
        self._most: Final = most
        self._claims: Final = Claims(most)
        self._told_us: Final[dict[StreamKey, int]] = {}

    def sift(
        self,
        frames: Mapping[StreamKey, Sequence[DecodedFrame]],
        streams: Mapping[StreamKey, KnownStream],
    ) -> dict[StreamKey, Refused]:
        """Return the streams of a batch whose frames are not to be stored.

        Parameters
        ----------
        frames : mapping
            The batch's frames by stream.
        streams : mapping
            What the database knows of these streams.
        """
        refused: dict[StreamKey, Refused] = {}
        for key, items in frames.items():
            stream = streams.get(key)
            if stream is None:
                continue
            if stream.is_revoked:
                refused[key] = Refused(key.device, key.boot_id, Reason.REVOKED_DEVICE, "this device was revoked")
                continue
            newest = items[0] if len(items) == 1 else max(items, key=_end_us)
            verdict = self._claims.hear(
                key.device, key.boot_id, stream.first_us, _end_us(newest), newest.received.at_us
            )
            if verdict is not None:
                text = (
                    f"run {verdict.believed} of a device with this name records at the same time; run"
                    f" {verdict.refused} began later and is refused until the other is silent"
                )
                refused[key] = Refused(key.device, key.boot_id, Reason.CLAIMED_TWICE, text)
        return refused

    def due(self, key: StreamKey, refused: Refused, item: DecodedFrame) -> DeadLetter | None:
        """Return the dead letter by which a refusal is reported, if it is time again; `item` is its newest frame."""
        now_us = item.received.at_us
        if now_us - self._told_us.get(key, 0) < _EVERY_US:
            return None
        self._told_us.pop(key, None)
        self._told_us[key] = now_us
        if len(self._told_us) > self._most:
            del self._told_us[next(iter(self._told_us))]
        return DeadLetter(refused.reason, f"{refused.text}; told every {_EVERY_US // 1_000_000} s", item.received)

    def forget(self) -> None:
        """Forget everything that was reported: it was not committed."""
        self._told_us.clear()


def _end_us(item: DecodedFrame) -> int:
    frame = item.frame
    return frame.t_end if isinstance(frame, EcgFrame) else frame.t0
