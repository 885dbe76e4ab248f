"""The normal operator, and what is solved with it."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp.errors import ReductionError
from autoexp.reduction.tomography.backprojection import back_projection
from autoexp.reduction.tomography.iterative import Iterative
from autoexp.reduction.tomography.normal import normal_equations
from autoexp.reduction.tomography.weights import angle_weights

DIRECTIONS = torch.tensor([0.1, 0.9, 1.7, 2.8], dtype=torch.float64)
ALL = torch.ones((16, 16), dtype=torch.bool)


def pictures(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def waves(size, columns, axis, pixel=1.0):
    """Return A wave by wave: ``exp(-2 pi i f u)`` of each pixel and what each frequency counts, for each direction."""
    length = 2 * columns
    frequency = torch.arange(-columns, columns + 1, dtype=torch.float64) / length
    once = torch.where(frequency.abs() == 0.5, 0.5, 1.0) / length
    once = torch.where(frequency.abs() > 0.5 / pixel, 0.0, once)
    place = (torch.arange(size, dtype=torch.float64) - (size - 1) / 2) * pixel
    u = [(place * torch.cos(a) + place[:, None] * torch.sin(a)).reshape(-1) + axis for a in DIRECTIONS]
    return frequency, once, torch.exp(-2j * math.pi * frequency[:, None] * torch.stack(u)[:, None])


@pytest.mark.parametrize(("size", "pixel"), [(16, 1.0), (15, 1.0), (8, 2.0)])
def test_it_projects_and_smears_back(size, pixel):
    _, once, seen = waves(size, 16, 7.5, pixel)
    _, operator = normal_equations(DIRECTIONS, 16, size=size, pixel=pixel)
    weights = angle_weights(DIRECTIONS)[:, None] * once
    dense = torch.einsum("af,afp,afq->pq", weights.to(seen.dtype), seen.conj(), seen).real * pixel**2
    picture = pictures(0, size, size)
    expected = (dense @ picture.double().reshape(-1)).reshape(size, size)
    assert float((operator(picture) - expected).norm()) < 1e-3 * float(expected.norm())
    assert operator.norm > 0.99 * float(torch.linalg.eigvalsh(dense)[-1])


def test_smearing_is_the_adjoint_of_projection():
    frequency, once, seen = waves(16, 16, 6.2)
    smear, _ = normal_equations(DIRECTIONS, 16, axis=6.2)
    lines, picture = pictures(1, 4, 16).double(), pictures(2, 16, 16).double()
    columns = torch.exp(2j * math.pi * torch.arange(16)[:, None] * frequency)
    projected = (columns * once @ (seen @ picture.reshape(-1).to(seen.dtype))[..., None]).squeeze(-1).real
    one = float((angle_weights(DIRECTIONS)[:, None] * projected * lines).sum())
    other = float((smear(lines).double() * picture).sum())
    assert one == pytest.approx(other, abs=1e-3 * float(projected.norm() * lines.norm()))


@settings(max_examples=30)
@given(st.integers(0, 1000))
def test_it_is_linear_symmetric_and_not_negative(seed):
    _, operator = normal_equations(DIRECTIONS, 16)
    a, b = pictures(seed, 2, 16, 16)
    scale = operator.norm * float(a.norm() * b.norm())
    assert float((operator(2.0 * a - b) - 2.0 * operator(a) + operator(b)).norm()) < 1e-5 * scale
    assert float((operator(a) * b).sum()) == pytest.approx(float((operator(b) * a).sum()), abs=1e-5 * scale)
    assert float((operator(a) * a).sum()) > -1e-5 * operator.norm * float(a.norm()) ** 2


def test_smoothing_adds_the_gradient_of_squared_differences():
    """Of a picture that is zero at its border, as between it and nothing beyond."""
    _, operator = normal_equations(DIRECTIONS, 16)
    picture = torch.nn.functional.pad(pictures(3, 14, 14), (1, 1, 1, 1)).requires_grad_()
    (0.5 * (picture.diff(dim=0) ** 2).sum() + 0.5 * (picture.diff(dim=1) ** 2).sum()).backward()
    inner = (slice(1, -1), slice(1, -1))
    found = (operator.smoothed(5.0)(picture.detach()) - operator(picture.detach())) / 5.0
    torch.testing.assert_close(found[inner], picture.grad[inner], atol=1e-4, rtol=0.0)


def test_conjugate_gradients_solve_the_equations():
    _, operator = normal_equations(DIRECTIONS, 16)
    truth = pictures(4, 16, 16)
    data = operator.smoothed(2.0)(truth)
    found = Iterative(2.0, nonnegative=False, iterations=500, tolerance=1e-7).solve(operator, data, ALL, 0.0 * truth)
    torch.testing.assert_close(found.picture, truth, atol=2e-2, rtol=0.0)


def test_without_negative_values_the_gradient_points_outwards_only():
    """The conditions of Karush, Kuhn and Tucker, inside a mask."""
    _, operator = normal_equations(DIRECTIONS, 16)
    data, inside = pictures(5, 16, 16), pictures(6, 16, 16) > -1.0
    found = Iterative(2.0, iterations=3000, tolerance=1e-7).solve(operator, data, inside, torch.zeros(16, 16)).picture
    gradient = operator.smoothed(2.0)(found) - data
    assert (found >= 0).all()
    assert (found[~inside] == 0).all()
    assert float(gradient[inside & (found > 0)].abs().max()) < 5e-3
    assert float(gradient[inside & (found == 0)].min()) > -5e-3


def test_a_warm_start_ends_sooner_at_the_same_place(phantom):
    degrees = torch.arange(40, dtype=torch.float64) * 4.5
    lines = phantom.lines(degrees, 64)
    plan = back_projection(torch.deg2rad(degrees), 64, smoothness=3.0)
    smear, operator = normal_equations(torch.deg2rad(degrees), 64)
    solve = lambda start: Iterative().solve(operator, smear(lines), plan.inside, start)
    cold, warm = solve(torch.zeros(64, 64)), solve(plan.slice(lines))
    assert cold.converged
    assert warm.converged
    assert warm.iterations < cold.iterations
    assert float((cold.picture - warm.picture).norm()) < 0.02 * float(cold.picture.norm())
    assert solve(cold.picture).iterations < 5


@pytest.mark.parametrize(("views", "photons", "better"), [(20, 1e4, 5.0), (60, 1e3, 5.0)])
def test_few_or_noisy_projections_are_used_better(phantom, views, photons, better):
    """Than by the back-projection of scikit-image with its smoothest filter."""
    transform = pytest.importorskip("skimage.transform")
    degrees, n = torch.arange(views, dtype=torch.float64) * (180.0 / views), 256
    expected = photons * torch.exp(-phantom.lines(degrees, n, axis=n // 2).double() / 128)
    counts = torch.poisson(expected, generator=torch.Generator().manual_seed(0))
    lines = -(counts / photons).log() * 128
    theirs = transform.iradon(lines.numpy().T, theta=-degrees.numpy(), filter_name="hann", circle=True)
    plan = back_projection(torch.deg2rad(degrees), n, axis=n // 2, smoothness=10.0)
    smear, operator = normal_equations(torch.deg2rad(degrees), n, axis=n // 2)
    found = Iterative(10.0).solve(operator, smear(lines), plan.inside, plan.slice(lines)).picture
    their_psnr = phantom.psnr(theirs, phantom.slice_of(n, middle=n // 2))
    assert phantom.psnr(found, phantom.slice_of(n)) > their_psnr + better


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ReductionError, match="smoothness must be 0 or more, iterations 1 or more"):
        Iterative(smoothness=-1.0)
    with pytest.raises(ReductionError, match="0 and 0"):
        Iterative(iterations=0)
