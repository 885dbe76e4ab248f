import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoexp.errors import ObjectiveError
from autoexp.surrogates import Data, ExactGP, Parameters, PartitionedGP, Scale, condition
from autoexp.surrogates.partitioned import Cells

SIGMA = 0.2


def sample(n, width=2, seed=0, rough=True):
    rng = np.random.default_rng(seed)
    x = rng.random((n, width))
    waves = np.sin((40.0 if rough else 4.0) * x).sum(axis=1)
    return Data(x, 50.0 + 5.0 * waves + SIGMA * rng.standard_normal(n), np.full(n, SIGMA**2))


def parameters(width=2, length=0.05):
    return Parameters((length,) * width, 1.3, 1e-4, 50.0, 6.0, 10, "matern52")


def part(data, start, stop):
    return Data(data.x[start:stop], data.y[start:stop], data.variance[start:stop])


WHERE = np.random.default_rng(1).random((60, 2))


@given(n=st.integers(1, 100), most=st.integers(5, 50), seed=st.integers(0, 100))
@settings(max_examples=15, deadline=None)
def test_boxes_share_the_whole_of_space(n, most, seed):
    x = np.random.default_rng(seed).random((n, 3))
    cells = Cells(x, np.array([0.1, 1.0, 10.0]), most)
    assert np.bincount(cells.of(x), minlength=len(cells)).max() <= most
    everywhere = 4.0 * np.random.default_rng(seed + 1).standard_normal((50, 3))
    assert (np.count_nonzero(cells.distances(everywhere) == 0.0, axis=0) == 1).all()


def test_points_that_are_one_share_a_box():
    assert len(Cells(np.full((50, 2), 0.3), np.ones(2), 4)) == 1


def test_points_on_an_edge_are_halved_along_the_other_one():
    rng = np.random.default_rng(0)
    x = np.concatenate([np.column_stack([np.zeros(300), rng.random(300)]), rng.random((100, 2))])
    cells = Cells(x, np.ones(2), 50)
    assert np.bincount(cells.of(x)).max() <= 50


def test_is_all_but_exact_where_what_is_far_does_not_count():
    data = sample(900)
    model, exact = PartitionedGP(parameters(), data, 200), ExactGP(parameters(), data)
    assert len(model) == len(exact)
    (mean, sigma), (true_mean, true_sigma) = model.posterior(WHERE), exact.posterior(WHERE)
    assert np.sqrt(np.mean(np.square((mean - true_mean) / true_sigma))) < 0.1
    np.testing.assert_allclose(sigma, true_sigma, rtol=0.1)
    assert np.abs(model.fitted() - exact.fitted()).mean() < 0.1 * SIGMA


def test_is_exact_within_one_box():
    data = sample(80)
    model, exact = PartitionedGP(parameters(), data, 100), ExactGP(parameters(), data)
    np.testing.assert_allclose(model.posterior(WHERE), exact.posterior(WHERE))
    np.testing.assert_allclose(model.covariance(WHERE, WHERE[:9]), exact.covariance(WHERE, WHERE[:9]))
    np.testing.assert_allclose(model.fitted(), exact.fitted())
    np.testing.assert_allclose(model.left_out(), exact.left_out())
    for ours, theirs in zip(model.posterior_and_gradient(WHERE), exact.posterior_and_gradient(WHERE), strict=True):
        np.testing.assert_allclose(ours, theirs)


def test_what_is_watched_is_kept_current():
    data = sample(500)
    model = PartitionedGP(parameters(), part(data, 0, 400), 100)
    model.watch(WHERE)
    for x, y, variance in zip(data.x[400:], data.y[400:], data.variance[400:], strict=True):
        assert model.update(x, y, variance) > 0.0
    assert len(model) == 500
    np.testing.assert_allclose(model.data.y, data.y)
    np.testing.assert_allclose(model.watched(), model.posterior(model.watched_points), rtol=1e-6)
    assert np.abs(model.fitted() - data.y).mean() < 2.0 * SIGMA


def test_imagined_observations_are_forgotten():
    model = PartitionedGP(parameters(), sample(400), 100)
    model.watch(WHERE)
    before, watched, fitted = model.posterior(WHERE), model.watched(), model.fitted()
    with model.imagining():
        model.imagine(WHERE[0], 90.0)
        assert model.posterior(WHERE)[0][0] == pytest.approx(90.0, abs=0.1)
        assert model.fitted()[-1] == pytest.approx(90.0, abs=0.1)
        assert len(model) == 401
    assert len(model) == len(model.data) == 400
    np.testing.assert_array_equal(model.posterior(WHERE), before)
    np.testing.assert_array_equal(model.watched(), watched)
    np.testing.assert_array_equal(model.fitted(), fitted)


def test_covariance_is_that_of_the_posterior_and_of_possible_values():
    model = PartitionedGP(parameters(), sample(400), 100)
    covariance = model.covariance(WHERE, WHERE)
    np.testing.assert_allclose(np.sqrt(np.diagonal(covariance)), model.posterior(WHERE)[1], rtol=1e-6)
    assert np.linalg.eigvalsh(covariance).min() > -1e-9


def test_gradients_are_slopes():
    model, step = PartitionedGP(parameters(length=0.2), sample(400, rough=False), 100), 1e-6
    mean, sigma, slopes, widening = model.posterior_and_gradient(WHERE)
    np.testing.assert_allclose((mean, sigma), model.posterior(WHERE), rtol=1e-9)
    ahead, behind = (model.posterior(WHERE + sign * np.array([step, 0.0])) for sign in (1.0, -1.0))
    np.testing.assert_allclose(slopes[:, 0], (ahead[0] - behind[0]) / (2 * step), rtol=1e-3, atol=1e-2)
    np.testing.assert_allclose(widening[:, 0], (ahead[1] - behind[1]) / (2 * step), rtol=1e-3, atol=1e-2)


def test_nearby_is_what_is_known_around():
    model = PartitionedGP(parameters(), sample(600), 100)
    assert len(model.nearby(WHERE[0], 30)) == 30
    local, whole = model.nearby(WHERE[0], 60).posterior(WHERE[:1]), model.posterior(WHERE[:1])
    np.testing.assert_allclose(local, whole, rtol=0.05)


@pytest.mark.parametrize(("rough", "kind"), [(True, "partitioned, 2 boxes"), (False, "sparse, 60 inducing points")])
def test_is_chosen_where_inducing_points_resolve_too_little(rough, kind):
    data, known = sample(600, rough=rough), parameters(length=0.03 if rough else 0.8)
    assert condition(known, data, Scale(500, 60)).kind == kind
    assert condition(known, data, Scale(600, 60)).kind == "exact"
    assert condition(known, data, Scale(500, 60, "sparse")).kind.startswith("sparse")
    assert condition(known, data, Scale(500, 60, "partitioned")).kind == "partitioned, 2 boxes"


def test_beats_inducing_points_on_a_rough_field():
    data, known = sample(1500), parameters()
    truth = 50.0 + 5.0 * np.sin(40.0 * WHERE).sum(axis=1)

    def error(many):
        mean, _ = condition(known, data, Scale(500, 100, many)).posterior(WHERE)
        return np.sqrt(np.mean(np.square(mean - truth)))

    assert error("partitioned") < 0.5 * error("sparse")


def test_refuses_another_word():
    with pytest.raises(ObjectiveError, match="many must be one of 'auto', 'sparse', 'partitioned', got 'few'"):
        Scale(many="few")
