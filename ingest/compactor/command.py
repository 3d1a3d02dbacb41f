"""``heartwire compact``."""

import click

from heartwire.logs import set_up_logging
from heartwire.running import run_until_told
from ingest.compactor.service import CompactorService
from ingest.compactor.settings import CompactorSettings


@click.command()
@click.option("--database", help="Database as a libpq URL. [env: HEARTWIRE_COMPACTOR_DATABASE]")
@click.option("--instance", help="Name of this process. [env: HEARTWIRE_COMPACTOR_INSTANCE; default: host and process]")
@click.option("--after-s", type=float, help="Compact signal older than this. [env: HEARTWIRE_COMPACTOR_AFTER_S]")
def compact(**given: str | float | None) -> None:
    """Turn old signal into lossless blocks, a quarter of its size.

    Frames that were recorded and received two hours ago, and are analysed, become blocks of a minute each, bit for bit
    the same. Frames that come later still are added to them. What the retention policies let go is dropped, and logged
    (`heartwire storage`).

    Any number of processes share the patients. The database may come and go. SIGTERM or Ctrl-C ends it at once; so does
    a kill, and nothing is lost by either. It logs JSON lines to standard error.

    Every setting is a variable HEARTWIRE_COMPACTOR_...; those of a terminal are options here.
    """
    settings = CompactorSettings.load(**given)
    set_up_logging("compactor", settings.log_level)
    run_until_told(CompactorService(settings))
