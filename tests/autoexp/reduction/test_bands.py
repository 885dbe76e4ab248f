"""Means of a diffraction curve."""

import numpy as np
import pytest
import torch

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction import AzimuthalIntegration, Band, BandIntensities, FrameMeta, FrameSpec, Poni
from autoexp.testing.reducers import ReducerContract

PONI = Poni((48, 64), (1e-3, 1e-3), 0.1, (0.024, 0.032))
INTEGRATION = AzimuthalIntegration(PONI, bins=30, range=(0.1, 1.2))


class TestContract(ReducerContract):
    @pytest.fixture
    def reducer(self):
        return BandIntensities(INTEGRATION, (Band("low", 0.2, 0.5), Band("high", 0.6, 1.1)))


def read(reducer, frames):
    return reducer.read(reducer.update(reducer.init(FrameSpec((48, 64))), frames, FrameMeta()))


def test_the_mean_is_that_of_the_curve_and_its_sigma_the_spread():
    reducer = BandIntensities(INTEGRATION, (Band("ring", 0.4, 0.8),))
    generator, found = torch.Generator().manual_seed(1), []
    for _ in range(300):
        frames = torch.poisson(torch.full((1, 48, 64), 7.0), generator=generator)
        found.append(read(reducer, frames)["ring"])
    flat = 7.0 / float(np.mean(PONI.solid_angle().numpy()))
    values, sigmas = ([float(getattr(each, name)) for each in found] for name in ("value", "sigma"))
    assert np.mean(values) == pytest.approx(flat, rel=0.2)
    assert np.std(values) == pytest.approx(np.mean(sigmas), rel=4 / np.sqrt(2 * len(values)))


def test_a_band_beyond_the_curve_is_incomplete():
    found = read(BandIntensities(INTEGRATION, (Band("far", 5.0, 6.0),)), torch.ones((1, 48, 64)))["far"]
    assert np.isnan(found.value)
    assert found.flags & Flags.INCOMPLETE


@pytest.mark.parametrize(
    ("build", "rule"),
    [
        (lambda: Band("x", 1.0, 1.0), "low must be below high"),
        (lambda: Band("intensity", 1.0, 2.0), "name of its own"),
        (lambda: BandIntensities(INTEGRATION, (Band("a", 0, 1), Band("a", 1, 2))), "name of its own"),
        (lambda: BandIntensities(AzimuthalIntegration(PONI, sectors=4), ()), "one sector"),
    ],
)
def test_what_makes_no_sense_is_refused(build, rule):
    with pytest.raises(ReductionError, match=rule):
        build()
