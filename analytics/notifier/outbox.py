"""Sends what is to be said: one message a contact at a time, each on a thread of its own; none delays another.

At least once: what became of an attempt is written down after it, and who dies in between leaves it to another. While a
process speaks to a contact it holds a lock that goes with its connection.
"""

import hashlib
import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow, namedtuple_row

from analytics.notifier.channels import Became, Delivery, Means, deliver
from analytics.notifier.gathering import Gathering, Waiting
from analytics.notifier.words import Message, Told, alarm_message, trial_message
from heartwire.backoff import Backoff
from heartwire.calls import CALLS, CHANNEL_FAILING
from heartwire.canary import LETTERS
from heartwire.escalation import LINK_HOURS
from heartwire.storage.queries import load_queries
from heartwire.tally import Tally

_logger: Final = logging.getLogger(__name__)
_QUERIES: Final = load_queries("analytics.notifier", "outbox.sql")
_LATCHING: Final = [call.code for call in CALLS.values() if call.latching]
_ATTEMPTS_MOST: Final = 30
_FIRST_PAUSE_S: Final = 2.0
#: Attempts at one contact that hang at the same time; more are not begun.
_HANGING_MOST: Final = 3
_THREADS_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class OutboxSettings:
    """How messages are made and sent.

    Attributes
    ----------
    pages_url : str
        Where the pages are, for links; empty: messages have none.
    names : bool
        Whether messages name patients.
    timeout_s : float
        After which an attempt counts as failed, whatever the channel does, seconds.
    longest_pause_s : float
        Between two attempts at a contact, seconds.
    """

    pages_url: str
    names: bool
    timeout_s: float
    longest_pause_s: float


@dataclass(slots=True)
class Attempt:
    """One message under way."""

    contact_id: int
    said: list[Waiting]
    begun_s: float


@dataclass(slots=True)
class _Contact:
    """What this process knows of a contact, by its monotonic clock."""

    backoff: Backoff
    gathering: Gathering = field(default_factory=Gathering)
    not_before_s: float = 0.0
    under_way: Attempt | None = None
    hanging: int = 0


@dataclass(slots=True)
class Counters:
    """What a process sent since its start."""

    outcomes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Became, 0))
    took_s: Tally = field(default_factory=lambda: Tally((0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)))


class Outbox:
    """The outbox as one process sends it; goes on over the next connection when one breaks."""

    def __init__(
        self,
        settings: OutboxSettings,
        means: Means,
        counters: Counters,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now_over: psycopg.Connection[TupleRow] | None = None
        self._settings: Final = settings
        self._means: Final = means
        self._counters: Final = counters
        self._monotonic: Final = monotonic
        self._contacts: Final[dict[int, _Contact]] = {}
        self._done: Final[SimpleQueue[tuple[Attempt, Delivery]]] = SimpleQueue()
        self._unwritten: Final[deque[tuple[Attempt, Delivery]]] = deque()

    @property
    def is_busy(self) -> bool:
        """Whether an attempt is under way."""
        return any(contact.under_way is not None for contact in self._contacts.values())

    @property
    def _connection(self) -> psycopg.Connection[TupleRow]:
        assert self._now_over is not None, "use() comes first"
        return self._now_over

    def use(self, connection: psycopg.Connection[TupleRow]) -> None:
        """Go on over another connection, autocommitting: its locks are new, what is under way stays so."""
        self._now_over = connection
        for contact_id, contact in self._contacts.items():
            if contact.under_way is not None:
                self._all("claim", contact_id=contact_id)

    def turn(self) -> None:
        """Write down what became of attempts, and begin those that are due.

        Raises
        ------
        psycopg.Error
            The database; make another outbox.
        """
        self._collect()
        for (contact_id,) in self._all("waiting"):
            contact = self._contacts.setdefault(
                contact_id, _Contact(Backoff(self._settings.longest_pause_s, first_s=_FIRST_PAUSE_S))
            )
            is_due = contact.under_way is None and self._monotonic() >= contact.not_before_s
            if is_due and contact.hanging < _HANGING_MOST and self._n_threads() < _THREADS_MOST:
                self._begin(contact_id, contact)

    def _n_threads(self) -> int:
        return sum(known.hanging + (known.under_way is not None) for known in self._contacts.values())

    def _begin(self, contact_id: int, contact: _Contact) -> None:
        if not self._all("claim", contact_id=contact_id)[0][0]:
            return
        attempt = None
        try:
            attempt = self._compose(contact_id, contact)
        finally:
            if attempt is None:
                self._all("release", contact_id=contact_id)

    def _compose(self, contact_id: int, contact: _Contact) -> Attempt | None:
        """Make the message of what is to be said now and begin to send it; ``None`` where there is nothing."""
        with self._connection.transaction():
            found = self._named("contact", contact_id=contact_id)
            if not found:
                self._connection.execute(_QUERIES["give_up_contact"], {"contact_id": contact_id})
                return None
            rows = self._named("to_say", contact_id=contact_id, latching=_LATCHING, channel_failing=CHANNEL_FAILING)
            moot = [row.notification_id for row in rows if row.alarm_id is not None and not row.asks]
            if moot:
                self._connection.execute(_QUERIES["give_up"], {"notifications": moot})
            asking = [row for row in rows if row.alarm_id is None or (row.asks and not row.is_held)]
            waiting = [Waiting(row.notification_id, row.call, row.priority) for row in asking]
            chosen = set(contact.gathering.choose(waiting, self._monotonic()))
            if not chosen:
                return None
            said = [row for row in asking if row.notification_id in chosen]
            message = self._message(found[0], said)
        attempt = Attempt(contact_id, [one for one in waiting if one.notification_id in chosen], self._monotonic())
        contact.under_way = attempt
        threading.Thread(
            target=self._deliver,
            args=(attempt, found[0].kind, found[0].address, message),
            name=f"contact-{contact_id}",
            daemon=True,
        ).start()
        return attempt

    def _message(self, contact: Any, said: Sequence[Any]) -> Message:  # noqa: ANN401 # rows
        told = [row for row in said if row.alarm_id is not None]
        if not told:
            return trial_message(contact.language)
        token = secrets.token_urlsafe(32)
        given = {
            "tenant_id": contact.tenant_id,
            "contact_id": contact.contact_id,
            "user_id": contact.user_id,
            "token_hash": hashlib.sha256(token.encode()).digest(),
            "hours": LINK_HOURS,
        }
        notice_id = self._all("make_notice", **given)[0][0]
        notifications = [row.notification_id for row in said]
        self._connection.execute(_QUERIES["name_notice"], {"notice_id": notice_id, "notifications": notifications})
        if contact.kind == "canary":
            self._connection.execute("SELECT pg_notify(%s, %s)", (LETTERS, token))
        link = f"{self._settings.pages_url.rstrip('/')}/n/{token}" if self._settings.pages_url else ""
        alarms = [
            Told(row.call, row.priority, row.ward, row.onset_at, row.zone, row.name if self._settings.names else "")
            for row in told
        ]
        return alarm_message(alarms, contact.language, link)

    def _deliver(self, attempt: Attempt, kind: str, address: str, message: Message) -> None:
        try:
            delivery = deliver(kind, address, message, self._means)
        except Exception as error:  # noqa: BLE001 # a channel of somebody else's: whatever it does, it did not arrive
            delivery = Delivery(Became.FAILED, f"the channel broke: {type(error).__name__}")
        self._done.put((attempt, delivery))

    def _collect(self) -> None:
        """Write down what is known of attempts; what the database did not take is written with the next turn."""
        with suppress(Empty):
            while True:
                self._unwritten.append(self._done.get_nowait())
        while self._unwritten:
            attempt, delivery = self._unwritten[0]
            contact = self._contacts[attempt.contact_id]
            if contact.under_way is attempt:
                self._note(contact, attempt, delivery)
            else:
                contact.hanging -= 1  # it was given up before
            self._unwritten.popleft()
        for contact in self._contacts.values():
            slow = contact.under_way
            if slow is not None and self._monotonic() - slow.begun_s > self._settings.timeout_s:
                said = f"nothing was heard for {self._settings.timeout_s:.0f} s"
                self._note(contact, slow, Delivery(Became.TIMEOUT, said))
                contact.hanging += 1

    def _note(self, contact: _Contact, attempt: Attempt, delivery: Delivery) -> None:
        took_s = self._monotonic() - attempt.begun_s
        given = {
            "contact_id": attempt.contact_id,
            "notifications": [one.notification_id for one in attempt.said],
            "outcome": delivery.became,
            "problem": delivery.problem,
            "took_ms": round(took_s * 1000),
            "attempts_most": _ATTEMPTS_MOST,
        }
        arrived = delivery.became is Became.DELIVERED
        with self._connection.transaction():
            self._connection.execute(_QUERIES["note_attempts"], given)
            self._connection.execute(_QUERIES["note_state"], given)
            if arrived:
                self._connection.execute(_QUERIES["note_told"], given)
                self._connection.execute(_QUERIES["reached"], given)
            else:
                self._connection.execute(_QUERIES["not_reached"], given)
                self._connection.execute(_QUERIES["hurry"], given)
                if delivery.became is Became.REFUSED:
                    self._connection.execute(_QUERIES["remove_contact"], given)
        contact.under_way = None
        self._all("release", contact_id=attempt.contact_id)
        self._counters.outcomes[delivery.became] += 1
        self._counters.took_s.add(took_s)
        if arrived:
            contact.backoff.reset()
            contact.gathering.said(attempt.said, self._monotonic())
            _logger.info("contact %d: %d told in one message", attempt.contact_id, len(attempt.said))
            return
        pause_s = contact.backoff.next_s()
        contact.not_before_s = self._monotonic() + pause_s
        _logger.warning(
            "contact %d: a message did not arrive (%s); again in %.0f s", attempt.contact_id, delivery.became, pause_s
        )

    def _all(self, query: str, **given: object) -> list[TupleRow]:
        return self._connection.execute(_QUERIES[query], given).fetchall()

    def _named(self, query: str, **given: object) -> list[Any]:
        with self._connection.cursor(row_factory=namedtuple_row) as cursor:
            return cursor.execute(_QUERIES[query], given).fetchall()
