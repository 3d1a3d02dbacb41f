"""The canary's letters: the notifier's message to it, whose link it follows as a person would."""

import logging
import time
from typing import Any, Final

import httpx
import psycopg

from heartwire.canary import LETTERS

_logger: Final = logging.getLogger(__name__)
_TIMEOUT: Final = httpx.Timeout(3.0)
#: Between two attempts, seconds.
_PAUSE_S: Final = 1.0


class Letters:
    """Takes letters in, and answers the newest: one run goes on at a time; on one thread.

    Parameters
    ----------
    pages_url : str
        Where the pages are, as this process reaches them.
    """

    def __init__(self, pages_url: str) -> None:
        self._pages_url: Final = pages_url.rstrip("/")
        self._token: str | None = None
        self._not_before_s = 0.0
        # No proxy and no netrc of the machine: the pages are asked as they are.
        self._client: Final = httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False)

    def listen(self, connection: psycopg.Connection[Any]) -> None:
        """Hear of letters over this connection from now on; what came before is not there any more."""
        connection.execute(f"LISTEN {LETTERS}")

    def take(self, connection: psycopg.Connection[Any]) -> None:
        """Take in what has come."""
        for note in connection.notifies(timeout=0):
            self._token = note.payload

    def answer(self, alarm_id: int) -> None:
        """Acknowledge an alarm by the link of the newest letter; without one, or when refused, nothing is done."""
        if self._token is None or time.monotonic() < self._not_before_s:
            return
        self._not_before_s = time.monotonic() + _PAUSE_S
        problem = self._post(self._token, alarm_id)
        if problem is not None:
            _logger.warning("the canary's link does not open: %s", problem)

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def _post(self, token: str, alarm_id: int) -> str | None:
        try:
            answer = self._client.post(
                f"{self._pages_url}/api/notices/{token}/acknowledgement", json={"alarm_id": alarm_id}
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return f"{type(error).__name__}: {error}"
        return None if answer.is_success else f"the pages answered {answer.status_code}"
