"""``heartwire analytics``."""

from datetime import UTC, datetime

import click

from analytics.rehearsal.command import rehearse
from analytics.rerun_command import rerun
from analytics.rollups import rebuild_minutes
from analytics.service import AnalyticsService
from analytics.settings import AnalyticsSettings
from heartwire.logs import set_up_logging
from heartwire.running import run_until_told
from heartwire.storage.pool import connect


@click.group(invoke_without_command=True)
@click.option("--database", help="Database as a libpq URL. [env: HEARTWIRE_ANALYTICS_DATABASE]")
@click.option("--instance", help="Name of this process. [env: HEARTWIRE_ANALYTICS_INSTANCE; default: host and process]")
@click.pass_context
def analytics(context: click.Context, /, **given: str | None) -> None:
    """Find beats and arrhythmias, raise alarms.

    Reads every ECG frame that ingest has committed, once and in order, and commits what it finds together with how
    far it is: beats, episodes, alarms. It also watches the clock: a patient whose device is silent, an ingest that
    gives no sign of life, a broker that cannot be reached.

    The database may come and go, or not be there yet: analytics waits, says so, and goes on where it was. It needs
    the schema (`heartwire migrate`). Any number of processes share the work; when one is gone the others take over.
    It logs JSON lines to standard error. SIGTERM or Ctrl-C saves the state of every patient's signal and ends; after a
    kill, the last minute is read again, and nothing is found twice.

    Every setting is a variable HEARTWIRE_ANALYTICS_...; those of a terminal are options here.
    """
    if context.invoked_subcommand is not None:
        return
    settings = AnalyticsSettings.load(**given)
    set_up_logging("analytics", settings.log_level)
    run_until_told(AnalyticsService(settings))


@analytics.command(short_help="Count the minutes behind the trends anew from what is stored.")
@click.option("--from", "begin", type=click.DateTime(), required=True, help="Beginning, UTC.")
@click.option("--to", "end", type=click.DateTime(), help="End, UTC.  [default: now]")
@click.option("--patient", "patient_id", type=int, help="Number of one patient.  [default: all]")
@click.option("--lower", is_flag=True, help="Also where fewer beats are stored than were counted.")
@click.option("--database", help="Database as a libpq URL. [env: HEARTWIRE_ANALYTICS_DATABASE]")
def rollup(begin: datetime, end: datetime | None, patient_id: int | None, *, lower: bool, database: str | None) -> None:
    """Count the minutes and hours behind the trends anew, from the beats and frames that are stored.

    They are kept right by themselves; this is for a database in which they are doubted. Everything may run meanwhile.
    A minute of which beats are gone (retention) keeps its count, unless --lower. Likewise the heart rate variability of
    hours.
    """
    settings = AnalyticsSettings.load(database=database)
    until = datetime.now(UTC) if end is None else end.replace(tzinfo=UTC)
    with connect(settings.database.get_secret_value(), "analytics-rollup", autocommit=True) as connection:
        done = rebuild_minutes(connection, begin.replace(tzinfo=UTC), until, patient_id=patient_id, lowers=lower)
    click.echo(f"minutes that were not right: {done.beats} of beats, {done.signal} of signal; now they are")
    click.echo(f"hours of heart rate variability that were not right: {done.variability}; now they are")


analytics.add_command(rehearse)
analytics.add_command(rerun)
