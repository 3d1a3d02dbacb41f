"""``heartwire storage``: how much is stored, what will be dropped when, who is held."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import click
import psycopg

from heartwire.storage.overview import Overview, Signal, look_over
from heartwire.storage.pool import connect
from heartwire.storage.retention import (
    KINDS,
    Due,
    list_holds,
    look_ahead,
    place_hold,
    release_hold,
    set_policy,
)
from heartwire.storage.settings import StorageSettings

_STATEMENT_TIMEOUT_S: Final = 600.0
_UNITS: Final = ("bytes", "kB", "MB", "GB", "TB")


@click.group(invoke_without_command=True)
@click.option("--database", help="Database as a libpq URL. [env: HEARTWIRE_STORAGE_DATABASE]")
@click.pass_context
def storage(context: click.Context, database: str | None) -> None:
    """Say how much is stored, what will be dropped when, and who is held.

    Without a command: sizes by kind of data, bytes a sample of ECG, what waits, the room that is left, and what each
    retention policy lets go next. What has no policy is kept for ever. The compactor (`heartwire compact`) drops what
    is due, with a line in the table retention_log for each piece.
    """
    context.obj = StorageSettings.load(database=database).database.get_secret_value()
    if context.invoked_subcommand is None:
        with _connection(context) as connection:
            _say_overview(look_over(connection))
            _say_policies(connection)


@storage.command()
@click.argument("patient", type=int)
@click.option("--why", required=True, help="The reason, for the record.")
@click.option("--by", default=getpass.getuser, show_default="you", help="Who says so.")
@click.pass_context
def hold(context: click.Context, patient: int, why: str, by: str) -> None:
    """Keep everything of a patient, whatever the policies say (legal hold)."""
    with _connection(context) as connection:
        place_hold(connection, patient, why=why, by=by)
    click.echo(f"patient {patient} is held")


@storage.command()
@click.argument("patient", type=int)
@click.option("--by", default=getpass.getuser, show_default="you", help="Who says so.")
@click.pass_context
def release(context: click.Context, patient: int, by: str) -> None:
    """End a patient's legal hold."""
    with _connection(context) as connection:
        release_hold(connection, patient, by=by)
    click.echo(f"patient {patient} is not held any more")


@storage.group()
def policy() -> None:
    """How long each kind of data is kept."""


@policy.command()
@click.pass_context
def show(context: click.Context) -> None:
    """Say how long each kind of data is kept, and what goes next."""
    with _connection(context) as connection:
        _say_policies(connection)


@policy.command(name="set")
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--days", type=click.IntRange(1, 36_500), help="Keep it for so many days; without it, for ever.")
@click.option("--rows", type=click.IntRange(1), help="Of dead letters: keep the newest so many.")
@click.option("--tenant", default="default", show_default=True, help="Whose.")
@click.option(
    "--grace-hours", type=click.FloatRange(0, 8760), default=24.0, show_default=True, help="Takes effect after so long."
)
@click.option("--by", default=getpass.getuser, show_default="you", help="Who says so.")
@click.pass_context
def set_(
    context: click.Context,
    /,
    *,
    kind: str,
    days: int | None,
    rows: int | None,
    tenant: str,
    grace_hours: float,
    by: str,
) -> None:
    """Say how long a kind of data is kept. Nothing is dropped before the time of grace is over."""
    if rows is not None and (kind != "dead_letters" or days is None):
        raise click.UsageError("--rows is for dead_letters, beside --days")
    with _connection(context) as connection:
        at = set_policy(connection, kind, days, by=by, tenant=tenant, keep_rows=rows, grace_hours=grace_hours)
        click.echo(f"{kind}: " + ("kept for ever" if at is None else f"kept for {days} days, from {_instant(at)} on"))
        _say_policies(connection)


@contextmanager
def _connection(context: click.Context) -> Iterator[psycopg.Connection[Any]]:
    with connect(context.obj, "storage", autocommit=True, statement_timeout_s=_STATEMENT_TIMEOUT_S) as connection:
        yield connection


def _say_overview(overview: Overview) -> None:
    for part in overview.parts:
        click.echo(f"{part.name:20}{_size(part.n_bytes):>12}  {part.n_rows:>13,} rows")
    click.echo(f"{'whole database':20}{_size(overview.n_bytes):>12}")
    free = "not to be seen from here" if overview.free_bytes is None else _size(overview.free_bytes)
    click.echo(f"{'free on its disk':20}{free:>12}")
    click.echo()
    for name, signal in (("raw ECG", overview.raw), ("ECG in blocks", overview.blocks)):
        click.echo(f"{name:20}{_signal(signal)}")
    click.echo(f"{'':20}{overview.waiting:,} raw frames wait for analytics")
    click.echo()


def _say_policies(connection: psycopg.Connection[Any]) -> None:
    ahead = look_ahead(connection)
    with_policy = {due.policy.kind for due in ahead}
    for due in ahead:
        click.echo(_due(due))
    for kind in KINDS:
        if kind not in with_policy:
            click.echo(f"{kind:14}kept for ever")
    for held in list_holds(connection):
        click.echo(f"held: patient {held.patient_id} since {_instant(held.placed_at)} by {held.placed_by}: {held.why}")


def _due(due: Due) -> str:
    policy = due.policy
    rows = "" if policy.keep_rows is None else f", the newest {policy.keep_rows:,}"
    words = f"{policy.kind:14}{policy.tenant or 'all'}: kept for {policy.keep_days} days{rows} (by {policy.set_by})"
    if due.goes_at is None:
        return f"{words}; nothing to drop"
    now = f"{due.patients} patients have some that is due; " if due.patients and policy.kind != "dead_letters" else ""
    assert due.oldest is not None
    return f"{words}; {now}the oldest is of {_instant(due.oldest)} and goes from {_instant(due.goes_at)} on"


def _signal(signal: Signal) -> str:
    per_sample = signal.bytes_per_sample
    if per_sample is None or signal.oldest is None or signal.newest is None:
        return "none"
    return (
        f"{signal.frames:,} frames, {signal.samples:,} samples, {per_sample:.2f} bytes a sample,"
        f" {_instant(signal.oldest)} to {_instant(signal.newest)}"
    )


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _size(n_bytes: float) -> str:
    for unit in _UNITS:
        if n_bytes < 1000 or unit == _UNITS[-1]:
            break
        n_bytes /= 1000
    return f"{n_bytes:,.0f} {unit}" if unit == "bytes" else f"{n_bytes:,.1f} {unit}"
