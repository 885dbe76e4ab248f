"""Stages carry variances and masks; a chain is a reducer."""

import numpy as np
import pytest
import torch

from autoexp.errors import ReductionError
from autoexp.reduction import (
    BeamStatistics,
    Dark,
    DeadTime,
    Flags,
    Flat,
    FrameMeta,
    Frames,
    FrameSpec,
    Gain,
    Mask,
    Monitor,
    chain,
    lift,
)
from autoexp.testing.reducers import ReducerContract

SHAPE = (48, 64)


class TestContract(ReducerContract):
    @pytest.fixture
    def reducer(self):
        dark = torch.full(SHAPE, 2.0)
        flat = 1.0 + 0.1 * torch.linspace(-1, 1, SHAPE[1]).expand(SHAPE)
        return chain(Gain(1.5), Dark(dark, 0.01), Flat(flat, 1e-4), BeamStatistics())


class TestNestedContract(ReducerContract):
    @pytest.fixture
    def reducer(self):
        return chain(Monitor(2.0), chain(DeadTime(1e-5), BeamStatistics()))


def scatter(stage, draw, n=4000, meta=None):
    """Return the ratio of scatter to carried sigma of one stage on `n` frames of 1 x 8 pixels."""
    frames = draw((n, 1, 8))
    out = stage(lift(torch.from_numpy(frames), "cpu"), meta or FrameMeta())
    return float(out.values.std(0).mean() / out.variances.mean(0).sqrt().mean())


def test_variances_are_those_of_the_values():
    rng = np.random.default_rng(1)
    dark = torch.full((1, 8), 5.0)
    assert scatter(Dark(dark), lambda s: rng.poisson(50, s)) == pytest.approx(1, abs=0.03)
    assert scatter(Flat(torch.full((1, 8), 0.7)), lambda s: rng.poisson(50, s)) == pytest.approx(1, abs=0.03)
    camera = Gain(2.2, offset=100.0, read_noise=3.0)
    draw = lambda s: 2.2 * (rng.poisson(50, s) + rng.normal(0, 3, s)) + 100
    assert scatter(camera, draw) == pytest.approx(1, abs=0.03)
    assert scatter(Monitor(10.0), lambda s: rng.poisson(50, s), meta=FrameMeta(monitor=4.0)) == pytest.approx(
        1, abs=0.03
    )


def test_dead_time_is_undone():
    true = 20000.0
    measured = torch.full((1, 1, 1), true / (1 + true * 1e-5))
    out = DeadTime(1e-5)(lift(measured, "cpu"), FrameMeta(exposure=1.0))
    assert float(out.values) == pytest.approx(true, rel=1e-5)
    blind = DeadTime(1e-5)(lift(torch.full((1, 1, 1), 2e5), "cpu"), FrameMeta())
    assert not blind.valid.any()


def test_channels_of_a_detector_element_are_blind_together():
    tau, exposure, true = 1e-6, 0.5, torch.tensor([[[1e5, 3e4, 0.0, 2e3], [10.0, 0.0, 5.0, 0.0]]], dtype=torch.float64)
    rates = true.sum(-1, keepdim=True) / exposure
    out = DeadTime(tau, shared=True)(lift(true / (1.0 + rates * tau), "cpu"), FrameMeta(exposure=exposure))
    torch.testing.assert_close(out.values, true)
    assert out.valid.all()
    blind = DeadTime(0.1, shared=True)(lift(torch.tensor([[[8, 4, 0], [3, 0, 0]]]), "cpu"), FrameMeta())
    assert blind.valid.tolist() == [[[False] * 3, [True] * 3]]


def test_the_sigma_of_channels_that_are_blind_together_is_their_scatter():
    shares, rng = np.array([400.0, 200.0, 100.0, 50.0, 25.0, 12.0, 6.0, 3.0]), np.random.default_rng(2)
    together = DeadTime(5e-4, shared=True)
    assert scatter(together, lambda s: rng.poisson(shares, s)) == pytest.approx(1, abs=0.03)


def test_a_pixel_without_response_becomes_invalid():
    flat = torch.tensor([[1.0, 0.0, float("nan"), -1.0]])
    out = Flat(flat)(Frames(torch.ones(1, 1, 4)), FrameMeta())
    assert out.valid.flatten().tolist() == [True, False, False, False]


def test_masks_add():
    first, second = torch.tensor([[True, False, False]]), torch.tensor([[False, True, False]])
    raw = torch.tensor([[[1, 2, 3]], [[1, 2, -1]]])
    out = Mask(second)(Mask(first)(lift(raw, "cpu"), FrameMeta()), FrameMeta())
    assert out.valid.tolist() == [[[False, False, True]], [[False, False, False]]]


@pytest.mark.parametrize(
    ("dtype", "sentinel"),
    [
        (np.uint16, 65535),
        (np.int16, -1),
        (np.uint32, 2**32 - 1),
        (np.int32, -1),
        (np.float32, -1),
        (np.float64, np.nan),
    ],
)
def test_sentinels_are_seen_in_every_dtype(dtype, sentinel):
    raw = np.full((1, 2, 3), 7, dtype=dtype)
    assert lift(torch.from_numpy(raw), "cpu").valid is None
    raw[0, 1, 2] = sentinel
    lifted = lift(torch.from_numpy(raw), "cpu")
    assert lifted.valid.flatten().tolist() == [True] * 5 + [False]
    assert float(lifted.values.sum()) == 35


def test_frames_must_be_three_dimensional_and_real():
    with pytest.raises(ReductionError, match=r"\(n, y, x\)"):
        lift(torch.zeros(4, 4), "cpu")
    with pytest.raises(ReductionError, match="real"):
        lift(torch.zeros(1, 4, 4, dtype=torch.complex64), "cpu")


def test_a_mask_may_be_written_in_integers():
    bad = torch.tensor([[0, 1, 255]], dtype=torch.uint8)
    out = Mask(bad)(lift(torch.tensor([[[1, 2, 3]]]), "cpu"), FrameMeta())
    assert out.valid.tolist() == [[True, False, False]]
    assert Mask(bad).settings() == {"masked_pixels": 2}


@pytest.mark.parametrize("shape", [(1, 64), (48, 1), (64,), (1, 48, 64), (3, 64)])
@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda wrong: Dark(wrong), "dark"),
        (lambda wrong: Flat(wrong), "flat"),
        (lambda wrong: Mask(wrong), "bad"),
        (lambda wrong: Dark(torch.ones(SHAPE), wrong), "variance"),
        (lambda wrong: Flat(torch.ones(SHAPE), wrong), "variance"),
        (lambda wrong: Gain(wrong), "gain"),
        (lambda wrong: Gain(2.0, offset=wrong), "offset"),
    ],
)
def test_a_map_must_have_the_shape_of_the_frames(make, name, shape):
    reducer = chain(make(torch.ones(shape)), BeamStatistics())
    with pytest.raises(ReductionError) as refusal:
        reducer.init(FrameSpec(SHAPE))
    assert str(refusal.value) == f"{name} must be (48, 64) as the frames are, got shape {shape}"


def test_one_number_may_stand_for_a_map_where_stages_take_one():
    maps = torch.ones(SHAPE)
    for stage in (Gain(2.0, offset=torch.tensor(1.0)), Dark(maps, 0.1), Flat(maps, torch.tensor(0.1))):
        chain(stage, BeamStatistics()).init(FrameSpec(SHAPE))
    with pytest.raises(ReductionError, match=r"dark must be \(48, 64\) as the frames are, got shape \(\)"):
        chain(Dark(torch.tensor(1.0)), BeamStatistics()).init(FrameSpec(SHAPE))


@pytest.mark.parametrize(
    ("build", "rule"),
    [
        (lambda: DeadTime(-1e-6), "tau must be zero or more seconds, got -1e-06"),
        (lambda: DeadTime(float("nan")), "tau must be zero or more seconds, got nan"),
        (lambda: Dark(torch.tensor([[1.0, float("nan")]])), "dark must be finite, got 1 that are not"),
        (lambda: Dark(torch.ones(1, 2), float("inf")), "variance must be finite, got 1 that are not"),
        (lambda: Monitor(0.0), "reference must be a positive flux, got 0.0"),
        (lambda: Monitor(-2.0), "reference must be a positive flux, got -2.0"),
        (lambda: Monitor(float("nan")), "reference must be a positive flux, got nan"),
        (lambda: Monitor(float("inf")), "reference must be a positive flux, got inf"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(build, rule):
    with pytest.raises(ReductionError, match=rule):
        build()


def test_chain_refuses_what_it_cannot_run():
    with pytest.raises(ReductionError, match="must end with a reducer"):
        chain(Mask(torch.zeros(2, 2, dtype=torch.bool)))
    with pytest.raises(ReductionError, match="must end with a reducer"):
        chain()
    with pytest.raises(ReductionError, match="at place 0"):
        chain(3, BeamStatistics())
    with pytest.raises(ReductionError, match="Gain must be the first stage"):
        chain(Monitor(), Gain(2.0), BeamStatistics())


def test_a_monitor_that_counted_nothing_is_refused():
    reducer = chain(Monitor(), BeamStatistics())
    with pytest.raises(ReductionError, match="monitor must be positive to normalise by it, got 0"):
        reducer.update(reducer.init(FrameSpec(SHAPE)), torch.zeros(1, *SHAPE), FrameMeta(monitor=0.0))


def test_a_chain_tells_the_settings_of_its_parts():
    reducer = chain(Gain(2.0), Mask(torch.eye(3, dtype=torch.bool)), BeamStatistics(unit="um"))
    told = reducer.settings()
    assert told["0:Gain"]["gain"] == 2.0
    assert told["1:Mask"] == {"masked_pixels": 3}
    assert told["2:BeamStatistics"]["unit"] == "um"


def test_no_frames_is_flagged_through_a_chain():
    reducer = chain(Monitor(), BeamStatistics())
    assert reducer.read(reducer.init(FrameSpec(SHAPE)))["sum"].flags == Flags.NO_FRAMES
