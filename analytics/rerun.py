"""An engine run again over a patient's stored signal, beside what the live analysis found (docs/adr/0016).

What is found is stored by the engine's version and marked as a rerun's; it is never an alarm, and touches neither
cursors, checkpoints, minutes nor anything that another version found.
"""

from collections.abc import Callable, Iterator
from typing import Final, LiteralString, NamedTuple

import psycopg
from psycopg.rows import TupleRow

from analytics.again import Again
from analytics.checkpoints import Limits, valid_limits
from analytics.comparison import BEAT_WINDOW_US, Comparison, compare
from analytics.engine import ENGINE_VERSION
from analytics.ordering import Frame
from analytics.reader import find_schema
from analytics.rerun_report import instant
from analytics.rerun_store import Store
from heartwire.errors import PermanentError
from heartwire.storage.blocks import BlockError
from heartwire.storage.errors import translated
from heartwire.storage.queries import load_queries
from heartwire.storage.stored import EXTENT, SPANS, StoredFrame, parameters, read_frames

_QUERIES: Final = load_queries("analytics", "rerun.sql")
#: Signal before the stretch with which the engine learns the patient, microseconds: longer than the longest that any
#: rule looks back (six minutes, the greatest limit of atrial fibrillation) and than the half minute after which levels
#: are forgotten. What lasted since before then begins with it, outside the stretch.
WARM_UP_US: Final = 600_000_000
#: Signal after the stretch, at most, in which what began within it may end.
RUN_OUT_US: Final = 600_000_000
#: So much is read, analysed and committed at a time; parts begin at whole multiples of it.
PART_US: Final = 600_000_000
_ANY_SIGNAL: Final[LiteralString] = "SELECT count(*) FROM (SELECT FROM (" + SPANS + ") AS s LIMIT 1) AS s"  # noqa: S608 # both are our own


class RerunError(PermanentError):
    """A rerun that cannot be done as asked."""


class Asked(NamedTuple):
    """What is to be analysed again.

    Attributes
    ----------
    patient_id : int
        Whose signal.
    begin_us, end_us : int
        Stretch, UTC microseconds; the end is not in it.
    version : str, optional
        What it is compared with: one version of the engine; without it, what was live at each time.
    """

    patient_id: int
    begin_us: int
    end_us: int
    version: str | None = None


class Done(NamedTuple):
    """What a rerun gave.

    Attributes
    ----------
    engine : str
        The version that ran.
    live : list of str
        Versions that were live in the stretch.
    signal_us : int
        Signal that was analysed, warm-up and all, microseconds.
    live_parts : int
        Parts of the stretch where this version was live, so that nothing was stored.
    comparison : Comparison
        With what is stored.
    """

    engine: str
    live: list[str]
    signal_us: int
    live_parts: int
    comparison: Comparison


#: Told how far the analysis is, UTC microseconds, again and again.
Progress = Callable[[int], None]


def rerun(connection: psycopg.Connection[TupleRow], asked: Asked, on_progress: Progress = lambda _: None) -> Done:
    """Analyse a stretch again, store what is found, and compare.

    Parameters
    ----------
    connection : psycopg.Connection
        Autocommitting; ten minutes are committed at a time, so that it may be ended at any moment and repeated.
        Repeated over the same signal, it changes nothing.
    asked : Asked
        What.
    on_progress : callable
        Told how far it is.

    Raises
    ------
    RerunError
        With what is wrong: no such patient, no signal, a version of which nothing is stored, signal that the live
        analysis has not read yet, another rerun of the patient.
    DatabaseUnavailableError, DatabaseRefusedError
        The database; parts are done or not done.
    """
    find_schema(connection)
    tenant_id, limits = _check(connection, asked)
    store = Store(connection, asked.patient_id, tenant_id, (asked.begin_us, asked.end_us), ENGINE_VERSION)
    live = store.live_versions()
    stored = store.read(asked.version, BEAT_WINDOW_US)
    again = Again(limits)
    done_us = asked.begin_us
    for part_us, frames in parts(connection, asked, tenant_id):
        # What is before this part had a whole part to settle: the engine looks ahead, and waits for missing frames.
        settled_us = min(part_us, asked.end_us)
        again.take(frames)
        if settled_us > done_us:
            store.write(done_us, settled_us, again.give(settled_us))
            done_us = settled_us
        on_progress(min(part_us + PART_US, asked.end_us))
        if done_us == asked.end_us and not again.lasts(asked.begin_us, asked.end_us):
            break
    again.end()
    store.finish(again.give(asked.end_us), again.episodes)
    found = again.beats, again.episodes_at()
    return Done(
        ENGINE_VERSION,
        live,
        again.signal_us,
        store.n_live_parts,
        compare(asked.begin_us, asked.end_us, stored, found),
    )


def _check(connection: psycopg.Connection[TupleRow], asked: Asked) -> tuple[int, Limits]:
    """Return the patient's tenant and limits, or say why there is nothing to be done."""
    patient_id, begin_us, end_us, version = asked
    if end_us <= begin_us:
        raise RerunError(
            f"nothing lies between {instant(begin_us)} and {instant(end_us)} UTC: --from must be before --to"
        )
    given = parameters(patient_id, begin_us, end_us)
    with translated():
        tenant = connection.execute(_QUERIES["patient"], given).fetchone()
        if tenant is None:
            raise RerunError(f"no patient {patient_id}; `heartwire dashboard patient list` says which there are")
        if not _only(connection, _QUERIES["claim"], given):
            raise RerunError(f"another rerun of patient {patient_id} is under way; wait until it has ended")
        versions = [name for (name,) in connection.execute(_QUERIES["versions"], given)]
        if version is not None and version not in versions:
            known = ", ".join(versions) or "none"
            raise RerunError(f"nothing of patient {patient_id} is stored by version {version!r}; there are: {known}")
        if not _only(connection, _ANY_SIGNAL, given):
            raise RerunError(f"no ECG of patient {patient_id} from {instant(begin_us)} to {instant(end_us)} UTC;"
                             f" {_say_extent(connection, given)}")  # fmt: skip
        if waiting := _only(connection, _QUERIES["not_analysed"], given):
            raise RerunError(
                f"{waiting} frames of that stretch wait for the live analysis; let it catch up, or end earlier (--to)"
            )
        limits: Limits = {}
        for call, name, value in connection.execute(_QUERIES["limits"], given):
            limits.setdefault(call, {})[name] = value
    return int(tenant[0]), valid_limits({patient_id: limits})[patient_id]


def _only(connection: psycopg.Connection[TupleRow], query: LiteralString, given: dict[str, object]) -> int:
    row = connection.execute(query, given).fetchone()
    return 0 if row is None else int(row[0])


def _say_extent(connection: psycopg.Connection[TupleRow], given: dict[str, object]) -> str:
    row = connection.execute(EXTENT, given).fetchone()
    if row is None or row[0] is None:
        return "there is none at all"
    return f"there is some from {row[0]:%Y-%m-%d %H:%M:%S} to {row[1]:%Y-%m-%d %H:%M:%S} UTC"


def parts(connection: psycopg.Connection[TupleRow], asked: Asked, tenant_id: int) -> Iterator[tuple[int, list[Frame]]]:
    """Yield when each part begins, and its frames as if each had arrived when it was made."""
    begin_us, end_us = asked.begin_us - WARM_UP_US, asked.end_us + RUN_OUT_US
    while begin_us < end_us:
        part_end_us = min((begin_us // PART_US + 1) * PART_US, end_us)
        try:
            found = read_frames(connection, asked.patient_id, begin_us, part_end_us)
        except BlockError as error:
            raise RerunError(f"stored signal about {instant(begin_us)} UTC is damaged: {error}") from error
        frames = [_frame(each, asked.patient_id, tenant_id) for each in found if each.frame.t0_us >= begin_us]
        yield begin_us, sorted(frames, key=lambda frame: (frame.t0_us, frame.device_id, frame.boot_id, frame.seq))
        begin_us = part_end_us


def _frame(stored: StoredFrame, patient_id: int, tenant_id: int) -> Frame:
    scale, frame = stored.scale, stored.frame
    return Frame(
        0,
        stored.device_id,
        patient_id,
        tenant_id,
        stored.boot_id,
        frame.seq,
        frame.t0_us,
        stored.end_us,
        scale.fs_mhz,
        scale.lead,
        scale.gain,
        scale.baseline,
        frame.flags,
        frame.samples,
    )
