"""``heartwire ledger``: says whether what happened to alarms is as it was sealed."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import click
import psycopg

from heartwire.errors import PermanentError
from heartwire.storage.errors import translated
from heartwire.storage.ledger import Report, Tenant, check_chain, list_tenants, read_entries, read_head
from heartwire.storage.pool import connect
from heartwire.storage.settings import StorageSettings

_STATEMENT_TIMEOUT_S: Final = 600.0
_ANCHOR: Final = re.compile(r"([1-9][0-9]{0,18}):([0-9a-fA-F]{64})")


class LedgerBrokenError(PermanentError):
    """The check found something."""


@click.group()
@click.option("--database", help="Database as a libpq URL. [env: HEARTWIRE_STORAGE_DATABASE]")
@click.pass_context
def ledger(context: click.Context, database: str | None) -> None:
    """Say whether what happened to alarms is as it was sealed.

    Every event of every alarm is sealed, within a second, as an entry of its tenant's chain; each entry's hash covers
    the one before it. Analytics writes the last entry's number and hash to its log once a day: note it outside of the
    database, and give it to `check` as --anchor.
    """
    context.obj = StorageSettings.load(database=database).database.get_secret_value()


@ledger.command()
@click.option("--tenant", help="Name of one tenant.  [default: all]")
@click.option("--anchor", metavar="NUMBER:HASH", help="An entry as it was noted earlier; needs --tenant.")
@click.pass_context
def check(context: click.Context, tenant: str | None, anchor: str | None) -> None:
    """Count every chain anew from the rows themselves, and name what is changed, missing or added.

    Ends with an error if there is anything. Everything may run meanwhile.
    """
    noted = None
    if anchor is not None:
        match = _ANCHOR.fullmatch(anchor)
        if match is None or tenant is None:
            raise click.UsageError("--anchor is an entry's number, a colon and its 64 digits, and needs --tenant")
        noted = (int(match[1]), match[2])
    wrong = 0
    with _connection(context) as connection:
        for one in list_tenants(connection, tenant):
            report = check_chain(connection, one.tenant_id, anchor=noted, progress=_tell_progress)
            _say(one, report)
            wrong += report.wrong
    if wrong:
        raise LedgerBrokenError(
            f"{wrong} things are wrong in the ledger, as said above; compare with a backup, and find out who had access"
        )


@ledger.command()
@click.option("--tenant", help="Name of one tenant.  [default: all]")
@click.pass_context
def head(context: click.Context, tenant: str | None) -> None:
    """Print the last entry of each chain, to be noted elsewhere: NUMBER:HASH, when it was sealed, whose it is."""
    with _connection(context) as connection, translated():
        for one in list_tenants(connection, tenant):
            entry = read_head(connection, one.tenant_id)
            if entry is None:
                click.echo(f"nothing is sealed yet of {one.name}", err=True)
            else:
                click.echo(f"{entry.seq}:{entry.hash.hex()}  {_instant(entry.at_us)}  {one.name}")


@ledger.command()
@click.option("--tenant", default="default", show_default=True, help="Name of the tenant.")
@click.pass_context
def export(context: click.Context, tenant: str) -> None:
    """Print a whole chain, one entry a line, as JSON: a copy to keep where this database's owner cannot write."""
    with _connection(context) as connection, translated():
        for entries in read_entries(connection, list_tenants(connection, tenant)[0].tenant_id):
            for entry in entries:
                columns = entry._asdict() | {"content": entry.content.hex(), "hash": entry.hash.hex()}
                click.echo(json.dumps(columns))


@contextmanager
def _connection(context: click.Context) -> Iterator[psycopg.Connection[Any]]:
    with connect(context.obj, "ledger", autocommit=True, statement_timeout_s=_STATEMENT_TIMEOUT_S) as connection:
        yield connection


def _tell_progress(done: int, of: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{done:,} of {of:,} entries", nl=done == of, err=True)


def _say(tenant: Tenant, report: Report) -> None:
    for finding in report.findings:
        click.echo(f"{tenant.name}: {finding}")
    if report.wrong > len(report.findings):
        click.echo(f"{tenant.name}: and {report.wrong - len(report.findings)} more")
    verdict = "all as it was sealed" if not report.wrong else f"{report.wrong} things are wrong"
    dropped = f", {report.dropped:,} of rows that retention has dropped" if report.dropped else ""
    due = f"; {report.due:,} rows wait to be sealed" if report.due else ""
    click.echo(f"{tenant.name}: {report.entries:,} entries{dropped}, {verdict}{due}")


def _instant(us: int) -> str:
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us):%Y-%m-%d %H:%M:%S} UTC"
