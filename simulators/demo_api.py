"""The demo's care team at the pages' API: signed in as people are, with no more rights than theirs."""

import http.client
import json
from collections.abc import Mapping
from typing import Any, Final, Self

from heartwire.embedded.ports import LOOPBACK
from heartwire.errors import RetryableError

_TIMEOUT_S: Final = 20.0
_COOKIE: Final = "Set-Cookie"
_CSRF: Final = "X-CSRF-Token"


class ApiRefusedError(RetryableError):
    """The API did not do it.

    Attributes
    ----------
    status : int
        HTTP status; 0 where nobody answered.
    """

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status: Final = status


class Signed:
    """Somebody who is signed in.

    Raises
    ------
    ApiRefusedError
        If he is not let in, or nobody answers.
    """

    def __init__(self, port: int, login: str, password: str) -> None:
        self._port: Final = port
        self._headers: Final = {"User-Agent": "heartwire demo", "Content-Type": "application/json"}
        answer = self.post("/session", {"login": login, "password": password})
        self.user_id: Final = int(answer["user"]["id"])
        self._headers[_CSRF] = answer["csrf"]

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Sign out."""
        self._ask("DELETE", "/session", None)

    def get(self, path: str) -> Any:  # noqa: ANN401 # JSON, as docs/openapi.json says
        """Return what the API answers."""
        return self._ask("GET", path, None)

    def post(self, path: str, body: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401
        """Do something."""
        return self._ask("POST", path, {} if body is None else body)

    def put(self, path: str, body: Mapping[str, object]) -> Any:  # noqa: ANN401
        """Set something."""
        return self._ask("PUT", path, body)

    def delete(self, path: str) -> None:
        """Take something back."""
        self._ask("DELETE", path, None)

    def _ask(self, method: str, path: str, body: Mapping[str, object] | None) -> Any:  # noqa: ANN401
        connection = http.client.HTTPConnection(LOOPBACK, self._port, timeout=_TIMEOUT_S)
        try:
            content = None if body is None else json.dumps(body).encode()
            connection.request(method, f"/api{path}", content, self._headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise ApiRefusedError(f"{method} {path}: {error}") from None
        finally:
            connection.close()
        if answer.status >= http.client.BAD_REQUEST:
            raise ApiRefusedError(f"{method} {path}: {answer.status} {text[:200]!r}", answer.status)
        if (cookie := answer.headers[_COOKIE]) is not None:
            self._headers["Cookie"] = cookie.split(";", 1)[0]
        return json.loads(text) if text else None
