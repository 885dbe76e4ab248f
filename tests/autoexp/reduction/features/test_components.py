"""Streaming principal components beside scikit-learn's."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction import FrameMeta, FrameSpec
from autoexp.reduction.features import CurveCovariance, PrincipalComponents, learn_basis
from autoexp.testing.reducers import ReducerContract, assert_same


def curves(n=40, length=30, seed=0):
    rng = np.random.default_rng(seed)
    x = np.linspace(0, 1, length)
    shapes = np.stack([np.exp(-(((x - 0.3) / 0.1) ** 2)), np.exp(-(((x - 0.6) / 0.1) ** 2)), x])
    return rng.normal(0, [3.0, 2.0, 1.0], (n, 3)) @ shapes + 5.0 + rng.normal(0, 0.1, (n, length))


class TestContract(ReducerContract):
    rtol = 1e-7

    @pytest.fixture
    def reducer(self):
        return PrincipalComponents(2)

    @pytest.fixture
    def spec(self):
        return FrameSpec((2, 32))

    @pytest.fixture
    def frames(self, spec):
        table = curves(12, 64).reshape(12, *spec.shape)
        return torch.from_numpy((100 * table).clip(0).astype(np.int32))


def test_components_are_those_of_scikit_learn():
    data = curves()
    reducer, state = PrincipalComponents(3), None
    state = reducer.init(FrameSpec((1, 30)))
    for part in np.array_split(data, 7):
        state = reducer.update(state, torch.from_numpy(part[:, None, :]), FrameMeta())
    found, peer = reducer.read(state), PCA(3).fit(data)
    signs = np.sign((found["component"].value * peer.components_).sum(1))
    np.testing.assert_allclose(found["component"].value, signs[:, None] * peer.components_, atol=1e-8)
    np.testing.assert_allclose(found["variance"].value, peer.explained_variance_, rtol=1e-9)
    np.testing.assert_allclose(found["share"].value, peer.explained_variance_ratio_, rtol=1e-9)
    np.testing.assert_allclose(found["mean"].value, peer.mean_, rtol=1e-12)
    assert learn_basis(data, 3).noise == pytest.approx(peer.noise_variance_ * 1.0, rel=1e-9)


def test_sigmas_are_the_spread_over_repetitions():
    found = [_read(curves(200, 12, seed)) for seed in range(150)]
    for name in ("variance", "share", "mean"):
        spread = np.std([each[name].value for each in found], axis=0)
        told = np.median([each[name].sigma for each in found], axis=0)
        np.testing.assert_allclose(told, spread, rtol=4 / np.sqrt(2 * 150))
    first = np.array([each["component"].value[0] for each in found])
    told = np.median([each["component"].sigma[0] for each in found], axis=0)
    assert np.sum(told**2) == pytest.approx(np.sum(first.std(0) ** 2), rel=0.4)


def test_a_share_of_nearly_everything_is_as_sure_as_what_is_left_for_the_others():
    rng, scale = np.random.default_rng(0), np.array([10.0, 1, 1, 1, 1, 1])
    found = [_read(100 + scale * rng.normal(size=(200, 6)))["share"] for _ in range(300)]
    spread = np.std([each.value for each in found], axis=0)
    told = np.median([each.sigma for each in found], axis=0)
    assert told[0] == pytest.approx(spread[0], rel=4 / np.sqrt(2 * 300))


def test_the_only_component_has_the_whole_share():
    found = _read(np.random.default_rng(0).normal(size=(50, 1)) * [1.0, 2.0, 0.0])["share"]
    np.testing.assert_allclose(found.value, [1.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(found.sigma, 0.0, atol=1e-12)


def _read(data):
    reducer = PrincipalComponents(2)
    frames = torch.from_numpy(data[:, None, :])
    return reducer.read(reducer.update(reducer.init(FrameSpec((1, data.shape[1]))), frames, FrameMeta()))


@given(st.integers(0, 6), st.integers(0, 6), st.floats(-1e6, 1e6))
def test_sums_add(first, second, offset):
    data = torch.from_numpy(curves(first + second, 5) + offset)
    both = CurveCovariance.of(data[:first]).merge(CurveCovariance.of(data[first:]))
    whole = CurveCovariance.of(data)
    assert both.n == whole.n
    torch.testing.assert_close(both.mean, whole.mean, rtol=1e-12, atol=1e-9)
    torch.testing.assert_close(both.scatter, whole.scatter, rtol=1e-6, atol=1e-6)


def test_a_point_that_is_missing_once_stays_outside():
    data = curves(20, 10)
    data[3, 4] = np.nan
    found = _read(data)
    assert np.isnan(found["component"].value[:, 4]).all()
    assert np.isfinite(np.delete(found["component"].value, 4, axis=1)).all()
    assert found["mean"].flags == Flags.MASKED
    expected = _read(np.delete(data, 4, axis=1))
    np.testing.assert_allclose(found["variance"].value, expected["variance"].value)


def test_too_few_frames_are_unresolved():
    found = _read(curves(2, 10))
    assert found["variance"].flags == Flags.UNRESOLVED
    assert np.isnan(found["variance"].value).all()


@pytest.mark.parametrize(
    ("build", "rule"),
    [
        (lambda: PrincipalComponents(0), "one or more"),
        (lambda: CurveCovariance.empty(5000), "4096 points or fewer"),
        (lambda: learn_basis(curves(3), 3), "1 to 2 for 3 curves"),
        (lambda: CurveCovariance.empty(3).merge(CurveCovariance.empty(4)), "one length"),
    ],
)
def test_what_makes_no_sense_is_refused(build, rule):
    with pytest.raises(ReductionError, match=rule):
        build()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_finds_the_same():
    frames, readings = torch.from_numpy(curves()[:, None, :]), []
    for device in ("cpu", "cuda"):
        reducer = PrincipalComponents(3)
        readings.append(reducer.read(reducer.update(reducer.init(FrameSpec((1, 30), device)), frames, FrameMeta())))
    assert_same(*readings, rtol=1e-6)
