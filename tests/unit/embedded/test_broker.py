"""The embedded broker, of either kind: it serves both versions' clients without making them wait."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import paho.mqtt.client as mqtt
import psutil
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from heartwire.access import INGEST, new_secret
from heartwire.broker_files import write_document
from heartwire.embedded.broker import EmbeddedBroker, find_mosquitto
from heartwire.embedded.errors import EmbeddedServerError
from tests.servers.waiting import find_free_port, wait_until

_SECRET: Final = new_secret()
#: What ingest may both send and hear.
_TOPIC: Final = "hw/1/0/somebody/ack"


@pytest.fixture(params=["mosquitto", "amqtt"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EmbeddedBroker]:
    mosquitto = find_mosquitto() if request.param == "mosquitto" else None
    if request.param == "mosquitto" and mosquitto is None:
        pytest.skip("Mosquitto is not installed here")
    document = tmp_path / "broker" / "dynamic-security.json"
    write_document(document, {INGEST: _SECRET}, {})
    server = EmbeddedBroker(tmp_path / "broker", tmp_path / "log", find_free_port(), mosquitto, document)
    server.start()
    yield server
    server.child.kill()


def _answer(broker: EmbeddedBroker, version: MQTTProtocolVersion) -> str:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="one", protocol=version)
    client.username_pw_set(INGEST, _SECRET)
    client.will_set(_TOPIC, b"gone", qos=1, retain=True)
    answers: list[str] = []
    client.on_connect = lambda _client, _userdata, _flags, reason, _properties: answers.append(str(reason))
    client.connect("127.0.0.1", broker.port)

    def answered() -> bool:
        client.loop(0.05)
        return bool(answers)

    # Within the time that services wait for a broker that may not know their version.
    wait_until(answered, "the broker's answer", timeout_s=1.5)
    client.disconnect()
    return answers[0]


def test_mqtt_5_is_served_or_refused_at_once(broker: EmbeddedBroker) -> None:
    wanted = "Success" if broker.name == "mosquitto" else "Unsupported protocol version"
    assert _answer(broker, MQTTProtocolVersion.MQTTv5) == wanted
    assert _answer(broker, MQTTProtocolVersion.MQTTv311) == "Success"


def test_messages_arrive_also_long_ones(broker: EmbeddedBroker) -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="one", protocol=MQTTProtocolVersion.MQTTv311)
    client.username_pw_set(INGEST, _SECRET)
    heard: list[bytes] = []
    subscribed, done = threading.Event(), threading.Event()
    client.on_connect = lambda client, *_: client.subscribe("hw/#", qos=1)
    client.on_subscribe = lambda *_: subscribed.set()

    def on_message(_client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        heard.append(bytes(message.payload))
        if len(heard) == 3:
            done.set()

    client.on_message = on_message
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    sent = [b"", b"short", bytes(range(256)) * 150]
    assert subscribed.wait(10)
    for payload in sent:
        client.publish(_TOPIC, payload, qos=1)
    assert done.wait(10)
    client.disconnect()
    client.loop_stop()
    assert sorted(heard) == sorted(sent)


def test_it_listens_here_only_and_comes_back_after_a_kill(broker: EmbeddedBroker) -> None:
    process = psutil.Process(broker.child.pid)
    addresses = {
        connection.laddr.ip for connection in process.net_connections("inet") if connection.status == psutil.CONN_LISTEN
    }
    assert addresses == {"127.0.0.1"}
    broker.child.kill()
    broker.start()
    assert _answer(broker, MQTTProtocolVersion.MQTTv311) == "Success"
    broker.stop()
    assert not broker.child.is_running


def test_a_taken_port_is_said(broker: EmbeddedBroker, tmp_path: Path) -> None:
    mosquitto = find_mosquitto() if broker.name != "amqtt" else None
    second = EmbeddedBroker(
        tmp_path / "second",
        tmp_path / "second.log",
        broker.port,
        mosquitto,
        tmp_path / "broker" / "dynamic-security.json",
    )
    with pytest.raises(EmbeddedServerError, match="taken"):
        second.start()


def test_nobody_is_let_in_without_a_credential(broker: EmbeddedBroker) -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="two", protocol=MQTTProtocolVersion.MQTTv311)
    answers: list[bool] = []
    client.on_connect = lambda _client, _userdata, _flags, reason, _properties: answers.append(reason.is_failure)
    client.connect("127.0.0.1", broker.port)

    def answered() -> bool:
        client.loop(0.05)
        return bool(answers)

    wait_until(answered, "the broker's answer")
    assert answers == [True]
