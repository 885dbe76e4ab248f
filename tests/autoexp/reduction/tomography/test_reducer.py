"""The running reconstruction."""

import numpy as np
import pytest
import torch

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction import Dark, Flat, FrameMeta, FrameSpec, chain
from autoexp.reduction.tomography import Iterative, Tomography
from autoexp.testing.reducers import ReducerContract

ANGLES = torch.tensor([10.0, 100.0, 55.0, 190.0, 145.0, 20.0])


class TestContract(ReducerContract):
    @pytest.fixture
    def reducer(self):
        return Tomography((20, 30), white=300.0, pixel=2.0, window="hann")

    def meta(self, start, stop):
        return FrameMeta(coordinates={"angle": ANGLES[start:stop]})


def counts(phantom, degrees, *, white=1e4, rows=3, axis=70.3, seed=0):
    """Return noisy frames of some equal rows."""
    lines = phantom.lines(degrees, axis=axis).double() / 64
    generator = torch.Generator().manual_seed(seed)
    expected = (white * torch.exp(-lines))[:, None].expand(-1, rows, -1)
    return torch.poisson(expected, generator=generator).to(torch.int32)


def seen(reducer, frames, degrees):
    state = reducer.init(FrameSpec(tuple(frames.shape[1:])))
    return reducer.update(state, frames, FrameMeta(coordinates={"angle": degrees}))


def golden(number):
    return torch.arange(number, dtype=torch.float64) * 111.246 % 180


def test_the_sample_is_seen_with_the_axis_found(phantom):
    degrees = golden(150)
    reducer = Tomography((1,), white=1e4, pixel_size=2 / 128, unit="mm", window="hann")
    reading = reducer.read(seen(reducer, counts(phantom, degrees), degrees))
    axis, slices = reading["axis"], reading["slices"]
    assert float(axis.value) == pytest.approx(70.3, abs=4 * float(axis.sigma))
    assert float(axis.sigma) < 0.05
    assert slices.unit == "1/mm"
    assert phantom.psnr(slices.value[0], phantom.slice_of(128)) > 25
    assert slices.axes["x"].values[[0, -1]] == pytest.approx([-127 / 128, 127 / 128])


def test_sigma_is_the_noise_of_a_slice(phantom):
    degrees = golden(40)
    reducer = Tomography((0,), axis=70.3, white=1e4)
    readings = [reducer.read(seen(reducer, counts(phantom, degrees, seed=k, rows=1), degrees)) for k in range(20)]
    values = np.stack([reading["slices"].value[0] for reading in readings])
    inside = readings[0]["slices"].sigma[0] > 0
    ratio = values.std(axis=0, ddof=1)[inside] / readings[0]["slices"].sigma[0][inside]
    assert np.mean(ratio) == pytest.approx(1.0, abs=0.05)


def test_least_squares_refine_the_same_slice(phantom):
    """They beat the smoothest filter where projections are few, and say when they are not done."""
    degrees = golden(20)
    frames = counts(phantom, degrees, rows=1, white=1e5)
    plain, refined, hasty = (
        Tomography((0,), axis=70.3, white=1e5, window=window, iterative=iterative)
        for window, iterative in (("hann", None), ("linear", Iterative(1.0)), ("linear", Iterative(1.0, iterations=1)))
    )
    readings = [each.read(seen(each, frames, degrees))["slices"] for each in (plain, refined, hasty)]
    truth = phantom.slice_of(128) / 64
    assert phantom.psnr(readings[1].value[0], truth) > phantom.psnr(readings[0].value[0], truth) + 4
    assert (readings[1].sigma[0] >= 0).all()
    assert [each.flags for each in readings] == [Flags.NONE, Flags.NONE, Flags.NOT_CONVERGED]


def test_disagreement_falls_as_projections_come(phantom):
    reducer = Tomography((0,), axis=70.3, white=1e4)
    degrees = golden(120)
    frames = counts(phantom, degrees, rows=1)
    found = [reducer.read(seen(reducer, frames[:n], degrees[:n]))["disagreement"] for n in (8, 30, 120)]
    values = [float(each.value) for each in found]
    assert values[0] > values[1] > values[2]
    assert all(0 < float(each.sigma) < 0.2 * float(each.value) for each in found)


def test_dark_and_flat_come_first(phantom):
    degrees = golden(100)
    clean = counts(phantom, degrees)
    response = 1.0 + 0.3 * torch.rand((3, 128), generator=torch.Generator().manual_seed(1))
    spoilt = clean * response + 20.0
    reducer = Tomography((1,), white=1e4)
    corrected = chain(Dark(torch.full((3, 128), 20.0)), Flat(response), reducer)
    expected, found = reducer.read(seen(reducer, clean, degrees)), corrected.read(seen(corrected, spoilt, degrees))
    np.testing.assert_allclose(found["slices"].value, expected["slices"].value, atol=2e-4)


def test_air_makes_up_for_a_beam_that_decays(phantom):
    degrees = golden(60)
    beam = torch.linspace(1.0, 0.5, 60)[:, None, None]
    frames = counts(phantom, degrees, axis=63.5, white=1e5)
    steady, blind = (Tomography((1,), air=air, white=1e5, axis=63.5, window="hann") for air in (10, 0))
    truth = phantom.slice_of(128) / 64
    found = [
        phantom.psnr(each.read(seen(each, frames * beam, degrees))["slices"].value[0], truth)
        for each in (steady, blind)
    ]
    assert found[0] > found[1] + 10


def test_any_row_can_be_read_later(phantom):
    degrees = golden(12)
    reducer = Tomography((1,), white=1e4, kept=(1, 3))
    state = seen(reducer, counts(phantom, degrees), degrees)
    np.testing.assert_array_equal(reducer.slice(state, 1).value, reducer.read(state)["slices"].value[0])
    assert reducer.slice(state, 2).dims == ("y", "x")
    with pytest.raises(ReductionError, match="from 1 to below 3, got 0"):
        reducer.slice(state, 0)


def test_a_frame_without_beam_is_left_out(phantom):
    degrees = golden(20)
    frames = counts(phantom, degrees)
    dumped = torch.cat([frames, torch.zeros((1, 3, 128), dtype=torch.int32)])
    reducer = Tomography((1,), white=1e4)
    found = reducer.read(seen(reducer, dumped, torch.cat([degrees, torch.tensor([33.0])])))
    np.testing.assert_array_equal(found["slices"].value, reducer.read(seen(reducer, frames, degrees))["slices"].value)
    assert found["slices"].flags == Flags.MASKED | Flags.INCOMPLETE


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ReductionError, match="rows must be kept, from 5 to below 9"):
        Tomography((4,), kept=(5, 9))
    with pytest.raises(ReductionError, match="must be positive, got 0"):
        Tomography((0,), white=0.0)
    with pytest.raises(ReductionError, match="pixel must be 1 or more"):
        Tomography((0,), pixel=0.5)
    with pytest.raises(ReductionError, match="one angle per frame"):
        seen(Tomography((0,)), torch.ones((2, 4, 4)), torch.zeros(3))
    with pytest.raises(ReductionError, match="rows must be below 4"):
        seen(Tomography((4,)), torch.ones((2, 4, 4)), torch.zeros(2))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_reads_the_same(phantom):
    degrees = golden(30)
    frames = counts(phantom, degrees)
    reducer = Tomography((1,), white=1e4, iterative=Iterative(10.0, tolerance=1e-5))
    meta = FrameMeta(coordinates={"angle": degrees})
    readings = [
        reducer.read(reducer.update(reducer.init(FrameSpec((3, 128), device)), frames, meta))
        for device in ("cpu", "cuda")
    ]
    for name in readings[0]:
        np.testing.assert_allclose(readings[1][name].value, readings[0][name].value, atol=1e-3, err_msg=name)
        np.testing.assert_allclose(readings[1][name].sigma, readings[0][name].sigma, atol=1e-3, err_msg=name)
