"""``heartwire migrate``."""

import click

from heartwire.storage.migrate import migrate as apply
from heartwire.storage.pages_login import let_pages_in
from heartwire.storage.settings import MigrateSettings


@click.command()
@click.option("--database", help="Database as a libpq URL. [env: HEARTWIRE_MIGRATE_DATABASE]")
def migrate(database: str | None) -> None:
    """Bring the database to this version's schema.

    Works on TimescaleDB (large tables become hypertables) and on plain PostgreSQL 14 or newer. Does nothing
    when the schema is up to date.
    """
    settings = MigrateSettings.load(database=database)
    applied = apply(settings.database.get_secret_value())
    if settings.pages_password is not None:
        let_pages_in(settings.database.get_secret_value(), settings.pages_password.get_secret_value())
    if applied:
        click.echo(f"applied: {', '.join(applied)}")
    else:
        click.echo("the schema is up to date")
