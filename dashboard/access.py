"""Who is there, and may he: sessions, the origin of requests, the audit trail.

A session is a random token in a cookie; the database holds its hash only. A change must carry the session's second
token in a header, which pages of other sites cannot know.
"""

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg
from psycopg.types.json import Jsonb

from dashboard.database import Database, Sight
from dashboard.errors import ApiError, Code
from dashboard.permissions import Permission, permissions_of
from dashboard.settings import DashboardSettings
from heartwire.storage.queries import load_queries

COOKIE: Final = "heartwire_session"
CSRF_HEADER: Final = "x-csrf-token"
_QUERIES: Final = load_queries("dashboard", "access.sql")
#: What is looked at within this time is one look, seconds.
LOOK_S: Final = 600.0


class Action(StrEnum):
    """What the audit trail names."""

    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    SAW_PATIENT = "saw_patient"
    SAW_ECG = "saw_ecg"
    ACKNOWLEDGED = "acknowledged"
    UNDID_ACKNOWLEDGEMENT = "undid_acknowledgement"
    SILENCED = "silenced"
    UNDID_SILENCE = "undid_silence"
    REVIEWED = "reviewed"
    UNDID_REVIEW = "undid_review"
    PAUSED = "paused"
    ENDED_PAUSE = "ended_pause"
    ASSIGNED_NURSE = "assigned_nurse"
    OFFERED_HAND_OVER = "offered_hand_over"
    ACCEPTED_HAND_OVER = "accepted_hand_over"
    WITHDREW_HAND_OVER = "withdrew_hand_over"
    ADDED_PATIENT = "added_patient"
    SAW_SYMPTOMS = "saw_symptoms"
    SAW_MESSAGES = "saw_messages"
    READ_SYMPTOM = "read_symptom"
    READ_MESSAGE = "read_message"
    SENT_MESSAGE = "sent_message"
    ASKED_QUESTION = "asked_question"
    ADDED_TOKEN = "added_token"  # noqa: S105 # a name
    REVOKED_TOKEN = "revoked_token"  # noqa: S105 # a name
    ADDED_WEBHOOK = "added_webhook"
    REMOVED_WEBHOOK = "removed_webhook"
    SET_RETENTION = "set_retention"
    PLACED_HOLD = "placed_hold"
    RELEASED_HOLD = "released_hold"
    SAW_TRAIL = "saw_trail"
    REVOKED_SESSION = "revoked_session"
    WATCHED_LIVE = "watched_live"
    BROKE_GLASS = "broke_glass"
    SEARCHED_ELSEWHERE = "searched_elsewhere"
    ADDED_PERSON = "added_person"
    CHANGED_PERSON = "changed_person"
    RESET_PASSWORD = "reset_password"  # noqa: S105 # a name
    DISABLED_PERSON = "disabled_person"
    ENABLED_PERSON = "enabled_person"
    ADDED_WARD = "added_ward"
    CHANGED_WARD = "changed_ward"
    REMOVED_WARD = "removed_ward"
    CHANGED_HOSPITAL = "changed_hospital"
    CORRECTED_BEAT = "corrected_beat"
    UNDID_CORRECTION = "undid_correction"
    WROTE_NOTE = "wrote_note"
    SET_LIMIT = "set_limit"
    ADDED_CONTACT = "added_contact"
    REMOVED_CONTACT = "removed_contact"
    TESTED_CONTACT = "tested_contact"
    CHANGED_ROSTER = "changed_roster"
    MADE_REPORT = "made_report"
    TOOK_REPORT = "took_report"
    REHEARSED_LIMITS = "rehearsed_limits"
    LINKED_PERSON = "linked_person"
    UNLINKED_PERSON = "unlinked_person"
    REFUSED_SIGN_IN = "refused_sign_in"
    CHANGED_PASSWORD = "changed_password"  # noqa: S105 # a name
    TURNED_ON_FACTOR = "turned_on_factor"
    TURNED_OFF_FACTOR = "turned_off_factor"
    RENEWED_RECOVERY = "renewed_recovery"
    REFUSED_FACTOR = "refused_factor"
    RESET_FACTOR = "reset_factor"
    REQUIRED_FACTOR = "required_factor"
    ENDED_OTHER_SESSIONS = "ended_other_sessions"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who is signed in.

    `wards` are those he may see, ``None`` for all; `glass` are patients of other wards for whom he broke the glass.
    """

    user_id: int
    login: str
    name: str
    role: str
    language: str
    tenant_id: int
    csrf: str
    token_hash: bytes
    #: Of a token of another system; ``None``: all that the role allows.
    scopes: frozenset[str] | None = None
    wards: tuple[int, ...] | None = None
    glass: tuple[int, ...] = ()
    session_id: int | None = None

    @property
    def sight(self) -> Sight:
        """What the database shows."""
        return Sight(self.tenant_id, self.user_id, self.wards, self.glass)

    def may(self, permission: Permission) -> bool:
        """Whether the role allows it."""
        return permission in permissions_of(self.role) and (self.scopes is None or permission in self.scopes)


class Access:
    """Begins sessions and knows them again."""

    def __init__(self, database: Database, settings: DashboardSettings) -> None:
        self._database: Final = database
        self._settings: Final = settings

    async def begin(
        self, connection: psycopg.AsyncConnection[Any], user_id: int, tenant_id: int, method: str, at: tuple[str, str]
    ) -> tuple[str, Viewer]:
        """Begin a session of somebody who showed who he is; return its token and whose it is.

        Parameters
        ----------
        connection : connection
            Of the door.
        method : str
            How he showed it.
        at : tuple of str
            From which address, and with what kind of browser.

        Raises
        ------
        ApiError
            `WRONG_CREDENTIALS` where he was disabled in this very moment.
        """
        token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        await connection.execute(_QUERIES["forget_sessions"], {"idle_s": self._settings.session_idle_s})
        address, agent = at
        session = {
            "token_hash": _hash(token),
            "user_id": user_id,
            "tenant_id": tenant_id,
            "csrf": csrf,
            "longest_s": self._settings.session_longest_s,
            "address": address,
            "agent": agent,
            "method": method,
        }
        await connection.execute(_QUERIES["begin_session"], session)
        viewer = await self._find(connection, _hash(token))
        if viewer is None:
            raise ApiError(Code.WRONG_CREDENTIALS)
        await audit(connection, viewer, Action.SIGNED_IN, detail={"method": method})
        return token, viewer

    async def viewer(self, cookies: Mapping[str, str]) -> Viewer:
        """Return who sends this cookie.

        Raises
        ------
        ApiError
            `NOT_SIGNED_IN`.
        """
        token = cookies.get(COOKIE)
        if token:
            async with self._database.connection() as connection:
                viewer = await self._find(connection, _hash(token))
            if viewer is not None:
                return viewer
        raise ApiError(Code.NOT_SIGNED_IN)

    async def again(self, viewer: Viewer) -> Viewer | None:
        """Return who a session belongs to by now, with what he may see; ``None`` when it has ended. This uses it."""
        async with self._database.connection() as connection:
            return await self._find(connection, viewer.token_hash)

    async def sign_out(self, viewer: Viewer) -> None:
        """End the session."""
        async with self._database.connection() as connection:
            await connection.execute(_QUERIES["end_session"], {"token_hash": viewer.token_hash})
            await audit(connection, viewer, Action.SIGNED_OUT)

    def check_origin(self, headers: Mapping[str, str], *, required: bool) -> None:
        """Refuse requests that pages of other sites make.

        Parameters
        ----------
        headers : mapping
            Of the request, names in lower case.
        required : bool
            Whether a request without an Origin is refused too: a browser always sends it with a WebSocket.

        Raises
        ------
        ApiError
            `BAD_ORIGIN`.
        """
        origin = headers.get("origin")
        if origin is None:
            if required:
                raise ApiError(Code.BAD_ORIGIN)
            return
        own = urlsplit(origin).netloc.lower() == headers.get("host", "").lower() != ""
        if not own and origin not in self._settings.origins:
            raise ApiError(Code.BAD_ORIGIN)

    def wants_secure_cookie(self, scheme: str, host: str | None) -> bool:
        """Whether a cookie for this address is to be sent over HTTPS only."""
        return self._settings.secure_cookies == "always" or scheme == "https" or not _is_loopback(host)

    async def _find(self, connection: psycopg.AsyncConnection[Any], token_hash: bytes) -> Viewer | None:
        given = {"token_hash": token_hash, "idle_s": self._settings.session_idle_s}
        row = await (await connection.execute(_QUERIES["session"], given)).fetchone()
        if row is None:
            return None
        *who, wards, glass, session_id, is_stale = row
        if is_stale:
            await connection.execute(_QUERIES["touch"], {"token_hash": token_hash})
        seen = None if wards is None else tuple(wards)
        user_id, login, name, role, language, tenant_id, csrf = who
        known = (user_id, login, name, role, language, tenant_id, csrf, token_hash)
        return Viewer(*known, None, seen, tuple(glass), session_id)


def check_csrf(viewer: Viewer, headers: Mapping[str, str]) -> None:
    """Refuse a change that does not carry the session's second token.

    Raises
    ------
    ApiError
        `BAD_CSRF`.
    """
    if not hmac.compare_digest(headers.get(CSRF_HEADER, "").encode(), viewer.csrf.encode()):
        raise ApiError(Code.BAD_CSRF)


async def audit(
    connection: psycopg.AsyncConnection[Any],
    viewer: Viewer,
    action: Action,
    patient_id: int | None = None,
    *,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Write down who did what."""
    given = {"tenant_id": viewer.tenant_id, "user_id": viewer.user_id, "action": action, "patient_id": patient_id}
    await connection.execute(_QUERIES["audit"], given | {"detail": Jsonb(detail or {})})


async def audit_look(connection: psycopg.AsyncConnection[Any], viewer: Viewer, action: Action, patient_id: int) -> None:
    """Write down that somebody looks at a patient, once in ten minutes: his page asks every few seconds."""
    given = {"tenant_id": viewer.tenant_id, "user_id": viewer.user_id, "action": action, "patient_id": patient_id}
    await connection.execute(_QUERIES["one_look_at_a_time"], given)
    await connection.execute(_QUERIES["audit_look"], given | {"look_s": LOOK_S})


async def audit_watching(connection: psycopg.AsyncConnection[Any], viewer: Viewer, patients: Collection[int]) -> None:
    """Write down whose live waves somebody sees, once in ten minutes each."""
    given = {"tenant_id": viewer.tenant_id, "user_id": viewer.user_id, "action": Action.WATCHED_LIVE}
    await connection.execute(_QUERIES["audit_watching"], given | {"patients": list(patients), "look_s": LOOK_S})


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _is_loopback(host: str | None) -> bool:
    if host is None:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
