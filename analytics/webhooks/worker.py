"""Tells one webhook what happens to alarms, one message after the other, each until it arrived (at least once).

On a thread and connection of its own: a receiver that hangs delays nobody else.
"""

import logging
import threading
import time
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow

from analytics.webhooks.delivery import Outcome, Sender
from analytics.webhooks.signature import sign
from heartwire.alarm_feed import ENTRIES, FeedEntry, entry_of
from heartwire.backoff import Backoff
from heartwire.errors import HeartwireError
from heartwire.storage.errors import translated
from heartwire.storage.pool import connect
from heartwire.storage.queries import load_queries

_logger: Final = logging.getLogger(__name__)
_QUERIES: Final = load_queries("analytics.webhooks", "store.sql")
_encoder: Final = msgspec.json.Encoder()
#: Entries that are read at once.
_MOST: Final = 200
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 300.0
#: Longer than a receiver has to answer: a process that asks nothing for so long loses the webhook to another, seconds.
_FROZEN_AFTER_S: Final = 60.0


class Worker:
    """Serves a webhook until it is removed or `stop` is called.

    Parameters
    ----------
    database : str
        libpq URL.
    webhook_id : int
        Which.
    poll_s : float
        Between two looks for something new, seconds.
    local_too : bool
        As of `Sender`.
    """

    def __init__(self, database: str, webhook_id: int, *, poll_s: float, local_too: bool) -> None:
        self._database: Final = database
        self._webhook_id: Final = webhook_id
        self._poll_s: Final = poll_s
        self._local_too: Final = local_too
        self._stopping: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name=f"webhook-{webhook_id}", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether it still serves."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Ask it to end."""
        self._stopping.set()

    def join(self, timeout_s: float) -> None:
        """Wait for its end."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        backoff = Backoff(30.0, first_s=self._poll_s)
        sender = Sender(local_too=self._local_too)
        try:
            while not self._stopping.is_set():
                try:
                    with (
                        connect(
                            self._database, "webhook", autocommit=True, frozen_after_s=_FROZEN_AFTER_S
                        ) as connection,
                        translated(),
                    ):
                        backoff.reset()
                        if not self._serve(connection, sender):
                            return
                except HeartwireError as error:
                    _logger.warning("webhook %d waits for the database: %s", self._webhook_id, error)
                    self._stopping.wait(backoff.next_s())
        finally:
            sender.close()

    def _serve(self, connection: psycopg.Connection[TupleRow], sender: Sender) -> bool:
        """Serve over one connection; whether to go on with another one."""
        given = {"webhook_id": self._webhook_id}
        claimed = False
        while not self._stopping.is_set():
            if not claimed:
                row = connection.execute(_QUERIES["claim"], given).fetchone()
                claimed = bool(row and row[0])
            webhook = connection.execute(_QUERIES["webhook"], given).fetchone()
            if webhook is None:
                return False
            tenant_id, url, secret, kinds, priorities, sent_seq, failures, wait_s = webhook
            entries = []
            if claimed and wait_s == 0:
                rows = connection.execute(ENTRIES, {"tenant_id": tenant_id, "after": sent_seq, "most": _MOST})
                entries = [entry_of(row) for row in rows]
            for entry in entries:
                wanted = (not kinds or entry.kind in kinds) and (not priorities or entry.alarm.priority in priorities)
                outcome = self._send(sender, url, bytes(secret), entry) if wanted else Outcome()
                self._note(connection, entry, outcome, failures, was_sent=wanted)
                if not outcome.arrived or self._stopping.is_set():
                    break
                failures = 0
            if len(entries) < _MOST:
                self._stopping.wait(self._poll_s)
        return True

    def _send(self, sender: Sender, url: str, secret: bytes, entry: FeedEntry) -> Outcome:
        body = _encoder.encode(entry)
        message_id = f"hw_{self._webhook_id}_{entry.seq}"
        return sender.send(url, sign(secret, message_id, int(time.time()), body), body)

    def _note(
        self,
        connection: psycopg.Connection[TupleRow],
        entry: FeedEntry,
        outcome: Outcome,
        failures: int,
        *,
        was_sent: bool,
    ) -> None:
        given: dict[str, object] = {"webhook_id": self._webhook_id}
        if outcome.arrived:
            connection.execute(_QUERIES["arrived"], given | {"seq": entry.seq, "was_sent": was_sent})
            return
        pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(failures, 20))
        connection.execute(_QUERIES["failed"], given | {"problem": outcome.problem, "pause_s": pause_s})
        _logger.warning(
            "webhook %d: entry %d did not arrive (%s); again in %.0f s",
            self._webhook_id,
            entry.seq,
            outcome.problem,
            pause_s,
        )
