"""amqtt, the broker of laptops, in a process of its own, as heartwire brings it along."""

import sys

from tests.servers.broker import BrokerProcess


class EmbeddedBroker(BrokerProcess):
    """A broker that speaks MQTT 3.1.1 only and remembers nothing over a restart."""

    name = "amqtt"
    speaks_mqtt5 = False

    def _command(self) -> list[str]:
        return [sys.executable, "-m", "heartwire.embedded.amqtt_server", str(self.port)]
