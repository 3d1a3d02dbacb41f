"""What ingest takes of a core for a frame, from the broker to the commit, beside clients that only acknowledge."""

import sys
from typing import Final

from tests.benchmarks.load_stack import LoadStack, cpu_s
from tests.benchmarks.results import SHORT, Bench, say

_DEVICES: Final = 300 if SHORT else 3_000
_SECONDS: Final = 6.0 if SHORT else 40.0
#: The least that a Python client can do, and still take every frame: paho, acknowledging by hand.
_BARE_PAHO: Final = """
import sys
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
client = mqtt.Client(
    CallbackAPIVersion.VERSION2, client_id="bare", protocol=MQTTProtocolVersion.MQTTv311, manual_ack=True
)
client.on_connect = lambda *_: client.subscribe("hw/#", qos=1)
client.on_subscribe = lambda *_: print("subscribed", flush=True)
client.on_message = lambda _client, _userdata, message: client.ack(message.mid, message.qos)
client.username_pw_set("ingest", sys.argv[2])
client.tls_set(sys.argv[3])
client.connect("127.0.0.1", int(sys.argv[1]))
client.loop_forever()
"""


def _ingest_us() -> tuple[float, dict[str, float]]:
    with LoadStack(["ingest"], _DEVICES) as stack:
        report = stack.run_fleet(_DEVICES, _SECONDS)
    use = {one["name"]: 1e6 * one["cpu_s"] / report["made"] for one in report["processes"]}
    say(f"ingest: {report['committed']} of {report['made']} frames committed, p99 {report['latency']['p99_ms']:.0f} ms")
    return use["ingest"], {"the database's part": use["postgres"], "the broker's part": use["mosquitto"]}


def _paho_us() -> float:
    with LoadStack([], _DEVICES) as stack:
        door = (str(stack.broker.port), stack.broker.secrets["ingest"], str(stack.broker.ca_file))
        client = stack.start_program("paho", [sys.executable, "-c", _BARE_PAHO, *door], "subscribed")
        begin_s = cpu_s(client)
        report = stack.run_fleet(_DEVICES, _SECONDS)
        spent_s = cpu_s(client) - begin_s
    return 1e6 * spent_s / int(report["pubacked"])


def test_ingest_beside_a_loop_that_only_acknowledges(bench: Bench) -> None:
    """One process at its real work, a frame a second of each of 3,000 devices."""
    own, others = _ingest_us()
    bench.record(
        "ingest_cpu_us_per_frame",
        own,
        "us of CPU a frame",
        aim="<= 60",
        peers={"bare paho loop, acknowledges only": _paho_us(), **others},
        only="bench_ingest.py",
    )
