"""The calls: when each begins and ends, which hide which, and what is told of it.  Pure.

**To add a call**: a line in `heartwire.calls` and a rule in `RULES`. Nothing else knows their number.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Final, Literal, NamedTuple, TypeAlias

import numpy as np

from analytics.results import Transition
from analytics.rhythm import NEVER
from analytics.rows import Bools, Bytes, Floats, Integers, Rows, Table, column
from heartwire.calls import CALLS, Family, get_call, hidden_by

_HYSTERESIS_BPM: Final = 5.0
#: A technical condition must be gone for so long.
_CLEAR_S: Final = 2.0
_NOISE_BEGINS_S: Final = 20
_NOISE_ENDS_S: Final = 10
#: A fast rate does not begin while more of the last seven seconds are noise: they may be its beats.
_NOISE_LATELY_S: Final = 3


class View(NamedTuple):
    """What the rules look at: for each row, at the end of a block.

    Attributes
    ----------
    now_us : int64
        Time up to which the signal has been seen.
    looked_us : int64
        Time up to which every complex has been found, or is `pending`.
    pending : bool
        Something is there that may be a complex.
    judged : bool
        Silence means that the heart is silent.
    quiet_us, silent_from_us, last_us, before_last_us : int64
    rr_s, span_bpm, many_bpm, few_bpm, span_slow_bpm, few_slow_bpm : float64
    span_us, many_us, few_us, n : int64
        See `analytics.rhythm.Rhythm`.
    lead_off_s, railed_s, still_s, moving_s : float64
        For how long; negative: for how long not.
    n_noisy, n_noisy_lately : int64
        Seconds of noise in the last 30, in the last 7.
    """

    now_us: Integers
    looked_us: Integers
    pending: Bools
    judged: Bools
    quiet_us: Integers
    silent_from_us: Integers
    last_us: Integers
    before_last_us: Integers
    n: Integers
    rr_s: Floats
    span_bpm: Floats
    many_bpm: Floats
    few_bpm: Floats
    span_slow_bpm: Floats
    few_slow_bpm: Floats
    span_us: Integers
    many_us: Integers
    few_us: Integers
    lead_off_s: Floats
    railed_s: Floats
    still_s: Floats
    moving_s: Floats
    n_noisy: Integers
    n_noisy_lately: Integers


#: From what is seen and the limit (0 when the call has none) to one value a row.
_Condition: TypeAlias = Callable[[View, Floats], Bools]
_Onset: TypeAlias = Callable[[View], Integers]
_Measure: TypeAlias = Callable[[View], Floats]


class Rule(NamedTuple):
    """How one call is found.

    Attributes
    ----------
    code : str
        In the catalogue.
    begins, ends : functions
        Of the view and the row's limit. `ends` also gets the onset.
    onset_us : function
        When what it speaks of began.
    measure : function
        What the alarm says was measured, in the limit's unit.
    in_noise : bool
        Stays armed while the signal is too noisy to analyse.
    """

    code: str
    begins: _Condition
    ends: Callable[[View, Floats, Integers], Bools]
    onset_us: _Onset
    measure: _Measure
    in_noise: bool = False


def _is_silent(view: View, limit: Floats) -> Bools:
    return (view.looked_us - view.quiet_us >= limit * 1e6) & ~view.pending & view.judged


def _get_silence_s(view: View) -> Floats:
    silence_s: Floats = np.maximum(view.looked_us - view.silent_from_us, 0) / 1e6
    return silence_s


def _fast_rule(code: str, get_bpm: _Measure, get_onset: _Onset) -> Rule:
    return Rule(
        code,
        lambda view, limit: (get_bpm(view) > limit) & (view.n_noisy_lately <= _NOISE_LATELY_S),
        lambda view, limit, _: get_bpm(view) <= limit - _HYSTERESIS_BPM,
        get_onset,
        get_bpm,
    )


def _slow_rule(code: str, get_bpm: _Measure, get_slow_bpm: _Measure, get_onset: _Onset) -> Rule:
    return Rule(
        code,
        lambda view, limit: (get_bpm(view) < limit) & (get_slow_bpm(view) < limit),
        lambda view, limit, _: get_bpm(view) >= limit + _HYSTERESIS_BPM,
        get_onset,
        get_bpm,
    )


def _lasting_rule(code: str, lasting: str, is_clear: Callable[[View], Bools]) -> Rule:
    def get_s(view: View) -> Floats:
        return getattr(view, lasting)  # type: ignore[no-any-return]

    return Rule(
        code,
        lambda view, limit: get_s(view) >= limit,
        lambda view, _limit, _onset: is_clear(view),
        lambda view: view.now_us - np.rint(get_s(view) * 1e6).astype(np.int64),
        get_s,
        in_noise=True,
    )


RULES: Final = (
    Rule(
        "asystole",
        _is_silent,
        lambda view, limit, onset: (view.before_last_us > onset) & (view.rr_s <= limit),
        lambda view: view.silent_from_us,
        _get_silence_s,
        in_noise=True,
    ),
    Rule(
        "pause",
        lambda view, limit: _is_silent(view, limit) & (view.n > 0),
        lambda view, _, onset: view.last_us > onset,
        lambda view: view.silent_from_us,
        _get_silence_s,
    ),
    _fast_rule("extreme_tachycardia", attrgetter("many_bpm"), attrgetter("many_us")),
    _slow_rule("extreme_bradycardia", attrgetter("few_bpm"), attrgetter("few_slow_bpm"), attrgetter("few_us")),
    _fast_rule("tachycardia", attrgetter("span_bpm"), attrgetter("span_us")),
    _slow_rule("bradycardia", attrgetter("span_bpm"), attrgetter("span_slow_bpm"), attrgetter("span_us")),
    _lasting_rule("lead_off", "lead_off_s", lambda view: view.lead_off_s <= -_CLEAR_S),
    _lasting_rule("signal_flat", "still_s", lambda view: view.moving_s >= _CLEAR_S),
    _lasting_rule("signal_railed", "railed_s", lambda view: view.railed_s <= -_CLEAR_S),
    Rule(
        "noise",
        lambda view, _: view.n_noisy >= _NOISE_BEGINS_S,
        lambda view, _limit, _onset: view.n_noisy < _NOISE_ENDS_S,
        lambda view: view.now_us - _NOISE_BEGINS_S * 1_000_000,
        lambda view: view.n_noisy.astype(np.float64),
        in_noise=True,
    ),
)

_CODES: Final = tuple(rule.code for rule in RULES)
_NOISE: Final = _CODES.index("noise")
_LIMIT_NAMES: Final = tuple(next(iter(CALLS[code].limits), None) for code in _CODES)
_DEFAULTS: Final = tuple(
    0.0 if name is None else CALLS[code].limits[name].default for code, name in zip(_CODES, _LIMIT_NAMES, strict=True)
)
#: For each rule the places of those that hide it.
_GREATER: Final = tuple(tuple(_CODES.index(code) for code in _CODES if code in hidden_by(own)) for own in _CODES)
_UNITS: Final = tuple("seconds" if CALLS[code].family is Family.TECHNICAL else name for code, name in
                      zip(_CODES, _LIMIT_NAMES, strict=True))  # fmt: skip

_IDLE: Final = 0
_ACTIVE: Final = 1
_HIDDEN: Final = 2


@dataclass(slots=True)
class Alarms(Table):
    """State of each call of each row, in the order of `RULES`.

    Attributes
    ----------
    state : uint8
        Idle, active, or met but hidden by a greater call.
    onset_us : int64
    limit : float64
    """

    state: Bytes = column(np.uint8, len(RULES))
    onset_us: Integers = column(np.int64, len(RULES), first=NEVER)
    limit: Floats = column(np.float64, len(RULES))


def set_limits(alarms: Alarms, row: int, limits: Mapping[str, Mapping[str, float]] | None) -> None:
    """Set a row's own limits, the catalogue's where it has none.

    Raises
    ------
    ValueError
        For a call or a limit that does not exist, and for a value outside the catalogue's bounds; then nothing is
        changed.
    """
    values = list(_DEFAULTS)
    for code, named in (limits or {}).items():
        bounds = get_call(code).limits
        for name, value in named.items():
            if name not in bounds:
                raise ValueError(f"{code} has no limit {name!r}; known: {', '.join(bounds) or 'none'}")
            if not bounds[name].low <= value <= bounds[name].high:
                raise ValueError(
                    f"{code} {name} {value}, wanted {bounds[name].low} to {bounds[name].high} {bounds[name].unit}"
                )
            if code in _CODES:
                values[_CODES.index(code)] = float(value)
    alarms.limit[row] = values


def judge(alarms: Alarms, rows: Rows, view: View) -> list[Transition]:
    """Apply the rules at the end of a block, and return what changed."""
    limits, onsets, states = alarms.limit[rows], alarms.onset_us[rows], alarms.state[rows]
    met, begins = np.empty(states.shape, np.bool_), np.empty(states.shape, np.bool_)
    for place in (_NOISE, *(each for each in range(len(RULES)) if each != _NOISE)):
        rule, limit = RULES[place], limits[:, place]
        is_on = states[:, place] != _IDLE
        stays = is_on & ~rule.ends(view, limit, onsets[:, place])
        begins[:, place] = rule.begins(view, limit)
        if not rule.in_noise:
            begins[:, place] &= ~met[:, _NOISE]
            stays |= is_on & met[:, _NOISE]
        met[:, place] = stays | (~is_on & begins[:, place])
    hidden = np.stack([met[:, list(greater)].any(axis=1) for greater in _GREATER], axis=1) & met
    # What comes out from behind a greater call is told only if it would begin now.
    met &= hidden | (states != _HIDDEN) | begins
    wanted = np.where(hidden, _HIDDEN, np.where(met, _ACTIVE, _IDLE)).astype(np.uint8)
    changed = np.argwhere(wanted != states)
    transitions = [
        transition
        for at, place in changed.tolist()
        if (transition := _change(alarms, int(rows[at]), at, place, view, met[at], int(wanted[at, place]))) is not None
    ]
    alarms.state[rows] = wanted
    return transitions


def _change(  # noqa: PLR0917 # one place where a change is told
    alarms: Alarms, row: int, at: int, place: int, view: View, met: Bools, wanted: int
) -> Transition | None:
    """Note the onset of what begins, and return what is told."""
    rule = RULES[place]
    here = View._make(each[at : at + 1] for each in view)
    before = int(alarms.state[row, place])
    now_us = int(view.now_us[at])
    if before == _IDLE:
        onset_us = int(rule.onset_us(here)[0])
        # A new onset is later than that of the last: onsets are identities.
        alarms.onset_us[row, place] = max(onset_us, int(alarms.onset_us[row, place]) + 1)
    elif before == _HIDDEN and wanted == _ACTIVE:
        alarms.onset_us[row, place] = now_us
    if before == _HIDDEN and wanted == _IDLE:
        return None
    kind: Literal["raised", "ended", "suppressed"] = (
        "raised" if wanted == _ACTIVE else "suppressed" if wanted == _HIDDEN else "ended"
    )
    detail: dict[str, float | str] = {}
    measured = float(rule.measure(here)[0])
    name = _UNITS[place]
    if name is not None and np.isfinite(measured) and wanted != _IDLE:
        detail[name] = round(measured, 2)
    if wanted == _HIDDEN:
        detail["by"] = next(RULES[greater].code for greater in _GREATER[place] if met[greater])
    return Transition(row, rule.code, kind, int(alarms.onset_us[row, place]), now_us, detail)
