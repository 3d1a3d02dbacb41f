"""Frames of the wire (version 1): MessagePack arrays, validated in one step (design, section 5).

Pure: bytes in, structs out. New fields go at the end of a struct, with a default.
"""

import math
from enum import IntFlag, StrEnum
from typing import Annotated, Final, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

U8_MAX: Final = 0xFF
U16_MAX: Final = 0xFFFF
U32_MAX: Final = 0xFFFF_FFFF
I16_MIN: Final = -0x8000
I16_MAX: Final = 0x7FFF
I64_MAX: Final = 0x7FFF_FFFF_FFFF_FFFF

FS_MHZ_MIN: Final = 100_000
FS_MHZ_MAX: Final = 1_000_000
SAMPLES_MAX: Final = 20_000
FRAME_S_MIN: Final = 0.2
FRAME_S_MAX: Final = 10.0
#: Longest payload that is decoded at all, bytes: the longest frame and room for new fields.
PAYLOAD_MAX: Final = 2 * SAMPLES_MAX + 4096
#: How far a frame's time may be from the server's clock, microseconds.
PAST_MAX_US: Final = 400 * 86_400 * 1_000_000
FUTURE_MAX_US: Final = 86_400 * 1_000_000

U8 = Annotated[int, Meta(ge=0, le=U8_MAX)]
U16 = Annotated[int, Meta(ge=0, le=U16_MAX)]
U32 = Annotated[int, Meta(ge=0, le=U32_MAX)]
I16 = Annotated[int, Meta(ge=I16_MIN, le=I16_MAX)]
Instant = Annotated[int, Meta(ge=0, le=I64_MAX)]
Text = Annotated[str, Meta(max_length=1000)]
Name = Annotated[str, Meta(max_length=32)]


class Reason(StrEnum):
    """Why a message went to the dead letters."""

    FOREIGN_TOPIC = "foreign_topic"
    """The topic is not of the wire's shape."""
    WRONG_VERSION = "wrong_version"
    """The topic speaks another version of the wire."""
    BAD_DEVICE = "bad_device"
    """The topic's device is not a device's name."""
    WRONG_SHARD = "wrong_shard"
    """The topic's shard is not its device's: nobody, or somebody else, would read it."""
    UNKNOWN_STREAM = "unknown_stream"
    """The topic's stream does not exist."""
    UNKNOWN_DEVICE = "unknown_device"
    """A well-formed device that nobody has registered."""
    OVERSIZED = "oversized"
    """The payload is longer than the longest frame."""
    UNDECODABLE = "undecodable"
    """The payload is not MessagePack: garbage, or cut short."""
    INVALID = "invalid"
    """The payload is MessagePack, but a field is missing, of another type or out of bounds."""
    BAD_GAIN = "bad_gain"
    """The gain is not a finite number above zero."""
    BAD_LENGTH = "bad_length"
    """Too short, too long, or half a sample."""
    ABSURD_TIME = "absurd_time"
    """The time is further from the server's clock than any outbox or drift explains."""
    CLAIMED_TWICE = "claimed_twice"
    """Another boot of the device records at the same time and was first: two devices with one credential."""
    REVOKED_DEVICE = "revoked_device"
    """The device is registered, and may not send any more."""
    CONFLICTING = "conflicting"
    """A frame with this identity is stored already, and its samples differ."""
    REFUSED = "refused"
    """The database refuses the frame, alone and for good."""


class FrameError(Exception):
    """A message that is not a valid frame.

    `frame` is the frame that it is all the same, where only its time is refused: whoever sent it can be told that it
    was received.
    """

    def __init__(self, reason: Reason, detail: str, frame: "EcgFrame | HrFrame | EventFrame | None" = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.frame = frame


class EcgFlag(IntFlag):
    """Bits of an ECG frame's flags."""

    LEAD_OFF = 1
    SATURATED = 2
    PACER = 4
    CLOCK_NOT_SET = 8
    """The times are of a clock that nobody has set or corrected: nobody knows how late the signal is."""
    GAP_BEFORE = 16
    CLOCK_ESTIMATED = 32
    """The times may be off by more than 50 ms: they are of a wrong clock that was corrected by the server's, or of one
    that could not be compared with it yet. Late signal is told from live by them."""


class EcgFrame(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """About a second of one lead.

    Attributes
    ----------
    boot_id, seq : int
        The run of the device and the frame's number in it; with device and stream, its identity.
    t0 : int
        Time of the first sample, UTC microseconds.
    fs_mhz : int
        Samples per 1000 s.
    gain : float
        Digital units per mV.
    baseline : int
        Digital value of 0 mV.
    flags : int
        `EcgFlag` bits.
    samples : bytes
        int16 little-endian digital values.
    """

    boot_id: U32
    seq: U32
    t0: Instant
    fs_mhz: Annotated[int, Meta(ge=FS_MHZ_MIN, le=FS_MHZ_MAX)]
    lead: Name
    gain: float
    baseline: I16
    flags: U16
    samples: bytes

    @property
    def n_samples(self) -> int:
        """Number of samples."""
        return len(self.samples) // 2

    @property
    def t_end(self) -> int:
        """Time just after the last sample's period, UTC microseconds."""
        return self.t0 + round(self.n_samples * 1_000_000_000 / self.fs_mhz)


class HrFrame(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One notification of the Bluetooth Heart Rate Service.

    `contact` is 0 (not supported), 1 (no contact) or 2 (contact).
    """

    boot_id: U32
    seq: U32
    t0: Instant
    bpm: U16
    rr_ms: Annotated[tuple[U16, ...], Meta(max_length=64)]
    contact: Annotated[int, Meta(ge=0, le=2)]


class EventFrame(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Something that the patient said: the symptom button and its note."""

    boot_id: U32
    seq: U32
    t0: Instant
    kind: Name
    text: Text


class StatusFrame(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """How a device is. Retained; the broker sends one with ``online=False`` as the device's will."""

    boot_id: U32
    t: Instant
    online: bool
    battery_percent: Annotated[int, Meta(ge=0, le=100)] | None
    firmware: Name
    wearable: Annotated[str, Meta(max_length=64)]
    rssi_dbm: Annotated[int, Meta(ge=-127, le=20)] | None
    outbox_frames: U32
    outbox_bytes_left: Annotated[int, Meta(ge=0, le=I64_MAX)]


class Ack(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What the database has of one stream of one boot.

    Attributes
    ----------
    committed : int
        Every frame with ``seq <= committed`` is committed; -1 when none is.
    missing : tuple of (int, int)
        Ranges below the highest committed seq that are not there, both ends included. Beyond `committed`,
        what is in none of them and not above `highest` is committed too.
    highest : int
        The highest seq committed, -1 when none is.
    """

    boot_id: U32
    stream: Name
    committed: Annotated[int, Meta(ge=-1, le=U32_MAX)]
    missing: Annotated[tuple[tuple[U32, U32], ...], Meta(max_length=256)]
    highest: Annotated[int, Meta(ge=-1, le=U32_MAX)]


class Message(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A word to whoever looks after the device.

    Attributes
    ----------
    boot_id : int
        The run of the device that it is about.
    code : str
        A `Reason` for which its frames are not stored. They are not acknowledged, so they stay in the outbox.
    text : str
        For a person.
    """

    boot_id: U32
    code: Name
    text: Text


UpFrame: TypeAlias = EcgFrame | HrFrame | EventFrame | StatusFrame

_T = TypeVar("_T", bound=msgspec.Struct)
_encoder: Final = msgspec.msgpack.Encoder()
_ecg_decoder: Final = msgspec.msgpack.Decoder(EcgFrame)
_hr_decoder: Final = msgspec.msgpack.Decoder(HrFrame)
_event_decoder: Final = msgspec.msgpack.Decoder(EventFrame)
_status_decoder: Final = msgspec.msgpack.Decoder(StatusFrame)
_ack_decoder: Final = msgspec.msgpack.Decoder(Ack)
_message_decoder: Final = msgspec.msgpack.Decoder(Message)


def encode(frame: UpFrame | Ack | Message) -> bytes:
    """Write a frame as the wire's MessagePack array."""
    return _encoder.encode(frame)


def decode_ecg(payload: bytes, now_us: int) -> EcgFrame:
    """Read and check an ECG frame.

    Parameters
    ----------
    payload : bytes
        What the broker delivered.
    now_us : int
        The server's clock, UTC microseconds: the frame's time is checked against it.

    Raises
    ------
    FrameError
        With the reason; no other exception, whatever the bytes.
    """
    frame = _decode(_ecg_decoder, payload)
    if not (math.isfinite(frame.gain) and frame.gain > 0):
        raise FrameError(
            Reason.BAD_GAIN,
            f"gain {frame.gain}, wanted a finite number of units per mV above 0",
        )
    if len(frame.samples) % 2:
        raise FrameError(
            Reason.BAD_LENGTH,
            f"{len(frame.samples)} bytes of samples, wanted an even number",
        )
    if frame.n_samples > SAMPLES_MAX:
        raise FrameError(
            Reason.BAD_LENGTH,
            f"{frame.n_samples} samples, wanted at most {SAMPLES_MAX}",
        )
    duration_s = frame.n_samples * 1000 / frame.fs_mhz
    # Half a sample of tolerance: a frame's length is a whole number of samples.
    tolerance_s = 500 / frame.fs_mhz
    if not FRAME_S_MIN - tolerance_s <= duration_s <= FRAME_S_MAX + tolerance_s:
        raise FrameError(
            Reason.BAD_LENGTH,
            f"{duration_s:.3f} s of signal, wanted {FRAME_S_MIN} to {FRAME_S_MAX} s",
        )
    _check_time(frame.t0, now_us, frame)
    return frame


def decode_hr(payload: bytes, now_us: int) -> HrFrame:
    """Read and check a heart rate frame (parameters and errors as `decode_ecg`)."""
    frame = _decode(_hr_decoder, payload)
    _check_time(frame.t0, now_us, frame)
    return frame


def decode_event(payload: bytes, now_us: int) -> EventFrame:
    """Read and check an event (parameters and errors as `decode_ecg`)."""
    frame = _decode(_event_decoder, payload)
    _check_time(frame.t0, now_us, frame)
    return frame


def decode_status(payload: bytes, now_us: int) -> StatusFrame:
    """Read and check a status (parameters and errors as `decode_ecg`)."""
    frame = _decode(_status_decoder, payload)
    _check_time(frame.t, now_us, None)
    return frame


def decode_ack(payload: bytes) -> Ack:
    """Read and check a watermark.

    Raises
    ------
    FrameError
        With the reason; no other exception, whatever the bytes.
    """
    return _decode(_ack_decoder, payload)


def decode_message(payload: bytes) -> Message:
    """Read and check a message to a device.

    Raises
    ------
    FrameError
        With the reason; no other exception, whatever the bytes.
    """
    return _decode(_message_decoder, payload)


def _decode(decoder: msgspec.msgpack.Decoder[_T], payload: bytes) -> _T:
    if len(payload) > PAYLOAD_MAX:
        raise FrameError(Reason.OVERSIZED, f"{len(payload)} bytes, wanted at most {PAYLOAD_MAX}")
    try:
        return decoder.decode(payload)
    except msgspec.ValidationError as error:
        raise FrameError(Reason.INVALID, str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FrameError(Reason.UNDECODABLE, str(error)) from None


def _check_time(t_us: int, now_us: int, frame: EcgFrame | HrFrame | EventFrame | None) -> None:
    if not now_us - PAST_MAX_US <= t_us <= now_us + FUTURE_MAX_US:
        days = (t_us - now_us) / 86_400e6
        raise FrameError(
            Reason.ABSURD_TIME,
            f"{days:+.1f} days from the server's clock, wanted {-PAST_MAX_US / 86_400e6:.0f} to"
            f" +{FUTURE_MAX_US / 86_400e6:.0f}",
            frame,
        )
