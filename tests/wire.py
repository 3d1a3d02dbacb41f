"""The wire without an edge: a bare device that publishes what it is told and keeps the acks it hears.

It has no outbox and sends nothing again by itself: tests say what is on the wire, frame by frame.
"""

import random
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from heartwire.access import client_id_of
from heartwire.frames import Ack, EcgFrame, Message, UpFrame, decode_ack, decode_message, encode
from heartwire.topics import Stream, Topic, new_device
from tests.servers.waiting import wait_until

FS_MHZ: Final = 250_000
FRAME_US: Final = 1_000_000


def now_us() -> int:
    """Return the clock, UTC microseconds."""
    return time.time_ns() // 1000


def ecg_frame(seq: int, *, boot_id: int = 1, t0_us: int | None = None, salt: int = 0, samples: bytes = b"") -> EcgFrame:
    """Return a one-second frame at 250 Hz: the same for the same arguments, different samples for each seq.

    Without `t0_us` the first frame of a boot began an hour before the Unix day's current hour, and the others follow.
    """
    if not samples:
        samples = random.Random(f"{boot_id}/{seq}/{salt}").randbytes(500)  # noqa: S311 # not a secret
    if t0_us is None:
        hour_us = 3_600_000_000
        t0_us = now_us() // hour_us * hour_us - hour_us + seq * FRAME_US
    return EcgFrame(boot_id, seq, t0_us, FS_MHZ, "II", 200.5, -17, 0, samples)


class Device:
    """One connection to the broker, MQTT 3.1.1, with a device's name.

    Parameters
    ----------
    host, port : str, int
        The broker.
    name : str, optional
        As registered; a new one when not given.
    password : str, optional
        Its secret, where the broker lets in only who belongs.
    """

    def __init__(self, host: str, port: int, name: str | None = None, password: str | None = None) -> None:
        self.name: Final = name or new_device()
        self._acks: Final[list[Ack]] = []
        self._messages: Final[list[Message]] = []
        self._changed: Final = threading.Condition()
        self._subscribed: Final = threading.Event()
        self._client: Final = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id_of(self.name), protocol=MQTTProtocolVersion.MQTTv311
        )
        if password is not None:
            self._client.username_pw_set(self.name, password)
        # A test may publish more than paho's twenty before the broker answers.
        self._client.max_inflight_messages_set(2_000)
        heard = [(str(Topic(self.name, stream)), 1) for stream in (Stream.ACK, Stream.MESSAGE)]
        self._client.on_connect = lambda client, *_: client.subscribe(heard)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = lambda _client, _userdata, message: self._heard(message.topic, bytes(message.payload))
        self._address: Final = (host, port)

    def __enter__(self) -> Self:
        """Connect and listen for acks."""
        self._client.connect(*self._address)
        self._client.loop_start()
        wait_until(self._subscribed.is_set, "the device's subscription")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def send(self, *frames: UpFrame, stream: Stream = Stream.ECG) -> None:
        """Publish frames in this order and return when the broker has all of them."""
        self.send_bytes(str(Topic(self.name, stream)), *map(encode, frames))

    def send_bytes(self, topic: str, *payloads: bytes, retain: bool = False) -> None:
        """Publish anything anywhere and return when the broker has it."""
        sent = [self._client.publish(topic, payload, qos=1, retain=retain) for payload in payloads]
        for information in sent:
            information.wait_for_publish(timeout=20)

    @property
    def acks(self) -> Sequence[Ack]:
        """Every ack heard so far, in order."""
        with self._changed:
            return tuple(self._acks)

    @property
    def messages(self) -> Sequence[Message]:
        """Every message heard so far, in order."""
        with self._changed:
            return tuple(self._messages)

    def wait_for_ack(self, committed: int, *, boot_id: int = 1, stream: Stream = Stream.ECG) -> Ack:
        """Wait for an ack that everything up to `committed` is in the database, and return it."""

        def found() -> list[Ack]:
            return [a for a in self.acks if (a.boot_id, a.stream) == (boot_id, stream) and a.committed >= committed]

        wait_until(lambda: bool(found()), f"an ack of {stream} up to {committed}; heard: {self.acks[-5:]}")
        return found()[0]

    def _heard(self, topic: str, payload: bytes) -> None:
        with self._changed:
            if topic.endswith("/message"):
                self._messages.append(decode_message(payload))
            else:
                self._acks.append(decode_ack(payload))
