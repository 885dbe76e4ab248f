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
