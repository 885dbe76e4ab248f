import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp.surrogates import fit
from autoexp.surrogates.parameters import Data, alike, lengthscale_prior, noise_prior


def known(y, sigma=0.0):
    y = np.asarray(y, dtype=float)
    return Data(np.zeros((len(y), 1)), y, np.full(len(y), sigma**2))


@given(seed=st.integers(0, 1000), count=st.integers(30, 100), level=st.floats(-1e3, 1e3))
def test_noise_alone_leaves_values_alike(seed, count, level):
    noise = np.random.default_rng(seed).standard_normal(count)
    assert alike(known(level + 0.5 * noise, 0.5))
    assert not alike(known(level + 0.5 * noise + np.linspace(0.0, 5.0, count), 0.5))


def test_without_sigmas_only_equal_values_are_alike():
    assert alike(known([2.0, 2.0, 2.0]))
    assert not alike(known([2.0, 2.0, 2.0 + 1e-9]))


@pytest.mark.parametrize("values", [[], [1.0]])
def test_fewer_than_two_are_not_alike(values):
    assert not alike(known(values, 0.1))
    assert not alike(known(values))


def test_little_noise_is_expected_beside_sigmas_that_most_values_have():
    some = Data(np.zeros((3, 1)), np.arange(3.0), np.array([0.0, 0.1, 0.1]))
    assert noise_prior(some).centre < noise_prior(known([1.0, 2.0])).centre


def test_many_length_scales_are_expected_longer_and_more_alike_than_few():
    priors = [lengthscale_prior(width) for width in range(1, 20)]
    centres, spreads = [prior.centre for prior in priors], [prior.spread for prior in priors]
    assert centres[0] == pytest.approx(math.sqrt(2.0) - 3.0)
    assert (np.diff(centres) > 0.0).all()
    assert spreads[:2] == pytest.approx([math.sqrt(3.0)] * 2)
    assert (np.diff(spreads) <= 0.0).all()
    assert spreads[-1] == 0.5


def test_descriptors_may_not_matter_so_that_their_length_scales_may_differ():
    dofs, descriptors = lengthscale_prior(8), lengthscale_prior(8, chosen=False)
    assert dofs.centre == descriptors.centre
    assert dofs.spread < descriptors.spread == math.sqrt(3.0)


def test_a_few_points_in_many_dimensions_give_no_short_length_scale_and_many_do():
    rng = np.random.default_rng(5)

    def found(count):
        x = rng.random((count, 6))
        return fit(Data(x, np.sin(12.0 * x[:, 0]), np.full(count, 1e-4))).lengthscales[0]

    mode = math.exp(lengthscale_prior(6).centre)
    assert found(200) < 0.6 * mode
    assert found(10) > 0.5 * mode
