"""``heartwire edge``."""

import importlib.metadata
import os
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from edge.agent import Agent, Outcome
from edge.errors import PairingError, ServerError, ServerReason, SourceError
from edge.outbox import Outbox
from edge.pacing import Pace
from edge.pair_command import pair, unpair
from edge.paired import Paired, load_settings, read_paired
from edge.progress import Progress
from edge.server import ask_time
from edge.server_clock import ServerClock, machine_time
from edge.sources.bluetooth import BluetoothSource
from edge.sources.pipe import PipeFormat, PipeSignal, PipeSource
from edge.sources.record import RecordSource
from edge.sources.source import Source
from edge.status import describe, describe_json
from edge.wearables.radio import Radio
from edge.wearables.wearable import kinds
from heartwire.frames import I16_MAX, I16_MIN

#: Whoever asks how it is does not wait longer for a server that is away.
_STATUS_S: Final = 4.0
_LIVE_CHUNK_S: Final = 0.1
_WHOLE_CHUNK_S: Final = 60.0


class _Speed(click.ParamType[float]):
    name = "N|max"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if value == "max":
            return float("inf")
        try:
            speed = float(str(value))
        except ValueError:
            speed = 0.0
        if not 0.01 <= speed <= 10_000:
            self.fail(f"{value!r} is no speed; wanted a number from 0.01 to 10000, or max", param, ctx)
        return speed


class _Instant(click.ParamType[int]):
    name = "TIME"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            instant = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no time; wanted one such as 2026-11-24T08:30:00Z", param, ctx)
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=UTC)
        return round(instant.timestamp() * 1e6)


@click.group()
def edge() -> None:
    """Stream a patient's ECG to the broker (runs at the patient's side).

    `heartwire edge pair` with the care team's code once; then `heartwire edge run`.

    The signal is cut into frames of 0.8 s. Each is on disk, in the outbox, before it is sent, and stays there
    until the database has it: kill any program or pull any plug, and the next run goes on where this one
    ended.

    User, password, TLS and bounds are variables HEARTWIRE_EDGE_...; see docs/settings.md.
    """


edge.add_command(pair)
edge.add_command(unpair)


@edge.command()
@click.option("--record", type=click.Path(path_type=Path), help="Stream a WFDB record; path without extension.")
@click.option("--lead", help="Index (from 0) or name of the record's lead. [default: the first one in mV]")
@click.option(
    "--speed",
    type=_Speed(),
    default="1",
    show_default=True,
    help="How fast the record is played: 1 is real time, max as fast as the database takes it.",
)
@click.option("--loop", is_flag=True, help="Begin the record again at its end, for ever (at real time).")
@click.option(
    "--start",
    "start_us",
    type=_Instant(),
    help="UTC time of the first sample. [default: now; for --speed above 1 so that the record ends now]",
)
@click.option("--stdin", "reads_stdin", is_flag=True, help="Stream samples from standard input.")
@click.option("--fs", "fs_hz", type=click.FloatRange(100, 1000), help="Samples per second of --stdin.")
@click.option(
    "--gain",
    type=click.FloatRange(min=0, min_open=True),
    help="Digital units per mV of --stdin.",
)
@click.option(
    "--baseline",
    type=click.IntRange(I16_MIN, I16_MAX),
    default=0,
    show_default=True,
    help="Digital value of 0 mV of --stdin.",
)
@click.option("--lead-name", default="ECG", show_default=True, help="Name of the lead of --stdin.")
@click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in PipeFormat]),
    default=PipeFormat.INT16LE.value,
    show_default=True,
    help="How --stdin is written: int16, little-endian; or text, a whole number a line, empty when missing.",
)
@click.option("--device", help="This device's name as registered. [env: HEARTWIRE_EDGE_DEVICE]")
@click.option("--broker-host", help="Broker's host. [env: HEARTWIRE_EDGE_BROKER_HOST; default: 127.0.0.1]")
@click.option("--broker-port", type=int, help="Broker's port. [env: HEARTWIRE_EDGE_BROKER_PORT; default: 1883]")
@click.option("--outbox", type=click.Path(path_type=Path), help="Folder of the outbox. [env: HEARTWIRE_EDGE_OUTBOX]")
@click.option(
    "--patience",
    "patience_s",
    type=click.FloatRange(min=0),
    help="Seconds to wait, after the last sample, until the database has everything. [default: for ever]",
)
@click.pass_context
def run(
    ctx: click.Context,
    *,
    record: Path | None,
    lead: str | None,
    speed: float,
    loop: bool,
    start_us: int | None,
    reads_stdin: bool,
    fs_hz: float | None,
    gain: float | None,
    baseline: int,
    lead_name: str,
    form: str,
    device: str | None,
    broker_host: str | None,
    broker_port: int | None,
    outbox: Path | None,
    patience_s: float | None,
) -> None:
    """Stream the paired wearable for as long as this runs, or a record or standard input until the database has it.

    \b
    heartwire edge run
    heartwire edge run --record mitdb/101 --device 0123456789abcdef
    heartwire edge run --record mitdb/101 --speed max
    my-sensor | heartwire edge run --stdin --fs 250 --gain 1000 --lead-name II

    The samples arrive bit for bit. Broker and database may come and go, or not be there yet. Ends with 0 when
    the database has everything, or when stopped by Ctrl-C or SIGTERM (what is left is sent by the next run);
    with 1 when --patience ran out or the source broke off.
    """  # noqa: D301 # \b is click's word for lines that stay as they are
    paired = read_paired()
    if record is not None and reads_stdin:
        raise click.UsageError("give one source: --record PATH or --stdin; without either the paired wearable is heard")
    if record is None and not reads_stdin and (paired is None or paired.wearable is None):
        raise PairingError(
            "no wearable is paired with this machine: `heartwire edge pair` with the care team's code does it; or give"
            " a source: --record PATH or --stdin"
        )
    settings = load_settings(paired, device=device, broker_host=broker_host, broker_port=broker_port, outbox=outbox)
    source: Source
    pace: Pace | None = None
    clock: ServerClock | None = None
    if record is not None:
        if loop and speed > 1:
            raise click.UsageError("--loop goes with real time: at a higher --speed its times would be in the future")
        source, pace = _record(record, lead, speed, loop=loop, start_us=start_us)
        is_live = speed <= 1
    elif paired is not None and not reads_stdin:
        clock = _clock(paired)
        source, is_live = _wearable(paired, clock), True
    else:
        if fs_hz is None or gain is None:
            raise click.UsageError("--stdin needs --fs and --gain: what the numbers are")
        signal_ = PipeSignal(fs_hz, lead_name[:32], gain, baseline)
        source = PipeSource(sys.stdin.fileno(), signal_, PipeFormat(form), t0_us=start_us)
        is_live = start_us is None
        pace = Pace(1.0, first_is_past=True) if is_live else None
    ended = threading.Event()
    progress = Progress(settings.report_every_s)
    box = Outbox(settings.outbox_dir, settings.device, settings.outbox_max_bytes)
    try:
        agent = Agent(
            settings,
            source,
            box,
            progress,
            pace=pace,
            is_live=is_live,
            patience_s=patience_s,
            firmware=f"heartwire {importlib.metadata.version('heartwire')}"[:32],
            clock_s=time.time if clock is None else clock.now_s,
        )
        if clock is not None:
            clock.keep_asking(ended)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: agent.stop())
        progress.say(
            f"device {settings.device}, {source.name}, to {settings.broker_host}:{settings.broker_port}; {box.contents}"
        )
        outcome = agent.run()
        left = box.contents.frames
    finally:
        ended.set()
        box.close()
    progress.say(_in_words(outcome, left, settings.outbox_dir))
    if outcome is Outcome.GAVE_UP:
        ctx.exit(1)


@edge.command()
@click.option("--device", help="The device's name. [env: HEARTWIRE_EDGE_DEVICE]")
@click.option("--outbox", type=click.Path(path_type=Path), help="Folder of the outbox. [env: HEARTWIRE_EDGE_OUTBOX]")
@click.option("--json", "as_json", is_flag=True, help="Say it for programs; `null` where nothing was ever kept.")
def status(device: str | None, outbox: Path | None, *, as_json: bool) -> None:
    """Say what waits in the outbox.

    And what the database confirmed last, how much room is left, whether an agent is running, and whether the server
    knows this device.
    """
    paired = read_paired()
    if paired is None and not (device or os.environ.get("HEARTWIRE_EDGE_DEVICE")) and not as_json:
        click.echo("this machine is not paired; `heartwire edge pair` with the care team's code does it")
        return
    settings = load_settings(paired, device=device, outbox=outbox)
    if as_json:
        click.echo(describe_json(settings.outbox_dir, settings.outbox_max_bytes))
        return
    if paired is not None and paired.device == settings.device:
        chosen = "none" if paired.wearable is None else f"{paired.wearable.name} ({paired.wearable.address})"
        click.echo(f"paired for {paired.who}, by {paired.server}; wearable: {chosen}")
        click.echo(f"server: {_server_in_words(paired)}")
    click.echo(describe(settings.outbox_dir, settings.outbox_max_bytes))


def _in_words(outcome: Outcome, left: int, outbox: Path) -> str:
    if outcome is Outcome.CONFIRMED:
        return "the database has everything"
    if outcome is Outcome.GAVE_UP:
        return (
            f"gave up waiting: {left} frames are not confirmed by the database; they are kept in {outbox}, and the next"
            " run sends them. Is ingest running, and is the device registered?"
        )
    if left:
        return f"stopped; {left} frames are left in the outbox {outbox}: the next run sends them"
    return "stopped; the outbox is empty"


def _server_in_words(paired: Paired) -> str:
    try:
        ask_time(paired.server, paired.username, paired.password, machine_time, times=1, timeout_s=_STATUS_S)
    except ServerError as error:
        if error.reason is ServerReason.REVOKED:
            return (
                "the care team has REVOKED this device: nothing that it sends is stored any more. `heartwire edge"
                " unpair`, then pair anew with a new code"
            )
        return str(error)
    return "reachable; it knows this device"


def _clock(paired: Paired) -> ServerClock:
    clock = ServerClock(lambda: ask_time(paired.server, paired.username, paired.password, machine_time))
    if machine_time().utc_us < paired.paired_us:  # one may wait: nothing is to be heard before the time is known
        try:
            clock.ask()
        except ServerError as error:
            raise SourceError(
                f"the clock of this machine says {datetime.now(UTC):%Y-%m-%d %H:%M}, which is before it was paired:"
                f" set it, or let it learn the time from the network (timedatectl), then start again; {error}"
            ) from error
    return clock


def _wearable(paired: Paired, clock: ServerClock) -> BluetoothSource:
    assert paired.wearable is not None
    chosen = paired.wearable
    kind = next((kind for kind in kinds() if kind.kind == chosen.kind), None)
    if kind is None:
        raise PairingError(
            f"the paired wearable {chosen.name} is of a kind that is not known here ({chosen.kind}): update heartwire,"
            " or pair anew"
        )
    return BluetoothSource(chosen.address, chosen.name, kind, Radio(), now=clock.now)


def _record(
    path: Path, lead: str | None, speed: float, *, loop: bool, start_us: int | None
) -> tuple[RecordSource, Pace | None]:
    is_unpaced = speed == float("inf")
    chunk_s = _WHOLE_CHUNK_S if is_unpaced else min(_LIVE_CHUNK_S * max(speed, 1.0), _WHOLE_CHUNK_S)
    source = RecordSource(path, lead=lead, chunk_s=chunk_s, loop=loop)
    follows_clock = start_us is None and speed == 1
    if start_us is None:
        start_us = time.time_ns() // 1000 - (round(source.duration_s * 1e6) if speed > 1 else 0)
    elif start_us < 0:
        raise SourceError("--start is before 1970")
    source.t0_us = start_us
    return source, None if is_unpaced else Pace(speed, follows_clock=follows_clock)
