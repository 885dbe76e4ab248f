"""Batches on their way to a device."""

import numpy as np
import pytest
import torch

from autoexp.reduction import BeamStatistics, FrameMeta, FrameSpec
from autoexp.reduction.upload import Lead, Upload
from autoexp.testing.reducers import assert_same

SHAPE = (48, 64)


class Work:
    """Marks of a device, which are passed when somebody waits for them."""

    def __init__(self):
        self.passed = []

    def mark(self, number):
        return _Mark(self.passed, number)


class _Mark:
    def __init__(self, passed, number):
        self._passed, self._number = passed, number

    def synchronize(self):
        self._passed.append(self._number)


@pytest.mark.parametrize("batches", [0, 1, 3])
def test_the_host_runs_ahead_by_so_many_batches(batches):
    work, lead = Work(), Lead(batches)
    for number in range(7):
        lead.take(work.mark(number))
        assert work.passed == list(range(number + 1 - batches))


def test_on_a_cpu_batches_are_handed_through():
    batch = torch.ones((2, *SHAPE), dtype=torch.uint16)
    assert Upload("cpu")(batch) is batch


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_batches_come_to_a_gpu_unchanged_and_in_order():
    upload, batches = Upload("cuda"), [torch.full((4, *SHAPE), each, dtype=torch.uint16) for each in range(20)]
    found = [upload(batch).to(torch.int32).sum() for batch in batches]
    assert [int(each) for each in found] == [int(batch.to(torch.int32).sum()) for batch in batches]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_what_was_uploaded_reads_the_same():
    frames = torch.from_numpy(np.random.default_rng(0).poisson(20, (24, *SHAPE)).astype(np.uint16))
    reducer, readings = BeamStatistics(), []
    for device in ("cpu", "cuda"):
        upload, state = Upload(device), reducer.init(FrameSpec(SHAPE, device))
        for batch in frames.split(4):
            state = reducer.update(state, upload(batch), FrameMeta())
        readings.append(reducer.read(state))
    assert_same(*readings, rtol=1e-5, atol=1e-6)
