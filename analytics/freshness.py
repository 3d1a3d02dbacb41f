"""Silence is not health: who has gone quiet, and whether it is he or the way behind which he stands.  Pure.

Everything is judged by the server's clock. One fault of the way (ingest gives no sign of life, or has no broker) is one
alarm of the system in each tenant; the patients behind it are noted as quiet because of it, and when the way is open
again they have their normal time to come back. The same holds for the beginning: nobody is quiet before he had his
limit's time to be heard, and who was just paired has two minutes to put the wearable on. A device that was shut out is
waited for no more.

What was told of a patient's heart before he went quiet stays as it is: only his signal can say that it is over.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from analytics.together import SIGNALS_LOST, Heard, Loss, Losses, by_tenant
from heartwire.calls import CALLS

#: What the alarms of the watch bear as their engine.
WATCH_VERSION: Final = "watch-1"
GONE_QUIET: Final = "gone_quiet"
INGEST_SILENT: Final = "ingest_silent"
BROKER_UNREACHABLE: Final = "broker_unreachable"
ANALYSIS_BEHIND: Final = "analysis_behind"
#: Every call that the watch makes.
WATCH_CALLS: Final = (GONE_QUIET, INGEST_SILENT, BROKER_UNREACHABLE, ANALYSIS_BEHIND, SIGNALS_LOST)

_SILENT_US: Final = round(CALLS[INGEST_SILENT].limits["seconds"].default * 1e6)
_UNREACHABLE_US: Final = round(CALLS[BROKER_UNREACHABLE].limits["seconds"].default * 1e6)
_BEHIND_US: Final = round(CALLS[ANALYSIS_BEHIND].limits["seconds"].default * 1e6)
_QUIET_US: Final = round(CALLS[GONE_QUIET].limits["seconds"].default * 1e6)
#: A device that was just paired has so long to be put on, microseconds, where the patient's limit is not longer.
_FIRST_SIGNAL_US: Final = 120_000_000
#: Ingest speaks every 2 s; after this time a verdict on the way is near, and patients wait for it, microseconds.
_SUSPECT_US: Final = 4_000_000
#: A sample this old when it arrives is not live (promise P3), microseconds.
_LIVE_US: Final = 30_000_000
#: A longer time without a look, and the watch begins anew: this machine slept, or was too busy to judge others.
_BLIND_US: Final = 5_000_000


class Link(NamedTuple):
    """One device, as the database knows it; times are UTC microseconds of the server's clock.

    Attributes
    ----------
    paired_us : int
        When the patient was paired.
    received_us, sample_us : int or None
        Last arrival, and end of the newest sample (device's clock); ``None``: never.
    limit_us : int or None
        The patient's own limit.
    """

    device_id: str
    patient_id: int
    tenant_id: int
    paired_us: int
    received_us: int | None
    sample_us: int | None
    limit_us: int | None


class Ingest(NamedTuple):
    """Last sign of life of one ingest process, and whether it had a broker."""

    at_us: int
    broker_connected: bool


class OpenAlarm(NamedTuple):
    """An alarm of the watch that lasts: `signal_us` is when its rule was met."""

    alarm_id: int
    call: str
    device_id: str | None
    onset_us: int
    signal_us: int
    tenant_id: int = 0


class Raise(NamedTuple):
    """An alarm begins; with `by` it is noted, and hidden by that call.

    Without a device it is the system's: every tenant with patients is told.
    """

    call: str
    device_id: str | None
    patient_id: int | None
    tenant_id: int | None
    onset_us: int
    signal_us: int
    by: str | None = None


class Close(NamedTuple):
    """An open alarm ends, or (`by`) is hidden."""

    alarm: OpenAlarm
    by: str | None = None


class Verdict(NamedTuple):
    """What is to be told."""

    raises: list[Raise]
    closes: list[Close]


class Watch:
    """What the watch remembers between two looks.

    Parameters
    ----------
    now_us : int
        When it begins to look, UTC microseconds.
    """

    def __init__(self, now_us: int) -> None:
        self._began_us = now_us
        self._looked_us = now_us
        #: Since when patients can be heard, as far as the watch knows.
        self._open_since_us = now_us
        self._unconnected_since_us: int | None = None
        #: Devices noted as hidden by the present fault.
        self._hidden: set[str] = set()
        #: Those who went quiet together, by hospital, and likewise; and since when a hospital can be heard again.
        self._losses: Final = Losses()
        self._lost: dict[int, set[str]] = {}
        self._open_again_us: Final[dict[int, int]] = {}

    def look(
        self, now_us: int, links: Sequence[Link], ingests: Sequence[Ingest], open_alarms: Sequence[OpenAlarm]
    ) -> Verdict:
        """Judge everybody, and return what changes."""
        if now_us - self._looked_us > _BLIND_US:
            self._began_us = self._open_since_us = now_us
            self._unconnected_since_us = None
        self._looked_us = now_us
        verdict = Verdict([], [])
        system = {alarm.call: alarm for alarm in open_alarms if alarm.call in {INGEST_SILENT, BROKER_UNREACHABLE}}
        fault = self._find_fault(now_us, links, ingests, system)
        self._tell_fault(fault, system, verdict)
        if system and fault is None:
            self._open_since_us = now_us
        if fault is None:
            self._hidden.clear()
        suspects = bool(links) and self._suspects(now_us, links, ingests)
        losses = self._look_at_losses(now_us, links, fault, open_alarms, verdict, suspects=suspects)
        quiet = {alarm.device_id: alarm for alarm in open_alarms if alarm.call == GONE_QUIET}
        for link in links:
            loss = losses.get(link.tenant_id)
            self._judge(
                now_us,
                link,
                quiet.pop(link.device_id, None),
                fault or _of_loss(loss, link, now_us),
                verdict,
                suspects=suspects or link.tenant_id in self._losses.suspects,
            )
        # Whose device was shut out is not waited for any more.
        verdict.closes.extend(Close(alarm) for alarm in quiet.values())
        return verdict

    def look_at_analysis(self, now_us: int, oldest_us: int | None, open_alarms: Sequence[OpenAlarm]) -> Verdict:
        """Judge by the arrival of the oldest frame that is stored and not analysed (``None``: all are); after `look`.

        Somebody's open transaction, an analysis that hangs, or one that is too slow: what is seen is the same.
        """
        verdict = Verdict([], [])
        waits_us = 0 if oldest_us is None else now_us - oldest_us
        alarm = next((alarm for alarm in open_alarms if alarm.call == ANALYSIS_BEHIND), None)
        if alarm is not None:
            if waits_us < _BEHIND_US // 2:
                verdict.closes.append(Close(alarm))
        elif oldest_us is not None and now_us - max(oldest_us, self._began_us) >= _BEHIND_US:
            verdict.raises.append(_of_system(ANALYSIS_BEHIND, oldest_us, now_us))
        return verdict

    def count_lost(self, tenant_id: int, now_us: int, links: Sequence[Link]) -> int:
        """Return how many patients of a hospital are missing because many went quiet together."""
        heard = [self._heard(now_us, link) for link in links if link.tenant_id == tenant_id]
        return self._losses.count(tenant_id, [one for one in heard if one is not None])

    def _look_at_losses(
        self,
        now_us: int,
        links: Sequence[Link],
        fault: Raise | None,
        open_alarms: Sequence[OpenAlarm],
        verdict: Verdict,
        *,
        suspects: bool,
    ) -> dict[int, Loss]:
        """Tell of hospitals where many went quiet together, while the way itself is well; return where that lasts."""
        told = {alarm.tenant_id: alarm for alarm in open_alarms if alarm.call == SIGNALS_LOST}
        if fault is not None:
            verdict.closes.extend(Close(alarm, fault.call) for alarm in told.values())
            self._losses.forget()
            self._lost.clear()
            return {}
        if suspects and not told:
            return {}
        heard = by_tenant((link.tenant_id, one) for link in links if (one := self._heard(now_us, link)) is not None)
        losses, over = self._losses.look(
            now_us, heard, {tenant_id: alarm.onset_us for tenant_id, alarm in told.items()}
        )
        for tenant_id in over:
            self._open_again_us[tenant_id] = now_us
            self._lost.pop(tenant_id, None)
            if tenant_id in told:
                verdict.closes.append(Close(told[tenant_id]))
        for tenant_id, loss in losses.items():
            if tenant_id not in told:
                self._lost[tenant_id] = set()
                verdict.raises.append(Raise(SIGNALS_LOST, None, None, tenant_id, loss.onset_us, now_us))
        return losses

    def _heard(self, now_us: int, link: Link) -> Heard | None:
        if link.received_us is None:
            return None
        limit_us = _QUIET_US if link.limit_us is None else link.limit_us
        return Heard(
            link.device_id,
            link.patient_id,
            link.received_us,
            is_due=now_us >= self._since_us(link, link.received_us) + limit_us,
            is_live=now_us - link.received_us < limit_us,
        )

    def _since_us(self, link: Link, heard_us: int) -> int:
        return max(heard_us, self._open_since_us, self._open_again_us.get(link.tenant_id, 0))

    def _find_fault(
        self, now_us: int, links: Sequence[Link], ingests: Sequence[Ingest], system: dict[str, OpenAlarm]
    ) -> Raise | None:
        """Return the way's fault, if it has one. Nobody is watched, nobody is told."""
        fresh = [ingest for ingest in ingests if now_us - ingest.at_us < _SILENT_US]
        if fresh and not any(ingest.broker_connected for ingest in fresh):
            if self._unconnected_since_us is None:
                self._unconnected_since_us = max(self._began_us, min(ingest.at_us for ingest in fresh))
        else:
            self._unconnected_since_us = None
        if not links:
            return None
        sign_us = _last_sign_us(links, ingests)
        onset_us = self._began_us if sign_us is None else sign_us
        silent = sign_us is None or now_us - sign_us >= _SILENT_US
        # Only a sign of life ends the alarm; a watch that has just begun raises none.
        if silent and (INGEST_SILENT in system or now_us - max(onset_us, self._began_us) >= _SILENT_US):
            return _of_system(INGEST_SILENT, onset_us, now_us)
        since_us = self._unconnected_since_us
        if since_us is not None and (BROKER_UNREACHABLE in system or now_us - since_us >= _UNREACHABLE_US):
            return _of_system(BROKER_UNREACHABLE, since_us, now_us)
        if silent and BROKER_UNREACHABLE in system:
            return _of_system(BROKER_UNREACHABLE, system[BROKER_UNREACHABLE].onset_us, now_us)
        return None

    def _suspects(self, now_us: int, links: Sequence[Link], ingests: Sequence[Ingest]) -> bool:
        sign_us = _last_sign_us(links, ingests)
        return self._unconnected_since_us is not None or sign_us is None or now_us - sign_us > _SUSPECT_US

    @staticmethod
    def _tell_fault(fault: Raise | None, system: dict[str, OpenAlarm], verdict: Verdict) -> None:
        for alarm in system.values():
            if fault is None or alarm.call != fault.call:
                hidden = fault is not None and alarm.call in CALLS[fault.call].implies
                verdict.closes.append(Close(alarm, fault.call if fault is not None and hidden else None))
        if fault is not None and fault.call not in system:
            verdict.raises.append(fault)

    def _judge(
        self,
        now_us: int,
        link: Link,
        alarm: OpenAlarm | None,
        fault: Raise | None,
        verdict: Verdict,
        *,
        suspects: bool,
    ) -> None:
        limit_us = _QUIET_US if link.limit_us is None else link.limit_us
        is_loss = fault is not None and fault.call == SIGNALS_LOST
        hidden = self._lost.setdefault(link.tenant_id, set()) if is_loss else self._hidden
        if alarm is not None:
            if _is_live(now_us, link, limit_us):
                verdict.closes.append(Close(alarm))
            elif fault is not None and alarm.signal_us >= fault.onset_us:
                # He had not gone quiet before the way did.
                hidden.add(link.device_id)
                verdict.closes.append(Close(alarm, fault.call))
            return
        heard_us = link.paired_us if link.received_us is None else link.received_us
        since_us = self._since_us(link, heard_us)
        due_us = since_us + limit_us
        if link.received_us is None:
            due_us = max(due_us, link.paired_us + _FIRST_SIGNAL_US)
        if now_us < due_us:
            return
        if fault is None and not suspects:
            verdict.raises.append(_quiet(link, since_us, due_us))
        elif fault is not None and link.device_id not in hidden:
            hidden.add(link.device_id)
            verdict.raises.append(_quiet(link, since_us, due_us)._replace(by=fault.call))


def count_patients(links: Sequence[Link], open_alarms: Sequence[OpenAlarm]) -> dict[int, int]:
    """Return, by tenant, how many patients a fault of the system itself is about: those who were not quiet already."""
    quiet = {alarm.device_id for alarm in open_alarms if alarm.call == GONE_QUIET}
    patients: dict[int, set[int]] = {}
    for link in links:
        patients.setdefault(link.tenant_id, set()).update(() if link.device_id in quiet else (link.patient_id,))
    return {tenant_id: len(found) for tenant_id, found in patients.items()}


def _last_sign_us(links: Sequence[Link], ingests: Sequence[Ingest]) -> int | None:
    """Return when ingest was last known to work: a heartbeat, or a frame that it stored."""
    signs = [ingest.at_us for ingest in ingests]
    signs += [link.received_us for link in links if link.received_us is not None]
    return max(signs, default=None)


def _is_live(now_us: int, link: Link, limit_us: int) -> bool:
    """Whether the device sends what it measures now, rather than what it kept."""
    if link.received_us is None or link.sample_us is None:
        return False
    return now_us - link.received_us < limit_us and link.received_us - link.sample_us <= _LIVE_US


def _quiet(link: Link, since_us: int, due_us: int) -> Raise:
    return Raise(GONE_QUIET, link.device_id, link.patient_id, link.tenant_id, since_us, due_us)


def _of_loss(loss: Loss | None, link: Link, now_us: int) -> Raise | None:
    """Return the loss if it is why he is missing: who goes quiet while it lasts may have a reason of his own."""
    if loss is None or link.device_id not in loss.members:
        return None
    return _of_system(SIGNALS_LOST, loss.onset_us, now_us)


def _of_system(call: str, onset_us: int, now_us: int) -> Raise:
    return Raise(call, None, None, None, onset_us, now_us)
