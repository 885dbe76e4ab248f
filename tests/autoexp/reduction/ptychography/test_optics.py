"""Optics of far-field ptychography."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autoexp.errors import ReductionError
from autoexp.reduction.ptychography import FarField, ObjectGrid

OPTICS = FarField((24, 32), 400e-6, 2.0, 1.5e-10)
GRID = ObjectGrid(OPTICS, (-0.5, 0.7), (0.1, 0.3))


def test_a_sample_is_the_wavelength_times_the_distance_over_the_detectors_width():
    assert OPTICS.sampling == pytest.approx((1e6 * 1.5e-10 * 2.0 / 9.6e-3, 1e6 * 1.5e-10 * 2.0 / 12.8e-3))


@given(st.floats(-0.5, 0.7), st.floats(0.1, 0.3))
def test_the_middle_of_the_probe_is_at_the_position(x, y):
    (row, column), (down, right) = GRID.place(x, y)
    at_y, at_x = GRID.axes
    assert at_y[row + 12] + down * OPTICS.sampling[0] == pytest.approx(y, abs=1e-9)
    assert at_x[column + 16] + right * OPTICS.sampling[1] == pytest.approx(x, abs=1e-9)
    assert max(abs(down), abs(right)) <= 0.5
    assert 0 <= row <= GRID.shape[0] - 24
    assert 0 <= column <= GRID.shape[1] - 32


def test_a_wave_in_focus_has_the_amplitude_of_the_detector_and_the_power():
    amplitude = torch.rand((24, 32), generator=torch.Generator().manual_seed(0))
    for defocus in (0.0, 5e-4):
        wave = OPTICS.defocused(amplitude, defocus)
        far = torch.fft.fft2(torch.fft.ifftshift(wave), norm="ortho")
        assert torch.allclose(far.abs(), amplitude, atol=1e-6)
    assert float(wave.abs().square().sum()) == pytest.approx(float(amplitude.square().sum()), rel=1e-6)


def test_defocus_spreads_a_wave_as_rays_do():
    """A cone of half angle a is, at a distance d, a disc of radius a d: rms a d / 2 along x."""
    optics = FarField((128, 128), 150e-6, 2.0, 1.5e-10)
    pixel = torch.arange(128) - 64
    disc = torch.fft.ifftshift((torch.hypot(pixel[:, None] + 0.0, pixel[None] + 0.0) * 150e-6 < 1.2e-3 * 2).float())
    intensity = optics.defocused(disc, 8e-4).abs().square().numpy()
    x = pixel.numpy() * optics.sampling[1]
    rms = np.sqrt((intensity.sum(0) * x**2).sum() / intensity.sum())
    assert rms == pytest.approx(1.2e-3 * 8e-4 * 1e6 / 2, rel=0.1)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ReductionError, match="positive length in m"):
        FarField((24, 24), 0.0, 2.0, 1e-10)
    with pytest.raises(ReductionError, match="4 rows"):
        FarField((2, 24), 1e-4, 2.0, 1e-10)
    with pytest.raises(ReductionError, match="from low to high"):
        ObjectGrid(OPTICS, (1.0, 0.0), (0.0, 1.0))
    with pytest.raises(ReductionError, match="x=9"):
        GRID.place(9.0, 0.2)
    with pytest.raises(ReductionError, match="finite"):
        GRID.place(0.0, float("nan"))
