"""``heartwire analytics rehearse``."""

import os

import click

from analytics.rehearsal.work import work_off
from analytics.settings import AnalyticsSettings
from heartwire.logs import set_up_logging
from heartwire.storage.pool import connect

_NICE = 10
_STATEMENT_TIMEOUT_S = 60.0


@click.command(short_help="Do the rehearsals of limits that wait (analytics starts this by itself).")
@click.option("--database", help="Database as a libpq URL. [env: HEARTWIRE_ANALYTICS_DATABASE]")
def rehearse(database: str | None) -> None:
    """Do the rehearsals of limits that wait, and end.

    A rehearsal analyses a patient's stored days with limits that somebody thinks of giving him, and says what
    would have rung. Analytics starts this by itself when one is asked for. It gives way to everything else that runs,
    ends with whoever started it, and may be killed at any moment: another process begins again what was not done.
    """
    settings = AnalyticsSettings.load(database=database)
    set_up_logging("analytics", settings.log_level)
    os.nice(_NICE)
    parent = os.getppid()
    with connect(
        settings.database.get_secret_value(),
        "analytics-rehearsal",
        autocommit=True,
        statement_timeout_s=_STATEMENT_TIMEOUT_S,
    ) as connection:
        work_off(connection, lambda: os.getppid() == parent)
