"""What services show to those who run them is what happened, names nobody, and is what dashboard and alerts ask for."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
import psycopg
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from heartwire.storage.registry import add_patient
from heartwire.topics import topic_prefix
from tests.conftest import ROOT, StartHeartwire
from tests.servers.fixtures import BrokerServer
from tests.servers.plain_http import PLAIN
from tests.servers.process import Process
from tests.servers.waiting import find_free_port, wait_until
from tests.wire import Device, ecg_frame, now_us

_GRAFANA: Final = ROOT / "deploy" / "grafana" / "heartwire.json"
_RULES: Final = ROOT / "deploy" / "prometheus" / "heartwire.rules.yml"
_PROMETHEUS: Final = ROOT / "deploy" / "prometheus" / "prometheus.yml"
_PATIENT: Final = "Zacharias Unmistakable"
_SERVICES: Final = ("ingest", "analytics", "dashboard", "compactor", "notifier")

on_one_pair: Final = pytest.mark.parametrize(
    ("database_server", "broker"), [("timescaledb", "mosquitto")], indirect=True
)


class _Ward(NamedTuple):
    """The services with their metrics' ports, and a registered device."""

    ports: Mapping[str, int]
    processes: Mapping[str, Process]
    device: Device
    pages: int

    def get(self, service: str, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.ports[service]}{path}", timeout=20, verify=PLAIN)

    def ready(self, service: str) -> str:
        try:
            return self.get(service, "/readyz").text
        except httpx.TransportError:
            return ""

    def value(self, name: str, **labels: str) -> float:
        """Return a metric, the same labels wanted."""
        service = name.split("_")[1]
        for family in text_string_to_metric_families(self.get(service, "/metrics").text):
            for sample in family.samples:
                if sample.name == name and sample.labels == labels:
                    return float(sample.value)
        return -1.0


@pytest.fixture
def ward(heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> _Ward:
    with psycopg.connect(database) as connection:
        device = Device(broker.host, broker.port)
        add_patient(connection, _PATIENT, ward="B", device=device.name)
    ports = {service: find_free_port() for service in _SERVICES}
    pages = find_free_port()
    processes = {}
    for service in _SERVICES:
        prefix = f"HEARTWIRE_{service.upper()}_"
        env = {f"{prefix}DATABASE": database, f"{prefix}OBSERVE_PORT": str(ports[service])}
        env |= {f"{prefix}RETRY_LONGEST_S": "0.5"}
        if service in {"ingest", "dashboard"}:
            env |= {f"{prefix}BROKER_HOST": broker.host, f"{prefix}BROKER_PORT": str(broker.port)}
        words = {"dashboard": ["dashboard", "serve", "--port", str(pages)], "compactor": ["compact"]}
        processes[service] = heartwire_process(*words.get(service, [service]), env=env)
    ward = _Ward(ports, processes, device, pages)
    for service in _SERVICES:
        wait_until(lambda: ward.ready(service) == "ok\n", f"{service} to be ready")  # noqa: B023 # called at once
    return ward


def _queries() -> list[str]:
    """Return every query of the dashboard and of the alerts."""
    board = json.loads(_GRAFANA.read_text(encoding="utf-8"))
    rules = yaml.safe_load(_RULES.read_text(encoding="utf-8"))
    queries = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    return queries + [rule["expr"] for group in rules["groups"] for rule in group["rules"]]


def _names(query: str) -> set[str]:
    """Return the names of metrics in a query: what is left without strings, label lists and functions."""
    bare = re.sub(r'"[^"]*"', "", query)
    bare = re.sub(r"\b(by|without|on)\s*\([^)]*\)", "", bare)
    return {name for name in re.findall(r"\b[a-z_]+\b", bare) if re.match(r"(heartwire|process)_", name)}


@on_one_pair
def test_the_metrics_say_what_happened_and_every_query_finds_its_metric(ward: _Ward) -> None:
    begin_us = now_us() - 5_000_000
    with ward.device as device:
        frames = [ecg_frame(seq, t0_us=begin_us + seq * 1_000_000) for seq in range(5)]
        device.send(*frames)
        device.wait_for_ack(4)
        device.send(*frames[:2], ecg_frame(5, t0_us=begin_us - 600_000_000))
        device.send_bytes(f"{topic_prefix(device.name)}/ecg", b"\xc1garbage")
        device.wait_for_ack(5)
        wait_until(
            lambda: ward.value("heartwire_ingest_dead_letters_total", reason="undecodable") == 1, "the dead letter"
        )
    for name, wanted in {
        "heartwire_ingest_frames_committed_total": 6,
        "heartwire_ingest_frames_duplicate_total": 2,
        "heartwire_ingest_frames_late_total": 1,
        "heartwire_ingest_samples_total": 8 * 250,
        "heartwire_ingest_shards": 64,
        "heartwire_ingest_held_messages": 0,
        "heartwire_analytics_shards": 64,
    }.items():
        assert ward.value(name) == wanted, name
    assert ward.value("heartwire_ingest_acks_total") >= 2
    assert ward.value("heartwire_ingest_batch_messages_sum") == ward.value("heartwire_ingest_messages_committed_total")
    assert ward.value("heartwire_ingest_commit_seconds_count") >= 2
    wait_until(lambda: ward.value("heartwire_analytics_frames_total") == 6, "the analysis")
    assert ward.value("heartwire_analytics_devices") == 1
    assert ward.value("heartwire_analytics_step_frames_sum") == 6
    wait_until(lambda: ward.value("heartwire_analytics_lag_frames") == 0, "a sign of life that saw the end of the lag")

    assert httpx.get(f"http://127.0.0.1:{ward.pages}/api/ward", timeout=20, verify=PLAIN).status_code == 401
    assert ward.value("heartwire_dashboard_answers_total", method="GET", status="401") == 1

    scraped = {service: ward.get(service, "/metrics").text for service in _SERVICES}
    there = {
        sample.name
        for text in scraped.values()
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    queries = _queries()
    assert len(queries) > 40
    for query in queries:
        names = _names(query)
        assert names or "up{" in query, query
        assert names <= there, f"{query} asks for {names - there}, which no service shows"
    unused = {name for name in there if name.startswith("heartwire_")} - set().union(*map(_names, queries))
    assert {name for name in unused if name.endswith("_total")} <= {
        "heartwire_analytics_checkpoints_total",
        "heartwire_analytics_frames_again_total",
        "heartwire_dashboard_screens_joined_total",
    }, "counted, and shown nowhere"
    for service in _SERVICES:
        said = scraped[service] + ward.processes[service].log
        assert _PATIENT.split()[1] not in said
        assert device.name not in scraped[service]


@on_one_pair
def test_a_broker_that_is_away_makes_services_unready_and_not_ill(ward: _Ward, broker: BrokerServer) -> None:
    broker.kill()
    for service in ("ingest", "dashboard"):
        wait_until(lambda: ward.ready(service) == "no broker\n", f"{service} to miss the broker")  # noqa: B023
        assert ward.get(service, "/healthz").status_code == 200
    assert ward.value("heartwire_ingest_reached", what="broker") == 0
    assert ward.ready("analytics") == "ok\n"
    broker.start()
    for service in ("ingest", "dashboard"):
        wait_until(lambda: ward.ready(service) == "ok\n", f"{service} to find the broker again")  # noqa: B023
    assert ward.value("heartwire_ingest_failures_total", of="broker") >= 1


def test_the_dashboard_and_the_rules_are_whole() -> None:
    board: dict[str, Any] = json.loads(_GRAFANA.read_text(encoding="utf-8"))
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        if panel["type"] != "row":
            assert panel["title"]
            assert panel["description"], panel["title"]
            assert panel["targets"], panel["title"]
    rules = yaml.safe_load(_RULES.read_text(encoding="utf-8"))["groups"][0]["rules"]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in {"page", "ticket"}, rule["alert"]
        assert set(rule["annotations"]) == {"summary", "action"}, rule["alert"]
        assert rule["expr"].count("(") == rule["expr"].count(")"), rule["alert"]
    scraped = yaml.safe_load(_PROMETHEUS.read_text(encoding="utf-8"))
    assert [Path(name).name for name in scraped["rule_files"]] == [_RULES.name]
    assert {job["job_name"] for job in scraped["scrape_configs"]} == {
        f"heartwire-{name}" for name in (*_SERVICES, "canary")
    }
