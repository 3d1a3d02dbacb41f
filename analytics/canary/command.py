"""``heartwire canary``."""

import click

from analytics.canary.service import CanaryService
from analytics.canary.settings import CanarySettings
from heartwire.logs import set_up_logging
from heartwire.running import run_until_told
from heartwire.storage.canary import retire_canary
from heartwire.storage.pool import connect


@click.command()
@click.option("--database", help="Database as a libpq URL. [env: HEARTWIRE_CANARY_DATABASE]")
@click.option("--broker-host", help="MQTT broker's host. [env: HEARTWIRE_CANARY_BROKER_HOST; default: 127.0.0.1]")
@click.option("--broker-port", type=int, help="MQTT broker's port. [env: HEARTWIRE_CANARY_BROKER_PORT; default: 1883]")
@click.option("--cycle", "cycle_s", type=int, help="Seconds from one tachycardia to the next. [default: 180]")
@click.option(
    "--retire", is_flag=True, help="Take the canary out for good: the pages show no proof any more, and ask for none."
)
def canary(*, retire: bool, **given: str | int | None) -> None:
    """Prove the way of an alarm, again and again.

    Sends the ECG of a patient that does not exist, in a tenant of its own, through the broker like any device. Every
    few minutes his heart has a ventricular tachycardia; the alarm about it is followed through every stage and
    acknowledged. The ward's pages say when the way was last proven, and where it breaks.

    One process is enough; it needs the schema (`heartwire migrate`) and the canary's secret at the broker
    (`heartwire broker init` or `restore` lets it in). SIGTERM or Ctrl-C ends it.

    Every setting is a variable HEARTWIRE_CANARY_...; those of a terminal are options here.
    """
    settings = CanarySettings.load(**given)
    if retire:
        _retire(settings)
        return
    set_up_logging("canary", settings.log_level)
    run_until_told(CanaryService(settings))


def _retire(settings: CanarySettings) -> None:
    with connect(settings.database.get_secret_value(), "canary-retire", autocommit=True) as connection:
        was_there = retire_canary(connection)
    click.echo(
        "The canary is retired: nothing proves the way of an alarm any more, and nobody is told so. Starting"
        " `heartwire canary` again brings it back."
        if was_there
        else "There is no canary, or it is retired already."
    )
