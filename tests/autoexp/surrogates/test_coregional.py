import numpy as np
import pytest
from scipy.optimize import check_grad

from autoexp.surrogates import Data, ExactGP, Parameters
from autoexp.surrogates.coregional import CoregionalGP, Coregionalisation, Outputs, _Problem, fit_outputs


def made(seed, count=(60, 6)):
    """Return many values of one output and few of another that follows it."""
    rng = np.random.default_rng(seed)
    x, output = rng.random((sum(count), 1)), np.repeat([0, 1], count)
    y = np.where(output == 0, np.sin(9 * x[:, 0]), 20 - 5 * np.sin(9 * x[:, 0])) + 0.02 * rng.standard_normal(len(x))
    return Outputs(x, output, y, np.full(len(x), 4e-4))


def test_the_gradient_is_that_of_the_value():
    data, rng = made(0, (9, 6)), np.random.default_rng(1)
    problem = _Problem(data.x, data.output, data.y / 10, data.variance, 2, "matern52")
    for _ in range(3):
        theta = np.concatenate([rng.normal(-1, 0.3, 1), rng.normal(0, 1, 2), rng.normal(-1, 0.5, 2), [-3.0, -2.0]])
        assert check_grad(lambda t: problem(t)[0], lambda t: problem(t)[1], theta) < 1e-3


def test_one_output_is_an_exact_gp():
    data = made(0, (12, 0))
    parameters = Coregionalisation((0.2,), (0.6,), (0.4,), (1e-3,), (0.1,), (0.7,))
    alone = ExactGP(Parameters((0.2,), 0.76, 1e-3, 0.1, 0.7, 12), Data(data.x, data.y, data.variance), mean=0.0)
    unit = np.linspace(0, 1, 9)[:, None]
    both = CoregionalGP(parameters, data)
    for ours, theirs in zip(both.posterior(unit, 0), alone.posterior(unit), strict=True):
        assert ours == pytest.approx(theirs)
    assert both.covariance(unit, 0, unit[:3], 0) == pytest.approx(alone.covariance(unit, unit[:3]))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_what_is_cheap_tells_of_what_is_dear(seed):
    data = made(seed)
    model = CoregionalGP(fit_outputs(data, 2), data)
    unit = np.linspace(0.05, 0.95, 40)[:, None]
    truth = 20 - 5 * np.sin(9 * unit[:, 0])
    mean, sigma = model.posterior(unit, 1)
    few = Outputs(data.x[60:], np.zeros(6, dtype=int), data.y[60:], data.variance[60:])
    alone, _ = CoregionalGP(fit_outputs(few, 1), few).posterior(unit, 0)
    assert np.sqrt(np.mean((mean - truth) ** 2)) < 0.4 * np.sqrt(np.mean((alone - truth) ** 2))
    assert np.mean(np.abs(mean - truth) < 3 * sigma) > 0.9
    assert model.parameters.between[0, 1] < 0


def test_an_output_without_values_is_as_uncertain_as_before():
    data = made(0, (20, 0))
    mean, sigma = CoregionalGP(fit_outputs(data, 2), data).posterior(np.array([[0.5]]), 1)
    assert np.isfinite(mean).all()
    assert sigma[0] > 0.1
