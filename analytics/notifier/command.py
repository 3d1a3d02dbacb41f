"""``heartwire notifier``."""

import click

from analytics.notifier.service import NotifierService
from analytics.notifier.settings import NotifierSettings
from heartwire.logs import set_up_logging
from heartwire.running import run_until_told


@click.command()
@click.option("--database", help="Database as a libpq URL. [env: HEARTWIRE_NOTIFIER_DATABASE]")
@click.option("--instance", help="Name of this process. [env: HEARTWIRE_NOTIFIER_INSTANCE; default: host and process]")
@click.option("--pages-url", help="Address of the care team's pages, for links. [env: HEARTWIRE_NOTIFIER_PAGES_URL]")
def notifier(**given: str | None) -> None:
    """Tell people on call of alarms that nobody answers.

    An alarm that nobody has answered is told to the first on call, then the second, then the third, after the delays
    that are set for its priority and ward (without any: 20, 60 and 60 seconds for high and medium priority). By mail,
    text message, chat or push, as each has said; with a link to acknowledge, or to pass it on at once. A tenant that
    has set neither a roster nor a delay is told by its screens alone.

    Any number of processes share the work; when one is gone the others take over. The database may come and go.
    SIGTERM or Ctrl-C ends it at once; so does a kill, and nothing is lost by either: a message under way may come
    twice. It logs JSON lines to standard error.

    Every setting is a variable HEARTWIRE_NOTIFIER_...; those of a terminal are options here.
    """
    settings = NotifierSettings.load(**given)
    set_up_logging("notifier", settings.log_level)
    run_until_told(NotifierService(settings))
