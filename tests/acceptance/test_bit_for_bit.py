"""What an edge streams is what the database gives back, bit for bit: on both databases and both brokers."""

from pathlib import Path

import numpy as np
import wfdb

from tests.acceptance.system import System
from tests.conftest import StartHeartwire
from tests.servers.fixtures import BrokerServer


def test_half_an_hour_of_a_real_record(
    heartwire_process: StartHeartwire, database: str, broker: BrokerServer, ecg_dir: Path
) -> None:
    record = ecg_dir / "mitdb" / "101"
    wanted = wfdb.rdrecord(str(record), physical=False)
    system = System(heartwire_process, database, broker)
    system.start_ingest()
    edge = system.start_edge(record, "max")
    assert edge.wait(timeout_s=110) == 0, edge.log
    np.testing.assert_array_equal(system.stored_samples(), wanted.d_signal[:, 0])
    scales = {(fs_mhz, gain, baseline) for _, _, fs_mhz, gain, baseline, _, _ in system.frames()}
    assert scales == {(wanted.fs * 1000, wanted.adc_gain[0], wanted.baseline[0])}
