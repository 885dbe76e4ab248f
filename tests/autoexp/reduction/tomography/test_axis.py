"""The axis of rotation from projections."""

import math

import numpy as np
import pytest
import torch

from autoexp.reduction.tomography.axis import axis_by_mass, axis_by_pairs

HALF_TURN = torch.arange(0.0, 181.0, 10.0, dtype=torch.float64)


def noisy(phantom, degrees, axis, seed, photons=2000.0):
    """Return noisy line integrals and their variances."""
    clean = phantom.lines(degrees, axis=axis).double() / 64
    counts = torch.poisson(photons * torch.exp(-clean), generator=torch.Generator().manual_seed(seed))
    return torch.deg2rad(degrees), -(counts / photons).log(), 1.0 / counts


@pytest.mark.parametrize("find", [axis_by_mass, axis_by_pairs])
@pytest.mark.parametrize("axis", [63.5, 58.23, 70.9])
def test_it_is_found_as_well_as_sigma_says(phantom, find, axis):
    found = [find(*noisy(phantom, HALF_TURN, axis, seed)) for seed in range(40)]
    values, sigmas = np.array(found).T
    assert values.mean() == pytest.approx(axis, abs=4 * sigmas.mean() / math.sqrt(40))
    # a spread from 40 is known to 11 percent
    assert values.std(ddof=1) == pytest.approx(sigmas.mean(), rel=0.35)


def test_pairs_need_no_more_of_a_turn_than_two_views(phantom):
    place, sigma = axis_by_pairs(*noisy(phantom, torch.tensor([20.0, 200.4], dtype=torch.float64), 66.0, 0))
    assert place == pytest.approx(66.0, abs=0.5)
    assert sigma < 0.1


def test_a_sample_that_leaves_sight_makes_sigma_grow(phantom):
    """Centres of mass then lie on no sinusoid."""
    whole = noisy(phantom, HALF_TURN, 66.0, 0, photons=1e6)
    cut = (whole[0], *(each[:, 40:] for each in whole[1:]))
    assert axis_by_mass(*cut)[1] > 10 * axis_by_mass(*whole)[1]


@pytest.mark.parametrize("degrees", [[10.0], [10.0, 50.0], [10.0, 10.0, 10.0, 50.0]])
def test_too_few_directions_say_nothing(phantom, degrees):
    views = noisy(phantom, torch.tensor(degrees, dtype=torch.float64), 66.0, 0)
    assert all(math.isnan(each) for find in (axis_by_mass, axis_by_pairs) for each in find(*views))


@pytest.mark.parametrize("views", [0, 19])
def test_nothing_in_the_beam_says_nothing(views):
    nothing = torch.deg2rad(HALF_TURN[:views]), torch.zeros(views, 32).double(), torch.ones(views, 32).double()
    assert all(math.isnan(each) for find in (axis_by_mass, axis_by_pairs) for each in find(*nothing))
