"""Sums on a grid of positions."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autoexp.errors import ReductionError
from autoexp.reduction import FrameMeta
from autoexp.reduction.gridded import GridSums, positions

GRID = (0.0, 1.0, 3.0)


def added(at, values, valid=None, state=None):
    values = torch.as_tensor(values, dtype=torch.float64).reshape(-1, 1)
    valid = None if valid is None else torch.tensor(valid)
    return (state or GridSums.empty(GRID, 1, "cpu")).add(values, 2 * values, valid, torch.tensor(at))


@given(st.lists(st.tuples(st.floats(-2.0, 6.0), st.integers(0, 1000)), min_size=1, max_size=20))
def test_each_reading_belongs_to_the_nearest_point_or_to_none(readings):
    at, values = (np.array(each, dtype=float) for each in zip(*readings, strict=True))
    found = added(at, values)
    owner = np.digitize(at, [-0.5, 0.5, 2.0, 4.0]) - 1
    for point in range(3):
        own = owner == point
        assert float(found.counts[point, 0]) == values[own].sum()
        assert float(found.variances[point, 0]) == 2 * values[own].sum()
        assert int(found.seen[point]) == own.sum()
        if own.any():
            assert float(found.mean_positions()[point]) == pytest.approx(at[own].mean(), abs=1e-9)
    assert found.left_out.tolist() == [((owner < 0) | (owner > 2)).sum(), 0]
    assert found.n_frames == len(readings)


def test_invalid_readings_are_counted_and_do_not_enter():
    found = added([0.0, 1.0, np.nan], [5.0, np.nan, 7.0], [True, False, True])
    assert found.counts[:, 0].tolist() == [5.0, 0.0, 0.0]
    assert found.left_out.tolist() == [0, 2]


def test_parts_add_up():
    parts = added([0.1, 2.9], [1.0, 2.0]).merge(added([0.2, 9.0], [3.0, 4.0]))
    whole = added([0.1, 2.9, 0.2, 9.0], [1.0, 2.0, 3.0, 4.0])
    for name in ("counts", "variances", "offsets", "seen", "left_out"):
        assert getattr(parts, name).numpy() == pytest.approx(getattr(whole, name).numpy())


def test_grids_must_be_one():
    with pytest.raises(ReductionError, match="got 3 and 2 points"):
        added([0.0], [1.0]).merge(GridSums.empty((0.0, 1.0), 1, "cpu"))


def test_positions_must_be_known():
    meta = FrameMeta(coordinates={"x": torch.zeros(2)})
    assert positions(meta, "x", 2).tolist() == [0.0, 0.0]
    with pytest.raises(ReductionError, match="coordinate 'y', got \\['x'\\]"):
        positions(meta, "y", 2)
    with pytest.raises(ReductionError, match="got 2 for 3 frames"):
        positions(meta, "x", 3)
