"""What a device says or shows of itself that will end in silence: battery, outbox, clock.  Pure.

Each begins at its limit and ends only well on the other side of it, so that a value at the limit does not come and go.
What is not known changes nothing: a device that went quiet with a low battery still has a low battery.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from analytics.freshness import Close, OpenAlarm, Raise, Verdict
from heartwire.calls import CALLS

CLOCK_WRONG: Final = "clock_wrong"
BATTERY_LOW: Final = "battery_low"
OUTBOX_FILLING: Final = "outbox_filling"
#: Every call that is made here.
DEVICE_CALLS: Final = (CLOCK_WRONG, BATTERY_LOW, OUTBOX_FILLING)
#: About what a frame takes in an outbox, bytes: a second of one lead at 250 Hz.
_FRAME_BYTES: Final = 600
#: A battery that is charged by so much is no longer low, percent.
_CHARGED: Final = 5.0
#: Part of its limit to which clock and outbox must return.
_RETURNED: Final = 0.8


class Condition(NamedTuple):
    """A device's condition; ``None`` is unknown.

    Attributes
    ----------
    offset_us : int, optional
        Server's clock less device's.
    battery_percent : int, optional
        As it says.
    outbox_frames, outbox_bytes_left : int, optional
        What waits there, and the room that is left.
    clock_s, battery_limit, outbox_limit : float, optional
        The patient's own limits: seconds, percent, percent.
    """

    device_id: str
    patient_id: int
    tenant_id: int
    offset_us: int | None
    battery_percent: int | None
    outbox_frames: int | None
    outbox_bytes_left: int | None
    clock_s: float | None
    battery_limit: float | None
    outbox_limit: float | None


def judge_devices(now_us: int, devices: Sequence[Condition], open_alarms: Sequence[OpenAlarm]) -> Verdict:
    """Judge each device by the server's clock `now_us`, and return what changes."""
    verdict = Verdict([], [])
    is_open = {(alarm.device_id, alarm.call): alarm for alarm in open_alarms}
    for device in devices:
        for call, judge in _RULES:
            is_wrong = judge(device)
            alarm = is_open.get((device.device_id, call))
            if is_wrong is True and alarm is None:
                verdict.raises.append(
                    Raise(call, device.device_id, device.patient_id, device.tenant_id, now_us, now_us)
                )
            elif is_wrong is False and alarm is not None:
                verdict.closes.append(Close(alarm))
    # Of a device that was shut out nothing more is known.
    known = {device.device_id for device in devices}
    for alarm in open_alarms:
        if alarm.call in DEVICE_CALLS and alarm.device_id not in known:
            verdict.closes.append(Close(alarm))
    return verdict


def _clock(device: Condition) -> bool | None:
    if device.offset_us is None:
        return None
    limit_us = _limit(CLOCK_WRONG, "seconds", device.clock_s) * 1e6
    return _between(abs(device.offset_us), limit_us * _RETURNED, limit_us)


def _battery(device: Condition) -> bool | None:
    if device.battery_percent is None:
        return None
    limit = _limit(BATTERY_LOW, "percent", device.battery_limit)
    return _between(-device.battery_percent, -limit - _CHARGED, -limit)


def _outbox(device: Condition) -> bool | None:
    if device.outbox_frames is None or device.outbox_bytes_left is None:
        return None
    used = device.outbox_frames * _FRAME_BYTES
    limit = _limit(OUTBOX_FILLING, "percent", device.outbox_limit)
    return _between(100 * used / max(1, used + device.outbox_bytes_left), limit * _RETURNED, limit)


_RULES: Final[tuple[tuple[str, Callable[[Condition], bool | None]], ...]] = (
    (CLOCK_WRONG, _clock),
    (BATTERY_LOW, _battery),
    (OUTBOX_FILLING, _outbox),
)


def _limit(call: str, name: str, own: float | None) -> float:
    return CALLS[call].limits[name].default if own is None else own


def _between(value: float, ends: float, begins: float) -> bool | None:
    """Whether it has begun, has ended, or (``None``) stays as it is."""
    if value >= begins:
        return True
    return False if value < ends else None
