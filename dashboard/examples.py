"""An example of each shape of the API, made from its fields: what a field of a name means is told here once.  Pure.

A test holds each to its own shape, so that an example cannot say what the API would refuse.
"""

from enum import Enum
from typing import Any, Final

import msgspec
from msgspec import inspect

#: Thursday, 26 November 2026, 14:02:00 UTC, microseconds.
_NOW_US: Final = 1_795_701_720_000_000
_MINUTE_US: Final = 60_000_000
#: Lengths of time among the fields whose names end as instants do, microseconds.
_SPANS_US: Final = {
    "clock_offset_us": 12_000,
    "clock_jump_us": 3_600_000_000,
    "longest_silence_us": 48_000_000,
}
#: What lies ahead of now, and what began before it.
_LATER: Final = frozenset(
    {"until_us", "expires_us", "to_us", "next_us", "end_us", "try_again_us", "effective_us", "due_us"}
)
_EARLIER: Final = frozenset({"onset_us", "from_us", "first_us", "created_us", "begun_us", "oldest_us", "since_us"})
_NUMBERS: Final[dict[str, float]] = {
    "seconds": 120, "days": 90, "keep_days": 365, "battery_percent": 80, "port": 8883, "hr_bpm": 72.4, "bpm": 72.0,
    "mean": 71.8, "min": 58.0, "max": 103.0, "rr_s": 0.83, "amplitude_mv": 1.1, "confidence": 0.94, "coverage": 0.98,
    "af_share": 0.12, "hour_share": 0.99, "progress": 0.4, "median_s": 14.0, "days_left": 120.5, "value": 45.0,
    "was": 50.0, "sdnn_ms": 92.0, "rmssd_ms": 31.0, "lf_ms2": 610.0, "hf_ms2": 240.0, "bucket_s": 60.0,
    "clock_drift_ppm": 3.2, "clock_drift_error_ppm": 0.4, "delays_s": 20, "step": 1, "grace_hours": 24,
    "outbox_bytes_left": 512_000_000, "free_bytes": 420_000_000_000, "bytes": 81_000_000_000,
    "growth_bytes_day": 1_900_000_000, "frames_expected": 86_400, "frames_received": 86_390, "ms": 410,
    "took_ms": 350, "seq": 4711, "wards": 3,
}  # fmt: skip
#: What is so seldom that an example is clearer without it.
_NOT: Final = frozenset({"late", "disabled", "more", "is_test", "is_testing"})
_ABSENT: Final = frozenset(
    {
        "ended_us", "suppressed_by", "paused_us", "failed", "failing", "failing_us", "try_again_us", "revoked_us",
        "revoked_by", "withdrawn_us", "failed_stage", "clock_jump_us", "clock_jumped_us",
    }
)  # fmt: skip
#: By field, or by shape and field where a name means different things.
_WORDS: Final[dict[str, str]] = {
    "action": "saw_ecg", "address": "json://pager.ward.example/nora", "OpenSession.address": "192.0.2.17",
    "agent": "Firefox on Linux", "auth": "BTBZMqHH6r4Tts7J_aSIgg", "by": "Nora Nurse",
    "broker_ws_url": "wss://ward.example:8884", "ca": "-----BEGIN CERTIFICATE-----\n...", "call": "asystole",
    "chips": "palpitations", "client_id": "heartwire-edge-0123456789abcdef", "code": "7KQ4M2XD",
    "Problem.code": "not_found", "created_by": "Amy Admin", "csrf": "kS9...", "description": "Ada's phone",
    "detail": "ventricular_tachycardia", "device": "0123456789abcdef", "device_id": "0123456789abcdef",
    "emergency_number": "112", "endpoint": "https://push.example/abc", "engine": "hw-4", "failed": "unreachable",
    "family": "clinical", "firmware": "1.4.2", "from_": "14:00", "hash": "9f2c...", "head_hash": "9f2c...",
    "host": "ward.example", "id": "0123456789abcdef", "key": "BNc...", "kind": "message", "label": "Pager",
    "language": "en", "login": "nora", "method": "password", "most": "16", "name": "Ada Example", "names": "Asystole",
    "note": "Artefact: the strap was loose.", "options": "better", "outcome": "delivered",
    "p256dh": "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQ", "params": "0.4", "password": "correct-horse-battery",
    "patient": "Ada Example", "permissions": "see_ward", "press": "p1", "priorities": "high", "priority": "high",
    "problem": "answered 503", "read_by": "Nora Nurse", "reason": "Called from the emergency room",
    "reply_to": "m1", "reviewer": "Dr. Day", "revoked_by": "Nora Nurse", "revoked_why": "lost", "rhythm": "sinus",
    "role": "nurse", "said_id": "m1", "scheme": "json", "scopes": "see_ward", "secret": "hwt_...", "set_by": "amy",
    "source": "alarm_events", "state": "waiting", "still": "lasting", "suppressed_by": "ventricular_fibrillation",
    "text": "How do you feel today?", "title": "Your breathing", "to": "Otto Oncall", "topic_prefix": "hw/1/7",
    "unit": "1/min", "url": "https://paging.example/alarms", "username": "0123456789abcdef", "ward": "Cardiology",
    "wards": "Cardiology", "wearable": "Polar H10", "why": "A lawsuit", "zone": "Europe/Berlin", "kinds": "raised",
    "issuers": "https://id.ward.example", "issuer": "https://id.ward.example", "Issuer.name": "Hospital account",
    "Vouching.key": "hospital", "Vouching.name": "Hospital account", "Brought.state": "vZ8...",
    "WayThere.url": "https://id.ward.example/authorize?...", "leave_url": "https://id.ward.example/logout?...",
    "Brought.code": "SplxlOBe...", "error": "access_denied", "iss": "https://id.ward.example",
    "Credentials.code": "492039", "FirstCode.code": "492039", "Proof.code": "492039",
    "new_password": "four-random-words-here", "recovery_codes": "7KQ4-M2XD-9P0A-W3RT", "roles": "nurse",
    "Enrolment.secret": "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ", "uri": "otpauth://totp/heartwire:nora?...",
    "en": "Asystole", "fr": "Asystolie", "de": "Asystolie", "NewCorrection.label": "V", "implies": "pause",
}  # fmt: skip
_WHOLE: Final[dict[str, Any]] = {
    "limits": {"bradycardia": {"bpm": 45.0}},
    "names": {"en": "Asystole", "fr": "Asystolie", "de": "Asystolie"},
    "CallInfo.limits": {"seconds": {"default": 4.0, "low": 3.0, "high": 10.0, "unit": "s"}},
    "Alarm.detail": {"seconds": 4.2},
    "Entry.detail": {},
    "params": {"retry_s": 30},
    "zones": {"": "Europe/Berlin", "Cardiology": "Europe/Berlin"},
    "form": None,
    "answers": None,
}


def example_of(kind: type[Any]) -> Any:  # noqa: ANN401 # whatever JSON can say
    """Return an example of a shape, as JSON has it."""
    return _example(inspect.type_info(kind), "", "")


def _example(kind: inspect.Type, shape: str, field: str) -> Any:  # noqa: ANN401, C901, PLR0911, PLR0912 # a line a type
    for name in (f"{shape}.{field}", field):
        if name in _WHOLE and isinstance(kind, inspect.DictType | inspect.AnyType):
            return _WHOLE[name]
    match kind:
        case inspect.Metadata():
            return _example(kind.type, shape, field)
        case inspect.StructType():
            return _struct(kind)
        case inspect.UnionType():
            if field in _ABSENT and any(isinstance(one, inspect.NoneType) for one in kind.types):
                return None
            there = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
            return _example(there[0], shape, field)
        case inspect.ListType() | inspect.VarTupleType() | inspect.SetType() | inspect.FrozenSetType():
            return [_example(kind.item_type, shape, field)]
        case inspect.TupleType():
            return [_example(one, shape, field) for one in kind.item_types]
        case inspect.DictType():
            return {field.rstrip("s"): _example(kind.value_type, shape, field)}
        case inspect.LiteralType():
            return kind.values[0]
        case inspect.EnumType():
            return _builtin(next(iter(kind.cls)))
        case inspect.BoolType():
            return field not in _NOT
        case inspect.IntType():
            return round(_number(kind, field))
        case inspect.FloatType():
            return _number(kind, field)
        case inspect.StrType():
            return _WORDS.get(f"{shape}.{field}") or _WORDS[field]
        case _:
            return None


def _struct(kind: inspect.StructType) -> dict[str, Any]:
    found = {field.encode_name: _example(field.type, kind.cls.__name__, field.name) for field in kind.fields}
    return found if kind.tag_field is None else {kind.tag_field: kind.tag, **found}


def _number(kind: inspect.IntType | inspect.FloatType, field: str) -> float:
    if field.endswith("_us") and field not in _SPANS_US:
        value: float = _NOW_US + _MINUTE_US * ((field in _LATER) - (field in _EARLIER))
    else:
        value = _SPANS_US.get(field) or _NUMBERS.get(field, 7)
    least = kind.ge if kind.ge is not None else value
    most = kind.le if kind.le is not None else value
    return min(max(value, least), most)


def _builtin(member: Enum) -> Any:  # noqa: ANN401 # what the member stands for
    return msgspec.to_builtins(member)
