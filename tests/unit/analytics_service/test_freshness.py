"""Silence is told once, of him who is silent, and never before he had his time."""

import pytest

from analytics.freshness import (
    ANALYSIS_BEHIND,
    BROKER_UNREACHABLE,
    GONE_QUIET,
    INGEST_SILENT,
    Ingest,
    Link,
    OpenAlarm,
    Verdict,
    Watch,
)
from analytics.together import SIGNALS_LOST

_S = 1_000_000
_BEGIN_US = 1_700_000_000 * _S


class _Ward:
    """A ward in simulated time: says what is heard when, keeps what is open, and collects what is told."""

    def __init__(self, n_devices: int = 3, *, limit_s: float | None = None) -> None:
        self.second = 0.0
        self.devices = [f"{number:016d}" for number in range(n_devices)]
        self.silent: set[str] = set()
        self.backfilling: set[str] = set()
        self.ingest_lives = True
        self.broker_connected = True
        self.limit_us = None if limit_s is None else round(limit_s * _S)
        self.paired = dict.fromkeys(self.devices, -3600.0)
        self.received: dict[str, float | None] = dict.fromkeys(self.devices, -0.5)
        self.sampled: dict[str, float] = dict.fromkeys(self.devices, -0.6)
        self.beat: float | None = -1.0
        self.open: dict[int, OpenAlarm] = {}
        self.told: list[tuple[float, str, str, str | None]] = []
        self.watch = Watch(self.now_us)

    @property
    def now_us(self) -> int:
        return _BEGIN_US + round(self.second * _S)

    def run(self, seconds: float) -> None:
        """Let time go by, with a look a second."""
        end = self.second + seconds
        while self.second < end:
            self.second += 1.0
            self._live()
            self._look()

    def start_again(self) -> None:
        """Another process watches from now on."""
        self.watch = Watch(self.now_us)

    def _live(self) -> None:
        if not self.ingest_lives:
            return
        if self.second % 2 == 0:
            self.beat = self.second
        if not self.broker_connected:
            return
        for device in self.devices:
            if device not in self.silent:
                self.received[device] = self.second - 0.2
                self.sampled[device] = self.second - (300.0 if device in self.backfilling else 0.4)

    def links(self) -> list[Link]:
        """What the database knows of each device."""
        return [
            Link(
                device,
                number,
                1,
                _us(self.paired[device]) or 0,
                _us(self.received[device]),
                None if self.received[device] is None else _us(self.sampled[device]),
                self.limit_us,
            )
            for number, device in enumerate(self.devices)
        ]

    def _look(self) -> None:
        links = self.links()
        beat_us = _us(self.beat)
        ingests = [] if beat_us is None else [Ingest(beat_us, self.broker_connected)]
        self._tell(self.watch.look(self.now_us, links, ingests, list(self.open.values())))

    def _tell(self, verdict: Verdict) -> None:
        for close in verdict.closes:
            del self.open[close.alarm.alarm_id]
            kind = f"hidden by {close.by}" if close.by else "ended"
            self.told.append((self.second, close.alarm.call, kind, close.alarm.device_id))
        for item in verdict.raises:
            kind = f"hidden by {item.by}" if item.by else "raised"
            self.told.append((self.second, item.call, kind, item.device_id))
            if not item.by:
                number = len(self.told)
                self.open[number] = OpenAlarm(
                    number, item.call, item.device_id, item.onset_us, item.signal_us, item.tenant_id or 0
                )

    def calls(self, kind: str) -> list[str]:
        return [call for _, call, of_kind, _ in self.told if of_kind == kind]


def _us(second: float | None) -> int | None:
    return None if second is None else _BEGIN_US + round(second * _S)


def test_nothing_is_told_of_a_ward_that_is_heard() -> None:
    ward = _Ward()
    ward.run(300)
    assert ward.told == []


@pytest.mark.parametrize("limit_s", [None, 5.0, 40.0])
def test_who_falls_silent_is_told_after_his_limit_and_ends_when_he_is_heard(limit_s: float | None) -> None:
    ward = _Ward(limit_s=limit_s)
    ward.run(60)
    ward.silent = {ward.devices[1]}
    ward.run(120)
    ((second, call, kind, device),) = ward.told
    assert (call, kind, device) == (GONE_QUIET, "raised", ward.devices[1])
    assert 60 + (limit_s or 15.0) - 1 <= second <= 60 + (limit_s or 15.0) + 2
    ward.silent = set()
    ward.run(3)
    assert ward.calls("ended") == [GONE_QUIET]
    assert len(ward.told) == 2


@pytest.mark.parametrize(("limit_s", "told_s"), [(None, 120), (5.0, 120), (200.0, 200)])
def test_who_was_never_heard_has_two_minutes_to_put_it_on(limit_s: float | None, told_s: int) -> None:
    ward = _Ward(limit_s=limit_s)
    ward.run(100)
    ward.devices.append("9" * 16)
    ward.paired["9" * 16], ward.received["9" * 16], ward.sampled["9" * 16] = 100.0, None, 0.0
    ward.silent = {"9" * 16}
    ward.run(told_s - 1)
    assert ward.told == []
    ward.run(2)
    assert [(call, device) for _, call, _, device in ward.told] == [(GONE_QUIET, "9" * 16)]


def test_a_device_that_was_shut_out_is_not_waited_for_any_more() -> None:
    ward = _Ward()
    lost = ward.devices[0]
    ward.silent = {lost}
    ward.run(30)
    ward.devices.remove(lost)
    ward.run(30)
    assert [(call, kind, device) for _, call, kind, device in ward.told] == [
        (GONE_QUIET, "raised", lost),
        (GONE_QUIET, "ended", lost),
    ]


def test_old_samples_do_not_end_it() -> None:
    ward = _Ward()
    ward.silent = {ward.devices[0]}
    ward.run(30)
    ward.silent, ward.backfilling = set(), {ward.devices[0]}
    ward.run(60)
    assert ward.calls("ended") == []
    ward.backfilling = set()
    ward.run(2)
    assert ward.calls("ended") == [GONE_QUIET]


@pytest.mark.parametrize("limit_s", [None, 5.0])
def test_silent_ingest_is_one_alarm_and_hides_those_behind_it(limit_s: float | None) -> None:
    ward = _Ward(limit_s=limit_s)
    ward.run(60)
    ward.ingest_lives = False
    ward.run(300)
    assert ward.calls("raised") == [INGEST_SILENT]
    assert 68 <= ward.told[0][0] <= 72
    assert ward.calls(f"hidden by {INGEST_SILENT}") == [GONE_QUIET] * 3
    ward.ingest_lives = True
    ward.run(60)
    assert ward.calls("ended") == [INGEST_SILENT]
    assert len(ward.told) == 5
    assert not ward.open


def test_who_does_not_come_back_after_the_fault_is_told_then() -> None:
    ward = _Ward()
    ward.run(60)
    ward.ingest_lives = False
    ward.run(60)
    ward.ingest_lives, ward.silent = True, {ward.devices[2]}
    ward.run(13)
    assert ward.calls("raised") == [INGEST_SILENT]
    ward.run(10)
    assert ward.calls("raised") == [INGEST_SILENT, GONE_QUIET]
    assert [alarm.device_id for alarm in ward.open.values()] == [ward.devices[2]]


def test_who_was_silent_before_the_fault_stays_told() -> None:
    ward = _Ward()
    ward.silent = {ward.devices[0]}
    ward.run(60)
    ward.ingest_lives = False
    ward.run(60)
    assert sorted(alarm.call for alarm in ward.open.values()) == [GONE_QUIET, INGEST_SILENT]
    assert ward.calls(f"hidden by {INGEST_SILENT}") == [GONE_QUIET] * 2


def test_a_broker_that_is_away_is_one_alarm() -> None:
    ward = _Ward()
    ward.run(60)
    ward.broker_connected = False
    ward.run(100)
    assert ward.calls("raised") == [BROKER_UNREACHABLE]
    assert ward.calls(f"hidden by {BROKER_UNREACHABLE}") == [GONE_QUIET] * 3
    ward.broker_connected = True
    ward.run(60)
    assert ward.calls("ended") == [BROKER_UNREACHABLE]
    assert not ward.open


def test_a_silent_ingest_hides_the_broker_that_it_could_not_reach() -> None:
    ward = _Ward()
    ward.broker_connected = False
    ward.run(60)
    ward.ingest_lives = False
    ward.run(60)
    assert ward.calls("raised") == [BROKER_UNREACHABLE, INGEST_SILENT]
    assert [alarm.call for alarm in ward.open.values()] == [INGEST_SILENT]
    assert BROKER_UNREACHABLE in ward.calls(f"hidden by {INGEST_SILENT}")
    ward.ingest_lives = True
    ward.run(60)
    assert [alarm.call for alarm in ward.open.values()] == [BROKER_UNREACHABLE]
    assert GONE_QUIET not in ward.calls("raised")


def test_a_system_that_starts_gives_everybody_his_time() -> None:
    ward = _Ward()
    ward.received = dict.fromkeys(ward.devices, -86_400.0)
    ward.beat = -86_400.0
    ward.run(60)
    assert ward.told == []


def test_a_system_that_starts_without_ingest_says_so_once() -> None:
    ward = _Ward()
    ward.received, ward.beat, ward.ingest_lives = dict.fromkeys(ward.devices, None), None, False
    ward.run(120)
    assert ward.calls("raised") == [INGEST_SILENT]


def test_where_nobody_is_watched_nobody_is_told() -> None:
    ward = _Ward(0)
    ward.beat, ward.ingest_lives = None, False
    ward.run(120)
    assert ward.told == []


def test_another_watch_in_the_midst_of_a_fault_tells_nothing_new() -> None:
    ward = _Ward()
    ward.run(60)
    ward.ingest_lives = False
    ward.run(60)
    raised = ward.calls("raised")
    ward.start_again()
    ward.run(60)
    assert ward.calls("raised") == raised
    assert ward.calls("ended") == []


def test_a_machine_that_slept_gives_everybody_his_time() -> None:
    ward = _Ward()
    ward.run(60)
    ward.second += 3600
    ward._look()  # before anybody else has woken up
    ward.run(60)
    assert ward.told == []


def test_another_watch_keeps_a_broker_away_until_ingest_says_otherwise() -> None:
    ward = _Ward()
    ward.broker_connected = False
    ward.run(60)
    ward.ingest_lives = False
    ward.run(9)
    ward.start_again()
    ward.run(60)
    assert ward.calls("raised") == [BROKER_UNREACHABLE, INGEST_SILENT]
    assert ward.calls("ended") == []


def test_an_analysis_that_does_not_come_on_is_told_once_and_ends_when_it_has_caught_up() -> None:
    watch = Watch(_BEGIN_US)
    lasting = OpenAlarm(1, ANALYSIS_BEHIND, None, 0, 0)

    def look(second: float, waits_s: float | None, *, is_open: bool = False) -> tuple[list[str], list[OpenAlarm]]:
        now_us = _BEGIN_US + round(second * _S)
        oldest_us = None if waits_s is None else now_us - round(waits_s * _S)
        verdict = watch.look_at_analysis(now_us, oldest_us, [lasting] if is_open else [])
        return [item.call for item in verdict.raises], [close.alarm for close in verdict.closes]

    # A watch that has just begun gives the analysis, which has begun with it, its time.
    assert look(14, 3600) == ([], [])
    assert look(20, None) == look(20, 14) == ([], [])
    assert look(20, 15) == ([ANALYSIS_BEHIND], [])
    assert look(22, 17, is_open=True) == look(22, 8, is_open=True) == ([], [])
    assert look(22, 7, is_open=True) == look(22, None, is_open=True) == ([], [lasting])


def test_an_analysis_that_is_behind_hides_no_fault_of_the_way_and_is_not_ended_by_it() -> None:
    watch = Watch(_BEGIN_US)
    behind = OpenAlarm(1, ANALYSIS_BEHIND, None, 0, 0)
    link = Link("0" * 16, 1, 1, _BEGIN_US - _S, _BEGIN_US, _BEGIN_US, None)
    calls: list[str] = []
    for second in range(1, 30):
        verdict = watch.look(_BEGIN_US + second * _S, [link], [], [behind])
        assert verdict.closes == []
        calls += [item.call for item in verdict.raises if item.by is None]
    assert INGEST_SILENT in calls


def test_many_who_go_quiet_at_once_are_one_alarm_and_each_who_stays_away_is_told_when_it_is_over() -> None:
    ward = _Ward(n_devices=12)
    ward.run(60)
    ward.silent = set(ward.devices[:9])
    ward.run(30)
    assert ward.calls("raised") == [SIGNALS_LOST]
    assert ward.calls(f"hidden by {SIGNALS_LOST}") == [GONE_QUIET] * 9
    assert ward.watch.count_lost(1, ward.now_us, ward.links()) == 9
    ward.run(60)
    assert ward.calls("raised") == [SIGNALS_LOST], "told once"
    ward.silent = set(ward.devices[:5])
    ward.run(5)
    assert ward.calls("ended") == [], "more than half of them are still missing"
    ward.silent = {ward.devices[0], ward.devices[1]}
    ward.run(3)
    assert ward.calls("ended") == [SIGNALS_LOST]
    ward.run(20)
    assert ward.calls("raised") == [SIGNALS_LOST, GONE_QUIET, GONE_QUIET]


def test_the_last_of_many_to_go_quiet_is_one_of_them_and_who_does_so_later_is_told_by_himself() -> None:
    ward = _Ward(n_devices=12, limit_s=6.0)
    ward.run(60)
    ward.silent = set(ward.devices[:9])
    ward.run(4)
    ward.silent.add(ward.devices[9])
    ward.run(30)
    assert ward.calls("raised") == [SIGNALS_LOST]
    assert ward.calls(f"hidden by {SIGNALS_LOST}") == [GONE_QUIET] * 10
    assert ward.watch.count_lost(1, ward.now_us, ward.links()) == 10
    ward.silent.add(ward.devices[10])
    ward.run(30)
    assert ward.calls("raised") == [SIGNALS_LOST, GONE_QUIET]
    assert ward.watch.count_lost(1, ward.now_us, ward.links()) == 10


def test_a_few_or_one_after_the_other_go_quiet_by_themselves() -> None:
    ward = _Ward(n_devices=12)
    ward.run(60)
    ward.silent = set(ward.devices[:6])  # no more than half
    ward.run(30)
    assert ward.calls("raised") == [GONE_QUIET] * 6
    ward = _Ward(n_devices=12)
    ward.run(60)
    for device in ward.devices[:9]:
        ward.silent.add(device)
        ward.run(12)
    ward.run(30)
    assert ward.calls("raised") == [GONE_QUIET] * 9


def test_many_who_are_lost_stay_one_alarm_for_another_process_and_a_broker_that_is_away_says_more() -> None:
    ward = _Ward(n_devices=12)
    ward.run(60)
    ward.silent = set(ward.devices[:9])
    ward.run(30)
    ward.start_again()
    ward.run(60)
    assert ward.calls("raised") == [SIGNALS_LOST]
    ward.broker_connected = False
    ward.run(30)
    assert ward.calls("raised") == [SIGNALS_LOST, BROKER_UNREACHABLE]
    assert SIGNALS_LOST in ward.calls(f"hidden by {BROKER_UNREACHABLE}")
