"""The reducer of patterns."""

import numpy as np
import pytest
import torch

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction import FrameMeta, FrameSpec
from autoexp.reduction.ptychography import FarField, Field, Ptychography
from autoexp.testing.reducers import ReducerContract

OPTICS = FarField((24, 32), 400e-6, 2.0, 1.5e-10)
FIELD = Field(OPTICS, (-0.4, 0.4), (-0.5, 0.5))
PLACES = np.random.default_rng(3).uniform(-0.4, 0.4, (6, 2))


def meta(start, stop):
    return FrameMeta(coordinates=dict(zip("xy", torch.from_numpy(PLACES[start:stop].T), strict=True)))


class TestContract(ReducerContract):
    @pytest.fixture
    def spec(self):
        return FrameSpec((24, 32))

    def meta(self, start, stop):
        return meta(start, stop)

    @pytest.fixture(params=[False, True])
    def reducer(self, request):
        return Ptychography(FIELD, epochs=2, halves=request.param)


class TestContractWithoutMaps(TestContract):
    @pytest.fixture
    def reducer(self):
        return Ptychography(FIELD, epochs=2, maps=False)
