"""A motor swept within one reading."""

import numpy as np
import pytest

from autoexp.detectors import ReducedDetector
from autoexp.errors import MeasurementError
from autoexp.reduction import Xanes
from autoexp.swept import SweptDetector
from autoexp_simulators.xanes import xanes_beamline

ENERGY = np.linspace(7085.0, 7175.0, 10)


@pytest.fixture
def swept():
    beamline = xanes_beamline(seed=0)
    found = SweptDetector(beamline.detector, beamline.dofs[0].movable, ENERGY)
    yield found
    found.unstage()


def test_each_position_gives_a_frame_with_its_readback(swept):
    swept.trigger().wait(10)
    assert swept.image.shape == (10, 1, 2)
    assert (swept.image > 0).all()
    assert swept.meta().coordinates["energy"].numpy() == pytest.approx(ENERGY, abs=0.2)


def test_a_reduced_detector_makes_one_reading_of_it(swept):
    detector = ReducedDetector(swept, Xanes(tuple(ENERGY)), name="xanes", meta=swept.meta, device="cpu")
    detector.trigger().wait(10)
    found = detector.read()
    detector.unstage()
    assert np.isfinite(found["xanes_mu"]["value"]).all()
    assert set(found) == set(detector.describe())


def test_a_stopped_sweep_fails(swept):
    status = swept.trigger()
    swept.stop()
    with pytest.raises(MeasurementError, match="'energy' was stopped"):
        status.wait(10)


def test_positions_beyond_the_limits_are_refused(swept):
    beamline = xanes_beamline(seed=0)
    with pytest.raises(Exception, match="must stay within"):
        SweptDetector(beamline.detector, beamline.dofs[0].movable, [7000.0])
