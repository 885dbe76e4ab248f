"""Gridding against the sum that it stands for."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp.reduction.tomography.gridding import fast_length, spokes


def spectra_of(angles, samples, seed):
    spectra = torch.randn((angles, samples), dtype=torch.complex64, generator=torch.Generator().manual_seed(seed))
    spectra[:, 0] = spectra[:, 0].real.to(torch.complex64)
    return spectra


def summed(spectra, angles, spacing, size, pixel=1.0):
    place = (torch.arange(size, dtype=torch.float64) - (size - 1) / 2) * pixel
    frequency = torch.arange(spectra.shape[1], dtype=torch.float64)[:, None, None] * spacing
    total = torch.zeros((size, size), dtype=torch.float64)
    for angle, spectrum in zip(angles, spectra.to(torch.complex128), strict=True):
        u = place * torch.cos(angle) + place[:, None] * torch.sin(angle)
        waves = spectrum[:, None, None] * torch.exp(2j * math.pi * frequency * u)
        total += 2.0 * waves.real.sum(0) - waves[0].real
    return total


@settings(max_examples=25, deadline=None)
@given(
    st.integers(6, 40),
    st.integers(2, 40),
    st.lists(st.floats(-10.0, 10.0), min_size=1, max_size=5),
    st.sampled_from([1.0, 0.8]),
    st.integers(0, 99),
)
def test_it_is_the_sum_of_plane_waves(size, samples, angles, pixel, seed):
    directions = torch.tensor(angles, dtype=torch.float64)
    spectra, spacing = spectra_of(len(angles), samples, seed), 0.5 / (samples - 1)
    found = spokes(directions, samples, spacing, size, pixel).picture(spectra)
    expected = summed(spectra, directions, spacing, size, pixel)
    # what the kernel of this width leaves of aliases
    assert float((found - expected).norm()) < 3e-3 * size * float(spectra.abs().square().sum().sqrt())


def test_it_is_linear():
    angles = torch.tensor([0.1, 1.0, 2.5], dtype=torch.float64)
    over = spokes(angles, 17, 1 / 32, 20)
    a, b = spectra_of(3, 17, 1), spectra_of(3, 17, 2)
    torch.testing.assert_close(over.picture(2.0 * a - b), 2.0 * over.picture(a) - over.picture(b))


@pytest.mark.parametrize("least", range(1, 60, 7))
def test_a_fast_length_is_even_and_no_shorter(least):
    length = fast_length(least)
    assert length >= least
    assert length % 2 == 0
