"""Who came back from a provider and was not let in: told to the administrators of his hospital, in the audit trail."""

import time
from typing import Any, Final

import psycopg
from psycopg.types.json import Jsonb

from dashboard.access import Action
from dashboard.errors import ApiError, Code
from dashboard.openid.claims import login_of, tenant_of
from dashboard.openid.client import Vouched
from dashboard.openid.providers import Provider
from dashboard.rate_limit import RateLimit
from dashboard.whence import Whence
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard.openid", "sign_in.sql")
#: Refusals of nobody in particular that are written down of one network address, a minute: whoever is at the door can
#: cause them, and the trail is for ever. All of them are in the log (sign_in.py).
_NOBODY_MOST: Final = 5


class Refusals:
    """Writes down who was not let in, by which provider, why, from where."""

    def __init__(self) -> None:
        self._of_nobody: Final = RateLimit(_NOBODY_MOST)

    async def note(
        self,
        connection: psycopg.AsyncConnection[Any],
        provider: Provider,
        vouched: Vouched | None,
        problem: ApiError,
        at: Whence,
    ) -> None:
        """Write one down.

        Parameters
        ----------
        vouched : Vouched, optional
            Whom the provider vouched for; ``None`` where it vouched for nobody, or is not believed.
        problem : ApiError
            Why. That the provider is away is no refusal.
        """
        if problem.code is Code.PROVIDER_UNREACHABLE:
            return
        if vouched is None and self._of_nobody.wait_s(at.address, time.monotonic()) > 0:
            return
        detail: dict[str, object] = {"provider": provider.key, "code": problem.code.value, "address": at.address}
        detail |= {name: problem.params[name] for name in ("reason", "claim") if name in problem.params}
        hospitals, who = _meant(provider, vouched)
        given = {
            "issuer": provider.issuer,
            "subject": None if vouched is None else vouched.subject,
            "hospitals": hospitals,
            "action": Action.REFUSED_SIGN_IN,
            "detail": Jsonb(detail | who),
        }
        await connection.execute(_QUERIES["refused"], given)


def _meant(provider: Provider, vouched: Vouched | None) -> tuple[list[str], dict[str, str]]:
    """Return the hospitals of which somebody may be, and what they are told of him.

    That is what `user link` wants to know; nothing where it is not said which of several hospitals is his.
    """
    if vouched is None:
        return [*provider.hospitals], {}
    try:
        hospital = tenant_of(provider, vouched.claims)
    except ApiError:
        return [*provider.hospitals], {}
    login = login_of(provider, vouched.claims)
    return [hospital], {"subject": vouched.subject} | ({} if login is None else {"login": login})
