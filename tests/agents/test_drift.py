import numpy as np
import pytest

from autoexp import Bound, Classify, Dof, Maximize, Observation, Space, Target
from autoexp.errors import ObjectiveError
from autoexp.testing.agents import AgentContract
from autoexp_agents import BayesianAgent, DriftAgent

PLANE = Space([Dof("x", 0, 1), Dof("y", 0, 1)])
STEP, START = 120.0, 1.7e9


class TestDriftAgent(AgentContract):
    @pytest.fixture
    def build(self):
        return lambda space, objectives, seed: DriftAgent(space, objectives, initial=4, seed=seed, candidates=256)


def moving(point, time):
    x, y = 0.3 + 0.4 * time / 7200, 0.6 - 0.2 * np.sin(time / 2500)
    return float(np.exp(-12 * ((point["x"] - x) ** 2 + (point["y"] - y) ** 2)))


def shortfall(agent, seed, points=44):
    """Return by how much the answers fell short of the best, on average from the 16th point on."""
    rng, found = np.random.default_rng(seed), []
    for index in range(points):
        time = index * STEP
        [asked] = agent.suggest(1, [])
        value = moving(asked.point, time) + 0.02 * rng.standard_normal()
        agent.ingest([Observation(asked.point, {"f": value}, {"f": 0.02}, time=START + time)])
        if index > 15 and index % 4 == 0:
            found.append(1 - moving(agent.best().point, time))
    return np.mean(found)


@pytest.mark.slow
def test_follows_a_peak_that_moves():
    def blindly(seed):
        return shortfall(BayesianAgent(PLANE, Maximize("f"), seed=seed, candidates=256, kernel="rbf"), seed)

    ours = [shortfall(DriftAgent(PLANE, Maximize("f"), seed=seed, candidates=256), seed) for seed in range(4)]
    blind = [blindly(seed) for seed in range(4)]
    assert max(ours) < 0.1
    assert max(ours) < 0.4 * min(blind)


@pytest.mark.parametrize("wanted", [Maximize("f"), Target("f", 2.0)])
def test_keeps_a_bound(wanted):
    line = Space([Dof("x", 0, 1)])
    agent = DriftAgent(line, (wanted, Bound("g", high=0.5)), initial=5, candidates=256)
    asked = []
    for index in range(14):
        [row] = agent.suggest(1, [])
        asked.append(row.point["x"])
        agent.ingest([Observation(row.point, {"f": asked[-1], "g": asked[-1]}, time=float(index))])
    assert agent.best().point["x"] == pytest.approx(0.5, abs=0.01)
    assert max(x for x in asked if x <= 0.5) > 0.49
    assert sum(x > 0.51 for x in asked[5:]) <= 2


def test_where_no_value_keeps_a_bound_only_the_bound_counts():
    line = Space([Dof("x", 0, 1)])
    agent = DriftAgent(line, (Maximize("f"), Bound("g", high=0.2)), initial=4)
    for x in (0.5, 0.6, 0.8, 0.95):
        agent.ingest([Observation({"x": x}, {"f": x, "g": x}, time=1.0)])
    [asked] = agent.suggest(1, [])
    assert asked.point["x"] < 0.25
    assert asked.why.rule == "feasibility now"


def test_learns_from_what_fails(fails_on_the_hill):
    assert fails_on_the_hill(DriftAgent(PLANE, Maximize("f"), candidates=512)) <= 6


def test_what_is_old_is_forgotten():
    agent = DriftAgent(PLANE, Maximize("f"), horizon=600.0)
    rng = np.random.default_rng(0)
    for index in range(30):
        point = dict(zip("xy", rng.random(2), strict=True))
        value = moving(point, 400.0 * index)
        agent.ingest([Observation(point, {"f": value}, {"f": 0.01}, time=400.0 * index)])
    model = agent._believed().models["f"]
    now = agent._placed(agent._memory.units[:1])
    then = now - [0.0, 0.0, 29 * 400 / 600]
    assert model.posterior(then)[1][0] < 0.5 * model.posterior(now)[1][0]


def rows(count):
    """Return what is measured of a moving peak at random places, every half minute."""
    rng = np.random.default_rng(1)
    points = [dict(zip("xy", rng.random(2), strict=True)) for _ in range(count)]
    return [
        Observation(point, {"f": moving(point, 30.0 * n)}, {"f": 0.01}, time=30.0 * n) for n, point in enumerate(points)
    ]


def test_learns_from_the_latest_and_goes_on_with_what_is_fitted_until_more_is(monkeypatch):
    agent, again = (DriftAgent(PLANE, Maximize("f"), candidates=64) for _ in range(2))
    agent.ingest(rows(170)[:160])
    agent.prepare([])
    agent.wait()
    agent.suggest(1, [])
    assert agent.model_state() == {"first": 0, "fitted": 150}
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(agent._fits, "_learn", lambda *_: pytest.fail("fitted on the critical path"))
        agent.ingest(rows(170)[160:])
        [asked] = agent.suggest(1, [])
    agent.prepare([])
    agent.wait()
    [later] = agent.suggest(1, [])
    assert agent.model_state() == {"first": 15, "fitted": 165}
    again.ingest(rows(170))
    again.use_model({"first": 0, "fitted": 150})
    again.suggest(1, [])
    [same] = again.suggest(1, [])
    assert (same.point, same.why) == (asked.point, asked.why)
    again.use_model({"first": 15, "fitted": 165})
    [same] = again.suggest(1, [])
    assert (same.point, same.why) == (later.point, later.why)


def test_without_thinking_ahead_its_models_are_those_that_are_due():
    agent = DriftAgent(PLANE, Maximize("f"), candidates=64)
    agent.ingest(rows(170))
    agent.suggest(1, [])
    assert agent.model_state() == {"first": 15, "fitted": 165}
    assert len(agent._believed().models["f"]) == 155


def test_measures_the_last_of_a_pool_again_only_after_a_while():
    pool = Space([Dof("x", 0, 1)], pool={"x": [0.0, 0.5, 1.0]})
    agent = DriftAgent(pool, Maximize("f"), horizon=1000.0, initial=3)
    for x in (0.0, 0.5, 1.0):
        agent.ingest([Observation({"x": x}, {"f": x}, {"f": 0.1}, time=10.0)])
    assert agent.suggest(1, []) == []
    agent.ingest([Observation({"x": 0.5}, {"f": 0.5}, {"f": 0.1}, time=500.0)])
    [again] = agent.suggest(1, [])
    assert again.point["x"] != 0.5


def test_refuses():
    with pytest.raises(ObjectiveError, match="drift needs one Maximize"):
        DriftAgent(PLANE, Classify("f"))
    with pytest.raises(ObjectiveError, match="horizon must be positive, got 0"):
        DriftAgent(PLANE, Maximize("f"), horizon=0.0)
