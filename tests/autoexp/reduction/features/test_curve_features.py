"""Features of a curve: the contract, and agreement with scikit-learn and scipy."""

import numpy as np
import pytest
import torch
from scipy.fft import dctn
from scipy.optimize import nnls
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction import Band, FrameMeta, FrameSpec, Poni, Reduced, TwoTime
from autoexp.reduction.features import (
    ClusterLabel,
    Clusters,
    ComponentScores,
    CurveFeatures,
    Fingerprint,
    MeanCurve,
    Novelty,
    Patterns,
    PatternScores,
    find_clusters,
    learn_basis,
    learn_patterns,
)
from autoexp.reduction.xpcs import RadialBins
from autoexp.testing.reducers import ReducerContract

LENGTH = 40
X = np.linspace(0, 1, LENGTH)
SHAPES = np.stack([np.exp(-(((X - at) / 0.08) ** 2)) for at in (0.25, 0.5, 0.75)])


def table(n=60, seed=0, noise=0.05):
    rng = np.random.default_rng(seed)
    amounts = rng.dirichlet((1, 1, 1), n) * 10
    return amounts @ SHAPES + 1.0 + rng.normal(0, noise, (n, LENGTH)), amounts


def curve(values, sigma=0.05, **settings):
    sigmas = np.broadcast_to(np.asarray(sigma, float), np.shape(values)).copy()
    return Reduced(np.asarray(values, float), sigmas, "count", ("q",), n_frames=1, **settings)


def all_of():
    data, _ = table()
    basis = learn_basis(data, 2)
    clusters = Clusters(np.array([0.6, 0.4]), np.array([[2.0, 0.0], [-2.0, 0.0]]), np.stack([np.eye(2)] * 2))
    return (
        ComponentScores(basis),
        Novelty(basis),
        Fingerprint(5),
        PatternScores(learn_patterns(data, 2)),
        ClusterLabel(basis, clusters),
    )


@pytest.fixture(scope="module")
def features():
    return all_of()


class TestContract(ReducerContract):
    rtol = 1e-7

    @pytest.fixture
    def reducer(self, features):
        return CurveFeatures(MeanCurve(), "curve", features, keep=True)

    @pytest.fixture
    def spec(self):
        return FrameSpec((1, LENGTH))

    @pytest.fixture
    def frames(self, spec):
        counts = np.random.default_rng(3).poisson(40 * table(6)[0].clip(0))
        return torch.from_numpy(counts.astype(np.int32)[:, None, :])


def test_scores_are_those_of_scikit_learn():
    data, _ = table()
    peer, basis = PCA(2).fit(data), learn_basis(data, 2)
    signs = np.sign((basis.components * peer.components_).sum(1))
    for row, expected in zip(data, peer.transform(data), strict=True):
        found = ComponentScores(basis).of(curve(row))
        scores = [float(found["pc1"].value), float(found["pc2"].value)]
        np.testing.assert_allclose(scores, signs * expected, atol=1e-9)
        assert float(found["pc1"].sigma) == pytest.approx(0.05)


def test_scores_without_some_points_are_a_least_squares_fit():
    data, _ = table(noise=0.0)
    basis = learn_basis(data, 2)
    row = data[4].copy()
    whole = ComponentScores(basis).of(curve(row))
    row[10:14] = np.nan
    found = ComponentScores(basis).of(curve(row))
    assert float(found["pc1"].value) == pytest.approx(float(whole["pc1"].value), abs=1e-6)
    assert float(found["pc1"].sigma) > 0.05
    assert found["pc1"].flags == Flags.INCOMPLETE


def test_novelty_is_zero_give_or_take_one_for_what_was_seen_and_large_for_what_was_not():
    basis = learn_basis(table(400)[0], 2)
    like, _ = table(400, seed=1)
    found = [float(Novelty(basis).of(curve(row))["novelty"].value) for row in like]
    assert np.mean(found) == pytest.approx(0.0, abs=0.3)
    assert np.std(found) == pytest.approx(1.0, rel=0.25)
    new = like[0] + np.exp(-(((X - 0.05) / 0.03) ** 2))
    assert Novelty(basis).of(curve(new))["novelty"].value > 10


@pytest.mark.parametrize("step", [0.0, 3.0])
def test_the_sigma_of_novelty_is_its_spread(step):
    data, _ = table(400)
    basis, rng = learn_basis(data, 2), np.random.default_rng(5)
    row = basis.mean + step * SHAPES[0] ** 2
    found = [float(Novelty(basis).of(curve(row + rng.normal(0, 0.05, LENGTH)))["novelty"].value) for _ in range(600)]
    told = float(Novelty(basis).of(curve(row))["novelty"].sigma)
    assert np.std(found) == pytest.approx(told, rel=4 / np.sqrt(2 * 600) + 0.05)


def test_patterns_are_found_and_their_amounts_are_those_of_scipy():
    data, _ = table(noise=0.0)
    patterns = learn_patterns(data - 1.0, 3)
    assert patterns.curves.sum(1) == pytest.approx([1.0] * 3)
    overlap = (
        patterns.curves @ SHAPES.T / np.outer(*[np.linalg.norm(each, axis=1) for each in (patterns.curves, SHAPES)])
    )
    assert (overlap.max(0) > 0.98).all()
    for row in data[:10]:
        found = PatternScores(patterns).of(curve(row - 1.0))
        expected, _ = nnls(patterns.curves.T, row - 1.0)
        np.testing.assert_allclose([float(each.value) for each in found.values()], expected, atol=1e-6)


def test_the_sigma_of_an_amount_is_its_spread():
    patterns, rng = Patterns(SHAPES / SHAPES.sum(1, keepdims=True)), np.random.default_rng(2)
    row = 5 * SHAPES[0] + 3 * SHAPES[1]
    found = [
        [float(each.value) for each in PatternScores(patterns).of(curve(row + rng.normal(0, 0.05, LENGTH))).values()]
        for _ in range(500)
    ]
    told = [float(each.sigma) for each in PatternScores(patterns).of(curve(row)).values()]
    np.testing.assert_allclose(np.std(found, 0)[:2], told[:2], rtol=0.13)


@pytest.mark.parametrize("shape", [(33,), (20, 24)])
def test_a_fingerprint_is_the_cosine_transform_of_the_form(shape):
    rng = np.random.default_rng(0)
    values = rng.uniform(1, 2, shape)
    expected = dctn(values / values.mean(), norm="ortho")[tuple(slice(6) for _ in shape)]
    expected[(0,) * len(shape)] = 0.0
    for scale in (1.0, 1e4):
        found = Fingerprint(6).of(curve(scale * values, scale * 0.1))["fingerprint"]
        np.testing.assert_allclose(found.value, expected, atol=1e-12)
    noisy = [Fingerprint(6).of(curve(values + rng.normal(0, 0.1, shape)))["fingerprint"].value for _ in range(800)]
    np.testing.assert_allclose(np.std(noisy, 0), np.maximum(found.sigma, 1e-9), rtol=0.15, atol=1e-9)


def test_clusters_and_labels_are_those_of_scikit_learn():
    rng = np.random.default_rng(4)
    points = np.concatenate([rng.normal(at, 0.3, (n, 2)) for at, n in (((0, 0), 60), ((3, 0), 40), ((0, 4), 30))])
    clusters = find_clusters(points, most=6)
    assert len(clusters.weights) == 3
    peer = GaussianMixture(3, n_init=5, random_state=0).fit(points)
    order = np.argsort(-peer.weights_)
    np.testing.assert_allclose(clusters.centres, peer.means_[order], atol=0.02)
    np.testing.assert_array_equal(order[clusters.labels(points)], peer.predict(points))
    np.testing.assert_allclose(clusters.probabilities(points), peer.predict_proba(points)[:, order], atol=0.02)


def test_an_uncertain_curve_has_an_uncertain_label():
    basis = learn_basis(table()[0], 2)
    clusters = Clusters(np.array([0.5, 0.5]), np.array([[2.0, 0.0], [-2.0, 0.0]]), np.stack([0.1 * np.eye(2)] * 2))
    row = basis.mean + 1.0 * basis.components[0]
    sure, unsure = (ClusterLabel(basis, clusters).of(curve(row, sigma)) for sigma in (0.01, 3.0))
    assert float(sure["cluster"].value) == float(unsure["cluster"].value) == 0.0
    assert float(sure["cluster_probability"].value) > 0.99
    assert float(unsure["cluster_probability"].value) < 0.9


def test_patterns_that_the_known_points_cannot_tell_apart_are_unresolved():
    row = np.full(LENGTH, np.nan)
    row[:2] = 1.0
    found = PatternScores(Patterns(SHAPES)).of(curve(row))
    assert found["nmf1"].flags == Flags.INCOMPLETE | Flags.UNRESOLVED


def test_each_bin_of_a_two_time_map_has_a_fingerprint():
    poni = Poni((48, 64), (1e-3, 1e-3), 0.1, (0.024, 0.032))
    maps = TwoTime(RadialBins(poni, (Band("inner", 0.2, 0.5), Band("outer", 0.6, 1.1))), window=6, groups=4)
    counts = torch.poisson(torch.full((6, 48, 64), 5.0), generator=torch.Generator().manual_seed(2)).int()
    reducer = CurveFeatures(maps, "two_time", (Fingerprint(3),), keep=True)
    found = reducer.read(reducer.update(reducer.init(FrameSpec((48, 64))), counts, FrameMeta()))
    prints, both = found["fingerprint"], found["two_time"]
    assert (prints.dims, list(prints.axes)) == (("bin", "order_1", "order_2"), ["bin"])
    for place in range(2):
        alone = Fingerprint(3).of(Reduced(both.value[place], both.sigma[place], "", ("t1", "t2"), n_frames=6))
        np.testing.assert_array_equal(prints.value[place], alone["fingerprint"].value)
        np.testing.assert_array_equal(prints.sigma[place], alone["fingerprint"].sigma)


def test_a_dark_curve_has_no_fingerprint():
    found = Fingerprint(4).of(curve(np.zeros(LENGTH)))["fingerprint"]
    assert found.flags == Flags.NO_SIGNAL
    assert np.isnan(found.value).all()


@pytest.mark.parametrize(
    ("build", "rule"),
    [
        (lambda: CurveFeatures(MeanCurve(), "curve", ()), "one or more"),
        (lambda: Fingerprint(1), "two or more"),
        (lambda: Fingerprint(9).of(curve(np.ones(5))), "as large"),
        (lambda: ComponentScores(learn_basis(table()[0], 2)).of(curve(np.ones(5))), "40 points of its basis, got 5"),
        (lambda: PatternScores(Patterns(SHAPES)).of(curve(np.ones(5))), "40 points of its patterns, got 5"),
        (lambda: learn_patterns(np.ones((2, 5)), 3), "1 to 2"),
        (lambda: find_clusters(np.ones((3, 2))), "4 points or more"),
        (lambda: Novelty(learn_basis(table(3, noise=0.0)[0], 2)), "leave noise"),
        (lambda: ClusterLabel(learn_basis(table()[0], 3), find_clusters(np.eye(4)[:, :2])), "3 scores"),
        (lambda: read(CurveFeatures(MeanCurve(), "g2", (Fingerprint(),))), "one of 'curve', got 'g2'"),
        (lambda: read(CurveFeatures(MeanCurve(), "curve", (Fingerprint(), Fingerprint()))), "name of its own"),
    ],
)
def test_what_makes_no_sense_is_refused(build, rule):
    with pytest.raises(ReductionError, match=rule):
        build()


def read(reducer):
    state = reducer.update(reducer.init(FrameSpec((1, LENGTH))), torch.ones((2, 1, LENGTH)), FrameMeta())
    return reducer.read(state)
