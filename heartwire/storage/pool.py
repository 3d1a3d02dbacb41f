"""Connections to the database."""

from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from heartwire.storage.errors import translated

#: Seconds to wait for a connection before calling the database unavailable.
CONNECT_TIMEOUT_S = 5
# Our queries are short: compiling them costs more than it saves (0.2 s of 0.6 s measured, over many chunks).
_OPTIONS = (
    "-c timezone=UTC -c jit=off -c statement_timeout={timeout_ms} -c idle_in_transaction_session_timeout={open_ms}"
    " -c idle_session_timeout={idle_ms}"
)
#: A process that is frozen inside a transaction holds up the log's horizon (docs/adr/0006), and with it everybody's
#: analysis: no longer than this, seconds.
_OPEN_TRANSACTION_S = 30.0
# A dead peer is noticed in seconds, not in the kernel's hours.
_KEEPALIVES: Final[dict[str, Any]] = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


def connect(
    database: str,
    application: str,
    *,
    autocommit: bool = False,
    statement_timeout_s: float = 60.0,
    frozen_after_s: float | None = None,
) -> psycopg.Connection[TupleRow]:
    """Open one connection; its session speaks UTC and ends a statement that hangs.

    Parameters
    ----------
    frozen_after_s : float, optional
        The server ends a session that asks nothing for so long, inside a transaction or between two, and takes its
        locks: for whoever holds a role by one (docs/adr/0033). ``None``: only inside a transaction, after 30 s.

    Raises
    ------
    DatabaseUnavailableError
        If the database cannot be reached.
    """
    with translated():
        return psycopg.connect(
            database,
            autocommit=autocommit,
            application_name=f"heartwire-{application}",
            connect_timeout=CONNECT_TIMEOUT_S,
            options=_options(statement_timeout_s, frozen_after_s),
            **_KEEPALIVES,
        )


def _options(statement_timeout_s: float, frozen_after_s: float | None = None) -> str:
    return _OPTIONS.format(
        timeout_ms=round(statement_timeout_s * 1000),
        open_ms=round(1000 * (frozen_after_s or _OPEN_TRANSACTION_S)),
        idle_ms=round(1000 * (frozen_after_s or 0)),
    )


def make_pool(database: str, application: str, *, size: int) -> AsyncConnectionPool:
    """Return a pool of autocommitting connections, not opened yet.

    It has at most `size`; callers wait when all are in use.
    """
    return AsyncConnectionPool(
        database,
        min_size=1,
        max_size=size,
        open=False,
        timeout=CONNECT_TIMEOUT_S,
        check=AsyncConnectionPool.check_connection,
        kwargs={
            "autocommit": True,
            "application_name": f"heartwire-{application}",
            "connect_timeout": CONNECT_TIMEOUT_S,
            "options": _options(30.0),
            **_KEEPALIVES,
        },
    )
