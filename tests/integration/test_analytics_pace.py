"""How often analytics commits: what comes in many small transactions is analysed in few batches."""

import time

from tests.conftest import StartHeartwire
from tests.ecg import cut_into_frames, draw_ecg, regular_beats
from tests.integration.analytics_stack import BEGIN_US, Stack, on_one_database

_SPACING_S = 1.0


@on_one_database
def test_small_transactions_are_analysed_together(heartwire_process: StartHeartwire, database: str) -> None:
    stack = Stack(heartwire_process, database)
    stack.start(env={"HEARTWIRE_ANALYTICS_STEP_SPACING_S": str(_SPACING_S)})
    device = stack.add_device()
    begin_s = time.monotonic()
    for frame in cut_into_frames(draw_ecg(regular_beats(0.4, 40.0, 75), 40.0), BEGIN_US):
        stack.store(device, [frame])
    stack.wait_until_analysed()
    most = (time.monotonic() - begin_s) / _SPACING_S + 2
    ((commits, beats),) = stack.rows("SELECT count(DISTINCT xmin::text), count(*) FROM beats")
    assert beats >= 45
    assert commits <= most
