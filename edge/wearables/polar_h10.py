"""Polar H10: ECG by the Polar Measurement Data service (PMD), RR intervals by the Heart Rate Service.

Layouts: "Polar Measurement Data Specification for 3rd Party" (Polar, in polar-ble-sdk, technical_documentation);
little-endian. The H10 sends 130 samples a second, usually 73 in a notification, in microvolts, of 14 bits. Its clock
counts nanoseconds since 2000, and begins at 2019-01-01 when the sensor wakes with nobody to set it.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from edge.errors import WearableBytesError, WearableError, WearableReason
from edge.wearables.heart_rate import hear_battery, hear_heart_rate, taking
from edge.wearables.wearable import EcgPacket, Gatt, Reading, Stopped

PMD_SERVICE: Final = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
PMD_CONTROL_POINT: Final = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
PMD_DATA: Final = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"

FS_HZ: Final = 130
RESOLUTION_BITS: Final = 14
LEAD: Final = "ECG"
#: The lead's gain on the wire: samples are in microvolts.
UNITS_PER_MV: Final = 1000.0

_ECG: Final = 0x00  # measurement type
_FEATURES: Final = 0x0F  # first byte of what is read from the control point
_ANSWER: Final = 0xF0  # first byte of an answer of the control point
_STOPPED: Final = 0x01  # first byte of what the control point says unasked: measurements that have ended
_HEADER_BYTES: Final = 10
_SAMPLE_BYTES: Final = 3
_ANSWER_S: Final = 5.0
#: The name in advertisements is followed by the number on the sensor.
_NAME: Final = "Polar H10"


class Command(IntEnum):
    """What the control point is told."""

    GET_SETTINGS = 0x01
    START = 0x02
    STOP = 0x03


class Status(IntEnum):
    """What the control point answers with, "Control Point Error Codes"."""

    SUCCESS = 0
    INVALID_OP_CODE = 1
    INVALID_MEASUREMENT_TYPE = 2
    NOT_SUPPORTED = 3
    INVALID_LENGTH = 4
    INVALID_PARAMETER = 5
    ALREADY_IN_STATE = 6
    INVALID_RESOLUTION = 7
    INVALID_SAMPLE_RATE = 8
    INVALID_RANGE = 9
    INVALID_MTU = 10
    INVALID_NUMBER_OF_CHANNELS = 11
    INVALID_STATE = 12
    DEVICE_IN_CHARGER = 13


class Setting(IntEnum):
    """What a measurement's setting is about."""

    SAMPLE_RATE = 0
    RESOLUTION = 1
    RANGE = 2
    RANGE_MILLIUNIT = 3
    CHANNELS = 4
    FACTOR = 5


_SETTING_BYTES: Final[Mapping[int, int]] = MappingProxyType(
    {
        Setting.SAMPLE_RATE: 2,
        Setting.RESOLUTION: 2,
        Setting.RANGE: 2,
        Setting.RANGE_MILLIUNIT: 4,
        Setting.CHANNELS: 1,
        Setting.FACTOR: 4,
    }
)


class Answer(NamedTuple):
    """An answer of the control point.

    Attributes
    ----------
    command, measurement : int
        What it answers.
    status : int
        A `Status`, or a number that is not known here.
    more : bool
        Whether more of the answer follows.
    parameters : bytes
    """

    command: int
    measurement: int
    status: int
    more: bool
    parameters: bytes


def read_features(data: bytes) -> frozenset[int]:
    """Read the control point's value: the measurement types that the sensor knows ("Read Features from device").

    Raises
    ------
    WearableBytesError
        If it is not a list of features.
    """
    if len(data) < 2 or data[0] != _FEATURES:
        raise WearableBytesError(f"the features {data[:20].hex() or 'of no bytes'}, wanted 0f and a bit for each")
    bits = int.from_bytes(data[1:], "little")
    return frozenset(bit for bit in range(8 * (len(data) - 1)) if bits >> bit & 1)


def ask_settings() -> bytes:
    """Return what asks for the settings that ECG can have ("Request Stream Settings")."""
    return bytes([Command.GET_SETTINGS, _ECG])


def start_ecg(fs_hz: int = FS_HZ, resolution_bits: int = RESOLUTION_BITS) -> bytes:
    """Return what starts ECG ("Start Stream"): each setting is its type, the number of its values, and the values."""
    return b"".join(
        (
            bytes([Command.START, _ECG]),
            bytes([Setting.SAMPLE_RATE, 1]) + fs_hz.to_bytes(2, "little"),
            bytes([Setting.RESOLUTION, 1]) + resolution_bits.to_bytes(2, "little"),
        )
    )


def stop_ecg() -> bytes:
    """Return what stops ECG ("Stop Stream")."""
    return bytes([Command.STOP, _ECG])


def read_answer(data: bytes) -> Answer:
    """Read what the control point indicates after a command.

    Raises
    ------
    WearableBytesError
        If it is no answer, or shorter than one.
    """
    if len(data) < 4 or data[0] != _ANSWER:
        raise WearableBytesError(f"{data[:20].hex() or 'no bytes'} from the control point, wanted f0 and an answer")
    return Answer(data[1], data[2], data[3], len(data) > 4 and bool(data[4]), data[5:])


def read_stopped(data: bytes) -> frozenset[int] | None:
    """Return the measurement types that the sensor says, unasked, to have ended; ``None`` if it says something else."""
    return frozenset(data[1:]) if data[:1] == bytes([_STOPPED]) else None


def read_settings(parameters: bytes) -> dict[int, tuple[int, ...]]:
    """Read the parameters of the answer to `ask_settings`: for each `Setting` the values that it may have.

    Raises
    ------
    WearableBytesError
        If a setting is cut short, or of a type whose values have no known length.
    """
    settings: dict[int, tuple[int, ...]] = {}
    at = 0
    while at < len(parameters):
        kind = parameters[at]
        size = _SETTING_BYTES.get(kind)
        if size is None or at + 2 > len(parameters):
            raise WearableBytesError(f"the setting {kind} at byte {at} of {parameters[:40].hex()}, wanted 0 to 5")
        end = at + 2 + size * parameters[at + 1]
        if end > len(parameters):
            raise WearableBytesError(f"settings of {len(parameters)} bytes, wanted {end}: {parameters[:40].hex()}")
        settings[kind] = tuple(
            int.from_bytes(parameters[begin : begin + size], "little") for begin in range(at + 2, end, size)
        )
        at = end
    return settings


def read_ecg(data: bytes) -> EcgPacket:
    """Read a notification of ECG ("Frame types ECG").

    Parameters
    ----------
    data : bytes
        Measurement type (0), time of the *last* sample (64 bit, ns), frame type (0), and signed 24-bit microvolts.

    Raises
    ------
    WearableBytesError
        If it is of another measurement or frame type, holds no sample or a part of one.
    """
    if len(data) < _HEADER_BYTES + _SAMPLE_BYTES or (len(data) - _HEADER_BYTES) % _SAMPLE_BYTES:
        raise WearableBytesError(
            f"ECG of {len(data)} bytes, wanted {_HEADER_BYTES} and {_SAMPLE_BYTES} for each sample"
        )
    if data[0] != _ECG or data[9] != 0:
        raise WearableBytesError(f"measurement type {data[0]}, frame type {data[9]}; wanted 0 (ECG) and 0 (microvolts)")
    return EcgPacket(
        last_ns=int.from_bytes(data[1:9], "little"),
        fs_hz=float(FS_HZ),
        lead=LEAD,
        samples_uv=tuple(
            int.from_bytes(data[at : at + _SAMPLE_BYTES], "little", signed=True)
            for at in range(_HEADER_BYTES, len(data), _SAMPLE_BYTES)
        ),
    )


class PolarH10:
    """See `Wearable`."""

    kind = "polar_h10"
    title = "Polar H10 (ECG)"
    rank = 10
    has_ecg = True

    def fits(self, name: str, services: Collection[str]) -> bool:
        """See `Wearable`; advertisements of an H10 do not name the PMD service, so its name decides."""
        return name.startswith(_NAME) or PMD_SERVICE in services

    async def begin(self, gatt: Gatt, hear: Callable[[Reading], None], refuse: Callable[[str], None]) -> None:
        """See `Wearable`."""
        if not (gatt.has(PMD_CONTROL_POINT) and gatt.has(PMD_DATA)):
            raise WearableError(
                WearableReason.UNFIT, "it does not offer Polar's measurement data; is it an H10 with current firmware?"
            )
        try:
            features = read_features(await gatt.read(PMD_CONTROL_POINT))
        except WearableBytesError as error:
            raise WearableError(WearableReason.UNFIT, str(error)) from error
        if _ECG not in features:
            raise WearableError(WearableReason.UNFIT, "it has no ECG (an H9 or OH1?); choose a Polar H10")
        answers: asyncio.Queue[Answer] = asyncio.Queue(maxsize=16)

        def take_control(data: bytes) -> None:
            stopped = read_stopped(data)
            if stopped is not None:
                if _ECG in stopped:
                    hear(Stopped())
                return
            try:
                answers.put_nowait(read_answer(data))
            except (WearableBytesError, asyncio.QueueFull) as error:
                refuse(str(error))

        await gatt.subscribe(PMD_CONTROL_POINT, take_control)
        await gatt.subscribe(PMD_DATA, taking(read_ecg, hear, refuse))
        offered = await _ask(gatt, answers, ask_settings())
        _check(offered)
        started = await _ask(gatt, answers, start_ecg())
        if started.status == Status.ALREADY_IN_STATE:  # left over from a connection that broke
            await _ask(gatt, answers, stop_ecg())
            started = await _ask(gatt, answers, start_ecg())
        _told(started, "start its ECG")
        await hear_heart_rate(gatt, hear, refuse)
        await hear_battery(gatt, hear, refuse)


async def _ask(gatt: Gatt, answers: "asyncio.Queue[Answer]", command: bytes) -> Answer:
    """Give a command to the control point and return its answer, however many indications it takes."""
    await gatt.write(PMD_CONTROL_POINT, command)
    parameters = b""
    try:
        async with asyncio.timeout(_ANSWER_S):
            while True:
                answer = await answers.get()
                if (answer.command, answer.measurement) != (command[0], command[1]):
                    continue  # to an earlier command that was given up
                parameters += answer.parameters
                if not answer.more:
                    return answer._replace(parameters=parameters)
    except TimeoutError:
        raise WearableError(WearableReason.REFUSED, f"it did not answer the command {command.hex()}") from None


def _check(offered: Answer) -> None:
    _told(offered, "say its ECG settings")
    try:
        settings = read_settings(offered.parameters)
    except WearableBytesError as error:
        raise WearableError(WearableReason.UNFIT, str(error)) from error
    for setting, wanted in ((Setting.SAMPLE_RATE, FS_HZ), (Setting.RESOLUTION, RESOLUTION_BITS)):
        if wanted not in settings.get(setting, ()):
            raise WearableError(
                WearableReason.UNFIT, f"its ECG has {setting.name.lower()} {settings.get(setting)}, wanted {wanted}"
            )


def _told(answer: Answer, what: str) -> None:
    if answer.status != Status.SUCCESS:
        known = answer.status in Status.__members__.values()
        why = Status(answer.status).name.lower().replace("_", " ") if known else "a code that is not known here"
        raise WearableError(WearableReason.REFUSED, f"it did not {what}: {why} ({answer.status})")


WEARABLE: Final = PolarH10()
