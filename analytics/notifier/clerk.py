"""Counts how long alarms have waited for an answer, and takes the steps of their chains; one process at a time does.

A step is one transaction: how far the chain is, the event that says so, and what is to be sent. Another process goes on
from there, once.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.rows import TupleRow, namedtuple_row
from psycopg.types.json import Jsonb

from analytics.notifier.chain import UNCOUNTED_MOST_US, Standing, advance
from heartwire.calls import CALLS, CHANNEL_FAILING, NOBODY_ANSWERS, get_call
from heartwire.escalation import DELAYS_S
from heartwire.storage.queries import load_queries

_logger: Final = logging.getLogger(__name__)
_QUERIES: Final = load_queries("analytics.notifier", "clerk.sql")
ENGINE: Final = "notifier-1"
_LATCHING: Final = [call.code for call in CALLS.values() if call.latching]
#: Attempts in a row that failed before a contact is taken for broken.
FAILURES: Final = 3
#: Alarms that one that nobody answers names.
_NAMED_MOST: Final = 50


class Person(NamedTuple):
    """Somebody on call, and by which contacts."""

    user_id: int
    name: str
    contacts: Sequence[int]


class Clerk:
    """The clerk of one connection; while another process is it, `turn` does nothing.

    Parameters
    ----------
    connection : psycopg.Connection
        Autocommitting.
    monotonic_ns : callable
        The clock by which time counts.
    """

    def __init__(
        self, connection: psycopg.Connection[TupleRow], monotonic_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._connection: Final = connection
        self._monotonic_ns: Final = monotonic_ns
        self._counted_ns: int | None = None
        self._steps = 0

    @property
    def is_clerk(self) -> bool:
        """Whether it is this process."""
        return self._counted_ns is not None

    def take_count(self) -> int:
        """Return how many steps were taken since this was asked last."""
        steps, self._steps = self._steps, 0
        return steps

    def turn(self) -> float | None:
        """Count and step; return how long nothing is due, seconds, or ``None`` if nothing is waited for.

        Raises
        ------
        psycopg.Error
            The database; make another clerk.
        """
        with self._connection.transaction():
            elapsed_us = self._elapsed_us()
            if elapsed_us is None:
                return None
            tenants = [tenant_id for (tenant_id,) in self._all("tenants")]
            chains = {(row[0], row[1], row[2]): tuple(row[3]) for row in self._all("chains")}
            asking = self._asking(tenants) if tenants else []
            before = {row.alarm_id: _standing(row, chains) for row in asking}
            after = {
                row.alarm_id: advance(before[row.alarm_id], 0 if row.step is None else elapsed_us) for row in asking
            }
            taken = [row for row in asking if after[row.alarm_id].step > before[row.alarm_id].step]
            after |= self._take(taken, after)
            # What is seen for the first time is kept at once: from then on its time is counted, not read off a clock.
            new = {row.alarm_id for row in asking if row.step is None}
            changed = [now for now in after.values() if now != before[now.alarm_id] or now.alarm_id in new]
            self._save([now for now in changed if now.delays_s])
            unanswered = [row for row in asking if after[row.alarm_id].is_unanswered]
            self._tell_unanswered(unanswered)
            self._tell_failing()
            self._connection.execute(_QUERIES["counted"])
        left = [standing.left_us for standing in after.values() if standing.left_us is not None]
        return min(left) / 1e6 if left else None

    def _elapsed_us(self) -> int | None:
        """Return what has passed since the last turn of whatever process, or ``None`` while another is the clerk."""
        now_ns = self._monotonic_ns()
        if self._counted_ns is not None:
            elapsed_us = (now_ns - self._counted_ns) // 1000
        else:
            if not self._all("become_clerk")[0][0]:
                return None
            elapsed_us = min(max(0, self._all("uncounted")[0][0]), UNCOUNTED_MOST_US)
            _logger.info("this process counts the escalations from now on")
        self._counted_ns = now_ns
        return elapsed_us

    def _take(self, taken: Sequence[Any], after: dict[int, Standing]) -> dict[int, Standing]:
        """Write down the steps that were taken; return the chains that hurry on since nobody is there to be told."""
        hurried: dict[int, Standing] = {}
        known: dict[tuple[int, str, int], list[Person]] = {}
        details: list[Jsonb] = []
        told: list[tuple[int, int, int]] = []
        for row in taken:
            standing = after[row.alarm_id]
            key = (row.tenant_id, row.ward, standing.step)
            if key not in known:
                given = {"tenant_id": row.tenant_id, "ward": row.ward, "step": standing.step}
                known[key] = [Person(*person) for person in self._all("on_call", **given)]
            people = known[key]
            if not people:
                hurried[row.alarm_id] = standing = replace(standing, hurries=True)
            told += [(row.alarm_id, contact, standing.step) for person in people for contact in person.contacts]
            details.append(Jsonb(_detail(standing, people)))
        if taken:
            alarms = [row.alarm_id for row in taken]
            self._connection.execute(_QUERIES["escalate"], {"alarms": alarms, "details": details})
            _logger.info("%d steps taken, %d messages to send", len(taken), len(told))
            self._steps += len(taken)
        if told:
            alarm_ids, contacts, steps = (list(column) for column in zip(*told, strict=True))
            given = {"alarms": alarm_ids, "contacts": contacts, "steps": steps}
            self._connection.execute(_QUERIES["notify"], given)
        return hurried

    def _save(self, changed: Sequence[Standing]) -> None:
        if not changed:
            return
        self._connection.execute(
            _QUERIES["save"],
            {
                "alarms": [standing.alarm_id for standing in changed],
                "steps": [standing.step for standing in changed],
                "waited_us": [standing.waited_us for standing in changed],
                "hurries": [standing.hurries for standing in changed],
            },
        )

    def _tell_unanswered(self, unanswered: Sequence[Any]) -> None:
        """One alarm a tenant says which nobody answers."""
        by_tenant: dict[int, list[Any]] = defaultdict(list)
        for row in unanswered:
            by_tenant[row.tenant_id].append(row)
        details = {
            tenant_id: {
                "alarms": len(rows),
                "alarm_ids": [row.alarm_id for row in rows[:_NAMED_MOST]],
                "wards": sorted({row.ward for row in rows if row.ward}),
            }
            for tenant_id, rows in by_tenant.items()
        }
        self._keep_own(NOBODY_ANSWERS, {(tenant_id,): detail for tenant_id, detail in details.items()}, lambda _: ())

    def _tell_failing(self) -> None:
        """One alarm a contact, or webhook, says that it is broken."""
        wanted: dict[tuple[int, ...], dict[str, Any]] = {
            (tenant_id, contact_id, webhook_id): {
                "contact_id": contact_id,
                "webhook_id": webhook_id,
                "contact": label,
                "scheme": scheme,
                "name": name,
            }
            for tenant_id, contact_id, webhook_id, label, scheme, name in self._all("failing", failures=FAILURES)
        }
        self._keep_own(CHANNEL_FAILING, wanted, lambda detail: (detail["contact_id"], detail["webhook_id"]))

    def _keep_own(
        self,
        call: str,
        wanted: dict[tuple[int, ...], dict[str, Any]],
        key_of: Callable[[dict[str, Any]], tuple[int, ...]],
    ) -> None:
        """Raise, tell anew and end alarms of a call, so that those open are the wanted ones, by tenant and key."""
        open_ones = {(row[1], *key_of(row[2])): (row[0], row[2]) for row in self._all("open_own", call=call)}
        for key, (alarm_id, detail) in open_ones.items():
            if key not in wanted:
                self._connection.execute(_QUERIES["end_own"], {"alarm_id": alarm_id})
            elif detail != wanted[key]:
                self._connection.execute(_QUERIES["tell_own"], {"alarm_id": alarm_id, "detail": Jsonb(wanted[key])})
        for key in wanted.keys() - open_ones.keys():
            given = {
                "tenant_id": key[0],
                "call": call,
                "priority": str(get_call(call).priority),
                "engine": ENGINE,
                "detail": Jsonb(wanted[key]),
            }
            self._connection.execute(_QUERIES["raise_own"], given)

    def _asking(self, tenants: list[int]) -> list[Any]:
        given = {"tenants": tenants, "latching": _LATCHING, "nobody_answers": NOBODY_ANSWERS}
        with self._connection.cursor(row_factory=namedtuple_row) as cursor:
            return cursor.execute(_QUERIES["asking"], given).fetchall()

    def _all(self, query: str, **given: object) -> list[TupleRow]:
        return self._connection.execute(_QUERIES[query], given).fetchall()


def _standing(row: Any, chains: dict[tuple[int, str | None, str], tuple[int, ...]]) -> Standing:  # noqa: ANN401
    delays_s = DELAYS_S[row.priority]
    for ward in (row.ward, None):
        if (row.tenant_id, ward, row.priority) in chains:
            delays_s = chains[row.tenant_id, ward, row.priority]
            break
    if row.step is not None:
        return Standing(row.alarm_id, delays_s, row.is_held, row.step, row.waited_us, row.hurries)
    # Seen for the first time: raised a moment ago, or while no notifier ran.
    age_us = 0 if row.is_held else min(max(0, row.age_us), UNCOUNTED_MOST_US)
    return Standing(row.alarm_id, delays_s, row.is_held, waited_us=age_us)


def _detail(standing: Standing, people: Sequence[Person]) -> dict[str, object]:
    is_last = standing.step >= len(standing.delays_s)
    next_us = None if is_last else time.time_ns() // 1000 + (standing.left_us or 0)
    return {
        "step": standing.step,
        "to": ", ".join(person.name for person in people) or None,
        "users": [person.user_id for person in people],
        "next_us": next_us,
    }
