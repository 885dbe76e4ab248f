import numpy as np
import pytest
import torch
from scipy.stats import poisson

from autoexp_simulators.dice import Dice
from autoexp_simulators.poisson import poisson_counts

COUNT = 400_000


@pytest.mark.parametrize("mean", [0.0, 0.003, 0.1, 0.99, 1.0, 5.05, 15.99, 16.0, 30.0, 500.0, 4e4])
def test_the_distribution_is_poissons(mean):
    counts = poisson_counts(torch.full((COUNT,), mean), Dice(1)).numpy().astype(int)
    at = np.arange(counts.min(), counts.max() + 1)
    found = np.searchsorted(np.sort(counts), at, side="right") / COUNT
    allowed = 2.2 / np.sqrt(COUNT) + (1e-3 if mean >= 16 else 0.0)
    assert np.abs(found - poisson.cdf(at, mean)).max() < allowed
    assert counts.mean() == pytest.approx(mean, abs=5 * np.sqrt(mean / COUNT))
    assert counts.var() == pytest.approx(mean, rel=5 * np.sqrt(2 / COUNT + 1 / max(mean * COUNT, 1e-9)))


def test_means_of_all_sizes_in_one_frame():
    means = torch.tensor([0.0, 0.2, 3.0, 15.0, 17.0, 900.0]).repeat(20_000, 1)
    counts = poisson_counts(means, Dice(2)).double()
    assert counts.shape == means.shape
    errors = (counts.mean(0) - means[0]) / torch.sqrt(means[0].clamp(min=1e-9) / 20_000)
    assert errors.abs().max() < 5


def test_neighbours_are_independent():
    counts = poisson_counts(torch.full((512, 512), 2.0), Dice(3)).double() - 2.0
    correlation = (counts[:, 1:] * counts[:, :-1]).mean() / 2.0
    assert abs(float(correlation)) < 5 / 512


@pytest.mark.parametrize("bright", [0, 3, 9])
def test_few_and_many_counts_beside_each_other(bright):
    """Whichever is drawn for most, variances are Poisson's as well as means, and no pixel gets another's counts."""
    means = torch.tensor([400.0] * bright + [4.0] * (10 - bright)).repeat(20_000, 1)
    counts = poisson_counts(means, Dice(4)).double()
    assert ((counts.mean(0) - means[0]) / torch.sqrt(means[0] / 20_000)).abs().max() < 5
    assert (counts.var(0) / means[0] - 1).abs().max() < 5 * np.sqrt(2 / 20_000 + 1 / (4 * 20_000))


def test_no_pixels_no_counts():
    assert poisson_counts(torch.zeros(0, 5), Dice(0)).shape == (0, 5)


def test_rare_counts_are_as_rare_as_they_are():
    """Numbers of pixels with one count and with two, where hardly any has one."""
    counts = poisson_counts(torch.full((4_000_000,), 0.02), Dice(5))
    for value in (1, 2):
        expected = len(counts) * poisson.pmf(value, 0.02)
        assert int((counts == value).sum()) == pytest.approx(expected, abs=4 * np.sqrt(expected))
