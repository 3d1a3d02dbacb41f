"""What the load generator says of a fleet's frames, whatever form they are stored in."""

import pytest

from heartwire.frames import EcgFrame
from simulators.load.database import look
from simulators.load.device import Counts, Credential, LoadDevice
from simulators.load.report import Stored
from simulators.load.signal import Pool
from simulators.load.watermark import Held
from simulators.patient import GAIN
from tests.integration.storage_stack import BEGIN_US, Vault
from tests.shapes import write_shapes

_FRAMES = 80


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Pool:
    return Pool(250, write_shapes(tmp_path_factory.mktemp("shapes")))


def _frame(device: LoadDevice, pool: Pool, seq: int) -> EcgFrame:
    t0_us = device.t0_us + seq * 1_000_000
    return EcgFrame(device.boot_id, seq, t0_us, 250_000, "II", GAIN, 0, 0, pool.samples(device.number, seq))


def test_frames_in_blocks_count_like_raw_ones(database: str, pool: Pool) -> None:
    vault = Vault(database)
    device = LoadDevice(3, Credential(vault.device), held=Held(100, 15.0), pool=pool, fs_hz=250, counts=Counts())
    device.begin(BEGIN_US + 17_000_000)
    frames = [_frame(device, pool, seq) for seq in range(_FRAMES)]
    for second in range(_FRAMES):
        device.held.make(float(second))
    vault.put([frame for frame in frames[:70] if frame.seq != 5])
    vault.analyse()
    assert vault.compact() == 69
    vault.put(frames[70:])
    stored, latency = look(database, [device], pool, fs_hz=250, since_us=device.t0_us, sighted={})
    vault.close()
    assert latency is None
    assert stored == Stored(79, 79, 79, 0, 79, 0, {})
