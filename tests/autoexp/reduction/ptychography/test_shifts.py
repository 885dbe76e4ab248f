"""A probe moved by shares of a sample."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autoexp.reduction.ptychography.shifts import Shifts

PROBE = torch.randn((9, 11), dtype=torch.complex64, generator=torch.Generator().manual_seed(0))


@given(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
def test_a_shift_turns_the_far_field_and_is_undone(down, right):
    """A wave moved by d has the Fourier transform ``F exp(-2 pi i f d)``; whole samples are a roll."""
    shifts = Shifts.of(PROBE, [(down, right), (1.0, -2.0)])
    moved = shifts.apply(PROBE)
    ramp = np.exp(-2j * np.pi * (np.fft.fftfreq(9)[:, None] * down + np.fft.fftfreq(11) * right))
    if down or right:
        assert np.fft.fft2(moved[0].numpy()) == pytest.approx(np.fft.fft2(PROBE.numpy()) * ramp, abs=1e-4)
    assert torch.allclose(moved[1], PROBE.roll((1, -2), (0, 1)), atol=1e-5)
    assert torch.allclose(shifts.undo(moved), 2 * PROBE, atol=1e-5)
