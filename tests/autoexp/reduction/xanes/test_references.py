"""Spectra as mixtures."""

import numpy as np
import pytest
import torch
from scipy.optimize import nnls

from autoexp.errors import ReductionError
from autoexp.reduction.xanes.normalisation import Windows, normalise
from autoexp.reduction.xanes.references import References, decompose

ENERGY = np.linspace(7060.0, 7180.0, 241)


def species(edge, line):
    x = ENERGY - edge
    return 0.5 + np.arctan(x / 1.2) / np.pi + line / (1 + ((x - 4) / 2.5) ** 2)


SPECTRA = np.stack([species(7112.0, 0.1), species(7119.5, 0.5), species(7123.5, 0.8)])
NAMES = ("metal", "ferrous", "ferric")


def spectra(fractions, sigma=0.0, draws=1, scale=0.7):
    mu = 0.3 + 1e-3 * (ENERGY - 7000) + scale * np.asarray(fractions) @ SPECTRA
    noise = np.random.default_rng(2).standard_normal((draws, len(ENERGY)))
    found = torch.from_numpy(mu + sigma * noise)
    e0 = torch.tensor([[7119.0]], dtype=torch.float64)
    return normalise(torch.from_numpy(ENERGY), found, torch.full_like(found, sigma**2), e0, Windows())


@pytest.mark.parametrize("sum_to_one", [True, False])
@pytest.mark.parametrize("fractions", [(0.2, 0.5, 0.3), (0.0, 0.4, 0.6), (1.0, 0.0, 0.0)])
def test_fractions_of_an_exact_mixture_are_found(fractions, sum_to_one):
    found = decompose(spectra(fractions, 1e-9), References(NAMES, ENERGY, SPECTRA, sum_to_one=sum_to_one))
    assert found.fractions[0].numpy() == pytest.approx(fractions, abs=1e-5)
    assert found.clear.all()


def test_it_is_scipys_non_negative_least_squares():
    measured = spectra((0.0, 0.4, 0.6), 0.05, draws=20)
    references = References(NAMES, ENERGY, SPECTRA, sum_to_one=False)
    found = decompose(measured, references)
    theirs = normalise(
        measured.energy, references.at(measured.energy), torch.ones(3, len(ENERGY)), measured.e0, Windows()
    )
    inside = (ENERGY >= 7099.0) & (ENERGY <= 7149.0)
    for index in range(20):
        weights, _ = nnls(theirs.norm.numpy()[:, inside].T, measured.norm[index].numpy()[inside])
        expected = weights / theirs.step.numpy()[:, 0]
        expected *= weights.sum() / expected.sum()
        assert found.fractions[index].numpy() == pytest.approx(expected, abs=1e-8)
    assert (found.fractions == 0).any()


@pytest.mark.parametrize("sum_to_one", [True, False])
def test_sigmas_are_the_spread_of_repeated_spectra(sum_to_one):
    measured = spectra((0.3, 0.3, 0.4), 2e-3, draws=2000)
    found = decompose(measured, References(NAMES, ENERGY, SPECTRA, sum_to_one=sum_to_one))
    spread = found.fractions.std(0).numpy()
    assert spread == pytest.approx(found.sigma.mean(0).numpy(), rel=5 / np.sqrt(4000))
    assert float(found.misfit.mean()) == pytest.approx(1.0, abs=0.1)
    assert found.fractions.mean(0).numpy() == pytest.approx([0.3, 0.3, 0.4], abs=1e-3)


def test_references_that_are_hard_to_tell_apart_are_not_clear():
    alike = np.stack([SPECTRA[0], species(7119.5, 0.5), species(7119.6, 0.5)])
    found = decompose(spectra((0.2, 0.8, 0.0), 0.02), References(NAMES, ENERGY, alike))
    assert found.clear[0].tolist() == [True, False, False]


def test_a_species_that_is_missing_shows_in_the_misfit():
    found = decompose(spectra((0.3, 0.3, 0.4), 1e-3), References(NAMES[:2], ENERGY, SPECTRA[:2]))
    assert float(found.misfit) > 10


@pytest.mark.parametrize(
    ("build", "rule"),
    [
        (lambda: References((), ENERGY, SPECTRA), "name of its own"),
        (lambda: References(NAMES[:2], ENERGY, SPECTRA), "names by energies"),
        (lambda: References(("a", "b"), ENERGY, SPECTRA[[0, 0]]), "linearly independent"),
        (lambda: References(NAMES, ENERGY[::-1], SPECTRA), "ascend"),
        (lambda: References(NAMES, ENERGY, SPECTRA, (30.0, -20.0)), "begin below"),
    ],
)
def test_what_makes_no_sense_is_refused(build, rule):
    with pytest.raises(ReductionError, match=rule):
        build()
