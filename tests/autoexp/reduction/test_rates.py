import pytest
import torch

from autoexp.errors import ReductionError
from autoexp.reduction.chain import chain
from autoexp.reduction.rates import PerSecond
from autoexp.reduction.records import FrameMeta, FrameSpec
from autoexp.reduction.spectra import Region, RegionSums

RATE = chain(PerSecond(), RegionSums((Region("all", 0, 4),)))


def reduced(frames, exposure):
    state = RATE.update(RATE.init(FrameSpec((1, 4), "cpu")), frames, FrameMeta(exposure=exposure))
    return RATE.read(state)["all"]


def test_a_longer_exposure_gives_the_same_rate_with_a_smaller_sigma():
    short, long = reduced(torch.full((1, 1, 4), 25.0), 0.5), reduced(torch.full((1, 1, 4), 100.0), 2.0)
    assert float(short.value) == float(long.value) == 200.0
    assert float(short.sigma) == pytest.approx(10.0 / 0.5)
    assert float(long.sigma) == pytest.approx(20.0 / 2.0)


def test_an_exposure_of_nothing_is_refused():
    with pytest.raises(ReductionError, match=r"exposure must be positive to divide by it, got 0\.0 s"):
        reduced(torch.ones((1, 1, 4)), 0.0)
