"""``heartwire broker``: what the message broker needs before it starts."""

from pathlib import Path
from typing import Final

import click

from heartwire.access import CANARY_DEVICE, hash_secret
from heartwire.broker_files import DOCUMENT_FILE, ensure_canary_secret, ensure_secrets, read_devices, write_document
from heartwire.certificates import CA_FILE, make_authority
from heartwire.storage.pool import connect
from heartwire.storage.settings import MigrateSettings

_DIRECTORY: Final = click.Path(file_okay=False, path_type=Path)
_SECRETS: Final = click.option(
    "--secrets", "secrets_directory", type=_DIRECTORY, help="Folder of the services' secrets. [default: DIRECTORY]"
)


@click.group()
def broker() -> None:
    """Prepare the message broker: its certificate, and whom it lets in.

    For Mosquitto with its dynamic security plugin. Nobody is let in without a credential: services have those that
    `init` makes, devices get theirs when they are paired.
    """


@broker.command()
@click.argument("directory", type=_DIRECTORY)
@click.option(
    "--name",
    "names",
    multiple=True,
    default=("localhost", "127.0.0.1", "::1"),
    help="Host name or address by which devices and services reach the broker; again for each. [default: this machine]",
)
def ca(directory: Path, names: tuple[str, ...]) -> None:
    """Make a certificate authority and the broker's certificate in DIRECTORY.

    Devices trust ca.crt, which pairing hands to them. Its key is not kept: whoever steals the files can sign nothing.
    Where the host has a public name, a certificate of a public authority serves as well.
    """
    made = make_authority(directory, names)
    click.echo(f"{directory / CA_FILE}: devices and services trust this one")
    click.echo(f"the broker's certificate for {', '.join(names)} holds until {made.expires_at:%Y-%m-%d}")


@broker.command()
@click.argument("directory", type=_DIRECTORY)
@click.option(
    "--secrets", "secrets_directory", type=_DIRECTORY, help="Folder of the services' secrets. [default: DIRECTORY]"
)
def init(directory: Path, secrets_directory: Path | None) -> None:
    """Make the services' secrets, and the file that tells the broker whom to let in.

    Secrets that are there stay. A file that is there is left alone: the broker writes it too, with every device that is
    paired; `restore` makes it anew.
    """
    secrets_directory = secrets_directory or directory
    secrets = ensure_secrets(secrets_directory)
    canary = hash_secret(ensure_canary_secret(secrets_directory))
    document = directory / DOCUMENT_FILE
    if document.exists():
        click.echo(f"{document} is there and stays as it is")
    else:
        write_document(document, secrets, {CANARY_DEVICE: canary})
        click.echo(f"{document}: lets in {', '.join(secrets)}, the canary, and no device yet")
    click.echo(f"their secrets are in {secrets_directory}, for their owner alone to read")


@broker.command()
@click.argument("directory", type=_DIRECTORY)
@click.option(
    "--secrets", "secrets_directory", type=_DIRECTORY, help="Folder of the services' secrets. [default: DIRECTORY]"
)
@click.option("--database", help="Database as a libpq URL. [env: HEARTWIRE_MIGRATE_DATABASE]")
def restore(directory: Path, secrets_directory: Path | None, database: str | None) -> None:
    """Give a broker that lost its memory every device back, from the database.

    Stop the broker first. Devices keep their credentials; those that were revoked stay out.
    """
    secrets = ensure_secrets(secrets_directory or directory)
    settings = MigrateSettings.load(database=database)
    with connect(settings.database.get_secret_value(), "broker-restore") as connection:
        devices = read_devices(connection)
    devices[CANARY_DEVICE] = hash_secret(ensure_canary_secret(secrets_directory or directory))
    write_document(directory / DOCUMENT_FILE, secrets, devices)
    click.echo(
        f"{directory / DOCUMENT_FILE}: lets in {', '.join(secrets)} and {len(devices)} devices; start the broker"
    )
