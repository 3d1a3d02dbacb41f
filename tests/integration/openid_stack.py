"""What the tests of signing in by a provider share: the pages' server, providers that it knows, people's browsers."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.integration.dashboard_stack import Person, Stack
from tests.servers.impostor import CLIENT, SECRET, Impostor
from tests.servers.mosquitto import MosquittoServer
from tests.servers.process import Process

#: Where the pages are, as providers are told: nobody goes there in these tests.
PAGES: Final = "https://ward.example"


class Way(NamedTuple):
    """Where the page is sent, and what it is asked there."""

    url: str
    state: str
    nonce: str


@contextmanager
def serving(
    database: str, directory: Path, providers: Path, more_env: Mapping[str, str] | None = None
) -> Iterator[Stack]:
    """Serve the pages, to several tests one after the other."""
    with ExitStack() as running:
        broker = MosquittoServer()
        running.callback(broker.remove)

        def start(
            *args: str,
            env: Mapping[str, str] | None = None,
            is_ready: Callable[[Process], bool] | None = None,
            timeout_s: float = 30.0,
            prefix: Sequence[str] = (),
        ) -> Process:
            inherited = {name: value for name, value in os.environ.items() if not name.startswith("HEARTWIRE_")}
            words = [*prefix, sys.executable, "-m", "heartwire", *args]
            home = {"HEARTWIRE_HOME": str(directory), "PYTHONUNBUFFERED": "1"}
            process = Process(args[0], words, directory / f"{args[0]}.log", env={**inherited, **home, **(env or {})})
            running.callback(process.kill)
            process.start(None if is_ready is None else (lambda: is_ready(process)), timeout_s=timeout_s)
            return process

        env = {
            "HEARTWIRE_DASHBOARD_OPENID_PROVIDERS": str(providers),
            "HEARTWIRE_DASHBOARD_PUBLIC_URL": PAGES,
            **(more_env or {}),
        }
        yield Stack(start, database, broker.start(), env)


def begin(person: Person, key: str) -> Way:
    """Press a provider's button."""
    answer = person.http.post(f"/api/sign-in/{key}")
    assert answer.status_code == 200, answer.text
    url = answer.json()["url"]
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    return Way(url, asked["state"], asked["nonce"])


def bring(person: Person, key: str, **brought: str) -> httpx.Response:
    """Come back with what a provider sent."""
    answer = person.http.post(f"/api/sign-in/{key}/answer", json=brought)
    if answer.status_code == 200:
        person.http.headers["x-csrf-token"] = answer.json()["csrf"]
    return answer


def sign_in(person: Person, key: str) -> httpx.Response:
    """Sign in by a provider of the impostor's."""
    way = begin(person, key)
    return bring(person, key, state=way.state, code=way.nonce)


def refusal(answer: httpx.Response) -> tuple[str, str]:
    """Return an error's code, and its reason."""
    error = answer.json()["error"]
    return error["code"], str(error["params"].get("reason", ""))


def providers_file(directory: Path, tables: Mapping[str, Mapping[str, Any]]) -> Path:
    """Write a file of providers."""
    (directory / "client.secret").write_text(f"{SECRET}\n", encoding="utf-8")
    lines = []
    for key, table in tables.items():
        lines.append(f"[{key}]")
        lines += [f"{name} = {_toml(value)}" for name, value in table.items()]
    file = directory / "providers.toml"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def of_the_impostor(impostor: Impostor, directory: Path, key: str, **more: object) -> dict[str, Any]:
    """Return the table of one of the impostor's providers: nurses and physicians by their groups."""
    return {
        "name": f"The {key}",
        "issuer": impostor.issuer(key),
        "client_id": CLIENT,
        "client_secret_file": str(directory / "client.secret"),
        "role_claim": "groups",
        "roles": {"heads": "admin", "doctors": "physician", "nurses": "nurse"},
        "makes_users": True,
        **more,
    }


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{name}" = {_toml(one)}' for name, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else f'"{value}"'
