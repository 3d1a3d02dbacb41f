"""A ward whose devices are paired, and everybody who speaks MQTT there, over TCP or websockets."""

import threading
from typing import Any

import httpx
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.conftest import StartHeartwire
from tests.integration.dashboard_stack import Stack
from tests.integration.ingest_stack import is_ready
from tests.servers.plain_http import PLAIN
from tests.servers.process import Process
from tests.servers.secured import SecuredBroker
from tests.servers.waiting import wait_until


class Client:
    """Somebody who speaks MQTT, and what came of it."""

    def __init__(
        self, broker: SecuredBroker, username: str | None, password: str | None, client_id: str, *, ws: bool = False
    ) -> None:
        version = MQTTProtocolVersion.MQTTv5 if broker.speaks_mqtt5 else MQTTProtocolVersion.MQTTv311
        client = self.mqtt = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=version,
            transport="websockets" if ws else "tcp",
        )
        if username is not None:
            client.username_pw_set(username, password)
        if broker.ca_file is not None:
            client.tls_set(ca_certs=str(broker.ca_file))
        self.connected = threading.Event()
        self.refused = threading.Event()
        self.ended = threading.Event()
        self.heard: list[str] = []
        self.payloads: list[bytes] = []
        self.granted: dict[int, bool] = {}
        client.on_connect = lambda _c, _u, _f, reason, _p: (
            self.refused.set() if reason.is_failure else self.connected.set()
        )
        client.on_disconnect = lambda *_: self.ended.set()
        client.on_message = lambda _c, _u, message: self._hear(message)
        client.on_subscribe = lambda _c, _u, mid, reasons, _p: self.granted.update({mid: not reasons[0].is_failure})
        client.reconnect_delay_set(60, 60)
        client.connect(broker.host, broker.ws_port if ws else broker.port)
        client.loop_start()
        wait_until(lambda: self.connected.is_set() or self.refused.is_set(), "an answer to CONNECT")

    def _hear(self, message: mqtt.MQTTMessage) -> None:
        self.heard.append(message.topic)
        self.payloads.append(bytes(message.payload))

    def may_hear(self, topic: str) -> bool:
        _, mid = self.mqtt.subscribe(topic, qos=1)
        assert mid is not None
        wait_until(lambda: mid in self.granted or self.ended.is_set(), "an answer to SUBSCRIBE")
        return self.granted.get(mid, False)

    def send(self, topic: str, payload: bytes = b"x", *, retain: bool = False) -> None:
        self.mqtt.publish(topic, payload, qos=1, retain=retain).wait_for_publish(timeout=5)

    def close(self) -> None:
        self.mqtt.disconnect()
        self.mqtt.loop_stop()


class Ward:
    """A server that pairs, a patient, and everybody who connects."""

    def __init__(self, stack: Stack, broker: SecuredBroker) -> None:
        self.stack = stack
        self.broker = broker
        self.nurse = stack.person()
        self.patient_id = stack.add_patient().patient_id
        self.clients: list[Client] = []

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self.nurse.http.close()

    def start_ingest(self, start: StartHeartwire) -> Process:
        """Start ingest by the fixture `heartwire_process`; return when it has broker and database."""
        env = {"HEARTWIRE_INGEST_DATABASE": self.stack.database, "HEARTWIRE_INGEST_RETRY_LONGEST_S": "0.5"}
        return start("ingest", env=self.broker.env("ingest") | env, is_ready=is_ready)

    def code(self) -> str:
        answer = self.nurse.http.post("/api/pairing-codes", json={"patient_id": self.patient_id})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["code"])

    def pair(self, code: str) -> httpx.Response:
        return httpx.post(
            f"{self.stack.url}/api/pair", json={"code": code, "description": "Polar H10"}, timeout=10, verify=PLAIN
        )

    def look(self, code: str) -> httpx.Response:
        return httpx.post(f"{self.stack.url}/api/pair/look", json={"code": code}, timeout=10, verify=PLAIN)

    def paired(self) -> dict[str, Any]:
        answer = self.pair(self.code())
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def connect(
        self, username: str | None, password: str | None, client_id: str = "somebody", *, ws: bool = False
    ) -> Client:
        client = Client(self.broker, username, password, client_id, ws=ws)
        self.clients.append(client)
        return client

    def connect_device(self, credential: dict[str, Any], *, ws: bool = False) -> Client:
        return self.connect(credential["username"], credential["password"], credential["client_id"], ws=ws)

    def service(self, name: str) -> Client:
        return self.connect(name, self.broker.secrets[name], f"test-{name}")
