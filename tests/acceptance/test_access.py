"""Promise P10: the broker lets in only who belongs, each only to what is his own; on both brokers."""

import re
import socket
import ssl
import warnings
from collections.abc import Iterator
from typing import Final

import httpx
import psycopg
import pytest

from heartwire.access import CONTROL_ANSWER_TOPIC, CONTROL_TOPIC
from heartwire.broker_files import read_devices
from heartwire.frames import encode
from heartwire.topics import Stream, topic_prefix
from tests.acceptance.paired import Ward
from tests.conftest import StartHeartwire
from tests.integration.dashboard_stack import Stack
from tests.servers.secured import SecuredBroker
from tests.servers.waiting import wait_until
from tests.wire import ecg_frame

on_both = pytest.mark.parametrize(
    ("database_server", "secured_broker"),
    [("timescaledb", "mosquitto"), ("embedded-postgresql", "amqtt")],
    indirect=True,
)
_FAST: Final = {"HEARTWIRE_DASHBOARD_PAIRING_TRIES_ADDRESS": "4"}


@pytest.fixture
def ward(heartwire_process: StartHeartwire, database: str, secured_broker: SecuredBroker) -> Iterator[Ward]:
    env = secured_broker.env("dashboard") | secured_broker.provisioner_env() | _FAST
    ward = Ward(Stack(heartwire_process, database, secured_broker, env), secured_broker)
    yield ward
    ward.close()


over_both = pytest.mark.parametrize("ws", [False, True], ids=["tcp", "websockets"])


@on_both
@over_both
def test_a_paired_device_sends_and_hears_its_own_and_nothing_else(ward: Ward, *, ws: bool) -> None:
    credential, other = ward.paired(), ward.paired()
    assert credential["topic_prefix"] == topic_prefix(credential["device"])
    scheme = "ws" if ward.broker.ca_file is None else "wss"
    assert credential["broker_ws_url"] == f"{scheme}://{ward.broker.host}:{ward.broker.ws_port}"
    device = ward.connect_device(credential, ws=ws)
    assert device.connected.is_set()
    mine, others = credential["topic_prefix"], other["topic_prefix"]
    assert all(device.may_hear(f"{mine}/{stream}") for stream in ("ack", "config", "message"))
    for topic in (f"{others}/ack", f"{others}/ecg", f"{mine}/ecg", "#", "hw/#", f"{mine}/#", "+/+/+/+/ack"):
        assert not device.may_hear(topic), topic
    ingest = ward.service("ingest")
    assert ingest.may_hear("hw/#")
    device.send(f"{others}/ecg")
    device.send(f"{others}/ack")
    device.send(f"{mine}/ack")
    for stream in (Stream.ECG, Stream.HR, Stream.EVENT, Stream.STATUS):
        device.send(f"{mine}/{stream}")
    wait_until(lambda: len(ingest.heard) >= 4, "its own four streams")
    ingest.send(f"{mine}/ack")
    ingest.send(f"{others}/ack")
    wait_until(lambda: device.heard == [f"{mine}/ack"], "its own ack")
    assert ingest.heard[:4] == [f"{mine}/{stream}" for stream in ("ecg", "hr", "event", "status")]
    assert set(ingest.heard[4:]) <= {f"{mine}/ack", f"{others}/ack"}


@on_both
@over_both
def test_who_connects_is_not_given_what_was_retained_for_others(ward: Ward, *, ws: bool) -> None:
    first, second = ward.paired(), ward.paired()
    watching = ward.service("dashboard")
    status = f"{first['topic_prefix']}/{Stream.STATUS}"
    assert watching.may_hear(status)
    ward.connect_device(first).send(status, retain=True)
    wait_until(lambda: watching.heard == [status], "the status, retained")
    late, ingest = ward.connect_device(second, ws=ws), ward.service("ingest")
    mine = f"{second['topic_prefix']}/ack"
    assert late.may_hear(mine)
    assert ingest.may_hear("hw/#")
    ingest.send(mine)
    wait_until(lambda: mine in late.heard, "its own ack")
    assert late.heard == [mine]
    wait_until(lambda: status in ingest.heard, "what was retained, to one who may hear it and asks")


@on_both
def test_nobody_but_the_provisioner_reads_or_gives_orders(ward: Ward) -> None:
    credential = ward.paired()
    who = [ward.connect_device(credential), ward.service("ingest"), ward.service("dashboard")]
    for client in who:
        for topic in ("$SYS/#", "$SYS/broker/uptime", "$CONTROL/#", CONTROL_TOPIC, CONTROL_ANSWER_TOPIC):
            assert not client.may_hear(topic), topic
    order = b'{"commands":[{"command":"deleteClient","username":"dashboard"}]}'
    who[0].mqtt.publish(CONTROL_TOPIC, order, qos=1)
    who[1].mqtt.publish(CONTROL_TOPIC, order, qos=1)
    assert ward.service("dashboard").connected.is_set()
    ward.paired()
    assert ward.service("dashboard").connected.is_set()


@on_both
@over_both
def test_the_wrong_and_the_nameless_stay_out(ward: Ward, *, ws: bool) -> None:
    credential = ward.paired()
    device, password = credential["username"], credential["password"]
    assert ward.connect(None, None, ws=ws).refused.is_set()
    assert ward.connect(device, None, credential["client_id"], ws=ws).refused.is_set()
    assert ward.connect(device, password[:-1], credential["client_id"], ws=ws).refused.is_set()
    assert ward.connect(device, password, "another", ws=ws).refused.is_set(), "under another device's client id"
    assert ward.connect("ingest", password, credential["client_id"], ws=ws).refused.is_set()
    assert ward.connect("nobody", password, ws=ws).refused.is_set()


@on_both
def test_a_code_is_used_once_expires_and_is_not_guessed(ward: Ward) -> None:
    code = ward.code()
    assert re.fullmatch("[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", code)
    assert ward.pair(code.lower().replace("-", " ")).status_code == 201
    assert _refusal(ward.pair(code)) == _refusal(ward.look(code)) == (403, "used_code")
    ward.stack.execute("DELETE FROM pairing_failures")
    first, second = ward.code(), ward.code()
    assert _refusal(ward.pair(first)) == (403, "expired_code"), "a newer code makes it worthless"
    ward.stack.execute("UPDATE pairing_codes SET expires_at = now() WHERE used_at IS NULL")
    assert _refusal(ward.look(second)) == (403, "expired_code")
    right = ward.code()
    for _ in range(5):
        assert ward.look(right).status_code == 200, "a right code is no attempt"
    assert _refusal(ward.pair("00000000")) == _refusal(ward.look("no code")) == (403, "wrong_code")
    assert ward.look(right).status_code == 429
    blocked = ward.pair(right)
    assert (blocked.status_code, blocked.json()["error"]["code"]) == (429, "too_many_attempts")
    assert int(blocked.headers["retry-after"]) > 500
    # Time goes by, and the code still holds.
    ward.stack.execute("UPDATE pairing_failures SET at = at - interval '10 minutes'")
    assert ward.pair(right).status_code == 201


@on_both
def test_who_typed_a_code_sees_whose_it_is_and_no_more(ward: Ward) -> None:
    made = ward.nurse.http.post("/api/pairing-codes", json={"patient_id": ward.patient_id}).json()
    assert made["url"] == f"{ward.stack.url}/phone/?code={made['code'].replace('-', '')}"
    looked = ward.look(made["code"].lower())
    assert looked.json() == {"patient": "Ada E.", "ward": "B", "language": "en", "expires_us": made["expires_us"]}
    state = ward.nurse.http.get(f"/api/pairing-codes/{made['id']}").json()
    assert (state["state"], state["received_us"]) == ("waiting", None), "looking does not use it up"
    assert ward.pair(made["code"]).status_code == 201
    assert ward.nurse.http.get(f"/api/pairing-codes/{made['id']}").json()["state"] == "used"


@on_both
@over_both
def test_a_revoked_device_is_cut_off_at_once_and_stays_out(ward: Ward, *, ws: bool) -> None:
    credential, other = ward.paired(), ward.paired()
    device, bystander = ward.connect_device(credential, ws=ws), ward.connect_device(other, ws=ws)
    url = f"/api/devices/{credential['device']}"
    assert ward.nurse.http.post(f"{url}/revoke", json={"why": "lost on the bus"}).status_code == 204
    wait_until(device.ended.is_set, "the end of its connection", timeout_s=5)
    assert ward.connect_device(credential, ws=ws).refused.is_set()
    assert not bystander.ended.is_set()
    assert ward.nurse.http.post(f"{url}/credential").json()["error"]["code"] == "revoked"
    devices = ward.nurse.http.get(f"/api/patients/{ward.patient_id}/devices").json()["devices"]
    found = next(one for one in devices if one["device"] == credential["device"])
    assert (found["revoked_by"], found["revoked_why"]) == ("Nora Nurse", "lost on the bus")
    assert ward.stack.execute("SELECT count(*) FROM device_credentials WHERE device_id = %s", credential["device"]) == [
        (0,)
    ]


@on_both
def test_a_device_revoked_while_the_broker_is_away_stays_out_when_it_is_back(ward: Ward) -> None:
    credential = ward.paired()
    ward.broker.stop()
    url = f"/api/devices/{credential['device']}/revoke"
    assert ward.nurse.http.post(url, json={}).status_code == 204
    assert ward.pair(ward.code()).json()["error"]["code"] == "no_broker"
    ward.broker.start()
    query = "SELECT count(*) FROM device_credentials"
    wait_until(lambda: ward.stack.execute(query) == [(0,)], "the broker to be told", timeout_s=30)
    assert ward.connect_device(credential).refused.is_set()


@on_both
def test_a_new_credential_makes_the_old_one_worthless(ward: Ward) -> None:
    old = ward.paired()
    device = ward.connect_device(old)
    new = ward.nurse.http.post(f"/api/devices/{old['device']}/credential").json()
    wait_until(device.ended.is_set, "the end of its connection", timeout_s=5)
    assert (new["device"], new["topic_prefix"]) == (old["device"], old["topic_prefix"])
    assert ward.connect_device(old).refused.is_set()
    assert ward.connect_device(new).connected.is_set()


@on_both
def test_a_new_credential_that_the_broker_could_not_be_told_leaves_the_old_one(ward: Ward) -> None:
    credential = ward.paired()
    kept = ward.stack.execute("SELECT hash FROM device_credentials")
    ward.broker.stop()
    refused = ward.nurse.http.post(f"/api/devices/{credential['device']}/credential")
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "no_broker")
    assert ward.stack.execute("SELECT hash FROM device_credentials") == kept, "a restored broker would shut it out"
    ward.broker.start()
    assert ward.connect_device(credential).connected.is_set()


@on_both
def test_a_broker_without_memory_is_given_everybody_back(ward: Ward, heartwire_process: StartHeartwire) -> None:
    credential, revoked = ward.paired(), ward.paired()
    ward.nurse.http.post(f"/api/devices/{revoked['device']}/revoke", json={})
    ward.broker.stop()
    ward.broker.document.unlink()
    directory = ward.broker.directory
    arguments = ("--secrets", str(directory / "secrets"), "--database", ward.stack.database)
    process = heartwire_process("broker", "restore", str(directory), *arguments)
    assert process.wait() == 0, process.log
    ward.broker.start()
    assert ward.connect_device(credential).connected.is_set()
    assert ward.connect_device(revoked).refused.is_set()
    assert ward.service("ingest").connected.is_set()


@on_both
def test_what_is_in_the_database_opens_nothing(ward: Ward) -> None:
    code = ward.code()
    credential = ward.paired()
    text = "\n".join(
        str(row)
        for (table,) in ward.stack.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for row in ward.stack.execute(f"SELECT * FROM {table}")  # noqa: S608 # the database's own names
    )
    assert credential["device"] in text
    for secret in (credential["password"], code, code.replace("-", ""), *ward.broker.secrets.values()):
        assert secret not in text
    with psycopg.connect(ward.stack.database) as connection:
        (kept,) = read_devices(connection).values()
    assert kept.fits(credential["password"])


@on_both
def test_frames_of_a_paired_device_are_stored_and_those_of_a_revoked_one_are_not(
    ward: Ward, heartwire_process: StartHeartwire
) -> None:
    ingest = ward.start_ingest(heartwire_process)
    credential = ward.paired()
    device = ward.connect_device(credential)
    device.may_hear(f"{credential['topic_prefix']}/ack")
    topic = f"{credential['topic_prefix']}/ecg"
    device.send(topic, encode(ecg_frame(0)))
    count = "SELECT count(*) FROM ecg_frames"
    wait_until(lambda: ward.stack.execute(count) == [(1,)], "its frame")
    wait_until(lambda: device.heard == [f"{credential['topic_prefix']}/ack"], "its ack")
    assert ward.nurse.http.post(f"/api/devices/{credential['device']}/revoke", json={}).status_code == 204
    wait_until(device.ended.is_set, "the end of its connection")
    assert ward.connect_device(credential).refused.is_set()
    assert ingest.is_running
    assert ward.stack.execute(count) == [(1,)]


@pytest.mark.parametrize("secured_broker", ["mosquitto"], indirect=True)
def test_tls_older_than_1_2_is_refused(secured_broker: SecuredBroker) -> None:
    broker = secured_broker
    context = ssl.create_default_context(cafile=str(broker.ca_file))
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context.minimum_version = context.maximum_version = version
        assert _handshake(context, broker) == str(version.name).replace("_", ".")
    old = ssl.create_default_context(cafile=str(broker.ca_file))
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError, match=r"PROTOCOL_VERSION|ALERT|UNSUPPORTED|NO_PROTOCOLS"):
        _handshake(old, broker)


def _refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def _handshake(context: ssl.SSLContext, broker: SecuredBroker) -> str | None:
    with (
        socket.create_connection((broker.host, broker.port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as encrypted,
    ):
        return encrypted.version()
