"""Secrets are known again and not kept; codes are read as they were meant; a device may do little."""

import base64
import json
import re

import pytest

from heartwire.access import (
    SERVICES,
    Acl,
    AclType,
    broker_document,
    device_acls,
    hash_code,
    hash_secret,
    new_code,
    new_secret,
    read_code,
)
from heartwire.topics import new_device, topic_prefix


def test_a_secret_is_known_again_and_not_kept() -> None:
    secret = new_secret()
    kept = hash_secret(secret)
    assert kept.fits(secret)
    assert not kept.fits(secret[:-1])
    assert kept != hash_secret(secret), "the same secret twice is not seen to be the same"
    assert secret.encode() not in kept.hash + kept.salt
    assert len(base64.urlsafe_b64decode(secret + "=")) == 32


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("7K3M-9QXZ", "7K3M9QXZ"),
        ("7k3m 9qxz", "7K3M9QXZ"),
        (" 7k3m9qxz\n", "7K3M9QXZ"),
        ("OIL0-1111", "01101111"),
        ("7K3M9QX", None),
        ("7K3M9QXZ9", None),
        ("7K3M9QXU", None),
        ("", None),
        ("7K3M9QXé", None),
    ],
)
def test_a_code_is_read_as_it_was_meant(typed: str, meant: str | None) -> None:
    assert read_code(typed) == meant


def test_codes_are_eight_characters_that_are_not_mistaken_and_differ() -> None:
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(re.fullmatch("[0-9A-HJKMNP-TV-Z]{8}", code) for code in codes)
    assert all(read_code(code) == code for code in codes)


def test_the_hash_of_a_code_depends_on_the_installation() -> None:
    assert hash_code("7K3M9QXZ", b"one") == hash_code("7K3M9QXZ", b"one")
    assert hash_code("7K3M9QXZ", b"one") != hash_code("7K3M9QXZ", b"two")
    assert hash_code("7K3M9QXZ", b"one") != hash_code("7K3M9QXY", b"one")


def test_a_device_sends_its_own_streams_and_hears_what_is_for_itself() -> None:
    device = new_device()
    prefix = topic_prefix(device)
    assert device_acls(device) == [
        *(Acl(AclType.SEND, f"{prefix}/{stream}") for stream in ("ecg", "event", "hr", "status")),
        *(
            Acl(kind, f"{prefix}/{stream}")
            for stream in ("ack", "config", "message")
            for kind in (AclType.SUBSCRIBE, AclType.RECEIVE)
        ),
    ]


def test_what_the_broker_is_given_allows_nothing_by_default_and_holds_no_secret() -> None:
    secrets = {name: new_secret() for name in (*SERVICES, new_device())}
    hashes = {name: hash_secret(secret) for name, secret in secrets.items()}
    devices = {name: hashes[name] for name in secrets if name not in SERVICES}
    document = broker_document({service: hashes[service] for service in SERVICES}, devices)
    allowed = {kind for kind, allows in document["defaultACLAccess"].items() if allows}
    assert allowed == {"unsubscribe"}
    text = json.dumps(document)
    assert not any(secret in text for secret in secrets.values())
    assert {client["username"] for client in document["clients"]} == set(secrets)
    assert all(client.get("clientid") == f"heartwire-{client['username']}" for client in document["clients"][3:])
