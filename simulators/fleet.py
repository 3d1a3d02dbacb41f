"""Many devices in one process, until a signal, their end, or a time."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from simulators.device import Device
from simulators.settings import SimulateSettings


class Tally(NamedTuple):
    """Sums over a fleet: devices, those connected; frames made, confirmed by the database, waiting, dropped."""

    devices: int
    connected: int
    made: int
    confirmed: int
    waiting: int
    dropped: int

    def __str__(self) -> str:
        text = (
            f"{self.connected} of {self.devices} devices connected, {self.made} frames made,"
            f" {self.confirmed} confirmed, {self.waiting} waiting"
        )
        return f"{text}, {self.dropped} DROPPED (outboxes full)" if self.dropped else text


def tally(devices: Sequence[Device]) -> Tally:
    """Add up a fleet."""
    outboxes = [outbox for device in devices for outbox in (device.ecg, device.hr, device.events)]
    return Tally(
        len(devices),
        sum(device.is_connected for device in devices),
        sum(outbox.added for outbox in outboxes),
        sum(outbox.confirmed for outbox in outboxes),
        sum(len(outbox) for outbox in outboxes),
        sum(outbox.dropped for outbox in outboxes),
    )


def run_fleet(
    devices: Sequence[Device], settings: SimulateSettings, say: Callable[[str], None], seconds: float | None = None
) -> Tally:
    """Run devices until SIGTERM or SIGINT, the end of all sources, or for `seconds`; then wait for confirmations.

    Parameters
    ----------
    say : callable
        Takes a line for a person every few seconds.

    Returns
    -------
    Tally
        At the end; what still waits was not confirmed and is lost with the process.
    """
    return asyncio.run(_run(devices, settings, say, seconds))


async def _run(
    devices: Sequence[Device], settings: SimulateSettings, say: Callable[[str], None], seconds: float | None
) -> Tally:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with asyncio.TaskGroup() as group:
        links = [group.create_task(device.stay_connected()) for device in devices]
        plays = [group.create_task(device.play()) for device in devices]
        words = [group.create_task(device.speak()) for device in devices]
        reports = group.create_task(_report(devices, settings, say))
        ends = group.create_task(_set_when_done(plays, stopping))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), seconds)
        for task in (*plays, *words, ends):
            task.cancel()
        say(f"stopping: {tally(devices)}")
        await _wait_for_confirmations(devices, settings.stop_patience_s)
        last = tally(devices)
        await asyncio.gather(*(device.say_goodbye() for device in devices))
        for task in (*links, reports):
            task.cancel()
    if last.waiting:
        say(f"{last.waiting} frames were not confirmed by the database and are lost; is `heartwire ingest` running?")
    say(f"ended: {last}")
    return last


async def _set_when_done(plays: Sequence[asyncio.Task[None]], stopping: asyncio.Event) -> None:
    await asyncio.wait(plays)
    stopping.set()


async def _wait_for_confirmations(devices: Sequence[Device], patience_s: float) -> None:
    end_s = time.monotonic() + patience_s
    while tally(devices).waiting and time.monotonic() < end_s:  # noqa: ASYNC110 # short, and of many devices
        await asyncio.sleep(0.1)


async def _report(devices: Sequence[Device], settings: SimulateSettings, say: Callable[[str], None]) -> None:
    """Say how it goes: soon after the start, then at the settings' pace."""
    pause_s = min(2.0, settings.report_every_s)
    while True:
        await asyncio.sleep(pause_s)
        pause_s = settings.report_every_s
        now = tally(devices)
        problem = next((device.problem for device in devices if device.problem and not device.is_connected), "")
        why = f"; {settings.broker_host}:{settings.broker_port}: {problem}" if problem else ""
        say(f"{now}{why}")
