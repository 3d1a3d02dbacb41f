"""Whom the embedded broker lets in, and what each may do: Mosquitto's dynamic security, as far as heartwire uses it.

It reads and keeps the same file, and understands the same orders.
"""

import base64
import json
from pathlib import Path
from typing import Any, Final

from paho.mqtt.client import topic_matches_sub

from heartwire.access import AclType, SecretHash, hash_secret
from heartwire.private_files import write_private


class Door:
    """Clients and their roles, kept in a file.

    Parameters
    ----------
    path : Path
        The document that `heartwire.access.broker_document` describes.

    Raises
    ------
    OSError, ValueError, KeyError
        If it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path: Final = path
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        self._clients: Final = {client["username"]: client for client in document["clients"]}
        self._roles: Final = {role["rolename"]: role for role in document["roles"]}
        self._document: Final = document

    def lets_in(self, username: str | None, password: str | None, client_id: str) -> bool:
        """Whether somebody may connect under this client id."""
        client = self._clients.get(username or "")
        if client is None or password is None:
            return False
        secret = SecretHash(
            base64.b64decode(client["salt"]), client["iterations"], base64.b64decode(client["password"])
        )
        return secret.fits(password) and client.get("clientid", client_id) == client_id

    def allows(self, username: str | None, kind: AclType, topic: str) -> bool:
        """Whether a client may do this with a topic; `SUBSCRIBE` asks for both kinds of subscription."""
        client = self._clients.get(username or "")
        if client is None:
            return False
        for held in client["roles"]:
            for acl in self._roles.get(held["rolename"], {"acls": ()})["acls"]:
                if _fits(acl, kind, topic):
                    return True
        return False

    def order(self, payload: bytes) -> tuple[bytes, list[str]]:
        """Carry out orders; return the answer, and the users whose connections are to be ended."""
        responses: list[dict[str, Any]] = []
        ended: list[str] = []
        try:
            commands = json.loads(payload)["commands"]
        except (ValueError, KeyError, TypeError):
            return b'{"responses":[{"command":"Unknown command","error":"Payload not valid JSON"}]}', []
        for command in commands:
            name = command.get("command", "")
            try:
                answer = self._carry_out(name, command, ended)
            except (KeyError, TypeError):
                answer = {"error": "Invalid/missing field"}
            responses.append({"command": name} | answer)
        self._save()
        return json.dumps({"responses": responses}).encode(), ended

    def _carry_out(self, name: str, command: dict[str, Any], ended: list[str]) -> dict[str, Any]:
        """Return what is answered beside the order's name."""
        if name in {"createRole", "deleteRole", "getRole", "modifyRole"}:
            return self._order_role(name, command)
        username = command["username"] if name in {"createClient", "deleteClient"} else ""
        if name == "createClient":
            if username in self._clients:
                return {"error": "Client already exists"}
            self._clients[username] = _client(command)
        elif name == "deleteClient":
            if self._clients.pop(username, None) is None:
                return {"error": "Client not found"}
            ended.append(username)
        else:
            return {"error": "Unknown command"}
        return {}

    def _order_role(self, name: str, command: dict[str, Any]) -> dict[str, Any]:
        role = command["rolename"]
        if (name == "createRole") == (role in self._roles):
            return {"error": "Role already exists" if name == "createRole" else "Role not found"}
        if name == "getRole":
            return {"data": {"role": self._roles[role]}}
        if name == "deleteRole":
            del self._roles[role]
        else:
            self._roles[role] = {"rolename": role, "acls": command["acls"]}
        return {}

    def _save(self) -> None:
        self._document["clients"] = list(self._clients.values())
        self._document["roles"] = list(self._roles.values())
        write_private(self._path, json.dumps(self._document, indent="\t").encode())


def _fits(acl: dict[str, Any], kind: AclType, topic: str) -> bool:
    if not acl["allow"]:
        return False
    if kind is AclType.SUBSCRIBE:
        if acl["acltype"] == AclType.SUBSCRIBE:
            return bool(acl["topic"] == topic)
        return bool(acl["acltype"] == AclType.SUBSCRIBE_BELOW) and topic_matches_sub(acl["topic"], topic)
    return bool(acl["acltype"] == kind) and topic_matches_sub(acl["topic"], topic)


def _client(command: dict[str, Any]) -> dict[str, Any]:
    secret = hash_secret(command["password"])
    client = {
        "username": command["username"],
        "password": base64.b64encode(secret.hash).decode(),
        "salt": base64.b64encode(secret.salt).decode(),
        "iterations": secret.iterations,
        "roles": command.get("roles", []),
    }
    if "clientid" in command:
        client["clientid"] = command["clientid"]
    return client
