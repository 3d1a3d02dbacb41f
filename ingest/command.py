"""``heartwire ingest``."""

import click

from heartwire.logs import set_up_logging
from heartwire.running import run_until_told
from ingest.service import IngestService
from ingest.settings import IngestSettings


@click.command()
@click.option("--database", help="Database as a libpq URL. [env: HEARTWIRE_INGEST_DATABASE]")
@click.option("--broker-host", help="MQTT broker's host. [env: HEARTWIRE_INGEST_BROKER_HOST; default: 127.0.0.1]")
@click.option("--broker-port", type=int, help="MQTT broker's port. [env: HEARTWIRE_INGEST_BROKER_PORT; default: 1883]")
@click.option("--instance", help="Name of this process. [env: HEARTWIRE_INGEST_INSTANCE; default: host and process]")
@click.option(
    "--admit",
    type=click.Choice(["registered", "everyone"]),
    help="Whose frames are stored. [env: HEARTWIRE_INGEST_ADMIT; default: registered]",
)
def ingest(**given: str | int | None) -> None:
    """Store what devices send, and tell them what is safe.

    Receives frames from the MQTT broker, commits them to the database, each exactly once, and tells every device
    up to where its frames are committed. What cannot be read is kept as a dead letter with its reason.

    Broker and database may come and go, or not be there yet: ingest waits, says so, and loses nothing. It
    needs the schema (`heartwire migrate`) and registered devices. It logs JSON lines to standard error, and its
    counters every 30 s. SIGTERM or Ctrl-C commits what was received and ends.

    Every setting is a variable HEARTWIRE_INGEST_...; those of a terminal are options here.
    """
    settings = IngestSettings.load(**given)
    set_up_logging("ingest", settings.log_level)
    run_until_told(IngestService(settings))
