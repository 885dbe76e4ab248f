"""Spectra between 0 before the edge and 1 after it."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autoexp.errors import ReductionError
from autoexp.reduction.xanes.normalisation import Windows, normalise, steepest

ENERGY = torch.linspace(7060.0, 7180.0, 241, dtype=torch.float64)
E0 = torch.tensor([[7120.0]], dtype=torch.float64)


def step(energy, edge=7120.0, width=2.0):
    return 0.5 + torch.arctan(2 * (energy - edge) / width) / np.pi


def normalised(mu, variance=None, e0=E0, windows=None, energy=ENERGY):
    mu = torch.as_tensor(mu).reshape(-1, len(energy))
    variance = torch.zeros_like(mu) if variance is None else variance.expand_as(mu)
    return normalise(energy, mu, variance, e0, windows or Windows())


@given(st.floats(-3, 3), st.floats(-0.01, 0.01), st.floats(0.1, 5))
def test_neither_a_line_nor_a_scale_changes_the_spectrum(offset, slope, scale):
    plain = normalised(step(ENERGY))
    changed = normalised(scale * step(ENERGY) + offset + slope * (ENERGY - 7000.0))
    assert changed.norm.numpy() == pytest.approx(plain.norm.numpy(), abs=1e-9)
    assert float(changed.step) == pytest.approx(scale * float(plain.step), rel=1e-9)


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_an_exact_background_comes_off_exactly(degree):
    x = (ENERGY - 7120.0) / 60.0
    sharp = (ENERGY > 7120.0) * (0.7 + sum(0.1 * x**k for k in range(1, degree + 1)))
    found = normalised(1.5 - 0.3 * x + sharp, windows=Windows(nnorm=degree))
    assert float(found.step) == pytest.approx(0.7)
    assert found.norm[0].numpy() == pytest.approx(sharp.numpy() / 0.7, abs=1e-9)
    assert found.before[0].numpy() == pytest.approx((1.5 - 0.3 * x).numpy())
    assert found.after[0, 200:].numpy() == pytest.approx((1.5 - 0.3 * x + sharp).numpy()[200:])


def test_the_windows_are_those_of_numpy_polynomials():
    noisy = step(ENERGY) + 0.01 * torch.from_numpy(np.random.default_rng(1).standard_normal(len(ENERGY)))
    windows = Windows(-50.0, -20.0, 15.0, 55.0, 2)
    found = normalised(noisy, windows=windows)
    x, mu = (ENERGY - 7120.0).numpy(), noisy.numpy()
    line = np.polyval(np.polyfit(*(each[(x >= -50) & (x <= -20)] for each in (x, mu)), 1), x)
    inside = (x >= 15) & (x <= 55)
    curve = np.polyfit(x[inside], (mu - line)[inside], 2)
    assert float(found.step) == pytest.approx(curve[-1])
    assert found.norm[0].numpy() == pytest.approx((mu - line) / curve[-1])


def test_sigmas_are_the_spread_of_repeated_spectra():
    truth, sigma = step(ENERGY) + 0.3, 0.01 + 0.01 * (ENERGY > 7125.0)
    generator = torch.Generator().manual_seed(3)
    noise = torch.randn((2000, len(ENERGY)), generator=generator, dtype=torch.float64)
    found = normalised(truth + sigma * noise, sigma**2)
    spread = found.norm.std(0)
    assert found.sigma().mean(0).numpy() == pytest.approx(spread.numpy(), rel=6 / np.sqrt(2 * 2000))
    assert float(found.step.std()) == pytest.approx(float(found.step_sigma().mean()), rel=5 / np.sqrt(2 * 2000))


def test_covariance_of_points_is_the_square_of_their_sigma():
    found = normalised(step(ENERGY), torch.rand(len(ENERGY), dtype=torch.float64))
    each = found.covariance(torch.eye(len(ENERGY), dtype=torch.float64)[None])
    assert each.diagonal(dim1=1, dim2=2).sqrt().numpy() == pytest.approx(found.sigma().numpy())


def test_a_spectrum_without_a_region_before_the_edge_is_nan():
    found = normalised(step(ENERGY[120:]), energy=ENERGY[120:])
    assert found.norm.isnan().all()


def test_each_spectrum_has_its_own_edge():
    mu = torch.stack([step(ENERGY, edge) for edge in (7110.0, 7123.5)])
    e0 = steepest(ENERGY, mu, 1.0)
    assert e0[:, 0].tolist() == [7110.0, 7123.5]
    both = normalised(mu, e0=e0)
    for index in range(2):
        alone = normalised(mu[index], e0=e0[index : index + 1])
        assert both.norm[index].numpy() == pytest.approx(alone.norm[0].numpy())


def test_windows_that_hold_nothing_are_refused():
    with pytest.raises(ReductionError, match="pre1 must be below pre2, got -20 and -30"):
        Windows(pre1=-20, pre2=-30)
    with pytest.raises(ReductionError, match="nnorm must be 0 to 3, got 5"):
        Windows(nnorm=5)
