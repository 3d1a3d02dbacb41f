"""Frames of many devices in, findings out: each device's order and its rows of the engine.  Pure.

What it does with a frame depends on the frames before it and on nothing else, neither on how they were batched nor on
the clock: so a stretch that is read again after a restart gives the same.
"""

from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

import msgspec
import numpy as np

from analytics.backlog import LATE_US, Place
from analytics.checkpoints import CheckpointError, DeviceState, Limits, Track, decode_state, encode_state
from analytics.engine import Engine, Quality, Results, Segment, Transition
from analytics.ordering import Frame, Lane, Order, Released
from heartwire.clock_offset import ClockOffset
from heartwire.frames import EcgFlag

#: So much signal without the lead that is analysed, and another lead is analysed instead, microseconds.
_LEAD_LOST_US: Final = 10_000_000
#: A device whose signal jumps back by more has set its clock, microseconds.
_SET_BACK_US: Final = 2_000_000
#: As a plain number: an enumeration's operators cost more than all the rest that is done with a frame here.
_CLOCK_NOT_SET: Final = int(EcgFlag.CLOCK_NOT_SET)
#: Boots whose clocks are remembered.
_CLOCKS_MOST: Final = 4
#: Arrivals that are remembered: more signal than the engine looks back.
_ARRIVALS: Final = 64
#: Calls of the live signal that have ended and are remembered, for the late signal that fills a hole in them.
_ENDED_CALLS: Final = 32


class Beat(NamedTuple):
    """One beat, as it is stored; NaN where unknown."""

    patient_id: int
    tenant_id: int
    device_id: str
    t_us: int
    rr_s: float
    amplitude_mv: float
    label: str


class CallChange(NamedTuple):
    """A call begins, ends, or is hidden by a greater one.

    Attributes
    ----------
    kind : str
        ``raised``, ``ended`` or ``suppressed``.
    onset_us, at_us : int
        Onset in the signal, and the time in the signal at which the rule was met, UTC microseconds.
    late : bool
        The signal was late when it arrived: by the device's clock as the server measures it, not as the device has it.
    end_us : int
        Of one that ended: when what it speaks of ended in the signal; 0 otherwise.
    confidence : float, optional
        Of one that was raised: how sure the engine is, 0 to 1.
    """

    device_id: str
    patient_id: int
    tenant_id: int
    call: str
    kind: str
    onset_us: int
    at_us: int
    late: bool
    detail: dict[str, float | str]
    end_us: int = 0
    confidence: float | None = None


class Rhythm(NamedTuple):
    """From a time on, a device's rhythm is another; `is_late`: that of a stretch of late signal."""

    patient_id: int
    tenant_id: int
    device_id: str
    t_us: int
    rhythm: str
    is_late: bool


class Signal(NamedTuple):
    """How a device's live signal is now; NaN where the rate is unknown."""

    device_id: str
    patient_id: int
    tenant_id: int
    hr_bpm: float
    quality: str
    analysed_until_us: int


class Findings(NamedTuple):
    """What a batch of frames gave."""

    beats: list[Beat]
    changes: list[CallChange]
    signals: list[Signal]
    rhythms: list[Rhythm]


NO_FINDINGS: Final = Findings([], [], [], [])


class _Retired(NamedTuple):
    """A row that gets no more signal, and why."""

    device_id: str
    track: Track
    reason: str


def _hear_clock(state: DeviceState, frame: Frame) -> None:
    """Measure the device's clock by the frames alone, in the order of the log: read again, they give the same."""
    if frame.flags & _CLOCK_NOT_SET:
        return
    clock = state.clocks.get(frame.boot_id)
    if clock is None:
        clock = state.clocks[frame.boot_id] = ClockOffset()
        if len(state.clocks) > _CLOCKS_MOST:
            del state.clocks[next(iter(state.clocks))]
    clock.hear(frame.seq, frame.t0_us, frame.t_end_us, frame.received_us)


def _offset_us(state: DeviceState, frame: Frame) -> int:
    clock = state.clocks.get(frame.boot_id)
    return 0 if clock is None or clock.offset_us is None else clock.offset_us


def _has_told(track: Track, call: str, onset_us: int) -> bool:
    """Whether a call of the track's signal lasts, or lasted, at this time."""
    if any(call == other and begin_us <= onset_us for other, begin_us in track.open_calls):
        return True
    return any(call == other and begin_us <= onset_us < end_us for other, begin_us, end_us in track.ended_calls)


class Analysis:
    """The engine, and what stands around it for each device.

    Attributes
    ----------
    frames_of_other_leads : int
        Frames not analysed because the device's signal is analysed in another lead.
    samples_of_the_past : int
        Samples not analysed because their time in the device's signal had been analysed already.
    """

    def __init__(self) -> None:
        self._engine: Final = Engine()
        self._devices: Final[dict[str, DeviceState]] = {}
        self._tracks: Final[dict[int, tuple[str, Track]]] = {}
        self._retired: list[_Retired] = []
        self.frames_of_other_leads = 0
        self.samples_of_the_past = 0

    def __contains__(self, device: str) -> bool:
        return device in self._devices

    def __len__(self) -> int:
        return len(self._devices)

    def begin(self, device: str, *, at: Frame | None = None) -> None:
        """Take in a device that was not analysed before, or (`at`) one whose signal is taken up in its midst."""
        order = Order()
        if at is not None:
            order.begin_at(at)
        self._devices[device] = DeviceState(order)

    def restore(self, device: str, saved: bytes) -> None:
        """Take up a device where `save` left it.

        Raises
        ------
        CheckpointError
            If it was saved by another version; nothing is changed then.
        """
        state = decode_state(saved)
        rows: list[int] = []
        try:
            for track in (state.live, state.late):
                if track is not None:
                    track.row = self._engine.open(state.limits)
                    rows.append(track.row)
                    self._engine.import_row(track.row, track.state)
                    track.state = b""
        except ValueError as error:
            for row in rows:
                self._engine.close(row)
            raise CheckpointError(f"the engine's row cannot be read: {error}") from None
        self._devices[device] = state
        for track in (state.live, state.late):
            if track is not None:
                self._tracks[track.row] = (device, track)

    def save(self, device: str, waits: Place | None = None) -> bytes:
        """Return all that is remembered of a device, and from where on its late frames still wait."""
        state = self._devices[device]
        live, late = self._save_track(state.live), self._save_track(state.late)
        return encode_state(msgspec.structs.replace(state, live=live, late=late, waits=waits))

    def _save_track(self, track: Track | None) -> Track | None:
        if track is None:
            return None
        return msgspec.structs.replace(track, row=-1, state=self._engine.export_row(track.row))

    def put_aside(self, device: str) -> None:
        """Forget a device; it is saved."""
        state = self._devices.pop(device)
        for track in (state.live, state.late):
            if track is not None:
                del self._tracks[track.row]
                self._engine.close(track.row)

    def set_limits(self, device: str, limits: Limits) -> bool:
        """Let these limits hold for what comes, and return whether they are others than before."""
        state = self._devices[device]
        if limits == state.limits:
            return False
        state.limits = limits
        for track in (state.live, state.late):
            if track is not None:
                self._engine.set_limits(track.row, limits)
        return True

    def analyse_each(
        self, frames: Iterable[Frame], waiting: Collection[str] = ()
    ) -> tuple[Findings, dict[str, Exception]]:
        """Do as `analyse`, one device at a time, and give up a device with which something goes wrong.

        Returns
        -------
        findings : Findings
            Of all the others.
        failures : dict of str to Exception
            What went wrong, by device; such a device is not known here any more.
        """
        by_device: dict[str, list[Frame]] = {}
        for frame in frames:
            by_device.setdefault(frame.device_id, []).append(frame)
        whole = Findings([], [], [], [])
        failures: dict[str, Exception] = {}
        for device, its_frames in by_device.items():
            try:
                findings = self.analyse(its_frames, {device} & set(waiting))
            except Exception as error:  # noqa: BLE001 # one patient's defect must not end the watch over all others
                failures[device] = error
                self._give_up(device)
                continue
            whole.beats.extend(findings.beats)
            whole.changes.extend(findings.changes)
            whole.signals.extend(findings.signals)
            whole.rhythms.extend(findings.rhythms)
        return whole, failures

    def analyse(self, frames: Iterable[Frame], waiting: Collection[str] = ()) -> Findings:
        """Take in frames in the order of their arrival, of devices that are known here, and return what they gave.

        Of the devices `waiting`, late frames go on waiting, or did until now: their late stretch does not end here.
        """
        segments: list[Segment] = []
        self._hold_late(waiting, holds=True)
        for frame in frames:
            state = self._devices[frame.device_id]
            _hear_clock(state, frame)
            for released in state.order.push(frame):
                self._add(state, released, segments)
        self._hold_late(waiting, holds=False)
        findings = Findings([], [], [], [])
        if segments:
            self._collect(self._engine.tick(segments), findings)
        self._end_retired(findings)
        for row in {segment.row for segment in segments} & self._tracks.keys():
            # Not before: however much comes at once, each call is judged by the arrival of its own signal.
            del self._tracks[row][1].arrivals[:-_ARRIVALS]
        return findings

    def end(self, device: str, reason: str) -> Findings:
        """Analyse a device's signal to its end, and forget the device; what lasts ends there, for this reason.

        The last beat, which waits for the next to be judged, is left waiting, as the live analysis leaves it.
        """
        state = self._devices[device]
        segments: list[Segment] = []
        for released in state.order.release_rest():
            self._add(state, released, segments)
        findings = Findings([], [], [], [])
        if segments:
            self._collect(self._engine.tick(segments), findings)
        for track in (state.live, state.late):
            self._retire(device, track, reason)
        self._end_retired(findings, flushes=False)
        del self._devices[device]
        return findings

    def _hold_late(self, devices: Collection[str], *, holds: bool) -> None:
        for device in devices:
            if device in self._devices:
                self._devices[device].order.late_waits = holds

    def _give_up(self, device: str) -> None:
        """Forget a device in whatever state it is."""
        self._retired = []
        del self._devices[device]
        for row in [row for row, (owner, _) in self._tracks.items() if owner == device]:
            del self._tracks[row]
            self._engine.close(row)

    def _add(self, state: DeviceState, released: Released, segments: list[Segment]) -> None:
        frame = released.frame
        track = self._live_track(state, frame) if released.lane is Lane.LIVE else self._late_track(state, released)
        if state.order.late_is_over:
            self._retire(frame.device_id, state.late, "late_signal_ended")
            state.late = None
            state.order.end_late()
        if track is None:
            self.frames_of_other_leads += 1
            return
        # Of a clock that was not set nobody knows how late the signal is; then it counts as live, which sounds.
        received_us = frame.t_end_us if frame.flags & _CLOCK_NOT_SET else frame.received_us - _offset_us(state, frame)
        track.arrivals.append((frame.t_end_us, received_us))
        samples = np.frombuffer(frame.samples, dtype="<i2").astype(np.int16, copy=False)
        segments.append(Segment(track.row, frame.t0_us, frame.fs_mhz, frame.gain, frame.baseline, frame.flags, samples))

    def _live_track(self, state: DeviceState, frame: Frame) -> Track | None:
        track = state.live
        if track is not None and track.patient_id != frame.patient_id:
            self._retire(frame.device_id, track, "another_patient")
            track = None
        elif track is not None and track.arrivals and frame.t0_us < track.arrivals[-1][0] - _SET_BACK_US:
            # The engine leaves out signal whose time it has analysed: for as long as the clock went back.
            self._retire(frame.device_id, track, "clock_set_back")
            track = None
        if track is None:
            track = state.live = self._open(state, frame, frame.lead)
        if frame.lead == track.lead:
            track.other_lead_us = 0
            return track
        track.other_lead_us += frame.duration_us
        if track.other_lead_us < _LEAD_LOST_US:
            return None
        track.lead = frame.lead
        track.other_lead_us = 0
        return track

    def _late_track(self, state: DeviceState, released: Released) -> Track | None:
        frame = released.frame
        track = state.late
        if track is None or released.begins or track.patient_id != frame.patient_id:
            self._retire(frame.device_id, track, "late_signal_ended")
            lead = frame.lead if state.live is None else state.live.lead
            track = state.late = self._open(state, frame, lead)
        return track if frame.lead == track.lead else None

    def _open(self, state: DeviceState, frame: Frame, lead: str) -> Track:
        row = self._engine.open(state.limits)
        track = Track(frame.patient_id, frame.tenant_id, lead, row)
        self._tracks[row] = (frame.device_id, track)
        return track

    def _retire(self, device: str, track: Track | None, reason: str) -> None:
        if track is not None:
            self._retired.append(_Retired(device, track, reason))

    def _end_retired(self, findings: Findings, *, flushes: bool = True) -> None:
        """Bring what no more signal comes for to its end."""
        for device, track, reason in self._retired:
            if flushes:
                self._collect(self._engine.flush_row(track.row), findings)
            for key in track.open_calls:
                end_us = track.arrivals[-1][0]
                detail: dict[str, float | str] = {"reason": reason}
                ended = Transition(track.row, key[0], "ended", key[1], end_us, detail, end_us)
                findings.changes.append(self._change(device, track, ended))
            del self._tracks[track.row]
            self._engine.close(track.row)
        self._retired = []

    def _collect(self, results: Results, findings: Findings) -> None:
        self.samples_of_the_past += int(results.dropped_samples.sum())
        found = results.beats
        columns = zip(
            found.row.tolist(),
            found.t_us.tolist(),
            found.rr_s.tolist(),
            found.amplitude_mv.tolist(),
            found.label.tolist(),
            strict=True,
        )
        for row, t_us, rr_s, amplitude_mv, label in columns:
            device, track = self._tracks[row]
            findings.beats.append(
                Beat(track.patient_id, track.tenant_id, device, t_us, rr_s, amplitude_mv, label.decode("ascii"))
            )
        for transition in results.transitions:
            if self._note(transition):
                device, track = self._tracks[transition.row]
                findings.changes.append(self._change(device, track, transition))
        for change in results.rhythms:
            device, track = self._tracks[change.row]
            is_late = self._devices[device].live is not track
            findings.rhythms.append(
                Rhythm(track.patient_id, track.tenant_id, device, change.t_us, change.rhythm, is_late)
            )
        moved = zip(
            results.rows.tolist(),
            results.hr_bpm.tolist(),
            results.quality.tolist(),
            results.analysed_until_us.tolist(),
            strict=True,
        )
        for row, hr_bpm, quality, until_us in moved:
            device, track = self._tracks[row]
            if self._devices[device].live is track:
                name = Quality(quality).name.lower()
                findings.signals.append(Signal(device, track.patient_id, track.tenant_id, hr_bpm, name, until_us))

    def _note(self, transition: Transition) -> bool:
        """Remember what is open, and return whether it is to be told.

        Late signal that fills a hole in what the live signal has told already is of the same event.
        """
        device, track = self._tracks[transition.row]
        live = self._devices[device].live
        key = (transition.call, transition.onset_us)
        if key in track.open_calls:  # it ends, or a greater one hides it
            track.open_calls.remove(key)
            if transition.kind == "ended":
                track.ended_calls.append((*key, transition.end_us))
                del track.ended_calls[:-_ENDED_CALLS]
            return True
        if transition.kind == "ended" or (live is not None and live is not track and _has_told(live, *key)):
            return False
        if transition.kind == "raised":
            track.open_calls.append(key)
        return True

    @staticmethod
    def _change(device: str, track: Track, told: Transition) -> CallChange:
        at_us = told.at_us
        received_us = next((received for end, received in track.arrivals if end > at_us), track.arrivals[-1][1])
        late = received_us - at_us > LATE_US
        return CallChange(
            device,
            track.patient_id,
            track.tenant_id,
            told.call,
            told.kind,
            told.onset_us,
            at_us,
            late,
            told.detail,
            told.end_us if told.kind == "ended" else 0,
            told.confidence if told.kind == "raised" else None,
        )
