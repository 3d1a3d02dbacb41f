"""Tells the broker whom to let in: orders to its dynamic security, over a connection for each (docs/adr/0012)."""

import json
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from heartwire.access import (
    CONTROL_ANSWER_TOPIC,
    CONTROL_TOPIC,
    DASHBOARD,
    INGEST,
    admit_commands,
    expel_commands,
    may_too_little,
    role_commands,
)
from heartwire.errors import PermanentError, RetryableError
from heartwire.mqtt import make_client
from heartwire.settings import BrokerSettings

_CONNECT_TIMEOUT_S: Final = 3.0
_ANSWER_TIMEOUT_S: Final = 10.0
#: A broker that does not know MQTT 5 may meet it with silence: so long it is waited for.
_SILENCE_V5_S: Final = 2.0
_LOOP_S: Final = 0.1
#: What an order may fail with and still have its effect: there was nothing left to do.
_DONE_ALREADY: Final = frozenset({"Client not found", "Role not found"})


class BrokerAwayError(RetryableError):
    """The broker cannot be reached, or does not answer; nothing is known of what it did."""


class OrderRefusedError(PermanentError):
    """The broker does not take orders from us, or not this one."""


class _Exchange:
    """One connection: orders out, the answer back."""

    def __init__(self, settings: BrokerSettings, version: MQTTProtocolVersion, orders: bytes) -> None:
        self._orders: Final = orders
        self.answered = threading.Event()
        self.refusal = ""
        self.speaks_version = True
        self.answer: bytes | None = None
        self._where: Final = (settings.broker_host, settings.broker_port)
        client = make_client(settings, f"heartwire-provisioner-{secrets.token_hex(6)}", version, clean_session=True)
        client.connect_timeout = _CONNECT_TIMEOUT_S
        client.on_connect = lambda _c, _u, _flags, reason, _p: self._on_connect(reason)
        client.on_subscribe = lambda _c, _u, _mid, reasons, _p: self._on_subscribe(reasons)
        client.on_message = lambda _c, _u, message: self._on_message(message)
        self._client: Final = client

    def run(self, silence_s: float) -> bytes | None:
        """Return the answer; ``None`` when none came, and then `refusal` may say why."""
        client = self._client
        begin_s = time.monotonic()
        try:
            client.connect(*self._where, keepalive=15)
            while self.answer is None and not self.refusal:
                if client.loop(timeout=_LOOP_S) is not MQTTErrorCode.MQTT_ERR_SUCCESS:
                    break
                waited_s = time.monotonic() - begin_s
                if waited_s > (_ANSWER_TIMEOUT_S if self.answered.is_set() else silence_s):
                    break
            client.disconnect()
        except OSError as error:
            host, port = self._where
            raise BrokerAwayError(f"the broker at {host}:{port} cannot be reached: {error}") from error
        return self.answer

    def _on_connect(self, reason: ReasonCode) -> None:
        self.answered.set()
        if reason.is_failure:
            self.speaks_version = reason != "Unsupported protocol version"
            self.refusal = f"{reason}; check the provisioner's user and password"
        else:
            self._client.subscribe(CONTROL_ANSWER_TOPIC, qos=1)

    def _on_subscribe(self, reasons: list[ReasonCode]) -> None:
        if any(reason.is_failure for reason in reasons):
            self.refusal = f"{reasons[0]}; the provisioner may not read {CONTROL_ANSWER_TOPIC}"
        else:
            self._client.publish(CONTROL_TOPIC, self._orders, qos=1)

    def _on_message(self, message: mqtt.MQTTMessage) -> None:
        # The embedded broker was seen to send a retained status along.
        if message.topic == CONTROL_ANSWER_TOPIC:
            self.answer = bytes(message.payload)


def give_orders(settings: BrokerSettings, commands: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Have the broker carry out commands, and return its answers; blocks for seconds at most.

    Parameters
    ----------
    settings : BrokerSettings
        The broker, and the provisioner's credential.
    commands : sequence of mapping
        In the words of the dynamic security plugin.

    Raises
    ------
    BrokerAwayError
        If it cannot be reached or does not answer in time: do it again.
    OrderRefusedError
        If it refuses us or one of the commands. That something to be deleted is not there is no refusal.
    """
    orders = json.dumps({"commands": list(commands)}).encode()
    for version, silence_s in (
        (MQTTProtocolVersion.MQTTv5, _SILENCE_V5_S),
        (MQTTProtocolVersion.MQTTv311, _ANSWER_TIMEOUT_S),
    ):
        exchange = _Exchange(settings, version, orders)
        answer = exchange.run(silence_s)
        if answer is not None:
            return _read(answer)
        if exchange.refusal and exchange.speaks_version:
            raise OrderRefusedError(f"the broker refused: {exchange.refusal}")
        if exchange.answered.is_set() and exchange.speaks_version:
            break
    raise BrokerAwayError(
        f"the broker at {settings.broker_host}:{settings.broker_port} does not answer orders;"
        " is its dynamic security loaded?"
    )


def admit(settings: BrokerSettings, device: str, secret: str) -> None:
    """Let a device in with this secret and no other; one that is connected with another is cut off.

    Raises as `give_orders`.
    """
    give_orders(settings, [*expel_commands(device), *admit_commands(device, secret)])


def expel(settings: BrokerSettings, devices: Sequence[str]) -> None:
    """Cut devices off, and let them in no more (raises as `give_orders`)."""
    give_orders(settings, [command for device in devices for command in expel_commands(device)])


def renew_roles(settings: BrokerSettings) -> list[str]:
    """Let services do what this version needs of them, where the broker's file is of an earlier one; return which.

    A role that is right stays untouched: the broker ends the connections of those whose role is changed.
    Raises as `give_orders`.
    """
    services = (INGEST, DASHBOARD)
    answers = give_orders(settings, [{"command": "getRole", "rolename": service} for service in services])
    roles = [role for answer in answers if (role := answer.get("data", {}).get("role"))]
    acls = {role.get("rolename"): role.get("acls", []) for role in roles}
    stale = [service for service in services if service in acls and may_too_little(service, acls[service])]
    if stale:
        give_orders(settings, [command for service in stale for command in role_commands(service)])
    return stale


def _read(answer: bytes) -> list[dict[str, Any]]:
    try:
        answers: list[dict[str, Any]] = json.loads(answer)["responses"]
    except (ValueError, KeyError, TypeError) as error:
        raise OrderRefusedError(f"the broker's answer cannot be read: {error}") from error
    for one in answers:
        problem = one.get("error")
        if problem is not None and problem not in _DONE_ALREADY:
            raise OrderRefusedError(f"the broker refused {one.get('command', 'an order')}: {problem}")
    return answers
