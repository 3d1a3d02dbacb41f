"""A defect of the engine on one patient's signal costs that patient a moment, and nobody else anything."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec
import pytest

from analytics.engine import Engine, Results, Segment
from analytics.service import AnalyticsService
from analytics.settings import AnalyticsSettings
from tests.conftest import StartHeartwire
from tests.ecg import cut_into_frames, draw_ecg, regular_beats
from tests.integration.analytics_stack import BEGIN_US, Stack, on_one_database

_POISON_GAIN: Final = 666.0
_REAL_TICK: Final = Engine.tick


@contextmanager
def _served(database: str) -> Iterator[None]:
    """Run the service in this process, where a test can break the engine."""
    service = AnalyticsService(AnalyticsSettings.load(database=database, instance="test-1"))
    thread = threading.Thread(target=service.run)
    thread.start()
    try:
        yield
    finally:
        service.stop()
        thread.join(timeout=10)
    assert not thread.is_alive()


def _fail_on_poison(engine: Engine, segments: Sequence[Segment]) -> Results:
    if any(segment.gain == _POISON_GAIN for segment in segments):
        raise ZeroDivisionError("a defect")
    return _REAL_TICK(engine, segments)


@on_one_database
def test_the_engine_fails_on_one_device_and_the_others_go_on(
    heartwire_process: StartHeartwire, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = Stack(heartwire_process, database)
    devices = [stack.add_device() for _ in range(3)]
    ill = devices[1]
    frames = cut_into_frames(draw_ecg(regular_beats(0.4, 60.0, 75), 60.0), BEGIN_US)
    poisoned = [*frames[:20], msgspec.structs.replace(frames[20], gain=_POISON_GAIN), *frames[21:]]
    monkeypatch.setattr(Engine, "tick", _fail_on_poison)
    with _served(database):
        for part in (slice(0, 15), slice(15, 40), slice(40, 60)):
            for device in devices:
                stack.store(device, (poisoned if device == ill else frames)[part])
            stack.wait_until_analysed()
    well = stack.beats(devices[0])
    assert len(well) > 70
    assert stack.beats(devices[2]) == well
    times_s = [(beat[0] - BEGIN_US) / 1e6 for beat in stack.beats(ill)]
    assert len([time_s for time_s in times_s if time_s < 14]) >= 16
    assert len([time_s for time_s in times_s if time_s > 43]) >= 19
    assert [stack.alarms(device) for device in devices] == [[], [], []]
