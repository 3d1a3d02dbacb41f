"""An OpenID provider that answers as a test wants it to: each first part of an address is a provider of its own."""

import base64
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLIENT: Final = "heartwire"
SECRET: Final = "the client's secret, of which nobody else should know"  # noqa: S105 # of a test's own provider
KEY_ID: Final = "k1"
KEY: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)
#: Of somebody else.
OTHER_KEY: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)
Claims = dict[str, Any]


def sign(claims: Claims, key: rsa.RSAPrivateKey = KEY, key_id: str = KEY_ID) -> str:
    """Return a token."""
    return jwt.encode(claims, key, "RS256", headers={"kid": key_id})


def public(key: rsa.RSAPrivateKey = KEY, **more: str) -> dict[str, Any]:
    """Return a key as a provider publishes it."""
    return {**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": KEY_ID, **more}


class Asked(NamedTuple):
    """What was asked at a token endpoint."""

    authorization: str
    form: dict[str, str]


class Impostor:
    """Signs in whomever a test names: the code is the nonce of the sign-in.

    Attributes
    ----------
    claims : dict
        What the ID token says besides what it must.
    forge : callable
        Makes the ID token of the claims that an honest one would have.
    userinfo : dict, optional
        What its userinfo endpoint says, ``None`` where it has none.
    keys : list
        What it publishes.
    metadata : dict
        What it says of itself, instead of the truth.
    answers : dict
        By the last part of an address: status and body of an answer, instead of the honest one.
    goes_on : Event
        While it is not set, nothing is answered.
    asked : list
        At the token endpoint.
    """

    def __init__(self) -> None:
        impostor = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                impostor._answer(self, "")

            def do_POST(self) -> None:
                impostor._answer(self, self.rfile.read(int(self.headers["content-length"])).decode())

            def log_message(self, *_: object) -> None:  # what tests expect is no news
                pass

        self._server: Final = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url: Final = f"http://127.0.0.1:{self._server.server_port}"
        self.goes_on: Final = threading.Event()
        self.asked: list[Asked] = []
        self.be_honest()

    def be_honest(self) -> None:
        """Answer as a provider should, about Ida."""
        self.claims: Claims = {"sub": "ida", "preferred_username": "ida", "name": "Ida Identity", "groups": ["nurses"]}
        self.forge: Callable[[Claims], str] = sign
        self.userinfo: Claims | None = None
        self.keys: list[dict[str, Any]] = [public()]
        self.metadata: dict[str, Any] = {}
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.goes_on.set()

    def issuer(self, key: str) -> str:
        """Return the issuer of one of its providers."""
        return f"{self.url}/{key}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.goes_on.set()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler, body: str) -> None:
        self.goes_on.wait()
        path = urlsplit(handler.path).path
        issuer = self.issuer(path.split("/")[1])
        last = path.rpartition("/")[2]
        if last == "token":
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self.asked.append(Asked(handler.headers.get("authorization", ""), form))
        wanted = None if "/elsewhere/" in path else self.answers.get(last)
        status, content = wanted or (200, json.dumps(self._honest(last, issuer, body)).encode())
        handler.send_response(status)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(content)))
        if status in {301, 302, 307}:
            handler.send_header("location", f"{issuer}/elsewhere/openid-configuration")
        handler.end_headers()
        handler.wfile.write(content)

    def _honest(self, last: str, issuer: str, body: str) -> dict[str, Any]:
        if last == "openid-configuration":
            addresses = {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/authorize?tenant=1",
                "token_endpoint": f"{issuer}/token",
                "jwks_uri": f"{issuer}/jwks",
            }
            more = {} if self.userinfo is None else {"userinfo_endpoint": f"{issuer}/me"}
            return {**addresses, **more, **self.metadata}
        if last == "jwks":
            return {"keys": self.keys}
        if last == "me":
            return self.userinfo or {}
        nonce = parse_qs(body).get("code", [""])[0]
        now_s = int(time.time())
        must = {"iss": issuer, "aud": CLIENT, "exp": now_s + 300, "iat": now_s, "nonce": nonce}
        return {"token_type": "Bearer", "access_token": "an-access-token", "id_token": self.forge(must | self.claims)}


def unsigned(claims: Claims) -> str:
    """Return a token that nobody signed, as `none` has it."""
    head, body = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "none", "kid": KEY_ID}, claims)
    )
    return f"{head}.{body}."
