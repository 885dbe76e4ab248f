import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp import Dof, Explore, Maximize, Observation, Space
from autoexp.surrogates import Data, ExactGP, Parameters
from autoexp.surrogates.coregional import CoregionalGP, Coregionalisation, Outputs
from autoexp_agents import DriftAgent, MapAgent, ParetoAgent, TransitionAgent
from autoexp_agents.report import lengths

LINE = Space([Dof("x", -1.0, 1.0)])
KNOWN = Parameters((0.3, 0.7), 1.3, 0.02, 1.0, 2.0, 12)


def measured(seed, count=12):
    rng = np.random.default_rng(seed)
    x = rng.random((count, 2))
    return Data(x, np.sin(5 * x[:, 0]) + rng.standard_normal(count), 0.1 * rng.random(count))


def without(data, index):
    kept = np.arange(len(data.y)) != index
    return kept, Data(data.x[kept], data.y[kept], data.variance[kept])


@given(st.integers(0, 1000), st.integers(0, 11))
def test_residuals_are_those_of_a_model_that_was_not_told(seed, index):
    data = measured(seed)
    _, rest = without(data, index)
    mean, sigma = ExactGP(KNOWN, rest, mean=0.2).posterior(data.x[index : index + 1])
    spread = np.sqrt(sigma[0] ** 2 + data.variance[index] + KNOWN.noise * KNOWN.scale**2)
    expected = (data.y[index] - mean[0]) / spread
    assert ExactGP(KNOWN, data, mean=0.2).left_out()[index] == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_residuals_of_several_outputs():
    data, output = measured(1), np.arange(12) % 2
    known = Coregionalisation((0.3, 0.7), (1.0, 0.5), (0.1, 0.2), (0.02, 0.03), (0.0, 1.0), (1.0, 2.0))
    residuals = CoregionalGP(known, Outputs(data.x, output, data.y, data.variance)).left_out()
    for index in range(12):
        kept, rest = without(data, index)
        model, of = CoregionalGP(known, Outputs(rest.x, output[kept], rest.y, rest.variance)), output[index]
        mean, sigma = model.posterior(data.x[index : index + 1], of)
        spread = np.sqrt(sigma[0] ** 2 + data.variance[index] + known.noises[of] * known.scales[of] ** 2)
        assert residuals[index] == pytest.approx((data.y[index] - mean[0]) / spread, rel=1e-6)


def test_residuals_of_many_are_those_of_a_thousand():
    assert ExactGP(KNOWN, measured(0, 1100)).left_out().shape == (1000,)


def told(agent, value, count=25, sigma=0.05):
    rng = np.random.default_rng(0)
    for time, x in enumerate(np.linspace(-1, 1, count)):
        values = {name: found + sigma * rng.standard_normal() for name, found in value(x).items()}
        agent.ingest([Observation({"x": x}, values, dict.fromkeys(values, sigma), time=float(time))])
    return agent


def test_a_right_model_covers_what_it_should():
    report = told(MapAgent(LINE, Explore("f")), lambda x: {"f": np.sin(4 * x)}).report()
    assert 0.8 <= report["f_coverage"] <= 1.0
    assert 0.3 < report["f_residual"].std() < 1.5
    assert not report["f_at_bound"].any()
    assert report["f_lengthscale"].coords["coordinate"].values.tolist() == ["x"]
    assert report["f_amplitude"] > report["f_noise"] >= 0


def test_a_wrong_form_shows_in_the_noise():
    right = told(TransitionAgent(LINE, Explore("f"), form="step"), lambda x: {"f": 1 / (1 + np.exp(x / 0.1))})
    wrong = told(TransitionAgent(LINE, Explore("f"), form="step"), lambda x: {"f": np.sin(9 * x)})
    assert 0.8 <= right.report()["f_coverage"] <= 1.0
    assert wrong.report()["f_noise"] > 5 * right.report()["f_noise"]


def test_a_length_scale_at_a_bound_is_told():
    space = Space([Dof("x", -1, 1), Dof("filter", choices=("Al", "Cu"))])
    report = lengths("f", Parameters((0.3, 100.0, 0.01), 1.0, 0.1, 0.0, 1.0, 5), space)
    assert report["coordinate"].values.tolist() == ["x", "filter=Al", "filter=Cu"]
    assert report["f_at_bound"].values.tolist() == [False, True, True]


def test_time_is_a_coordinate_of_a_drift():
    report = told(DriftAgent(LINE, Maximize("f"), horizon=10.0), lambda x: {"f": -(x**2)}).report()
    assert report["coordinate"].values.tolist() == ["x", "time"]


def test_a_report_holds_the_compromises():
    agent = told(ParetoAgent(LINE, (Maximize("f"), Maximize("g"))), lambda x: {"f": x, "g": -x})
    report, front = agent.report(5), agent.front()
    assert report["front_x"].values.tolist() == [row.point["x"] for row in front]
    assert report["front_g_sigma"].values.tolist() == [row.sigma["g"] for row in front]
