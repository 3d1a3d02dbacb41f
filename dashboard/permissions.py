"""Which role may do what.  Pure.

What a permission is about is decided elsewhere: the database shows everybody the own tenant and wards only
(`Database.connection_as`).
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Role(StrEnum):
    """What somebody is here."""

    NURSE = "nurse"
    PHYSICIAN = "physician"
    TECHNICIAN = "technician"
    """Watches, reviews and looks after devices; does not treat."""
    ADMIN = "admin"
    """Looks after people, wards and devices; sees no patient's record."""
    PATIENT = "patient"
    """Sees the own record only, by the own device (`/api/my`)."""
    SYSTEM = "system"
    """Another system, by a token: reads what the token's scopes name, acts on nothing."""
    TESTER = "tester"
    """Looks, and adds what is simulated; does not act for patients."""


class Permission(StrEnum):
    """What a route asks for."""

    SEE_WARD = "see_ward"
    SEE_PATIENT = "see_patient"
    ACT_ON_ALARMS = "act_on_alarms"
    """Acknowledge, silence, pause, hand over."""
    TURN_ALARMS_OFF = "turn_alarms_off"
    """For hours, of one patient."""
    REVIEW = "review"
    """Judge alarms and episodes, correct beats."""
    SET_LIMITS = "set_limits"
    WRITE_NOTES = "write_notes"
    MANAGE_PATIENTS = "manage_patients"
    """Add patients, pair devices and shut them out."""
    MANAGE_DEVICES = "manage_devices"
    """See all devices of the hospital in one list."""
    MESSAGE = "message"
    EXPORT = "export"
    """Reports and downloads."""
    SEE_LEDGER = "see_ledger"
    SEE_STATISTICS = "see_statistics"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_ROSTERS = "manage_rosters"
    """Who is on call, whom to tell next, and by which channels."""
    MANAGE_WARDS = "manage_wards"
    MANAGE_RETENTION = "manage_retention"
    MANAGE_API = "manage_api"
    """Tokens and webhooks of other systems."""
    SEE_AUDIT = "see_audit"
    BREAK_GLASS = "break_glass"


_P = Permission
#: What a token may be for. What a person must answer for is not among it.
SCOPES: Final = frozenset({_P.SEE_WARD, _P.SEE_PATIENT, _P.EXPORT, _P.SEE_LEDGER, _P.SEE_STATISTICS, _P.SEE_AUDIT})
_CARE: Final = frozenset(
    {
        _P.SEE_WARD,
        _P.SEE_PATIENT,
        _P.ACT_ON_ALARMS,
        _P.REVIEW,
        _P.SET_LIMITS,
        _P.WRITE_NOTES,
        _P.MANAGE_PATIENTS,
        _P.MESSAGE,
        _P.EXPORT,
        _P.SEE_LEDGER,
        _P.SEE_STATISTICS,
        _P.BREAK_GLASS,
    }
)
#: What each role may.
PERMISSIONS: Final[Mapping[str, frozenset[Permission]]] = MappingProxyType(
    {
        Role.NURSE: _CARE,
        Role.PHYSICIAN: _CARE | {_P.TURN_ALARMS_OFF},
        Role.TECHNICIAN: _CARE - {_P.SET_LIMITS, _P.MESSAGE, _P.BREAK_GLASS} | {_P.MANAGE_DEVICES},
        Role.ADMIN: frozenset(
            {
                _P.SEE_WARD,
                _P.MANAGE_PATIENTS,
                _P.MANAGE_DEVICES,
                _P.SEE_LEDGER,
                _P.SEE_STATISTICS,
                _P.MANAGE_PEOPLE,
                _P.MANAGE_ROSTERS,
                _P.MANAGE_WARDS,
                _P.MANAGE_RETENTION,
                _P.MANAGE_API,
                _P.SEE_AUDIT,
            }
        ),
        Role.PATIENT: frozenset(),
        Role.SYSTEM: SCOPES,
        Role.TESTER: frozenset(
            {_P.SEE_WARD, _P.SEE_PATIENT, _P.MANAGE_PATIENTS, _P.EXPORT, _P.SEE_LEDGER, _P.SEE_STATISTICS}
        ),
    }
)


#: What people are; another system is none.
PEOPLE: Final = tuple(role for role in Role if role is not Role.SYSTEM)


def permissions_of(role: str) -> frozenset[Permission]:
    """Return what a role may; one that nobody knows may nothing."""
    return PERMISSIONS.get(role, frozenset())
