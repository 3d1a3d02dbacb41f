"""The time that the server knows better: right to 50 ms or doubtful, whatever this machine's clock and the way."""

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import ServerError, ServerReason
from edge.server import ask_time
from edge.server_clock import Said, ServerClock, machine_time
from edge.wearables.timeline import DOUBT_US, Arrival
from tests.answers import Answer, Question, answering
from tests.servers.waiting import wait_until

T0_US = 1_790_000_000_000_000
HOUR_US = 3_600_000_000


class _World:
    """A machine with a quartz that drifts and a clock that is wrong, and a server that is right, some way off."""

    def __init__(self, *, wrong_us: int = 0, drift: float = 0.0) -> None:
        self.true_us = 0
        self.wrong_us = wrong_us
        self.there_us = self.back_us = 5_000
        self._drift = drift
        self.clock = ServerClock(self._ask, machine=self.machine)

    def machine(self) -> Arrival:
        steady_us = round(self.true_us * (1 + self._drift))
        return Arrival(T0_US + steady_us + self.wrong_us, 77_000_000 + steady_us)

    def _ask(self) -> Iterator[Said]:
        asked = self.machine()
        self.true_us += self.there_us
        server_us = T0_US + self.true_us
        self.true_us += self.back_us
        yield Said(asked, server_us, self.machine())

    @property
    def error_us(self) -> int:
        return self.clock.now().utc_us - T0_US - self.true_us

    def doubts(self) -> bool:
        return self.clock.now().is_doubtful


_way = st.one_of(st.integers(0, 30_000), st.integers(0, 2_000_000))


@settings(deadline=None, max_examples=200)
@given(
    wrong_us=st.one_of(st.integers(-200_000, 200_000), st.integers(-2 * HOUR_US, 2 * HOUR_US)),
    drift_ppm=st.integers(-99, 99),
    asks=st.lists(st.tuples(st.integers(0, 3600), _way, _way), min_size=1, max_size=12),
    sets_us=st.lists(st.integers(-2 * HOUR_US, 2 * HOUR_US), max_size=12),
)
def test_whatever_the_machines_clock_and_whoever_sets_it_time_is_right_to_50_ms_or_doubtful(
    wrong_us: int, drift_ppm: int, asks: list[tuple[int, int, int]], sets_us: list[int]
) -> None:
    world = _World(wrong_us=wrong_us, drift=drift_ppm * 1e-6)
    for number, (pause_s, there_us, back_us) in enumerate(asks):
        world.there_us, world.back_us = there_us, back_us
        world.clock.ask()
        for _ in range(4):
            assert world.doubts() or abs(world.error_us) <= DOUBT_US + 1
            world.true_us += pause_s * 250_000
            if number < len(sets_us):
                world.wrong_us = sets_us[number]


@pytest.mark.parametrize("wrong_us", [2 * HOUR_US, -2 * HOUR_US, 3_000_000])
def test_a_clock_that_is_wrong_is_corrected_and_setting_it_right_moves_nothing(wrong_us: int) -> None:
    world = _World(wrong_us=wrong_us)
    assert world.doubts()
    assert world.error_us == wrong_us
    world.clock.ask()
    assert not world.doubts()
    assert abs(world.error_us) <= 5_000
    before_us = world.clock.now().utc_us
    world.wrong_us = 0
    assert world.clock.now().utc_us == before_us
    world.clock.ask()
    assert world.error_us == 0


def test_a_clock_that_may_be_right_is_left_alone() -> None:
    world = _World(wrong_us=4_000)
    world.clock.ask()
    assert world.error_us == 4_000
    assert not world.doubts()


def test_a_long_way_tells_the_time_only_roughly_and_a_shorter_one_better() -> None:
    world = _World(wrong_us=HOUR_US)
    world.there_us, world.back_us = 300_000, 10_000
    world.clock.ask()
    assert abs(world.error_us) <= 155_000
    assert world.doubts()
    world.there_us = 10_000
    world.clock.ask()
    assert abs(world.error_us) <= 10_000
    assert not world.doubts()


def test_without_an_answer_for_long_what_was_known_becomes_doubtful() -> None:
    world = _World(wrong_us=HOUR_US)
    world.clock.ask()
    world.true_us += 200_000_000
    assert not world.doubts()
    world.true_us += 100_000_000
    assert world.doubts()
    assert abs(world.error_us) <= 5_000


def test_a_server_whose_clock_is_set_is_followed() -> None:
    world = _World(wrong_us=HOUR_US)
    world.clock.ask()
    for said in world._ask():
        world.clock.learn(said._replace(server_us=said.server_us + 60_000_000))
    assert abs(world.error_us - 60_000_000) <= 5_000


def test_the_machines_time_is_utc_beside_a_clock_that_goes_on() -> None:
    before, after = machine_time(), machine_time()
    assert after.monotonic_us >= before.monotonic_us
    assert before.utc_us > T0_US - 10 * 365 * 24 * HOUR_US
    assert not before.is_doubtful


def test_it_is_asked_again_and_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.server_clock._RETRY_S", 0.02)
    monkeypatch.setattr("edge.server_clock._SOONEST_S", 0.02)
    monkeypatch.setattr("edge.server_clock._LATEST_S", 0.02)
    asked: list[int] = []
    answers = threading.Event()

    def ask() -> list[Said]:
        asked.append(1)
        if not answers.wait(0.0):
            raise ServerError(ServerReason.UNREACHABLE, "nobody is there")
        here = machine_time()
        return [Said(here, here.utc_us + HOUR_US, machine_time())]

    clock = ServerClock(ask)
    stop = threading.Event()
    clock.keep_asking(stop)
    wait_until(lambda: len(asked) > 2, "it to be asked again")
    assert clock.now().is_doubtful
    answers.set()
    wait_until(lambda: not clock.now().is_doubtful, "the time to be known")
    assert abs(clock.now().utc_us - machine_time().utc_us - HOUR_US) < 1_000_000
    n_asked = len(asked)
    wait_until(lambda: len(asked) > n_asked + 2, "it to be asked again")
    stop.set()
    wait_until(lambda: all(thread.name != "server clock" for thread in threading.enumerate()), "the thread's end")


def test_after_a_rough_answer_it_is_asked_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.server_clock._RETRY_S", 0.02)
    asked: list[int] = []

    def ask() -> list[Said]:
        asked.append(1)
        here = machine_time()
        way_us = 1_000_000 if len(asked) < 3 else 0
        return [Said(here._replace(monotonic_us=here.monotonic_us - way_us), here.utc_us + HOUR_US, machine_time())]

    clock = ServerClock(ask)
    stop = threading.Event()
    clock.keep_asking(stop)
    wait_until(lambda: not clock.now().is_doubtful, "the time to be known")
    stop.set()
    assert len(asked) == 3


def test_the_server_is_asked_three_times_with_the_devices_credential() -> None:
    heard: list[Question] = []

    def answer(question: Question) -> Answer:
        heard.append(question)
        return Answer(200, b'{"patient":"Marie D.","now_us":%d}' % T0_US)

    with answering(answer) as url:
        said = ask_time(f"{url}/heart", "device", "secret", machine_time)
    assert heard == 3 * [Question("GET", "/heart/api/my", "Basic ZGV2aWNlOnNlY3JldA==")]
    assert [one.server_us for one in said] == 3 * [T0_US]
    assert all(one.asked.monotonic_us <= one.answered.monotonic_us for one in said)


@pytest.mark.parametrize(
    ("status", "content", "reason"),
    [
        (401, b'{"error":{"code":"device_revoked"}}', ServerReason.REVOKED),
        (401, b'{"error":{"code":"wrong_credentials"}}', ServerReason.REFUSED),
        (502, b"<html>", ServerReason.REFUSED),
        (200, b"<html>", ServerReason.UNREACHABLE),
        (200, b'{"now_us":"noon"}', ServerReason.UNREACHABLE),
    ],
)
def test_a_server_that_does_not_say_is_told_by_its_reason(status: int, content: bytes, reason: ServerReason) -> None:
    with answering(lambda _: Answer(status, content)) as url, pytest.raises(ServerError) as caught:
        ask_time(url, "device", "secret", machine_time)
    assert caught.value.reason is reason


def test_a_server_that_is_away_is_told(free_port: int) -> None:
    with pytest.raises(ServerError) as caught:
        ask_time(f"http://127.0.0.1:{free_port}", "device", "secret", machine_time)
    assert caught.value.reason is ServerReason.UNREACHABLE
