import math

import numpy as np
import pytest

from autoexp import Dof, Explore, Maximize, Observation, Space
from autoexp.errors import ObjectiveError
from autoexp_agents import BayesianAgent, MapAgent

PLANE = Space([Dof("x", 0, 1), Dof("y", 0, 1)])
GRID = [{"x": x, "y": y} for x in np.linspace(0, 1, 21) for y in np.linspace(0, 1, 21)]


def smooth(point):
    return np.sin(6 * point["x"]) * np.cos(5 * point["y"])


def step(point):
    return np.tanh(20 * (point["x"] + 0.4 * point["y"] - 0.7))


def run(agent, measure, points):
    for _ in range(points):
        [asked] = agent.suggest(1, [])
        agent.ingest([Observation(asked.point, {"f": measure(asked.point)}, suggestion_id=asked.id)])
    return agent


def error(agent, measure, per_dof=21):
    report = agent.report(per_dof)
    truth = np.array([[measure({"x": x, "y": y}) for y in report["y"].values] for x in report["x"].values])
    return float(np.sqrt(np.mean((report["f_mean"].transpose("x", "y").values - truth) ** 2)))


@pytest.mark.parametrize("trust", [0.3, math.inf])
def test_the_score_is_the_drop_of_the_integrated_variance(trust):
    agent = run(MapAgent(PLANE, Explore("f"), initial=6, trust=trust), smooth, 10)
    belief = agent._believed()
    model = belief.models["f"]
    point = np.array([0.31, 0.77])
    claimed = agent._gains(belief, point[None, :])[0]
    before = agent._doubts @ np.square(model.posterior(agent._references)[1])
    with model.imagining():
        model.update(point, 0.0)
        after = agent._doubts @ np.square(model.posterior(agent._references)[1])
    assert claimed == pytest.approx((before - after) / before, rel=1e-6)


def test_a_map_is_better_than_by_the_greatest_sigma():
    model = {"candidates": 2048, "kernel": "matern52"}
    ours = [error(run(MapAgent(PLANE, Explore("f"), seed=seed, **model), smooth, 22), smooth) for seed in range(5)]
    plain = [
        error(run(BayesianAgent(PLANE, Explore("f"), seed=seed, **model), smooth, 22), smooth) for seed in range(5)
    ]
    assert np.median(ours) < np.median(plain)


def raster(measure, side=6):
    """Return what a raster gives."""
    ticks = (np.arange(side) + 0.5) / side
    points = [{"x": x, "y": y} for x in ticks for y in ticks]
    return [Observation(point, {"f": measure(point)}) for point in points]


def after(observations, **settings):
    """Return the next six points."""
    agent = MapAgent(PLANE, Explore("f"), candidates=512, **settings)
    agent.ingest(observations)
    return [suggestion.point for suggestion in agent.suggest(6, [])]


@pytest.mark.parametrize("centre", [(0.6, 0.35), (0.2, 0.7)])
def test_a_lone_feature_draws_points(centre):
    def away(point):
        return np.hypot(point["x"] - centre[0], point["y"] - centre[1])

    seen = raster(lambda point: np.exp(-0.5 * (away(point) / 0.1) ** 2))
    near = [np.mean([away(point) < 0.3 for point in after(seen, trust=trust)]) for trust in (0.3, math.inf)]
    assert near[0] >= 0.8
    assert near[1] <= 0.5


def test_with_all_trust_values_do_not_move_points():
    assert after(raster(smooth), trust=math.inf) == after(raster(lambda point: 5 - 3 * smooth(point)), trust=math.inf)


def test_edges_draw_points_to_the_boundary():
    def share(edges):
        agent = MapAgent(PLANE, Explore("f"), edges=edges, seed=1)
        run(agent, step, 40)
        points = [row.point for row in agent._memory.observations[10:]]
        return np.mean([abs(point["x"] + 0.4 * point["y"] - 0.7) < 0.15 for point in points])

    assert share(8.0) > share(0.0) + 0.1


def test_refuses():
    with pytest.raises(ObjectiveError, match="a map needs one Explore"):
        MapAgent(PLANE, Maximize("f"))
    with pytest.raises(ObjectiveError, match="edges must not be negative, got -1"):
        MapAgent(PLANE, Explore("f"), edges=-1)
    with pytest.raises(ObjectiveError, match="trust must be positive, got 0"):
        MapAgent(PLANE, Explore("f"), trust=0)
