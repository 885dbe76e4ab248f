"""Reducers read the same on a GPU as on a CPU."""

import numpy as np
import pytest
import torch

from autoexp.reduction import (
    AzimuthalIntegration,
    BeamStatistics,
    DataQuality,
    Drift,
    FrameMeta,
    FrameSpec,
    Poni,
    Region,
    RegionSums,
    SpectrumFit,
)
from autoexp.testing.reducers import assert_same

SHAPE = (48, 64)
GEOMETRY = Poni(SHAPE, (172e-6, 172e-6), 0.05, (0.004, 0.005))


def frames():
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    spot = np.exp(-(((x - 29) / 4) ** 2) / 2 - ((y - 26) / 3) ** 2 / 2)
    return torch.from_numpy(np.random.default_rng(7).poisson(200 * spot + 2, (6, *SHAPE)).astype(np.int32))


REDUCERS = {
    "azimuthal": AzimuthalIntegration(GEOMETRY, bins=20),
    "azimuthal, clipped": AzimuthalIntegration(GEOMETRY, bins=20, clip=3.0),
    "azimuthal, split": AzimuthalIntegration(GEOMETRY, bins=20, splitting="full"),
    "beam": BeamStatistics(),
    "drift": Drift(),
    "drift, from a frame": Drift(frames()[0]),
    "quality": DataQuality(),
    "regions": RegionSums((Region("a", 10, 20), Region("b", 15, 60))),
    "fit": SpectrumFit(torch.from_numpy(np.random.default_rng(0).random((SHAPE[1], 3))), ("a", "b", "c")),
}


def read(reducer, batches, device):
    state = reducer.init(FrameSpec(SHAPE, device))
    for batch in batches:
        state = reducer.update(state, batch, FrameMeta())
    return reducer.read(state)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("masked", [False, True], ids=["", "masked"])
@pytest.mark.parametrize("name", REDUCERS)
def test_a_gpu_reads_the_same(name, masked):
    bad = torch.rand(SHAPE, generator=torch.Generator().manual_seed(0)) < 0.01
    batches = [frames().masked_fill(bad, -1) if masked else frames()]
    assert_same(read(REDUCERS[name], batches, "cuda"), read(REDUCERS[name], batches, "cpu"), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", REDUCERS)
def test_whole_numbers_read_as_floating_point_numbers_do(name):
    whole = frames()
    found, expected = (read(REDUCERS[name], each.split([1, 3, 2]), "cpu") for each in (whole, whole.double()))
    assert_same(found, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", REDUCERS)
def test_no_type_of_counts_matters(name):
    kinds = (torch.uint8, torch.int16, torch.uint16, torch.uint32, torch.int64)
    counts = frames().clamp(max=250)
    readings = [read(REDUCERS[name], [counts.to(kind)], "cpu") for kind in kinds]
    for reading in readings[1:]:
        assert_same(reading, readings[0], rtol=1e-9)
