"""Absorption by two ion chambers."""

import numpy as np
import pytest
import torch

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction import Absorption, FrameMeta, FrameSpec
from autoexp.testing.reducers import ReducerContract


class TestContract(ReducerContract):
    @pytest.fixture
    def reducer(self):
        return Absorption()

    @pytest.fixture
    def spec(self):
        return FrameSpec((1, 2))

    @pytest.fixture
    def frames(self, spec):
        counts = np.random.default_rng(7).poisson([9000.0, 3000.0], (6, *spec.shape))
        return torch.from_numpy(counts.astype(np.int32))


def read(counts, reducer=None):
    reducer, frames = reducer or Absorption(), torch.as_tensor(counts)
    return reducer.read(reducer.update(reducer.init(FrameSpec(tuple(frames.shape[1:]))), frames, FrameMeta()))


def test_mu_is_the_logarithm_of_the_ratio():
    found = read([[[8000, 2000]], [[8200, 2100]]])
    assert float(found["mu"].value) == pytest.approx(np.log(16200 / 4100))
    assert float(found["i0"].value) == 8100
    assert float(found["it"].value) == 2050


def test_sigma_is_the_spread_of_repeated_measurements():
    counts = np.random.default_rng(3).poisson([4000.0, 900.0], (4000, 1, 1, 2))
    found = [read(each)["mu"] for each in counts]
    spread = np.std([float(each.value) for each in found])
    assert spread == pytest.approx(np.mean([float(each.sigma) for each in found]), rel=4 / np.sqrt(2 * len(found)))


def test_columns_can_be_chosen():
    assert float(read([[[5, 100, 400]]], Absorption(2, 1))["mu"].value) == pytest.approx(np.log(4))


def test_no_counts_are_no_signal():
    found = read([[[100, 0]]])
    assert np.isnan(found["mu"].value)
    assert found["mu"].flags == Flags.NO_SIGNAL
    assert float(found["i0"].value) == 100


def test_what_is_no_row_of_chambers_is_refused():
    with pytest.raises(ReductionError, match="one row"):
        read(np.ones((1, 2, 2), dtype=np.int32))
    with pytest.raises(ReductionError, match="two columns"):
        Absorption(1, 1)
