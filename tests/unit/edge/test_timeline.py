"""Packets become chunks: every sample once, gaps where the air lost some, however the samples came in packets."""

import itertools
import math
from collections.abc import Callable
from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.framer import Framer
from edge.sources.source import Chunk
from edge.wearables.timeline import Arrival, Timeline
from edge.wearables.wearable import EcgPacket
from heartwire.frames import EcgFlag

T0_US: Final = 1_790_000_000_000_000
WEARABLE_US: Final = 599_616_000_000_000
FS_HZ: Final = 130.0


def _samples(n: int) -> list[int]:
    return [int(one) for one in np.random.default_rng(1).integers(-3000, 3000, n)]


def _packet(samples: list[int], first: int, *, fs_hz: float = FS_HZ, since_us: int = WEARABLE_US) -> EcgPacket:
    last_ns = since_us * 1000 + round((first + len(samples) - 1) * 1e9 / fs_hz)
    return EcgPacket(last_ns, FS_HZ, "ECG", tuple(samples))


def _take(timeline: Timeline, packet: EcgPacket, delay_us: int = 20_000, since_us: int = WEARABLE_US) -> list[Chunk]:
    gone_us = packet.last_ns // 1000 - since_us + delay_us
    return timeline.take(packet, Arrival(T0_US + gone_us, gone_us))


def _play(timeline: Timeline, n_packets: int, arrive: Callable[[int, int], Arrival]) -> list[Chunk]:
    """Take packets without a hole; `arrive` says when, by a packet's number and the microseconds since the first."""
    samples = _samples(73 * n_packets)
    chunks: list[Chunk] = []
    for at in range(n_packets):
        packet = _packet(samples[73 * at : 73 * at + 73], 73 * at)
        chunks += timeline.take(packet, arrive(at, packet.last_ns // 1000 - WEARABLE_US))
    return chunks


def _values(chunks: list[Chunk]) -> list[int]:
    return [int(one) for one in np.frombuffer(b"".join(chunk.samples for chunk in chunks), "<i2")]


@settings(deadline=None)
@given(st.lists(st.integers(1, 1999), max_size=60))
def test_however_the_samples_come_in_packets_they_are_the_same_at_the_same_times(cuts: list[int]) -> None:
    samples = _samples(2000)
    timeline = Timeline()
    chunks: list[Chunk] = []
    for first, last in itertools.pairwise(sorted({0, 2000, *cuts})):
        chunks += _take(timeline, _packet(samples[first:last], first))
    chunks += timeline.flush()
    assert _values(chunks) == samples
    assert not any(EcgFlag.GAP_BEFORE in chunk.flags for chunk in chunks)
    n_before = 0
    for chunk in chunks:
        # The first packet's delay is all that the line knows of: 20 ms, as all others have.
        assert abs(chunk.t0_us - T0_US - 20_000 - n_before * 1e6 / FS_HZ) <= 30
        n_before += chunk.n_samples
    assert (timeline.samples_missing, timeline.packets_repeated) == (0, 0)


@settings(deadline=None)
@given(
    lost=st.sets(st.integers(0, 59), max_size=30), delays_us=st.lists(st.integers(0, 90_000), min_size=60, max_size=60)
)
def test_packets_lost_on_the_air_are_gaps_of_their_length(lost: set[int], delays_us: list[int]) -> None:
    samples = _samples(60 * 73)
    timeline = Timeline()
    chunks: list[Chunk] = []
    kept = [at for at in range(60) if at not in lost]
    for at in kept:
        chunks += _take(timeline, _packet(samples[73 * at : 73 * at + 73], 73 * at), delays_us[at])
    chunks += timeline.flush()
    assert _values(chunks) == [value for at in kept for value in samples[73 * at : 73 * at + 73]]
    for at, chunk in zip(kept, chunks, strict=True):
        assert (EcgFlag.GAP_BEFORE in chunk.flags) == (at - 1 in lost and at != kept[0])
        # Never squeezed: each is where it was made, to the delays of the radio.
        assert -20_000 <= chunk.t0_us - T0_US - 73 * at * 1e6 / FS_HZ <= 110_000
    between = [at for at in lost if kept and kept[0] < at < kept[-1]]
    assert timeline.samples_missing == 73 * len(between)


def test_the_framer_sees_gaps_where_there_are_some_and_nowhere_else() -> None:
    samples = _samples(73 * 400)
    timeline, framer = Timeline(), Framer(7)
    rng = np.random.default_rng(3)
    frames = []
    for at in range(400):
        if at in {100, 101, 250}:
            continue
        packet = _packet(samples[73 * at : 73 * at + 73], 73 * at)
        for chunk in _take(timeline, packet, int(rng.integers(0, 150_000))):
            frames += framer.push(chunk)
    frames += framer.flush()
    assert sum(frame.flags == EcgFlag.GAP_BEFORE for frame in frames) == 2
    assert (
        b"".join(frame.samples for frame in frames)
        == np.array(samples[: 73 * 100] + samples[73 * 102 : 73 * 250] + samples[73 * 251 :], "<i2").tobytes()
    )
    assert framer.samples_lost == 0


def test_a_wearable_that_samples_two_percent_faster_has_no_gaps_and_its_rate_is_learned() -> None:
    samples = _samples(73 * 200)
    timeline = Timeline()
    chunks: list[Chunk] = []
    for at in range(200):
        chunks += _take(timeline, _packet(samples[73 * at : 73 * at + 73], 73 * at, fs_hz=132.6))
    assert _values(chunks) == samples
    assert not any(EcgFlag.GAP_BEFORE in chunk.flags for chunk in chunks)
    assert chunks[-1].fs_hz == 132.6
    assert abs(chunks[-1].t0_us - T0_US - 20_000 - 73 * 199 * 1e6 / 132.6) < 1_000
    assert len({chunk.fs_hz for chunk in chunks}) == 2


def test_a_packet_that_comes_again_is_left_out() -> None:
    timeline = Timeline()
    samples = _samples(73 * 10)
    chunks: list[Chunk] = []
    for at in (0, 1, 2, 2, 3, 1, 4, 5, 6, 7, 8, 9):
        chunks += _take(timeline, _packet(samples[73 * at : 73 * at + 73], 73 * at))
    assert _values(chunks) == samples
    assert timeline.packets_repeated == 2


def test_a_wearable_that_starts_anew_is_a_gap_and_time_does_not_go_back() -> None:
    timeline = Timeline()
    samples = _samples(73 * 20)
    chunks: list[Chunk] = []
    for at in range(20):
        chunks += _take(timeline, _packet(samples[73 * at : 73 * at + 73], 73 * at))
    again_us = T0_US + 15_000_000
    for at in range(8):
        packet = _packet(samples[73 * at : 73 * at + 73], 73 * at)
        gone_us = packet.last_ns // 1000 - WEARABLE_US
        chunks += timeline.take(packet, Arrival(again_us + gone_us, 15_000_000 + gone_us))
    assert _values(chunks) == samples + samples[: 73 * 8]
    assert [at for at, chunk in enumerate(chunks) if EcgFlag.GAP_BEFORE in chunk.flags] == [20]
    assert abs(chunks[20].t0_us - again_us) < 30_000
    assert timeline.clock.restarts == 1


def test_behind_a_restart_that_is_known_better_than_what_came_before_time_does_not_go_back() -> None:
    timeline = Timeline()
    samples = _samples(73 * 20)
    chunks: list[Chunk] = []
    for at in range(20):  # the first ten waited 900 ms on the radio, each
        packet = _packet(samples[73 * at : 73 * at + 73], 73 * (at % 10))
        made_us = round((73 * at + 72) * 1e6 / FS_HZ)
        arrived_us = made_us + (900_000 if at < 10 else 0)
        chunks += timeline.take(packet, Arrival(T0_US + arrived_us, arrived_us))
    assert timeline.clock.restarts == 1
    assert _values(chunks) == samples
    for before, after in itertools.pairwise(chunks):
        assert after.t0_us >= before.t0_us + 73 * 1e6 / FS_HZ - 7_000


def test_the_machines_clock_is_put_right_by_an_hour_and_times_jump_with_it_behind_a_gap() -> None:
    timeline = Timeline()
    chunks = _play(
        timeline, 30, lambda at, gone_us: Arrival(T0_US + gone_us - (3_600_000_000 if at < 15 else 0), gone_us)
    )
    assert [at for at, chunk in enumerate(chunks) if EcgFlag.GAP_BEFORE in chunk.flags] == [15]
    assert abs(chunks[14].t0_us + 3_600_000_000 - T0_US - 73 * 14 * 1e6 / FS_HZ) < 1_000
    assert abs(chunks[15].t0_us - T0_US - 73 * 15 * 1e6 / FS_HZ) < 1_000
    assert timeline.clock.restarts == 0


@pytest.mark.parametrize("step_us", [-3_000_000, -1_000_000, 60_000, 3_000_000])
def test_a_clock_set_by_seconds_is_worn_off_without_a_gap_and_times_say_so_until_they_are_right(step_us: int) -> None:
    chunks = _play(Timeline(), 900, lambda at, gone_us: Arrival(T0_US + gone_us - (step_us if at < 15 else 0), gone_us))
    assert not any(EcgFlag.GAP_BEFORE in chunk.flags for chunk in chunks)
    for at, chunk in enumerate(chunks[15:], 15):
        error_us = chunk.t0_us - T0_US - 73 * at * 1e6 / FS_HZ
        assert (EcgFlag.CLOCK_ESTIMATED in chunk.flags) == (abs(error_us) > 30_000)
    assert abs(chunks[-1].t0_us - T0_US - 73 * 899 * 1e6 / FS_HZ) < 5_000
    for before, after in itertools.pairwise(chunks):
        assert after.t0_us > before.t0_us


@pytest.mark.parametrize("step_us", [-7_200_000_000, -3_000_000, 300_000, 7_200_000_000])
def test_a_clock_that_is_put_right_before_anything_was_told_is_right_from_the_first_sample(step_us: int) -> None:
    def arrive(at: int, gone_us: int) -> Arrival:
        return Arrival(T0_US + gone_us - (step_us if at < 3 else 0), gone_us, doubt_us=math.inf if at < 3 else 0)

    chunks = _play(Timeline(), 30, arrive)
    assert [chunk.flags for chunk in chunks] == 30 * [EcgFlag(0)]
    assert abs(chunks[0].t0_us - T0_US) < 1_000
    assert _values(chunks) == _samples(73 * 30)


def test_a_time_that_may_be_wrong_says_so() -> None:
    chunks = _play(
        Timeline(), 30, lambda at, gone_us: Arrival(T0_US + gone_us, gone_us, 30_001 if 15 <= at < 20 else 30_000)
    )
    assert [at for at, chunk in enumerate(chunks) if chunk.flags == EcgFlag.CLOCK_ESTIMATED] == list(range(15, 20))


@pytest.mark.parametrize("off_us", [-20_000, 20_000])
def test_what_is_worn_off_and_what_the_machines_clock_may_be_wrong_by_add_up(off_us: int) -> None:
    step_us = 2 * off_us
    chunks = _play(
        Timeline(), 60, lambda at, gone_us: Arrival(T0_US + gone_us + (step_us if at >= 15 else 0), gone_us, 20_000)
    )
    told = [EcgFlag.CLOCK_ESTIMATED in chunk.flags for chunk in chunks]
    # 40 ms is worn off at 0.2 %: down to the 10 ms that the 20 of the clock, and the radio's, leave of 50.
    done = next(at for at in range(15, 60) if not told[at])
    assert told == [15 <= at < done for at in range(60)]
    assert 73 * (done - 15) / FS_HZ == pytest.approx(15, abs=1)


@settings(deadline=None, max_examples=25)
@given(
    drift_ppm=st.integers(-100, 100),
    seed=st.integers(0, 2**32 - 1),
    loss=st.floats(0.0, 0.5),
    steps=st.dictionaries(
        st.integers(1, 699),
        st.one_of(st.integers(-3_000_000, 3_000_000), st.integers(-7_200_000_000, 7_200_000_000)),
        max_size=3,
    ),
    off_us=st.integers(-60_000, 60_000),
)
def test_whatever_the_drift_the_air_and_the_machines_clock_times_are_right_to_50_ms_or_say_so_and_never_go_back(
    drift_ppm: int, seed: int, loss: float, steps: dict[int, int], off_us: int
) -> None:
    """Six minutes; jittered, delayed and lost packets; this machine's clock, which is off, is set three times."""
    rng = np.random.default_rng(seed)
    timeline = Timeline()
    wrong_us = -sum(steps.values())
    told: list[tuple[int, int, Chunk]] = []  # packet, by how much the machine's clock was wrong when it was told
    waiting: list[int] = []
    for at in range(700):
        wrong_us += steps.get(at, 0)
        if rng.random() < loss:
            continue
        packet = _packet([at] * 73, 73 * at)
        made_us = round((packet.last_ns / 1000 - WEARABLE_US) * (1 + drift_ppm * 1e-6))
        # Not the first of all: its successor would come before its time, as from a wearable whose clock began anew.
        is_held = rng.random() < 0.02 and bool(waiting or told)
        delay_us = int(rng.integers(5_000, 45_000)) + (2_000_000 if is_held else 0)
        steady_us = made_us + delay_us
        waiting.append(at)
        chunks = timeline.take(packet, Arrival(T0_US + steady_us + wrong_us + off_us, steady_us, abs(off_us)))
        told += [(waiting.pop(0), wrong_us, chunk) for chunk in chunks]
    for at, wrong_then_us, chunk in told:
        true_us = T0_US + round(73 * at * 1e6 / FS_HZ * (1 + drift_ppm * 1e-6)) + wrong_then_us
        assert EcgFlag.CLOCK_ESTIMATED in chunk.flags or abs(chunk.t0_us - true_us) <= 50_000, at
    for (at, before_us, before), (after_at, after_us, after) in itertools.pairwise(told):
        if abs(after_us - before_us) < 5_000_000:
            assert after.t0_us > before.t0_us, at
        assert (EcgFlag.GAP_BEFORE in after.flags) == (after_at != at + 1 or abs(after_us - before_us) >= 5_000_000), (
            after_at
        )


def test_what_no_frame_can_hold_is_clipped_and_says_so() -> None:
    timeline = Timeline()
    chunks = _take(timeline, _packet([0] * 400, 0)) + _take(timeline, _packet([40_000, -40_000, 5], 400))
    chunks += timeline.flush()
    assert _values(chunks)[-3:] == [32767, -32768, 5]
    assert [chunk.flags for chunk in chunks] == [EcgFlag(0), EcgFlag.SATURATED]
