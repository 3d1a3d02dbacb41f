"""A loaded fleet and its measuring, put together."""

import contextlib
import os
import time
from collections.abc import Callable, Mapping

from heartwire.errors import HeartwireError
from simulators.load.fleet import LoadFleet, Plan
from simulators.load.processes import Sampler
from simulators.load.report import Analysed, Latency, Report, Stored
from simulators.settings import SimulateSettings


def measure(
    fleet: LoadFleet, plan: Plan, settings: SimulateSettings, database: str | None, say: Callable[[str], None]
) -> Report:
    """Run a fleet to its end and say what became of its frames.

    Parameters
    ----------
    database : str or None
        Looked into, and measured, when given: a libpq URL.
    """
    sightings = sampler = None
    if database is not None:
        from simulators.load.database import find_processes  # noqa: PLC0415 # a fleet can do without a database
        from simulators.load.sightings import Sightings  # noqa: PLC0415 # likewise

        sightings = Sightings(database)

        def find() -> dict[int, str]:
            me = {os.getpid(): "generator"}
            try:
                return find_processes(database, settings.broker_port) | me
            except HeartwireError:  # the database may be away for a while
                return me

        sampler = Sampler(find)
    spent_s = 0.0

    def began() -> None:
        nonlocal spent_s
        spent_s = time.process_time()
        if sampler is not None:
            sampler.start()

    analysed: Analysed | None = None

    def ended() -> None:
        nonlocal analysed
        if database is not None:
            from simulators.load.database import look_behind  # noqa: PLC0415 # likewise

            with contextlib.suppress(HeartwireError):
                analysed = look_behind(database, fleet.devices)

    fleet.run(began, ended)
    spent_s = time.process_time() - spent_s
    processes = sampler.stop() if sampler is not None else []
    seen: Mapping[int, int] = sightings.stop() if sightings is not None else {}
    stored: Stored | None = None
    latency: Latency | None = None
    if database is not None and fleet.made:
        from simulators.load.database import look  # noqa: PLC0415 # likewise

        say("looking what the database has")
        try:
            stored, latency = look(
                database, fleet.devices, fleet.pool, fs_hz=plan.fs_hz, since_us=fleet.began_us, sighted=seen
            )
        except HeartwireError as error:
            say(f"what the database has is not known: {error}")
    counts = fleet.counts
    return Report(
        devices=len(fleet.devices),
        fs_hz=plan.fs_hz,
        seconds=fleet.made / len(fleet.devices),
        made=fleet.made,
        sent=counts.sent,
        sent_again=counts.sent_again,
        pubacked=counts.pubacked,
        committed=fleet.committed,
        connects=counts.connects,
        disconnects=counts.disconnects,
        refusals=counts.refusals,
        problems=counts.problems,
        lag_mean_ms=1000 * fleet.lag_sum_s / max(1, fleet.made),
        lag_max_ms=1000 * fleet.lag_max_s,
        generator_cpu_us=1e6 * spent_s / max(1, fleet.made),
        stored=stored,
        latency=latency,
        analysed=analysed,
        processes=processes,
    )
