"""What people add to a patient's record: corrections of beats, notes, limits; and the trends, which count corrections.

Nothing is overwritten: what the engine found stays as it is, each change has its author and its time, and to undo is
one more line.
"""

from datetime import timedelta
from typing import Any, Final, NamedTuple

import msgspec
import psycopg

from dashboard.access import Action, Viewer, audit
from dashboard.alarms import time_of, us_of, us_or_none
from dashboard.corrections import BeatCorrection, CorrectionKind
from dashboard.errors import ApiError, Code
from dashboard.patients import Stretch
from heartwire.calls import CALLS
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard", "record.sql")
_MINUTE_US: Final = 60_000_000
#: A beat that is corrected is told by its time, to the microsecond; one that is added must not stand on another.
_SAME: Final = timedelta(0)
_APART: Final = timedelta(milliseconds=100)
_NOTES_MOST: Final = 1_000
_CHANGES_MOST: Final = 100


class Author(NamedTuple):
    """Who does it, on which connection, to which patient."""

    connection: psycopg.AsyncConnection[Any]
    viewer: Viewer
    patient_id: int

    def given(self, **more: object) -> dict[str, object]:
        """Return what every query needs, and more."""
        viewer = self.viewer
        return {"tenant_id": viewer.tenant_id, "user_id": viewer.user_id, "patient_id": self.patient_id, **more}


class NoteVersion(msgspec.Struct, frozen=True):
    """A note as it was once."""

    text: str
    name: str
    at_us: int


class Note(msgspec.Struct, frozen=True):
    """A note as it stands; an empty text: it was taken back. `earlier` has what it said before, the newest first.

    `about_us` is the moment of the signal that it is about.
    """

    id: int
    text: str
    about_us: int | None
    name: str
    at_us: int
    earlier: list[NoteVersion]


class LimitChange(msgspec.Struct, frozen=True):
    """Who set which limit; a `value` of ``None`` is the catalogue's, as is one of `was`."""

    call: str
    name: str
    value: float | None
    was: float | None
    by: str
    at_us: int


class Trends(msgspec.Struct, frozen=True):
    """What a patient's heart and devices did, in buckets of whole minutes.

    Attributes
    ----------
    beats, supraventricular, ventricular : list of int
        Beats, people's corrections counted; ``None`` where there is none.
    corrected : int
        How many corrections are counted.
    af_share : list of float
        Which part of each bucket lies in an episode of atrial fibrillation or flutter, 0 to 1.
    battery_percent : list of int
        As last said; ``None`` where nothing was said for a day.
    """

    from_us: int
    bucket_s: float
    beats: list[int | None]
    supraventricular: list[int | None]
    ventricular: list[int | None]
    corrected: int
    af_share: list[float]
    battery_percent: list[int | None]


async def correct_beat(author: Author, t_us: int, kind: CorrectionKind, label: str | None) -> BeatCorrection:
    """Say what a beat is.

    Raises
    ------
    ApiError
        `NOT_FOUND` where the engine has no such beat; `INVALID` where a label is missing or too much, and where one
        that is added would stand on another.
    """
    if (label is None) != (kind is CorrectionKind.DELETED):
        raise ApiError(Code.INVALID, field="label")
    is_added = kind is CorrectionKind.ADDED
    near = author.given(t=time_of(t_us), within=_APART if is_added else _SAME)
    beat = await (await author.connection.execute(_QUERIES["beat_near"], near)).fetchone()
    if beat is None and not is_added:
        raise ApiError(Code.NOT_FOUND)
    if beat is not None and is_added:
        raise ApiError(Code.INVALID, field="t_us")
    was = beat[1] if beat is not None else None
    given = author.given(t=time_of(t_us), kind=kind, label=label, was=was)
    row = await (await author.connection.execute(_QUERIES["correct"], given)).fetchone()
    assert row is not None
    await audit(author.connection, author.viewer, Action.CORRECTED_BEAT, author.patient_id)
    number, t, _, told, at = row
    return BeatCorrection(number, us_of(t), kind, told, author.viewer.name, us_of(at))


async def undo_correction(author: Author, correction_id: int) -> None:
    """Take a correction back; what was said of the beat before holds again.

    Raises
    ------
    ApiError
        `NOT_FOUND`, also where it was undone already.
    """
    given = author.given(correction_id=correction_id)
    if await (await author.connection.execute(_QUERIES["undo_correction"], given)).fetchone() is None:
        raise ApiError(Code.NOT_FOUND)
    await audit(author.connection, author.viewer, Action.UNDID_CORRECTION, author.patient_id)


async def notes(connection: psycopg.AsyncConnection[Any], patient_id: int) -> list[Note]:
    """Return a patient's notes as they stand, the newest first."""
    given = {"patient_id": patient_id, "limit": _NOTES_MOST}
    rows = {row[0]: row for row in await (await connection.execute(_QUERIES["notes"], given)).fetchall()}
    corrected = {row[1] for row in rows.values()}
    found = []
    for number, row in rows.items():
        if number in corrected:
            continue
        earlier, before = list[NoteVersion](), row[1]
        while before in rows:
            _, next_before, text, _, _, name, at = rows[before]
            earlier.append(NoteVersion(text, name, us_of(at)))
            before = next_before
        _, _, text, about, _, name, at = row
        found.append(Note(number, text, us_or_none(about), name, us_of(at), earlier))
    return found


async def write_note(author: Author, text: str, about_us: int | None, corrects: int | None = None) -> int:
    """Add a note, or a correction of one, and return its number.

    Raises
    ------
    ApiError
        `CHANGED` where the note that is corrected is not there, or was corrected meanwhile.
    """
    about = None if about_us is None else time_of(about_us)
    given = author.given(text=text, about=about, corrects=corrects)
    row = await (await author.connection.execute(_QUERIES["add_note"], given)).fetchone()
    if row is None:
        raise ApiError(Code.CHANGED)
    await audit(author.connection, author.viewer, Action.WROTE_NOTE, author.patient_id)
    return int(row[0])


async def set_limits(author: Author, wanted: dict[str, dict[str, float | None]]) -> None:
    """Give a patient limits of his own, or (``None``) the catalogue's again; all of them or none.

    Raises
    ------
    ApiError
        `INVALID` where there is no such limit or a value is out of its bounds; `field` names it.
    """
    for call, limits in wanted.items():
        for name, value in limits.items():
            limit = CALLS[call].limits.get(name) if call in CALLS else None
            if limit is None or (value is not None and not limit.low <= value <= limit.high):
                raise ApiError(Code.INVALID, field=f"{call}.{name}")
    for call, limits in wanted.items():
        for name, value in limits.items():
            await _set_limit(author, call, name, value)


async def _set_limit(author: Author, call: str, name: str, value: float | None) -> None:
    given = author.given(call=call, name=name, value=value)
    row = await (await author.connection.execute(_QUERIES["limit"], given)).fetchone()
    was = row[0] if row is not None else None
    if was == value:
        return
    await author.connection.execute(_QUERIES["unset_limit" if value is None else "set_limit"], given)
    await author.connection.execute(_QUERIES["log_limit"], given | {"was": was})
    await audit(author.connection, author.viewer, Action.SET_LIMIT, author.patient_id)


async def limit_changes(connection: psycopg.AsyncConnection[Any], patient_id: int) -> list[LimitChange]:
    """Return who changed which limits of a patient, the newest first."""
    given = {"patient_id": patient_id, "limit": _CHANGES_MOST}
    rows = await (await connection.execute(_QUERIES["limit_changes"], given)).fetchall()
    return [LimitChange(call, name, value, was, by, us_of(at)) for call, name, value, was, by, at in rows]


async def trends(connection: psycopg.AsyncConnection[Any], patient_id: int, stretch: Stretch, bucket_us: int) -> Trends:
    """Return the trends of a stretch, in buckets of whole minutes that begin with one."""
    from_us = stretch.from_us // _MINUTE_US * _MINUTE_US
    bucket_us = -(-bucket_us // _MINUTE_US) * _MINUTE_US
    n = -(-(stretch.to_us - from_us) // bucket_us)
    given = {
        "patient_id": patient_id,
        "from": time_of(from_us),
        "to": time_of(stretch.to_us),
        "bucket_us": bucket_us,
    }

    async def rows(query: str) -> list[tuple[int, tuple[Any, ...]]]:
        found = await (await connection.execute(_QUERIES[query], given)).fetchall()
        return [((us_of(at) - from_us) // bucket_us, tuple(values)) for at, *values in found]

    counts: list[list[int | None]] = [[None] * n for _ in range(3)]
    for bucket, values in await rows("ectopy"):
        for column, value in zip(counts, values, strict=True):
            column[bucket] = value
    corrected = 0
    for bucket, (*changes, number) in await rows("ectopy_corrections"):
        corrected += number
        for column, change in zip(counts, changes, strict=True):
            column[bucket] = max(0, (column[bucket] or 0) + change)
    af_share = [0.0] * n
    for bucket, (seconds,) in await rows("atrial_fibrillation"):
        af_share[bucket] = min(1.0, round(seconds * 1e6 / bucket_us, 3))
    battery: list[int | None] = [None] * n
    for bucket, (percent,) in await rows("battery"):
        # It holds until another is said, for a day.
        until = min(n, bucket + max(1, 86_400_000_000 // bucket_us))
        battery[max(0, bucket) : until] = [percent] * max(0, until - max(0, bucket))
    beats, supraventricular, ventricular = counts
    return Trends(from_us, bucket_us / 1e6, beats, supraventricular, ventricular, corrected, af_share, battery)
