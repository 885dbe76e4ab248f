"""Energy scale and resolution of a spectrum."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp.errors import ReductionError
from autoexp.reduction import EnergyCalibration
from autoexp_simulators.xrf import EnergyDispersive

SEEN = EnergyDispersive()
CALIBRATION = EnergyCalibration(SEEN.channels, 1e-3 * SEEN.width, 0.5e-3 * SEEN.width, 1e-3 * SEEN.noise)


def test_the_scale_and_the_resolution_are_those_of_a_simulated_detector():
    np.testing.assert_allclose(CALIBRATION.energies(), 1e-3 * SEEN.energies())
    assert CALIBRATION.sigma(6.4) == pytest.approx(1e-3 * SEEN.sigma(6400.0))
    np.testing.assert_allclose(CALIBRATION.peak(6.4, 0.05), SEEN.peak(6400.0, 50.0), atol=1e-12)


@given(st.integers(0, SEEN.channels - 1), st.floats(-0.49, 0.49))
def test_an_energy_within_half_a_channel_of_its_middle_falls_into_it(channel, share):
    energy = CALIBRATION.energies()[channel] + share * CALIBRATION.gain
    assert CALIBRATION.channel(energy) == channel
    assert CALIBRATION.holds(energy, energy)


def test_a_line_has_the_mean_and_the_spread_that_it_should():
    energies, peak = CALIBRATION.energies(), CALIBRATION.peak(8.0478)
    mean = energies @ peak
    spread = (energies - mean) ** 2 @ peak - CALIBRATION.gain**2 / 12
    assert peak.sum() == pytest.approx(1.0)
    assert mean == pytest.approx(8.0478, abs=1e-6)
    assert spread**0.5 == pytest.approx(CALIBRATION.sigma(8.0478), rel=1e-6)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"channels": 0}, "channels must be one or more, got 0"),
        ({"gain": -0.01}, "gain must be positive, got -0.01 keV per channel"),
        ({"noise": float("nan")}, "noise must be positive, got nan keV"),
        ({"fano": 0.0}, "fano must be positive, got 0.0"),
        ({"offset": float("inf")}, "offset must be finite, got inf keV"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong, told):
    with pytest.raises(ReductionError, match=f"^{told}$"):
        EnergyCalibration(**({"channels": 2048, "gain": 0.01} | wrong))
