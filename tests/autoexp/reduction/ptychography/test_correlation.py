"""Fourier ring correlation."""

import math

import numpy as np
import pytest
import torch

from autoexp.reduction.ptychography.correlation import RingCorrelation, ring_correlation

N, STEP = 128, 0.02
HANN = torch.hann_window(N, periodic=False, dtype=torch.float64)
WINDOW = HANN[:, None] * HANN


def noise(seed):
    return torch.randn((N, N), dtype=torch.complex128, generator=torch.Generator().manual_seed(seed))


def correlate(a, b, window=WINDOW, rings=32):
    return ring_correlation(a, b, window, (STEP, STEP), rings)


def test_an_image_is_like_itself_whatever_its_phase_and_scale():
    image = noise(0)
    found = correlate(image, 3 * np.exp(0.7j) * image)
    assert found.value.numpy() == pytest.approx(1.0)
    assert found.crossing()[0] == math.inf
    assert float(found.frequency[-1]) == pytest.approx(0.5 / STEP, rel=0.02)


def test_the_value_is_the_sum_over_a_ring():
    a, b = noise(1), noise(2) + 0.5 * noise(1)
    found = correlate(a, b, torch.ones((N, N), dtype=torch.float64))
    f, g = (np.fft.fft2(each.numpy() - each.numpy().mean()) for each in (a, b))
    k = np.hypot(np.fft.fftfreq(N, STEP)[:, None], np.fft.fftfreq(N, STEP)) / (0.5 / STEP) * 32
    ring = (k >= 9) & (k < 10)
    expected = abs((f * g.conj())[ring].sum()) / math.sqrt((abs(f[ring]) ** 2).sum() * (abs(g[ring]) ** 2).sum())
    assert float(found.value[9]) == pytest.approx(expected)
    assert float(found.count[9]) == pytest.approx(ring.sum())


def test_noise_alone_is_below_the_threshold_and_spreads_as_its_sigma_says():
    found = [correlate(noise(2 * i), noise(2 * i + 1)) for i in range(8)]
    assert all((each.value < each.threshold)[2:].float().mean() > 0.95 for each in found)
    mean_square = torch.stack([each.value[4:].square() * each.count[4:] for each in found]).mean()
    assert float(mean_square) == pytest.approx(1.0, rel=0.15)


def test_the_sigma_is_the_spread_of_a_known_correlation():
    """Two images that share a third have the correlation 0.8 in every ring."""
    found = []
    for i in range(12):
        common = 2 * noise(3 * i)
        found.append(correlate(common + noise(3 * i + 1), common + noise(3 * i + 2)))
    values, sigmas = torch.stack([each.value[6:] for each in found]), torch.stack([each.sigma[6:] for each in found])
    assert float(values.mean()) == pytest.approx(0.8, abs=0.01)
    assert float((values - 0.8).square().mean().sqrt()) == pytest.approx(float(sigmas.mean()), rel=0.2)


def test_the_resolution_is_where_the_signal_ends():
    """To one ring: a signal up to a third of the Nyquist frequency, twice the noise there, and none beyond."""
    frequency = torch.fft.fftfreq(N, STEP, dtype=torch.float64)
    radius = torch.hypot(frequency[:, None].expand(N, N), frequency.expand(N, N))
    signal = torch.fft.ifft2(torch.fft.fft2(noise(0)) * (radius < 8.0)) * 2
    at, sigma = correlate(signal + noise(1), signal + noise(2)).crossing()
    assert at == pytest.approx(8.0, abs=0.5 / STEP / 32)
    assert 0 < sigma < 0.5


def test_the_threshold_is_half_a_bit():
    """For many coefficients it is that of a signal-to-noise ratio 0.2071 of each half, which is 0.4142 of both."""
    many = RingCorrelation(torch.ones(1), torch.ones(1), torch.tensor([1e12]))
    assert float(many.threshold) == pytest.approx(0.2071 / 1.2071, rel=1e-4)
    assert 0.5 * math.log2(1 + 2 * 0.2071) == pytest.approx(0.25, abs=1e-3)


def test_what_never_agrees_has_no_resolution():
    never = RingCorrelation(torch.arange(3.0), torch.zeros(3), torch.full((3,), 50.0))
    assert math.isnan(never.crossing()[0])
