"""What is saved of a device's analysis, and when.  Pure.

A checkpoint holds everything that the analysis of a device remembers after all frames below some transaction. After a
restart it is taken up, the device's frames since then are analysed again with their results left out (they were
committed the first time), and the signal goes on as if nothing had happened.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

import msgspec

from analytics.backlog import Place
from analytics.ordering import Order
from heartwire.calls import CALLS
from heartwire.clock_offset import ClockOffset
from heartwire.topics import SHARDS, shard_of

#: Limits by call and name, in the catalogue's units.
Limits: TypeAlias = dict[str, dict[str, float]]
#: Changes with the fields below; the engine's own version stands beside the checkpoint in the database.
_FORMAT: Final = 1


def valid_limits(stored: Mapping[int, Limits]) -> dict[int, Limits]:
    """Return limits by patient without those that the catalogue does not know or allow: there its own hold."""
    return {
        patient: {
            code: kept
            for code, limits in calls.items()
            if (kept := {name: value for name, value in limits.items() if _is_valid(code, name, value)})
        }
        for patient, calls in stored.items()
    }


def _is_valid(code: str, name: str, value: float) -> bool:
    limit = CALLS[code].limits.get(name) if code in CALLS else None
    return limit is not None and limit.low <= value <= limit.high


class CheckpointError(ValueError):
    """A checkpoint that this version cannot take up."""


class Track(msgspec.Struct):
    """One engine row: one lane of one device.

    Attributes
    ----------
    patient_id, tenant_id : int
        Whose signal it is.
    lead : str
        The lead that is analysed.
    row : int
        The engine's row, while it is open; -1 in a checkpoint.
    state : bytes
        The engine's row, saved.
    arrivals : list of (int, int)
        End of the signal and time of arrival of the last frames, UTC microseconds.
    open_calls : list of (str, int)
        Call and onset of what the engine has raised and not ended.
    ended_calls : list of (str, int, int)
        Call, onset and end of the last that have ended.
    other_lead_us : int
        Signal of another lead since the last of this one, microseconds.
    """

    patient_id: int
    tenant_id: int
    lead: str
    row: int = -1
    state: bytes = b""
    arrivals: list[tuple[int, int]] = []
    open_calls: list[tuple[str, int]] = []
    ended_calls: list[tuple[str, int, int]] = []
    other_lead_us: int = 0


class DeviceState(msgspec.Struct):
    """All that the analysis remembers of a device.

    `clocks` are by boot, those first heard of last; from `waits` on its late frames still wait (backlog.py).
    """

    order: Order
    live: Track | None = None
    late: Track | None = None
    limits: Limits = {}
    clocks: dict[int, ClockOffset] = {}
    format: int = _FORMAT
    waits: Place | None = None


class _Waits(msgspec.Struct):
    """That part of a device's state which holds whatever engine made it."""

    waits: Place | None = None


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(DeviceState)
_waits_decoder: Final = msgspec.msgpack.Decoder(_Waits)


def encode_state(state: DeviceState) -> bytes:
    """Write a device's state."""
    return _encoder.encode(state)


def decode_state(data: bytes) -> DeviceState:
    """Read what `encode_state` wrote.

    Raises
    ------
    CheckpointError
        If it is of another format, or damaged.
    """
    try:
        state = _decoder.decode(data)
    except msgspec.DecodeError as error:
        raise CheckpointError(f"the checkpoint cannot be read: {error}") from None
    if state.format != _FORMAT:
        raise CheckpointError(f"the checkpoint has format {state.format}, wanted {_FORMAT}")
    return state


def decode_waits(data: bytes) -> Place | None:
    """Return from where on late frames wait, by a state of any engine; ``None`` as well if it is damaged."""
    try:
        return _waits_decoder.decode(data).waits
    except msgspec.DecodeError:
        return None


class _Save(msgspec.Struct):
    """Of one device: first frame since the last checkpoint, if any; when the next is due; when it last spoke."""

    replay_from: int | None
    due_s: float
    heard_s: float


class Schedule:
    """Which devices are to be saved when, so that few are saved at a time and all within `every_s`.

    Times are seconds of any clock that only goes forward, given by the caller.
    """

    def __init__(self, every_s: float, idle_after_s: float) -> None:
        self._every_s: Final = every_s
        self._idle_after_s: Final = idle_after_s
        self._saves: Final[dict[str, _Save]] = {}

    def __len__(self) -> int:
        return len(self._saves)

    def note(self, device: str, xid: int, now_s: float) -> None:
        """Remember that a frame of this transaction goes into the device's analysis."""
        save = self._saves.get(device)
        if save is None:
            # By shard, so that a ward that starts at once is not saved at once.
            due_s = now_s + self._every_s * (0.5 + 0.5 * shard_of(device) / SHARDS)
            self._saves[device] = _Save(xid, due_s, now_s)
            return
        save.heard_s = now_s
        if save.replay_from is None:
            save.replay_from = xid

    def hasten(self, device: str) -> None:
        """Save the device with the next commit."""
        self._saves[device].due_s = float("-inf")

    def due(self, now_s: float) -> list[str]:
        """Return the devices whose checkpoint is due."""
        return [device for device, save in self._saves.items() if save.replay_from is not None and save.due_s <= now_s]

    def devices(self) -> list[str]:
        """Return every device."""
        return list(self._saves)

    def unsaved(self) -> list[str]:
        """Return every device that went on since its last checkpoint."""
        return [device for device, save in self._saves.items() if save.replay_from is not None]

    def saved(self, devices: list[str], now_s: float) -> None:
        """Their checkpoints are committed."""
        for device in devices:
            save = self._saves[device]
            save.replay_from = None
            save.due_s = now_s + self._every_s

    def idle(self, now_s: float) -> list[str]:
        """Return the devices that are saved and have not been heard of for long."""
        return [
            device
            for device, save in self._saves.items()
            if save.replay_from is None and now_s - save.heard_s >= self._idle_after_s
        ]

    def forget(self, device: str) -> None:
        """Forget a device that is put aside."""
        del self._saves[device]

    def replay_xid(self, next_xid: int, saved: list[str]) -> int:
        """Return the first transaction that a restart needs again, once the devices `saved` are saved.

        Parameters
        ----------
        next_xid : int
            The cursor; the answer when every device is saved.
        saved : list of str
            Devices whose checkpoints are part of the same commit.
        """
        kept = set(saved)
        needed = (
            save.replay_from
            for device, save in self._saves.items()
            if save.replay_from is not None and device not in kept
        )
        return min(needed, default=next_xid)
