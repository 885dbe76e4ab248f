"""The edge and the white line of a spectrum."""

import numpy as np
import pytest
import torch

from autoexp.reduction.xanes.features import half_step, inflection, white_line
from autoexp.reduction.xanes.normalisation import Windows, normalise

ENERGY = torch.linspace(7060.0, 7180.0, 241, dtype=torch.float64)
EXACT = Windows(-55.0, -30.0, 25.0, 55.0, 1)


def curve(edge, line=0.0, at=4.0, width=2.0):
    """A step whose tails end within the windows, so that it is normalised as it stands."""
    x = ENERGY - edge
    rise = 0.5 + 0.5 * torch.tanh(x / width)
    return 0.2 + 0.7 * (rise + line * torch.exp(-(((x - at) / 3.0) ** 2)))


def spectra(mu, sigma=0.0, e0=7120.0):
    mu = mu.reshape(-1, len(ENERGY))
    return normalise(ENERGY, mu, torch.full_like(mu, sigma**2), torch.full((len(mu), 1), e0).double(), EXACT)


@pytest.mark.parametrize("edge", [7118.1, 7120.0, 7121.27])
def test_the_edge_of_a_symmetric_step_is_its_middle(edge):
    found = spectra(curve(edge))
    assert float(half_step(found).value) == pytest.approx(edge, abs=2e-3)
    assert float(inflection(found, 3.0).value) == pytest.approx(edge, abs=0.05)
    assert half_step(found).clear.all()
    assert inflection(found, 3.0).clear.all()


def test_the_white_line_is_the_highest_point():
    mu = curve(7120.0, line=0.5)
    fine = np.linspace(7120, 7130, 20001)
    exact = 0.5 + 0.5 * np.tanh((fine - 7120) / 2) + 0.5 * np.exp(-(((fine - 7124) / 3) ** 2))
    height, energy = white_line(spectra(mu), (0.0, 30.0), 1.0)
    assert float(height.value) == pytest.approx(exact.max(), abs=1e-3)
    assert float(energy.value) == pytest.approx(fine[exact.argmax()], abs=0.05)
    assert height.clear.all()


def test_sigmas_are_the_spread_of_repeated_spectra():
    generator = torch.Generator().manual_seed(5)
    noise = torch.randn((3000, len(ENERGY)), generator=generator, dtype=torch.float64)
    found = spectra(curve(7120.3, line=0.5) + 1e-3 * noise, 1e-3)
    for feature in (half_step(found), inflection(found, 3.0), *white_line(found, (0.0, 30.0), 1.5)):
        assert float(feature.value.std()) == pytest.approx(float(feature.sigma.mean()), rel=0.06)


def test_a_spectrum_without_a_step_has_no_clear_edge():
    generator = torch.Generator().manual_seed(5)
    flat = 0.2 + 1e-3 * torch.randn((20, len(ENERGY)), generator=generator, dtype=torch.float64)
    assert not half_step(spectra(flat, 1e-3)).clear.any()


def test_a_step_without_a_line_has_no_clear_white_line():
    height, _ = white_line(spectra(curve(7120.0) + 1e-4 * (ENERGY - 7120).clamp(min=0)), (0.0, 10.0), 1.0)
    assert not height.clear.any()
