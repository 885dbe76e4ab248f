"""The size of a beam by a blade."""

import numpy as np
import pytest
import torch
from scipy.optimize import curve_fit
from scipy.special import erf

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.plugins import load
from autoexp.reduction import FrameMeta, FrameSpec, KnifeEdge
from autoexp.testing.reducers import ReducerContract, assert_same

BLADE = np.linspace(-1.0, 1.0, 41)
FWHM = np.sqrt(8 * np.log(2))
TRUTH = (0.13, 0.25 * FWHM, 8000.0, 300.0)


def expected(x, center, width, power, background, sign=1):
    return background + power * (1 + sign * erf((x - center) / (np.sqrt(2) * width / FWHM))) / 2


def counts(seed=0, shape=(1, 1), sign=1, truth=TRUTH, blade=BLADE):
    per_pixel = expected(blade, *truth, sign) / np.prod(shape)
    drawn = np.random.default_rng(seed).poisson(np.broadcast_to(per_pixel[:, None, None], (len(blade), *shape)))
    return torch.from_numpy(drawn.astype(np.int32))


def at(blade):
    return FrameMeta(coordinates={"blade": torch.as_tensor(blade)})


def read(frames, blade=BLADE, reducer=None, device="cpu"):
    reducer = reducer or KnifeEdge(tuple(BLADE))
    spec = FrameSpec(tuple(frames.shape[1:]), device)
    return reducer.read(reducer.update(reducer.init(spec), frames, at(blade)))


class TestContract(ReducerContract):
    rtol = 1e-6

    @pytest.fixture
    def reducer(self):
        return KnifeEdge(tuple(BLADE))

    @pytest.fixture
    def spec(self):
        return FrameSpec((12, 8))

    @pytest.fixture
    def frames(self, spec):
        return counts(shape=spec.shape)

    def meta(self, start, stop):
        return at(BLADE[start:stop])


@pytest.mark.parametrize("sign", [1, -1])
def test_it_is_scipys_curve_fit(sign):
    for seed in range(10):
        frames = counts(seed, sign=sign)
        found, y = read(frames), frames.numpy()[:, 0, 0].astype(float)
        curve = lambda x, *parameters: expected(x, *parameters, sign)
        theirs, covariance = curve_fit(curve, BLADE, y, TRUTH, np.sqrt(y), absolute_sigma=True, ftol=1e-14, xtol=1e-14)
        spread = np.sqrt(covariance.diagonal())
        for place, name in enumerate(("center", "width", "power", "background")):
            assert float(found[name].value) == pytest.approx(theirs[place], abs=2e-3 * spread[place])
            assert float(found[name].sigma) == pytest.approx(spread[place], rel=2e-3)


def test_sigmas_are_the_spread_of_repeated_scans():
    draws = [read(counts(seed)) for seed in range(150)]
    for name, truth in zip(("center", "width", "power"), TRUTH, strict=False):
        values, sigmas = (np.array([float(getattr(each[name], kind)) for each in draws]) for kind in ("value", "sigma"))
        assert values.mean() == pytest.approx(truth, abs=5 * sigmas.mean() / np.sqrt(150))
        assert values.std() == pytest.approx(sigmas.mean(), rel=4 / np.sqrt(300))


def test_positions_may_come_in_any_order_and_again():
    frames, twice = torch.cat([counts(1), counts(2)]), np.concatenate([BLADE, BLADE])
    order = np.random.default_rng(0).permutation(len(twice))
    assert_same(read(frames[order], twice[order]), read(frames, twice), rtol=1e-6)


def test_the_fit_uses_where_the_blade_really_was():
    moved = BLADE + 0.02
    assert float(read(counts(3), moved)["center"].value) == pytest.approx(float(read(counts(3))["center"].value) + 0.02)


def half_masked(frames, at):
    some = frames.clone()
    some[at, :4] = -1
    return some


def test_a_frame_that_is_masked_otherwise_is_left_out():
    frames, odd = counts(5, shape=(8, 8)), [10, 25, 26]
    rest = np.delete(np.arange(len(BLADE)), odd)
    found, expected = read(half_masked(frames, odd)), read(frames[rest], BLADE[rest])
    for name in ("center", "width", "power", "background", "misfit"):
        assert float(found[name].value) == float(expected[name].value)
        assert found[name].flags == Flags.MASKED | Flags.INCOMPLETE
    np.testing.assert_array_equal(np.isnan(found["intensity"].value).nonzero()[0], odd)


def test_one_pixel_that_is_masked_in_one_frame_is_seen():
    frames = counts(5, shape=(8, 8))
    frames[20, 3, 3] = -1
    found = read(frames)
    assert found["center"].flags == Flags.MASKED | Flags.INCOMPLETE
    assert np.isnan(found["intensity"].value).nonzero()[0].tolist() == [20]


def test_a_position_with_frames_of_two_masks_is_left_out():
    frames, again = counts(5, shape=(8, 8)), counts(6, shape=(8, 8))[20:21]
    found = read(torch.cat([frames, half_masked(again, [0])]), np.append(BLADE, BLADE[20]))
    assert np.isnan(found["intensity"].value).nonzero()[0].tolist() == [20]
    assert found["center"].flags == Flags.MASKED | Flags.INCOMPLETE
    expected = read(torch.cat([frames[:20], frames[21:]]), np.delete(BLADE, 20))
    assert float(found["center"].value) == float(expected["center"].value)


def test_scans_of_one_mask_each_compare():
    frames, again = counts(5, shape=(8, 8)), counts(6, shape=(8, 8))
    found = read(torch.cat([frames, half_masked(again, slice(None)), frames]), np.tile(BLADE, 3))
    assert found["center"].flags == Flags.NONE
    assert float(found["center"].value) == pytest.approx(TRUTH[0], abs=4 * float(found["center"].sigma))


@pytest.mark.parametrize(("rows", "others"), [(slice(3), slice(3, 8)), (slice(3, 8), slice(3))])
def test_a_mask_that_stays_is_part_of_the_detector(rows, others):
    frames = counts(5, shape=(8, 8))
    masked = frames.clone()
    masked[:, rows] = -1
    found, expected = read(masked), read(frames[:, others])
    for name in ("center", "width", "power", "intensity"):
        np.testing.assert_array_equal(found[name].value, expected[name].value)
        assert found[name].flags == Flags.NONE


def test_without_a_beam_there_is_no_center():
    found = read(counts(truth=(0.0, 0.5, 0.0, 200.0)))
    assert np.isnan(found["center"].value)
    assert np.isfinite(found["power"].value)
    assert found["power"].flags == Flags.UNRESOLVED


def test_an_unfinished_scan_says_so():
    few = read(counts()[:5], BLADE[:5])
    assert np.isnan(few["center"].value)
    assert few["center"].flags == Flags.INCOMPLETE
    assert np.isfinite(few["intensity"].value[:5]).all()
    beyond = read(torch.cat([counts(), counts()[:1]]), np.append(BLADE, 3.0))
    assert beyond["center"].flags == Flags.INCOMPLETE
    assert float(beyond["center"].value) == float(read(counts())["center"].value)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_reads_the_same():
    assert_same(read(counts(), device="cuda"), read(counts()))


def test_it_is_found_by_name():
    assert load("reducers", "knife_edge") is KnifeEdge


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ReductionError, match="more than 6, got 3"):
        KnifeEdge((0.0, 1.0, 2.0))
    with pytest.raises(ReductionError, match="must ascend"):
        KnifeEdge(tuple(BLADE[::-1]))
    with pytest.raises(ReductionError, match="coordinate 'blade', got"):
        KnifeEdge(tuple(BLADE)).update(KnifeEdge(tuple(BLADE)).init(FrameSpec((1, 1))), counts(), FrameMeta())
    with pytest.raises(ReductionError, match="got 3 for 41 frames"):
        read(counts(), BLADE[:3])
