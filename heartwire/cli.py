"""The command ``heartwire``: starts every service by name, and imports none until it is named."""

import importlib
import sys
from typing import Final, NoReturn

import click

from heartwire.errors import HeartwireError

# Command: (module, object in it, extra to install, one line of help). Help stands here so that
# ``heartwire --help`` works on an edge device where no other service is installed.
_COMMANDS: Final = {
    "edge": (
        "edge.command",
        "edge",
        "edge",
        "Stream a patient's ECG to the broker (runs at the patient's side).",
    ),
    "ingest": (
        "ingest.command",
        "ingest",
        "ingest",
        "Store what devices send, and tell them what is safe.",
    ),
    "analytics": (
        "analytics.command",
        "analytics",
        "analytics",
        "Find beats and arrhythmias, raise alarms.",
    ),
    "canary": (
        "analytics.canary.command",
        "canary",
        "analytics",
        "Prove the way of an alarm, again and again.",
    ),
    "notifier": (
        "analytics.notifier.command",
        "notifier",
        "notifier",
        "Tell people on call of alarms that nobody answers.",
    ),
    "compact": (
        "ingest.compactor.command",
        "compact",
        "ingest",
        "Turn old signal into lossless blocks, keep to the retention policies.",
    ),
    "dashboard": (
        "dashboard.command",
        "dashboard",
        "dashboard",
        "Serve the care team's pages; manage users.",
    ),
    "simulate": (
        "simulators.command",
        "simulate",
        "simulators",
        "Run devices that do not exist.",
    ),
    "demo": (
        "simulators.demo",
        "demo",
        "all",
        "Run everything at once, with simulated patients.",
    ),
    "migrate": (
        "heartwire.storage.command",
        "migrate",
        "storage",
        "Bring the database to this version's schema.",
    ),
    "health": (
        "heartwire.health_command",
        "health",
        "edge",
        "Ask a service how it is.",
    ),
    "broker": (
        "heartwire.broker_command",
        "broker",
        "dashboard",
        "Prepare the message broker: certificate, secrets, whom it lets in.",
    ),
    "storage": (
        "heartwire.storage.overview_command",
        "storage",
        "storage",
        "Say how much is stored, what will be dropped when; set policies, hold patients.",
    ),
    "ledger": (
        "heartwire.storage.ledger_command",
        "ledger",
        "storage",
        "Say whether what happened to alarms is as it was sealed.",
    ),
    "evaluate": (
        "analytics.evaluate_command",
        "evaluate",
        "analytics",
        "Score the engine on annotated records.",
    ),
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, name, extra, _ = _COMMANDS[cmd_name]
        try:
            command = getattr(importlib.import_module(module), name)
        except ModuleNotFoundError as error:
            raise click.ClickException(
                f"`heartwire {cmd_name}` needs the package {error.name!r}, which is not installed;"
                f" install it with: pip install 'heartwire[{extra}]'"
            ) from error
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, _, line) in _COMMANDS.items()])


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Each command has its own --help. heartwire is not a certified medical device.",
)
@click.version_option(package_name="heartwire")
def _heartwire() -> None:
    """Open remote cardiac monitoring: from a wearable's ECG to a nurse who knows."""


def main() -> NoReturn:
    """Run the command line; an error that a person can act on is one sentence, not a traceback."""
    try:
        code = _heartwire.main(prog_name="heartwire", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except HeartwireError as error:
        click.echo(f"heartwire: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)
