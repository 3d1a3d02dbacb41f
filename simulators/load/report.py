"""What became of a fleet's frames, in numbers."""

from typing import Final

import msgspec

from simulators.load.processes import ProcessUse

#: Of these parts of all frames the latency is said.
FRACTIONS: Final = (0.5, 0.95, 0.99, 1.0)


class Latency(msgspec.Struct, frozen=True):
    """From the end of a frame's last sample to the moment at which the database shows it to others, milliseconds.

    `frames` is of how many frames it is known.
    """

    frames: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


class Analysed(msgspec.Struct, frozen=True):
    """How old the newest signal was that analytics had seen when the last frame was due, seconds, over `devices`.

    Frames of a second, and the pace at which analytics says it, make two seconds of it.
    """

    devices: int
    p50_s: float
    p99_s: float


class Stored(msgspec.Struct, frozen=True):
    """What the database has of a fleet.

    Attributes
    ----------
    rows, frames, right : int
        Rows; different frames (device, boot, number) in them; those that are as they were made.
    streams_complete : int
        Devices of which the database says by itself that it has all, and nothing else.
    compared, different : int
        Frames whose samples were compared bit for bit, and those that differ.
    dead_letters : dict
        Of the fleet's devices, by reason.
    """

    rows: int
    frames: int
    right: int
    streams_complete: int
    compared: int
    different: int
    dead_letters: dict[str, int]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A run, from the first frame to the last confirmation.

    Attributes
    ----------
    made : int
        Frames that became due.
    sent, sent_again, pubacked, committed : int
        Frames sent, sent once more, acknowledged by the broker (second times included), confirmed by watermarks.
    lag_mean_ms, lag_max_ms : float
        How late this program was with a frame; contained in the latency.
    generator_cpu_us : float
        Microseconds of CPU that this program took for a frame, all told.
    """

    devices: int
    fs_hz: int
    seconds: float
    made: int
    sent: int
    sent_again: int
    pubacked: int
    committed: int
    connects: int
    disconnects: int
    refusals: int
    problems: dict[str, int]
    lag_mean_ms: float
    lag_max_ms: float
    generator_cpu_us: float
    stored: Stored | None = None
    latency: Latency | None = None
    analysed: Analysed | None = None
    processes: list[ProcessUse] = []

    @property
    def lost(self) -> int:
        """Frames that are not in the database, or not as they were made."""
        return self.made - (self.committed if self.stored is None else self.stored.right)

    @property
    def duplicates(self) -> int | None:
        """Rows too many; unknown without a look into the database."""
        return None if self.stored is None else self.stored.rows - self.stored.frames

    def to_json(self) -> bytes:
        """Return it as JSON, with what follows from it."""
        content = msgspec.to_builtins(self) | {"lost": self.lost, "duplicates": self.duplicates}
        return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"

    def lines(self) -> list[str]:
        """Return it as lines for a person."""
        said = [
            f"{self.devices} devices at {self.fs_hz} Hz, {self.seconds:.0f} s of frames",
            (
                f"made {self.made}, sent {self.sent}, sent again {self.sent_again}, PUBACKed {self.pubacked},"
                f" committed {self.committed}, lost {self.lost},"
                f" duplicates {'not looked for' if self.duplicates is None else self.duplicates}"
            ),
            f"connections: {self.connects} came up, {self.disconnects} broke, {self.refusals} refused",
            *(f"  {count} times: {problem}" for problem, count in self.problems.items()),
        ]
        if self.stored is not None:
            said += _stored_lines(self.stored, self.devices)
        if self.latency is not None:
            latency = self.latency
            said.append(
                f"latency, end of frame to committed: p50 {latency.p50_ms:.0f} ms, p95 {latency.p95_ms:.0f} ms,"
                f" p99 {latency.p99_ms:.0f} ms, max {latency.max_ms:.0f} ms (of {latency.frames} frames)"
            )
        if self.analysed is not None:
            said.append(
                f"analytics, age of the newest signal seen: p50 {self.analysed.p50_s:.1f} s,"
                f" p99 {self.analysed.p99_s:.1f} s (of {self.analysed.devices} devices)"
            )
        said.append(
            f"the generator: {self.generator_cpu_us:.1f} us of CPU a frame; late by {self.lag_mean_ms:.1f} ms,"
            f" at most {self.lag_max_ms:.0f} ms, which the latency contains"
        )
        if self.processes:
            said.append(f"{'process':24} {'CPU s':>8} {'cores':>6} {'us/frame':>9} {'MB':>8} {'MB/min':>8}")
        said += [
            f"{use.name:24} {use.cpu_s:8.1f} {use.cpu_s / self.seconds:6.2f} {1e6 * use.cpu_s / max(1, self.made):9.1f}"
            f" {use.memory_mb:8.1f} {use.growth_mb_a_minute:+8.2f}"
            for use in self.processes
        ]
        return said


def _stored_lines(stored: Stored, devices: int) -> list[str]:
    letters = ", ".join(f"{count} {reason}" for reason, count in sorted(stored.dead_letters.items())) or "none"
    return [
        (
            f"database: {stored.rows} rows, {stored.frames} frames, {stored.right} as they were made;"
            f" {stored.streams_complete} of {devices} devices complete by its own account;"
            f" {stored.compared} compared bit for bit, {stored.different} differ"
        ),
        f"dead letters: {letters}",
    ]
