"""``heartwire edge pair`` and ``unpair``."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from edge.errors import PairingError, WearableError, WearableReason
from edge.outbox_file import FILE, delete, in_words
from edge.paired import Paired, PairedWearable, forget_paired, keep_paired, load_settings, read_paired
from edge.server import Invitation, is_encrypted, look, read_invitation
from edge.server import pair as ask_for_credential
from edge.status import read_state
from edge.wearables.radio import Radio
from edge.wearables.wearable import Seen, kind_of, shown

_LOOK_S: Final = 8.0


@click.command()
@click.argument("code", required=False)
@click.option("--server", envvar="HEARTWIRE_SERVER", help="Address of the care team's server. [env: HEARTWIRE_SERVER]")
@click.option("--wearable", "address", help="Address of the wearable; the one near is not asked for then.")
@click.option("--without-wearable", is_flag=True, help="For a machine that will send a record or standard input.")
@click.option("--yes", is_flag=True, help="Do not ask whether the patient is the right one.")
@click.option("--unencrypted", is_flag=True, help="Allow a server without TLS, on a trial's own network.")
@click.option(
    "--look-for",
    "look_s",
    type=click.FloatRange(0.1, 120),
    default=_LOOK_S,
    show_default=True,
    help="Seconds of looking.",
)
def pair(
    code: str | None,
    *,
    server: str | None,
    address: str | None,
    without_wearable: bool,
    yes: bool,
    unencrypted: bool,
    look_s: float,
) -> None:
    """Pair this machine and a wearable with a patient.

    CODE is what the care team's screen shows: the eight characters, or the text of the QR code, which names the
    server too. It says whose code it is, looks for wearables near, asks which one, and keeps the credential in a file
    that only this user can read. The code is used up at the very end: whatever fails before, it holds.
    """
    paired = read_paired()
    if paired is not None:
        raise PairingError(
            f"this machine is paired already, for {paired.who}; `heartwire edge unpair` parts them, then pair anew"
        )
    with _asking("give CODE, --yes, and --wearable ADDRESS or --without-wearable"):
        said = code or click.prompt("Pairing code")
        invitation = read_invitation(said, server)
        if not (unencrypted or is_encrypted(invitation.server)):
            raise PairingError(
                f"the way to {invitation.server} is not encrypted, and a credential would go over it: use the server's"
                " https:// address; on a network of a trial's own, --unencrypted"
            )
        owner = look(invitation)
        who = f"{owner.patient}, cared for by {owner.ward}" if owner.ward else owner.patient
        click.echo(f"This code is for {who}.")
        if not yes and not click.confirm("Is that right?"):
            raise PairingError("then ask the care team for the right code; nothing was changed, and this one holds")
        chosen = None if without_wearable else _choose(Radio(), address, look_s)
    path = keep_paired(_use_up(invitation, who=(owner.patient, owner.ward), chosen=chosen))
    click.echo(f"Paired for {who}; kept in {path}.")
    click.echo("Next: `heartwire edge run`" + ("" if chosen else " with --record or --stdin") + " sends the signal.")


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask. Signal that is not in the database stays on this machine.")
@click.option("--delete-unsent", is_flag=True, help="Delete signal that is not in the database; it is lost.")
def unpair(*, yes: bool, delete_unsent: bool) -> None:
    """Let this machine's pairing and its credential go.

    Signal that the database does not have yet is lost, or stays in the outbox where nobody can send it any more: it
    asks which. The care team should revoke the device as well.
    """
    outbox: Path | None = None
    try:
        paired = read_paired()
    except PairingError as error:
        click.echo(str(error), err=True)
    else:
        if paired is None:
            click.echo("this machine is not paired; nothing to do")
            return
        click.echo(f"This machine is paired for {paired.who} as device {paired.device}.")
        outbox, unsent = _outbox(paired)
        if unsent:
            click.echo(f"{unsent} of signal are not in the database yet: `heartwire edge run` sends them first.")
    with _asking("give --yes, and --delete-unsent to delete what is not in the database"):
        if not yes and not click.confirm("Part them?"):
            raise PairingError("nothing was changed")
        if outbox is not None and unsent and not (yes or delete_unsent):
            delete_unsent = click.confirm("Delete that signal, which is then lost?")
    if outbox is not None and (delete_unsent or not unsent):
        delete(outbox)
    elif outbox is not None:
        click.echo(f"{unsent} of signal stay in {outbox}, where nobody can send them: delete the folder in the end.")
    forget_paired()
    click.echo("Parted: the credential is gone. Ask the care team to revoke the device, too.")


@contextlib.contextmanager
def _asking(instead: str) -> Iterator[None]:
    """Say what to do where a question cannot be asked: there is no terminal, and nothing is piped in."""
    try:
        yield
    except click.Abort as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            raise
        raise PairingError(f"nobody is there to be asked; {instead}. Nothing was changed") from error


def _use_up(invitation: Invitation, *, who: tuple[str, str], chosen: PairedWearable | None) -> Paired:
    credential = ask_for_credential(invitation, "edge agent" if chosen is None else chosen.name[:64])
    broker = credential.broker
    return Paired(
        server=invitation.server,
        patient=who[0],
        ward=who[1],
        device=credential.device,
        username=credential.username,
        password=credential.password,
        broker_host=broker.host,
        broker_port=broker.port,
        broker_tls=broker.tls,
        ca=broker.ca if broker.tls else None,
        wearable=chosen,
    )


def _outbox(paired: Paired) -> tuple[Path | None, str]:
    """Return the outbox's folder, if there is one, and what is in it, if anything is.

    Raises
    ------
    PairingError
        If an agent is running.
    """
    settings = load_settings(paired)
    if not (settings.outbox_dir / FILE).exists():
        return None, ""
    state = read_state(settings.outbox_dir, settings.outbox_max_bytes)
    if state is None:
        return None, ""
    if state.is_running:
        raise PairingError("an agent is running; stop it first, with Ctrl-C or `systemctl stop heartwire-edge`")
    return settings.outbox_dir, f"{state.frames} frames ({in_words(state.bytes_used)})" if state.frames else ""


def _choose(radio: Radio, address: str | None, look_s: float) -> PairedWearable:
    """Return the wearable that a person chooses among those near.

    Raises
    ------
    WearableError
        If there is no Bluetooth, or nothing is near.
    """
    click.echo(f"Looking for wearables near, for {look_s:g} s. Wear the strap, electrodes moist: only then it wakes.")
    try:
        seen_near = asyncio.run(radio.look(look_s))
    except WearableError as error:
        raise WearableError(
            error.reason, f"{error} Then pair again: the code holds; or pair --without-wearable"
        ) from error
    near = [(seen, kind) for seen in seen_near if (kind := kind_of(seen.name, seen.services))]
    if address is not None:
        near = [one for one in near if one[0].address.lower() == address.lower()]
    if not near:
        raise WearableError(
            WearableReason.NOT_FOUND,
            "no wearable was found"
            + (f" with the address {address}" if address else "")
            + "; is it worn, its battery good, and not connected to a phone or watch? Then pair again: the code holds",
        )
    for number, (seen, kind) in enumerate(near, 1):
        click.echo(f"  {number}. {_described(seen, kind.title)}")
    at = 1
    if len(near) > 1 or address is None:
        at = click.prompt("Which one", type=click.IntRange(1, len(near)), default=1)
    seen, kind = near[at - 1]
    return PairedWearable(seen.address, shown(seen.name) or kind.title, kind.kind)


def _described(seen: Seen, title: str) -> str:
    strength = "near" if seen.rssi_dbm > -65 else "in the room" if seen.rssi_dbm > -80 else "far"
    return f"{shown(seen.name) or 'without a name'}: {title}, {strength} ({seen.rssi_dbm} dBm), {seen.address}"
