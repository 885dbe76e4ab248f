"""A peak in each of many curves."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import curve_fit

from autoexp.errors import ReductionError
from autoexp.reduction.few_curves import FEW
from autoexp.reduction.peaks.fit import fit_peaks
from autoexp.reduction.peaks.shapes import SHAPES, gaussian, lorentzian, one_peak, peak

X = np.linspace(1.0, 4.0, 121)


def model(shape):
    """Written again, for numpy and with the width itself."""

    def curve(x, position, width, area, offset, slope, share=0.5):
        u = (x - position) / width
        bell = 2 * np.sqrt(np.log(2) / np.pi) * np.exp(-4 * np.log(2) * u**2)
        tail = 2 / np.pi / (1 + 4 * u**2)
        value = {"gaussian": bell, "lorentzian": tail, "pseudo-voigt": share * tail + (1 - share) * bell}[shape]
        return area / width * value + offset + slope * x

    return curve


def noisy(shape, draws, seed=0):
    rng = np.random.default_rng(seed)
    truth = np.stack(
        [
            rng.uniform(1.8, 3.2, draws),
            rng.uniform(0.15, 0.6, draws),
            rng.uniform(100.0, 900.0, draws),
            rng.uniform(20.0, 60.0, draws),
            rng.uniform(-5.0, 5.0, draws),
        ],
        1,
    )
    expected = np.stack([model(shape)(X, *each) for each in truth])
    return truth, rng.poisson(expected).astype(float)


def found(shape, curves):
    y = torch.from_numpy(curves)
    return fit_peaks(torch.from_numpy(X), y, y.clamp(min=1.0), shape)


@pytest.mark.parametrize("profile", [gaussian, lorentzian])
def test_profiles_have_unit_area_and_full_width(profile):
    value = lambda u: float(profile(torch.tensor(u, dtype=torch.float64))[0])
    assert quad(value, -np.inf, np.inf)[0] == pytest.approx(1.0)
    assert value(0.5) == pytest.approx(value(0.0) / 2)


@pytest.mark.parametrize("shape", SHAPES)
def test_derivatives_are_those_of_the_curve(shape):
    values = [2.3, -1.0, 5.0, 0.3, 0.1, 0.4][: 6 if shape == "pseudo-voigt" else 5]
    parameters = torch.tensor([values], dtype=torch.float64, requires_grad=True)
    x = torch.from_numpy(X)[None]
    exact = torch.autograd.functional.jacobian(lambda each: peak(shape, x, each)[0][0], parameters)[:, 0]
    assert peak(shape, x, parameters)[1][0].detach().numpy() == pytest.approx(exact.T.numpy(), abs=1e-10)
    curve, slopes = one_peak(shape, X, np.array(values))
    assert curve == pytest.approx(peak(shape, x, parameters)[0][0].detach().numpy(), rel=1e-12)
    assert slopes == pytest.approx(exact.T.numpy(), abs=1e-10)


@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_scipys_curve_fit(shape):
    truth, curves = noisy(shape, 30)
    ours = found(shape, curves)
    assert ours.converged.all()
    for index, y in enumerate(curves):
        start = [*truth[index], 0.5] if shape == "pseudo-voigt" else truth[index]
        sigma = np.sqrt(y.clip(1))
        theirs, covariance = curve_fit(model(shape), X, y, start, sigma, absolute_sigma=True, ftol=1e-14, xtol=1e-14)
        spread = np.sqrt(covariance.diagonal())
        for at, name in enumerate(("position", "width", "area")):
            value, sigma = float(getattr(ours, name)[index]), float(getattr(ours, f"{name}_sigma")[index])
            assert value == pytest.approx(theirs[at], abs=2e-3 * spread[at])
            assert sigma == pytest.approx(spread[at], rel=2e-3)


def test_sigmas_are_the_spread_of_repeated_curves():
    truth = (2.4, 0.4, 4000.0, 300.0, 10.0)
    curves = np.random.default_rng(1).poisson(np.tile(model("gaussian")(X, *truth), (2000, 1))).astype(float)
    ours = found("gaussian", curves)
    assert ours.visible.all()
    for name in ("position", "width", "area"):
        value, sigma = getattr(ours, name), getattr(ours, f"{name}_sigma")
        assert float(value.std()) == pytest.approx(float(sigma.mean()), rel=4 / np.sqrt(4000))
    assert float(ours.misfit.mean()) == pytest.approx(1.0, abs=0.02)


@settings(max_examples=20)
@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_units_do_not_matter(shift, stretch, scale):
    _, curves = noisy("lorentzian", 1)
    y = torch.from_numpy(curves)
    plain = found("lorentzian", curves)
    x = shift + stretch * torch.from_numpy(X)
    changed = fit_peaks(x, scale * y, scale**2 * y.clamp(min=1.0), "lorentzian")
    for name, expected in (
        ("position", shift + stretch * plain.position),
        ("position_sigma", stretch * plain.position_sigma),
        ("width", stretch * plain.width),
        ("area", stretch * scale * plain.area),
        ("area_sigma", stretch * scale * plain.area_sigma),
    ):
        assert getattr(changed, name).numpy() == pytest.approx(expected.numpy(), rel=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_each_curve_is_fitted_as_if_alone(shape):
    curves = np.concatenate([noisy(shape, FEW + 1)[1], np.zeros((1, len(X))), np.full((1, len(X)), np.nan)])
    together = found(shape, curves)
    for index in range(len(curves)):
        alone = found(shape, curves[index : index + 1])
        for name in ("position", "width", "area", "area_sigma", "misfit", "visible", "converged"):
            value = float(getattr(together, name)[index])
            assert float(getattr(alone, name)) == pytest.approx(value, rel=1e-6, abs=1e-9, nan_ok=True), name


def test_points_that_are_not_finite_do_not_enter():
    _, curves = noisy("gaussian", 1)
    spoilt = curves.copy()
    spoilt[0, 40:50] = np.nan
    kept = np.delete(np.arange(len(X)), range(40, 50))
    y = torch.from_numpy(curves)
    fewer = fit_peaks(torch.from_numpy(X[kept]), y[:, kept], y[:, kept].clamp(min=1.0))
    assert float(found("gaussian", spoilt).position) == pytest.approx(float(fewer.position), rel=1e-6)


def test_where_there_is_no_peak_none_is_visible():
    flat = np.random.default_rng(2).poisson(50.0, (150, len(X))).astype(float)
    assert float(found("gaussian", flat).visible.double().mean()) < 0.03
    assert not found("gaussian", np.zeros((1, len(X)))).visible.any()
    assert not found("gaussian", np.full((1, len(X)), np.nan)).visible.any()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_finds_the_same():
    _, curves = noisy("pseudo-voigt", 20)
    y = torch.from_numpy(curves)
    there = fit_peaks(torch.from_numpy(X).cuda(), y.cuda(), y.cuda().clamp(min=1.0), "pseudo-voigt")
    assert there.position.cpu().numpy() == pytest.approx(found("pseudo-voigt", curves).position.numpy(), rel=1e-9)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ReductionError, match="shape must be one of"):
        found("square", np.ones((1, len(X))))
    with pytest.raises(ReductionError, match="more than 5 points, got 3"):
        fit_peaks(torch.arange(3.0), torch.ones((1, 3)), torch.ones((1, 3)))
