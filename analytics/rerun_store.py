"""What a rerun finds, stored by its engine's version beside the live analysis's, part by part."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from analytics.again import Episode, EpisodeKey, Found
from analytics.comparison import BeatAt, EpisodeAt
from analytics.writer import storable
from heartwire.storage.errors import translated
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("analytics", "rerun.sql")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


_NOTHING: Final = Found([], [], {})


class Store:
    """One stretch of one patient.

    Every method raises `DatabaseUnavailableError` or `DatabaseRefusedError` where the database does.

    Attributes
    ----------
    n_live_parts : int
        Parts of which nothing is stored, since this very version was live there.

    Parameters
    ----------
    connection : psycopg.Connection
        Autocommitting.
    stretch : tuple of int
        Beginning and end, UTC microseconds.
    engine : str
        The version that runs.
    """

    def __init__(
        self,
        connection: psycopg.Connection[TupleRow],
        patient_id: int,
        tenant_id: int,
        stretch: tuple[int, int],
        engine: str,
    ) -> None:
        self._connection: Final = connection
        self._begin_us, self._end_us = stretch
        self._live: Final[list[tuple[int, int]]] = []
        self._given: Final = {
            "patient_id": patient_id,
            "tenant_id": tenant_id,
            "engine": engine,
            "begin": _instant(self._begin_us),
            "end": _instant(self._end_us),
        }

    @property
    def n_live_parts(self) -> int:
        """See the class."""
        return len(self._live)

    def live_versions(self) -> list[str]:
        """Return the versions that were live in the stretch."""
        return [engine for (engine,) in self._execute("live_versions", self._between(self._begin_us, self._end_us))]

    def read(self, version: str | None, margin_us: int) -> tuple[list[BeatAt], list[EpisodeAt]]:
        """Return what is stored of the stretch, and beats so far beyond it: the live analysis's, or a version's."""
        asked = {"version": version}
        around = self._between(self._begin_us - margin_us, self._end_us + margin_us)
        beats = [
            BeatAt(device, _utc_us(t), label) for device, t, label in self._execute("stored_beats", around | asked)
        ]
        inside = self._between(self._begin_us, self._end_us)
        episodes = [
            EpisodeAt(device, call, _utc_us(onset), None if ended is None else _utc_us(ended))
            for device, call, onset, ended in self._execute("stored_episodes", inside | asked)
        ]
        return beats, episodes

    def write(self, begin_us: int, end_us: int, found: Found) -> None:
        """Commit a part: what an earlier rerun by this version had there and this one has not goes.

        Parts are given in order. Nothing is stored where the version was live itself.
        """
        with translated(), self._connection.transaction():
            between = self._between(begin_us, end_us)
            row = self._connection.execute(_QUERIES["is_live"], between).fetchone()
            if row is not None and row[0]:
                self._live.append((begin_us, end_us))
                self._put_beats(between, _NOTHING)
            else:
                inside = found._replace(
                    beats=[beat for beat in found.beats if begin_us <= beat.t_us],
                    rhythms=[change for change in found.rhythms if begin_us <= change.t_us],
                )
                self._put_beats(between, inside)
            self._put_episodes(found.episodes)
            self._connection.execute(_QUERIES["note_run"], between | {"done": _instant(end_us)})

    def finish(self, found: Found, episodes: Mapping[EpisodeKey, Episode]) -> None:
        """Commit the last of it; of episodes by this version, only these stay."""
        with translated(), self._connection.transaction():
            self._put_episodes(found.episodes)
            kept = [key for key in episodes if self._is_stored(key)]
            given = self._between(self._begin_us, self._end_us) | {
                "devices": [key.device_id for key in kept],
                "calls": [key.call for key in kept],
                "onsets": [key.onset_us for key in kept],
            }
            self._connection.execute(_QUERIES["drop_other_episodes"], given)

    def _is_stored(self, key: EpisodeKey) -> bool:
        if not self._begin_us <= key.onset_us < self._end_us:
            return False
        return not any(begin_us <= key.onset_us < end_us for begin_us, end_us in self._live)

    def _put_beats(self, between: dict[str, Any], found: Found) -> None:
        beats = between | {
            "tenants": [beat.tenant_id for beat in found.beats],
            "devices": [beat.device_id for beat in found.beats],
            "times": [beat.t_us for beat in found.beats],
            "rr_s": [beat.rr_s for beat in found.beats],
            "amplitudes_mv": [beat.amplitude_mv for beat in found.beats],
            "labels": [beat.label for beat in found.beats],
        }
        rhythms = between | {
            "tenants": [change.tenant_id for change in found.rhythms],
            "devices": [change.device_id for change in found.rhythms],
            "times": [change.t_us for change in found.rhythms],
            "rhythms": [change.rhythm for change in found.rhythms],
            "lates": [change.is_late for change in found.rhythms],
        }
        self._connection.execute(_QUERIES["drop_other_beats"], beats)
        self._connection.execute(_QUERIES["insert_beats"], beats)
        self._connection.execute(_QUERIES["drop_other_rhythms"], rhythms)
        self._connection.execute(_QUERIES["insert_rhythms"], rhythms)

    def _put_episodes(self, episodes: Mapping[EpisodeKey, Episode]) -> None:
        for key, episode in episodes.items():
            if self._is_stored(key):
                given = self._given | key._asdict() | {"end_us": episode.end_us}
                self._connection.execute(_QUERIES["put_episode"], given | {"detail": Jsonb(storable(episode.detail))})

    def _between(self, begin_us: int, end_us: int) -> dict[str, Any]:
        return self._given | {"from": _instant(begin_us), "to": _instant(end_us)}

    def _execute(self, query: str, given: Mapping[str, object]) -> list[TupleRow]:
        with translated():
            return self._connection.execute(_QUERIES[query], given).fetchall()


def _instant(utc_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=utc_us)


def _utc_us(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND
