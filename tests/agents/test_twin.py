import threading

import numpy as np
import pytest

from autoexp import Classify, Dof, Explore, Maximize, Observation, Space, Status
from autoexp.errors import ObjectiveError
from autoexp_agents import BayesianAgent, TwinAgent

PLANE = Space([Dof("x", -1, 1), Dof("y", -1, 1)])


def hill(x, y, shift):
    return np.exp(-8 * ((x - 0.3 - shift) ** 2 + (y + 0.5) ** 2)) + 0.6 * np.exp(-8 * ((x + 0.6) ** 2 + (y - 0.5) ** 2))


def truth(point):
    return float(hill(point["x"], point["y"], 0.0))


def twin(columns):
    return {"f": 3.0 * hill(columns["x"], columns["y"], 0.08) + 1.0}


def misleading(columns):
    return {"f": np.sin(9 * columns["x"]) * np.cos(7 * columns["y"])}


def run(agent, points):
    for _ in range(points):
        [asked] = agent.suggest(1, [])
        agent.ingest([Observation(asked.point, {"f": truth(asked.point)}, suggestion_id=asked.id)])
    return truth(agent.best().point)


def test_asks_the_twin_on_no_other_thread():
    asked = set()

    def heard(columns):
        asked.add(threading.current_thread())
        return twin(columns)

    agent = TwinAgent(PLANE, Maximize("f"), heard, candidates=128)
    agent.ingest([Observation(point, {"f": truth(point)}) for point in PLANE.sobol(6, seed=1)])
    agent.prepare([])
    agent.wait()
    agent.suggest(1, [])
    assert agent.thought_ahead > 0.0
    assert asked == {threading.current_thread()}


def test_a_biased_twin_saves_points():
    ours = [run(TwinAgent(PLANE, Maximize("f"), twin, seed=seed), 8) for seed in range(4)]
    plain = [run(BayesianAgent(PLANE, Maximize("f"), seed=seed), 8) for seed in range(4)]
    assert np.median(ours) > 0.97
    assert np.median(ours) > np.median(plain)


def test_a_misleading_twin_is_overruled():
    assert run(TwinAgent(PLANE, Maximize("f"), misleading), 30) > 0.95


@pytest.mark.parametrize("multiple", [1.0, 3.0])
def test_learns_from_what_fails(fails_on_the_hill, multiple):
    def told(columns):
        return {"f": multiple * np.exp(-((columns["x"] - 0.75) ** 2 + (columns["y"] - 0.5) ** 2) / 0.1)}

    square = Space([Dof("x", 0, 1), Dof("y", 0, 1)])
    agent = TwinAgent(square, Maximize("f"), told, candidates=512)
    assert fails_on_the_hill(agent) <= 6
    assert agent.best().point["x"] < 0.65


def test_one_failure_costs_little():
    agent = TwinAgent(PLANE, Maximize("f"), twin)
    for index in range(14):
        [asked] = agent.suggest(1, [])
        values, status = ({"f": truth(asked.point)}, Status.OK) if index != 3 else ({}, Status.FAILED)
        agent.ingest([Observation(asked.point, values, suggestion_id=asked.id, status=status)])
    assert truth(agent.best().point) > 0.97


def test_nan_counts_as_the_median():
    def partly(columns):
        return {"f": np.where(columns["x"] < 0, np.nan, twin(columns)["f"])}

    assert run(TwinAgent(PLANE, Maximize("f"), partly), 14) > 0.95


def test_where_nothing_was_measured_the_twin_speaks():
    agent = TwinAgent(PLANE, Explore("f"), lambda columns: {"f": 5.0 * columns["x"]})
    for x in (-0.5, 0.0, 0.4):
        agent.ingest([Observation({"x": x, "y": 0.0}, {"f": 5.0 * x + 2.0})])
    mean, sigma = agent.posterior(PLANE.to_unit([{"x": 0.9, "y": 0.9}]))
    assert mean[0] == pytest.approx(6.5, abs=0.2)
    assert sigma[0] > 0


def test_refuses():
    with pytest.raises(ObjectiveError, match="must know the field 'g'"):
        TwinAgent(PLANE, Maximize("g"), twin)
    with pytest.raises(ObjectiveError, match="a twin needs one Maximize"):
        TwinAgent(PLANE, Classify("f"), twin)
