"""``heartwire dashboard``: serve the pages; manage users and patients."""

import secrets
from pathlib import Path
from typing import Final

import click
import psycopg
from psycopg.rows import TupleRow

from dashboard.errors import UserError
from dashboard.permissions import PEOPLE
from dashboard.settings import DashboardSettings
from dashboard.users import add_user, disable_user, link_user, list_users, reset_factor, set_password
from heartwire.calls import UnknownCallError
from heartwire.storage.pool import connect
from heartwire.storage.registry import RegistryError, add_patient, list_patients, set_limit
from heartwire.topics import new_device

_DATABASE_HELP: Final = "Database as a libpq URL. [env: HEARTWIRE_DASHBOARD_DATABASE]"
_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def dashboard() -> None:
    """Serve the care team's pages; manage users and patients.

    Settings are variables HEARTWIRE_DASHBOARD_..., see docs/settings.md.
    """


@dashboard.command()
@click.option("--host", help="Address to listen on. [env: HEARTWIRE_DASHBOARD_HOST; default: 127.0.0.1]")
@click.option("--port", type=int, help="TCP port to listen on. [env: HEARTWIRE_DASHBOARD_PORT; default: 8000]")
@click.option("--database", help=_DATABASE_HELP)
def serve(host: str | None, port: int | None, database: str | None) -> None:
    """Serve the pages until Ctrl-C or SIGTERM."""
    # It reads all that the pages' server is made of: two thirds of a second that the other commands need not wait for.
    from dashboard.serving import serve_pages  # noqa: PLC0415

    serve_pages(DashboardSettings.load(host=host, port=port, database=database))


@dashboard.group()
def user() -> None:
    """Who may sign in."""


_database_option = click.option("--database", help=_DATABASE_HELP)
_password_options = (
    click.option("--password-file", type=_FILE, help="Read the password from this file instead of asking for it."),
    click.option("--generate", is_flag=True, help="Make a random password and print it."),
)


def _connect(database: str | None) -> psycopg.Connection[TupleRow]:
    settings = DashboardSettings.load(database=database)
    return connect(settings.database.get_secret_value(), "dashboard-command", autocommit=True)


def _password(password_file: Path | None, *, generate: bool) -> str:
    if generate and password_file:
        raise UserError("--generate and --password-file: choose one")
    if generate:
        return secrets.token_urlsafe(12)
    if password_file:
        return password_file.read_text(encoding="utf-8").strip()
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


@user.command("add")
@click.argument("login")
@click.option("--name", required=True, help="Name that colleagues know: alarms are acknowledged by it.")
@click.option("--role", type=click.Choice([role.value for role in PEOPLE]), default="nurse", show_default=True)
@click.option(
    "--language", type=click.Choice(["en", "fr", "de"]), default="en", show_default=True, help="Of the pages."
)
@_password_options[0]
@_password_options[1]
@_database_option
def user_add(
    login: str,
    *,
    name: str,
    role: str,
    language: str,
    password_file: Path | None,
    generate: bool,
    database: str | None,
) -> None:
    """Let somebody sign in as LOGIN."""
    password = _password(password_file, generate=generate)
    with _connect(database) as connection:
        add_user(connection, login, name=name, role=role, password=password, language=language)
    click.echo(f"{login} may sign in" + (f" with the password {password}" if generate else ""))


@user.command("list")
@_database_option
def user_list(database: str | None) -> None:
    """Show who may sign in."""
    with _connect(database) as connection:
        users = list_users(connection)
    if not users:
        click.echo("nobody yet; add somebody with: heartwire dashboard user add LOGIN --name NAME")
    for row in users:
        click.echo(f"{row.login:20} {row.role:10} {row.name}{'  (disabled)' if row.disabled else ''}")


@user.command("password")
@click.argument("login")
@_password_options[0]
@_password_options[1]
@_database_option
def user_password(login: str, *, password_file: Path | None, generate: bool, database: str | None) -> None:
    """Give LOGIN a new password; signed out everywhere, and let in again if disabled."""
    password = _password(password_file, generate=generate)
    with _connect(database) as connection:
        set_password(connection, login, password)
    click.echo(f"{login} has a new password" + (f": {password}" if generate else ""))


@user.command("reset-factor")
@click.argument("login")
@_database_option
def user_reset_factor(login: str, database: str | None) -> None:
    """Take away LOGIN's second factor, who lost it; signed out everywhere."""
    with _connect(database) as connection:
        had_one = reset_factor(connection, login)
    if had_one:
        click.echo(f"{login} has no second factor any more; where the role needs one, the next sign-in sets it up anew")
    else:
        click.echo(f"{login} had no second factor")


@user.command("disable")
@click.argument("login")
@_database_option
def user_disable(login: str, database: str | None) -> None:
    """Keep LOGIN out, from now on and everywhere; what was done keeps the name."""
    with _connect(database) as connection:
        disable_user(connection, login)
    click.echo(f"{login} is disabled; `user password {login}` lets in again")


@user.command("link")
@click.argument("login")
@click.option("--issuer", required=True, help="The OpenID provider, exactly as it calls itself.")
@click.option("--subject", required=True, help="What it calls the user: the claim `sub`, never an e-mail address.")
@_database_option
def user_link(login: str, *, issuer: str, subject: str, database: str | None) -> None:
    """Let LOGIN sign in by an OpenID provider, too."""
    with _connect(database) as connection:
        link_user(connection, login, issuer, subject)
    click.echo(f"{login} is {subject} of {issuer}")


@dashboard.group()
def patient() -> None:
    """Who is watched."""


@patient.command("add")
@click.argument("name")
@click.option("--ward", default="", help="Ward that the patient belongs to.")
@click.option("--device", help="The device's name; a new one is made when not given.")
@_database_option
def patient_add(name: str, ward: str, device: str | None, database: str | None) -> None:
    """Register a patient called NAME, with the device that may send for him."""
    device = device or new_device()
    with _connect(database) as connection:
        patient_id = add_patient(connection, name, ward=ward, device=device)
    click.echo(f"patient {patient_id}, device {device}")


@patient.command("list")
@_database_option
def patient_list(database: str | None) -> None:
    """Show who is watched, and by which devices."""
    with _connect(database) as connection:
        patients = list_patients(connection)
    if not patients:
        click.echo("nobody yet; add somebody with: heartwire dashboard patient add NAME")
    for row in patients:
        click.echo(f"{row.patient_id:6}  {row.device:16}  {row.ward:12}  {row.name}")


@patient.command("limit")
@click.argument("patient_id", type=int)
@click.argument("call")
@click.argument("name")
@click.argument("value", type=float)
@_database_option
def patient_limit(patient_id: int, call: str, name: str, value: float, database: str | None) -> None:
    """Give a patient his own limit: CALL and NAME as in the catalogue, such as `tachycardia bpm 130`."""
    with _connect(database) as connection:
        try:
            set_limit(connection, patient_id, call, name, value)
        except UnknownCallError as error:
            raise RegistryError(str(error.args[0])) from None
    click.echo(f"patient {patient_id}: {call} {name} {value:g}")
