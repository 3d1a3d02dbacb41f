"""A patient's stored ECG as an outline, whatever form it is stored in: what a day looks like, in no time."""

from collections.abc import Iterable
from typing import Final, LiteralString, NamedTuple

import numpy as np
from numpy.typing import NDArray
from psycopg.rows import TupleRow

from heartwire.storage.blocks import Layout, read_layout, read_samples
from heartwire.storage.envelope import STORED_BUCKET_US, Envelope, Outline, make_envelope, read_envelope
from heartwire.storage.queries import load_queries
from heartwire.storage.stored import parameters, utc_us

#: To be run with `outline_parameters`, in binary format.
OUTLINES: Final[LiteralString] = load_queries("heartwire.storage", "stored.sql")["outlines"]


class LeadOutline(NamedTuple):
    """The outline of one lead.

    Attributes
    ----------
    from_us, bucket_us : int
        When the first bucket begins, and how long each is.
    lead : str
        Which; empty when there is no signal.
    leads : list of str
        All that have signal in the stretch, the one with most first.
    low_mv, high_mv : (n_buckets,) float32
        mV; NaN where there is no sample.
    """

    from_us: int
    bucket_us: int
    lead: str
    leads: list[str]
    low_mv: NDArray[np.float32]
    high_mv: NDArray[np.float32]


def outline_parameters(
    patient_id: int, start_us: int, end_us: int, bucket_us: int, lead: str | None = None
) -> dict[str, object]:
    """Return what the query needs."""
    return parameters(patient_id, start_us, end_us, lead) | {"coarse": bucket_us >= STORED_BUCKET_US}


def outline_of(
    rows: Iterable[TupleRow], start_us: int, end_us: int, bucket_us: int, lead: str | None = None
) -> LeadOutline:
    """Return the outline of a stretch: of `lead`, or of the lead with most signal.  Pure.

    Parameters
    ----------
    rows : iterable
        Those of the query.
    start_us, end_us : int
        Stretch, UTC microseconds; widened so that buckets begin at whole numbers of them.
    bucket_us : int
        From half a second on it is widened to whole half seconds.

    Raises
    ------
    BlockError
        If a block is damaged.
    """
    base_us, times = bucket_us, 1
    if bucket_us >= STORED_BUCKET_US:
        base_us, times = STORED_BUCKET_US, -(-bucket_us // STORED_BUCKET_US)
    from_us = start_us // (base_us * times) * base_us * times
    n_buckets = -(-(end_us - from_us) // base_us)
    outlines: dict[str, Outline] = {}
    for row in rows:
        if row[0] not in outlines:
            outlines[row[0]] = Outline(from_us, base_us, n_buckets)
        outlines[row[0]].add(_envelope(row, base_us), row[2], row[3])
    leads = sorted(outlines, key=lambda name: (-outlines[name].n_filled, name))
    chosen = lead or next(iter(leads), "")
    low_mv, high_mv = outlines.get(chosen, Outline(from_us, base_us, n_buckets)).joined(times)
    is_empty = low_mv > high_mv
    low_mv, high_mv = np.where(is_empty, np.nan, low_mv), np.where(is_empty, np.nan, high_mv)
    return LeadOutline(from_us, base_us * times, chosen if chosen in outlines else "", leads, low_mv, high_mv)


def _envelope(row: TupleRow, bucket_us: int) -> Envelope:
    _, fs_mhz, _, _, minute, began, packed, layout_bytes, times, counts, samples = row
    if packed is not None:
        return read_envelope(packed, utc_us(began))
    if times is None:
        layout = read_layout(utc_us(minute), fs_mhz, layout_bytes)
        return make_envelope(layout, read_samples(samples, layout), fs_mhz, bucket_us)
    t0_us = np.frombuffer(times, ">i8").astype(np.int64)
    n_samples = np.frombuffer(counts, ">i4").astype(np.int64)
    none = np.zeros_like(t0_us)
    return make_envelope(Layout(none, t0_us, n_samples, none, none), np.frombuffer(samples, "<i2"), fs_mhz, bucket_us)
