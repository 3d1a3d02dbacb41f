"""Who may do what at the broker: roles, secrets, pairing codes.  Pure but for the dice.

The words are those of Mosquitto's dynamic security plugin; the embedded broker understands the same (docs/adr/0012).
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from heartwire.topics import DOWN, ROOT, UP, WIRE_VERSION, Stream, topic_prefix

#: What a service signs in as; its role has the same name.
INGEST: Final = "ingest"
DASHBOARD: Final = "dashboard"
PROVISIONER: Final = "provisioner"
SERVICES: Final = (INGEST, DASHBOARD, PROVISIONER)
#: The one device that nobody pairs: the canary's (docs/adr/0028). Its secret lies beside those of the services.
CANARY_DEVICE: Final = "canary0000000000"

#: Where the broker takes orders about who may connect, and where it answers.
CONTROL_TOPIC: Final = "$CONTROL/dynamic-security/v1"
CONTROL_ANSWER_TOPIC: Final = f"{CONTROL_TOPIC}/response"

#: Secrets are 256 random bits, so their hash need not be slow; this is the plugin's own number.
_ITERATIONS: Final = 101
_SALT_BYTES: Final = 12

# Crockford's base 32: what is read aloud or written by hand is not mistaken.
_CODE_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LENGTH: Final = 8
_MISREAD: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})
#: 40 bits could be tried out from a stolen database in a day: each try is to cost 30 ms and 16 MB.
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 16_384, 8, 1


class AclType(StrEnum):
    """What an entry of a role allows."""

    SEND = "publishClientSend"
    RECEIVE = "publishClientReceive"
    SUBSCRIBE = "subscribeLiteral"
    SUBSCRIBE_BELOW = "subscribePattern"


class Acl(NamedTuple):
    """One thing that a role may do."""

    kind: AclType
    topic: str

    def entry(self) -> dict[str, Any]:
        """Return it in the plugin's words."""
        return {"acltype": str(self.kind), "topic": self.topic, "priority": 0, "allow": True}


class SecretHash(NamedTuple):
    """A secret that can be known again and not be read (PBKDF2-HMAC-SHA512, RFC 8018)."""

    salt: bytes
    iterations: int
    hash: bytes

    def fits(self, secret: str) -> bool:
        """Whether this is the hash of the secret."""
        return hmac.compare_digest(self.hash, _pbkdf2(secret, self.salt, self.iterations))


def new_secret() -> str:
    """Return 256 random bits as text."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> SecretHash:
    """Return what may be kept of a secret."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return SecretHash(salt, _ITERATIONS, _pbkdf2(secret, salt, _ITERATIONS))


def new_code(length: int = _CODE_LENGTH) -> str:
    """Return a code that is easy to read aloud, five bits a character; by default a pairing code: eight (40 bits)."""
    return "".join(secrets.choice(_CODE_ALPHABET) for _ in range(length))


def read_code(text: str, length: int = _CODE_LENGTH) -> str | None:
    """Return a code as somebody typed it, as it was meant: any case, with or without spaces and hyphens.

    ``None`` when it is none.
    """
    code = "".join(text.split()).replace("-", "").upper().translate(_MISREAD)
    return code if len(code) == length and set(code) <= set(_CODE_ALPHABET) else None


def hash_code(code: str, pepper: bytes) -> bytes:
    """Return what may be kept of a code: the same for the same code, slow to try out (scrypt, RFC 7914).

    Parameters
    ----------
    pepper : bytes
        Of this installation, so that nobody computes all codes beforehand.
    """
    return hashlib.scrypt(code.encode(), salt=pepper, n=_SCRYPT_N, r=_SCRYPT_R, p=_SCRYPT_P, dklen=32)


def client_id_of(device: str) -> str:
    """Return the only MQTT client id under which a device may connect."""
    return f"heartwire-{device}"


def role_of(device: str) -> str:
    """Return the name of a device's role."""
    return f"device-{device}"


def device_acls(device: str) -> list[Acl]:
    """Return what a device may do: send its own streams and hear what is for itself."""
    prefix = topic_prefix(device)
    return [
        *(Acl(AclType.SEND, f"{prefix}/{stream}") for stream in sorted(UP)),
        *(Acl(kind, f"{prefix}/{stream}") for stream in sorted(DOWN) for kind in (AclType.SUBSCRIBE, AclType.RECEIVE)),
    ]


def service_acls(service: str) -> list[Acl]:
    """Return what a service may do."""
    hear = [Acl(AclType.SUBSCRIBE_BELOW, f"{ROOT}/#"), Acl(AclType.RECEIVE, f"{ROOT}/#")]
    if service == INGEST:
        return [*hear, *(Acl(AclType.SEND, f"{ROOT}/{WIRE_VERSION}/+/+/{stream}") for stream in sorted(DOWN))]
    if service == DASHBOARD:
        # And what the care team says to a patient.
        return [*hear, Acl(AclType.SEND, f"{ROOT}/{WIRE_VERSION}/+/+/{Stream.MESSAGE}")]
    assert service == PROVISIONER, service
    return [
        Acl(AclType.SEND, CONTROL_TOPIC),
        Acl(AclType.SUBSCRIBE, CONTROL_ANSWER_TOPIC),
        Acl(AclType.RECEIVE, CONTROL_ANSWER_TOPIC),
    ]


def broker_document(services: Mapping[str, SecretHash], devices: Mapping[str, SecretHash]) -> dict[str, Any]:
    """Return all that a broker is to know, as the plugin keeps it in its file; what is not allowed is refused."""
    roles = [(service, service_acls(service)) for service in services]
    roles += [(role_of(device), device_acls(device)) for device in devices]
    clients = [_client(service, service, secret) for service, secret in services.items()]
    clients += [
        {**_client(device, role_of(device), secret), "clientid": client_id_of(device)}
        for device, secret in devices.items()
    ]
    return {
        "defaultACLAccess": {
            "publishClientSend": False,
            "publishClientReceive": False,
            "subscribe": False,
            "unsubscribe": True,
        },
        "clients": clients,
        "groups": [],
        "roles": [{"rolename": name, "acls": _entries(acls)} for name, acls in roles],
    }


def admit_commands(device: str, secret: str) -> list[dict[str, Any]]:
    """Return the orders by which the broker lets a device in; those that it had for it before must be gone."""
    return [
        {"command": "createRole", "rolename": role_of(device), "acls": _entries(device_acls(device))},
        {
            "command": "createClient",
            "username": device,
            "password": secret,
            "clientid": client_id_of(device),
            "roles": [{"rolename": role_of(device), "priority": 0}],
        },
    ]


def role_commands(service: str) -> list[dict[str, Any]]:
    """Return the orders by which the broker lets a service do what it may, and nothing else; it connects anew then."""
    return [{"command": "modifyRole", "rolename": service, "acls": _entries(service_acls(service))}]


def may_too_little(service: str, acls: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a service's role, as the broker has it, lacks something: its file was made by an earlier version."""
    held = {(acl.get("acltype"), acl.get("topic")) for acl in acls if acl.get("allow")}
    return not held >= {(str(acl.kind), acl.topic) for acl in service_acls(service)}


def expel_commands(device: str) -> list[dict[str, Any]]:
    """Return the orders by which the broker ends a device's connection and lets it in no more."""
    return [
        {"command": "deleteClient", "username": device},
        {"command": "deleteRole", "rolename": role_of(device)},
    ]


def _entries(acls: Iterable[Acl]) -> list[dict[str, Any]]:
    return [acl.entry() for acl in acls]


def _client(username: str, role: str, secret: SecretHash) -> dict[str, Any]:
    return {
        "username": username,
        "password": base64.b64encode(secret.hash).decode(),
        "salt": base64.b64encode(secret.salt).decode(),
        "iterations": secret.iterations,
        "roles": [{"rolename": role, "priority": 0}],
    }


def _pbkdf2(secret: str, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, iterations)
