"""A real OpenID provider on loopback: oidc-provider, in Node, from its own lock (tests/servers/openid)."""

import json
import re
import shutil
import uuid
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from setup.node import find_node
from setup.pages import has_packages, install_packages
from setup.report import SetupError
from tests.servers.missing import ServerMissingError
from tests.servers.plain_http import PLAIN
from tests.servers.process import Process
from tests.servers.waiting import find_free_port

_FOLDER: Final = Path(__file__).parent / "openid"
#: What a test's client is called, and its secret: with what must be encoded in it.
CLIENT: Final = "heartwire at St. Anne's"
SECRET: Final = "a:secret%of &a/test+"  # noqa: S105 # of a test's own provider


def install_openid_provider() -> None:
    """Install its packages."""
    with find_node() as node:
        install_packages(_FOLDER, node, "the OpenID provider")


def find_openid_provider() -> Path:
    """Return the folder with the provider, its packages installed.

    Raises
    ------
    ServerMissingError
        If they are not.
    """
    try:
        with find_node() as node:
            if has_packages(_FOLDER, node):
                return _FOLDER
    except SetupError as error:
        raise ServerMissingError(str(error)) from None
    raise ServerMissingError("the OpenID provider is not installed; run `make servers`")


class OpenIdProvider:
    """One provider, with people of its own; ends with everything it started.

    Parameters
    ----------
    directory : Path
        For its settings and its log.
    pages : str
        Address of the pages it sends people back to, as the provider `hospital`.
    """

    def __init__(self, directory: Path, pages: str) -> None:
        self._file: Final = directory / "provider.json"
        self._port: Final = find_free_port()
        self._people: Final[dict[str, dict[str, Any]]] = {}
        self.pages: Final = pages
        self._keys: dict[str, Any] = {}
        self.issuer: Final = f"http://localhost:{self._port}"
        with find_node() as node:
            program = shutil.which("node", path=node.environment.get("PATH"))
        assert program is not None
        words = [program, str(find_openid_provider() / "provider.mjs"), str(self._file)]
        self.process: Final = Process("the OpenID provider", words, directory / "provider.log")

    def start(self) -> None:
        """Start it with new keys; ready when it answers."""
        self._keys = _new_keys()
        self._write()
        self.process.start(self._answers)

    def say_of(self, login: str, **claims: object) -> None:
        """Let somebody sign in there, by any password, and say this of him from now on."""
        self._people[login] = claims
        self._write()

    def sign_in(self, way: str, login: str) -> dict[str, str]:
        """Go the way there as somebody's browser, sign in, and return what the provider sends back with."""
        with httpx.Client(timeout=10, verify=PLAIN, follow_redirects=False) as browser:
            answer = browser.get(way)
            for _ in range(10):
                if answer.is_redirect:
                    where = answer.headers["location"]
                    if where.startswith(self.pages):
                        return {name: values[0] for name, values in parse_qs(urlsplit(where).query).items()}
                    answer = browser.get(httpx.URL(self.issuer).join(where))
                else:
                    form = re.search(r'action="([^"]+)"', answer.text)
                    assert form is not None, answer.text
                    given = {"prompt": "login", "login": login, "password": "any"}
                    answer = browser.post(form[1], data=given)
        raise AssertionError("the provider does not send back")

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.issuer}/jwks", timeout=2, verify=PLAIN).status_code == 200
        except httpx.HTTPError:
            return False

    def _write(self) -> None:
        client = {
            "client_id": CLIENT,
            "client_secret": SECRET,
            "redirect_uris": [f"{self.pages}/sign-in/hospital"],
            "post_logout_redirect_uris": [f"{self.pages}/sign-in"],
        }
        said = {"port": self._port, "keys": self._keys, "client": client, "people": self._people}
        # Read at each sign-in: never half of it.
        unfinished = self._file.with_suffix(".new")
        unfinished.write_text(json.dumps(said), encoding="utf-8")
        unfinished.rename(self._file)


def _new_keys() -> dict[str, Any]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    made = RSAAlgorithm.to_jwk(key, as_dict=True)
    del made["key_ops"]  # the provider checks its own signatures with it, too
    return {"keys": [{**made, "kid": uuid.uuid4().hex, "use": "sig"}]}
