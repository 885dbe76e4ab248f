"""Speckle visibility."""

import numpy as np
import pytest
import torch

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction import Band, FrameMeta, FrameSpec, Poni, SpeckleContrast
from autoexp.testing.reducers import ReducerContract

PONI = Poni((48, 64), (1e-3, 1e-3), 0.1, (0.024, 0.032))
WHOLE = SpeckleContrast(PONI, (Band("all", 0.0, 10.0),))


class TestContract(ReducerContract):
    @pytest.fixture
    def reducer(self):
        return SpeckleContrast(PONI, (Band("inner", 0.2, 0.5), Band("outer", 0.6, 1.1)), speckle=2.0)


def contrast(frames):
    state = WHOLE.update(WHOLE.init(FrameSpec((48, 64))), torch.as_tensor(frames), FrameMeta())
    return WHOLE.read(state)["all"]


def test_light_without_speckles_has_no_contrast():
    found = contrast(np.random.default_rng(0).poisson(3.0, (5, 48, 64)))
    assert float(found.value) == pytest.approx(0.0, abs=5 * float(found.sigma))
    assert 0 < float(found.sigma) < 0.01


@pytest.mark.parametrize("patterns", [1, 4])
def test_patterns_that_have_nothing_in_common_average_out(patterns):
    """Contrast 1 of a pattern of exponential intensities, and 1/M of the sum of M; its sigma is its spread."""
    generator = np.random.default_rng(patterns)
    found = [contrast(generator.poisson(generator.exponential(6.0, (patterns, 48, 64)))) for _ in range(100)]
    values, sigmas = ([float(getattr(each, name)) for each in found] for name in ("value", "sigma"))
    assert np.mean(values) == pytest.approx(1 / patterns, abs=5 * np.std(values) / 10)
    assert np.std(values) == pytest.approx(np.mean(sigmas), rel=0.3)


def test_darkness_is_no_signal():
    assert contrast(np.zeros((2, 48, 64), dtype=np.int32)).flags == Flags.NO_SIGNAL


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ReductionError, match="one pixel or more"):
        SpeckleContrast(PONI, (), speckle=0.5)
    with pytest.raises(ReductionError, match="name of its own"):
        SpeckleContrast(PONI, (Band("a", 0, 1), Band("a", 1, 2)))
    with pytest.raises(ReductionError, match="as the detector is"):
        WHOLE.update(WHOLE.init(FrameSpec((8, 8))), torch.zeros((1, 8, 8)), FrameMeta())
