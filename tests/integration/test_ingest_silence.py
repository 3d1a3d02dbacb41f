"""A broker that meets MQTT 5 with silence, as old ones do: ingest gives up waiting and speaks 3.1.1 to it."""

import socket
import threading
from collections.abc import Iterator
from typing import Final

import pytest

from tests.conftest import StartHeartwire
from tests.integration.ingest_stack import Stack
from tests.servers.amqtt_broker import EmbeddedBroker
from tests.servers.fixtures import BrokerServer
from tests.wire import ecg_frame


class SilentDoor:
    """Stands before a broker and swallows every connection that speaks MQTT 5."""

    name: Final = "silent door"
    speaks_mqtt5: Final = False
    host: Final = "127.0.0.1"

    def __init__(self, broker: BrokerServer) -> None:
        self._broker: Final = broker
        self._server: Final = socket.create_server((self.host, 0))
        self.port: Final[int] = self._server.getsockname()[1]
        self.swallowed = 0
        self._open: Final[list[socket.socket]] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Close everything."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for connection in self._open:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self._open.append(client)
            head = client.recv(4096)
            if b"MQTT\x05" in head[:12]:
                self.swallowed += 1
                continue
            broker = socket.create_connection((self._broker.host, self._broker.port))
            self._open.append(broker)
            broker.sendall(head)
            for source, sink in ((client, broker), (broker, client)):
                threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while chunk := source.recv(65_536):
            sink.sendall(chunk)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return


@pytest.fixture
def door() -> Iterator[SilentDoor]:
    with EmbeddedBroker() as broker:
        one = SilentDoor(broker)
        yield one
        one.close()


@pytest.mark.parametrize("database_server", ["embedded-postgresql"], indirect=True)
def test_ingest_falls_back_from_silence(heartwire_process: StartHeartwire, database: str, door: SilentDoor) -> None:
    stack = Stack(heartwire_process, database, door)
    ingest = stack.start_ingest()
    with stack.device() as device:
        device.send(ecg_frame(0))
        device.wait_for_ack(0)
    assert door.swallowed == 1
    assert "MQTT 3.1.1" in ingest.log
    assert "no connection to the broker" in ingest.log
