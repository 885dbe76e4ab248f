"""Bins of q."""

import numpy as np
import pytest
import torch

from autoexp.errors import ReductionError
from autoexp.reduction import Band, Poni
from autoexp.reduction.xpcs.bins import LabelledBins, RadialBins

PONI = Poni((48, 64), (1e-3, 1e-3), 0.1, (0.024, 0.032))


def radial():
    """q in 1/Å by the angle to the point of normal incidence, for the default wavelength of 1 Å."""
    y, x = np.mgrid[:48, :64]
    distance = np.hypot(y + 0.5 - 24, x + 0.5 - 32) * 1e-3
    return 4 * np.pi * np.sin(0.5 * np.arctan(distance / 0.1))


def test_rings_hold_the_pixels_between_two_values():
    bins = RadialBins(PONI, (Band("inner", 0.2, 0.5), Band("outer", 0.6, 1.1)))
    q = radial()
    for index, (low, high) in zip(bins.pixels(), ((0.2, 0.5), (0.6, 1.1)), strict=True):
        assert index.tolist() == np.flatnonzero((q >= low) & (q <= high)).tolist()
    axis = bins.axis()
    assert axis.unit == "1/angstrom"
    assert axis.values == pytest.approx([q[(q >= 0.2) & (q <= 0.5)].mean(), q[(q >= 0.6) & (q <= 1.1)].mean()])
    assert bins.names == ("inner", "outer")
    assert bins.shape == (48, 64)


def test_labels_are_taken_as_they_are():
    labels = torch.zeros((48, 64), dtype=torch.uint8)
    labels[3, 4:6] = 7
    labels[10] = 2
    bins = LabelledBins(labels)
    assert bins.names == ("2", "7")
    assert [len(index) for index in bins.pixels()] == [64, 2]
    assert bins.pixels()[1].tolist() == [3 * 64 + 4, 3 * 64 + 5]
    assert bins.axis().values.tolist() == [2.0, 7.0]
    placed = LabelledBins(labels, PONI).axis()
    assert placed.values == pytest.approx([radial()[10].mean(), radial()[3, 4:6].mean()])
    assert placed.unit == "1/angstrom"


def test_what_makes_no_bins_is_refused():
    with pytest.raises(ReductionError, match=r"got \[\]"):
        LabelledBins(torch.zeros((4, 4), dtype=torch.int64))
    with pytest.raises(ReductionError, match="name of its own"):
        RadialBins(PONI, (Band("a", 0.0, 1.0), Band("a", 1.0, 2.0)))
    with pytest.raises(ReductionError, match=r"integers, \(y, x\), got torch.float32"):
        LabelledBins(torch.ones((4, 4)))
    with pytest.raises(ReductionError, match=r"must be \(48, 64\)"):
        LabelledBins(torch.ones((4, 4), dtype=torch.int64), PONI)
