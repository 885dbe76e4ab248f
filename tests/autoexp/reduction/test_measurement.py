"""What a running reading remembers, whatever becomes of the triggers."""

import threading

import numpy as np
import pytest
import torch

from autoexp.detectors import ReducedDetector
from autoexp.reduction import FrameMeta, FrameSpec, MultiTau, TwoTime
from autoexp.reduction.xpcs import Correlator, LabelledBins
from autoexp.testing.reducers import assert_same

BINS = LabelledBins(torch.ones((16, 16), dtype=torch.int64))
LIGHT = 50 * (1 + 0.5 * np.sin(np.arange(60) / 3))
FRAMES = np.random.default_rng(1).poisson(LIGHT[:, None, None], (60, 16, 16)).astype(np.int32)
REDUCERS = [
    MultiTau(Correlator(BINS, levels=3, channels=8, groups=4)),
    TwoTime(BINS, window=16, groups=4),
]


class Camera:
    """Shows one frame after the other; some exposures fail, and show none."""

    name = "camera"

    def __init__(self, fails=()):
        self.fails, self.calls, self.shown = set(fails), 0, 0

    def __call__(self):
        self.calls += 1
        if self.calls - 1 in self.fails:
            raise OSError("no frame")
        self.shown += 1
        return FRAMES[self.shown - 1]


@pytest.fixture
def running():
    built = []

    def build(reducer, camera, frames=3):
        built.append(ReducedDetector(camera, reducer, frames=frames, frame=camera, running=True, device="cpu"))
        return built[-1]

    yield build
    for each in built:
        each.close()


def measured(detector):
    return detector._current.values


def expected(reducer, frames):
    return reducer.read(reducer.update(reducer.init(FrameSpec((16, 16))), torch.from_numpy(frames), FrameMeta()))


@pytest.mark.parametrize("reducer", REDUCERS, ids=["g2", "two_time"])
@pytest.mark.parametrize("fails", [{8}, {16}, {17}, {4, 19}])
def test_a_failed_trigger_leaves_a_running_reading_right(running, reducer, fails):
    camera, failed = Camera(fails), 0
    detector = running(reducer, camera)
    for _ in range(11):
        try:
            detector.trigger().wait(10)
        except OSError:
            failed += 1
            continue
        assert_same(measured(detector), expected(reducer, FRAMES[: camera.shown]), rtol=1e-6)
    assert failed == len(fails)


def test_a_failed_reading_leaves_what_was_counted(running):
    class Breaks(MultiTau):
        broken = False

        def read(self, state):
            if Breaks.broken:
                raise OSError("disk")
            return super().read(state)

    reducer = Breaks(REDUCERS[0].correlator)
    detector = running(reducer, Camera())
    for broken in (False, False, True, False):
        Breaks.broken = broken
        status = detector.trigger()
        if broken:
            with pytest.raises(OSError, match="disk"):
                status.wait(10)
        else:
            status.wait(10)
    assert_same(measured(detector), expected(reducer, FRAMES[:12]), rtol=1e-6)


def test_a_trigger_that_is_superseded_in_its_reduction_counts(running):
    camera, reducing, go_on = Camera(), threading.Event(), threading.Event()

    class Slow(MultiTau):
        def update(self, state, frames, meta):
            following = super().update(state, frames, meta)
            if following.n_frames == 8:
                reducing.set()
                go_on.wait(10)
            return following

    detector = running(Slow(REDUCERS[0].correlator), camera, frames=1)
    for _ in range(7):
        detector.trigger().wait(10)
    superseded = detector.trigger()
    assert reducing.wait(10)
    latest = detector.trigger()
    go_on.set()
    latest.wait(10)
    assert superseded.done
    assert_same(measured(detector), expected(REDUCERS[0], FRAMES[:9]), rtol=1e-6)


def test_a_frame_that_cannot_be_reduced_changes_nothing(running):
    camera = Camera()
    detector = running(REDUCERS[0], camera, frames=1)
    for _ in range(8):
        detector.trigger().wait(10)
    detector._source = lambda: FRAMES[0, :3]
    with pytest.raises(ValueError, match=r"frames must be \(n, 16, 16\)"):
        detector.trigger().wait(10)
    detector._source = camera
    detector.trigger().wait(10)
    assert_same(measured(detector), expected(REDUCERS[0], FRAMES[:9]), rtol=1e-6)


def test_staging_forgets_what_a_failed_trigger_counted(running):
    camera = Camera({4})
    detector = running(REDUCERS[0], camera)
    detector.trigger().wait(10)
    with pytest.raises(OSError, match="no frame"):
        detector.trigger().wait(10)
    detector.stage()
    detector.trigger().wait(10)
    assert_same(measured(detector), expected(REDUCERS[0], FRAMES[4:7]), rtol=1e-6)
