import numpy as np
import pytest

from autoexp import Classify, Dof, Maximize, Observation, Space
from autoexp.errors import ObjectiveError
from autoexp_agents import PhaseAgent, SobolAgent

PLANE = Space([Dof("x", 0, 1), Dof("y", 0, 1)])


def phase(point):
    if point["y"] > 0.55 + 0.25 * np.sin(4 * point["x"]):
        return 2.0
    return 0.0 if point["x"] < 0.4 else 1.0


def run(agent, points):
    for _ in range(points):
        [asked] = agent.suggest(1, [])
        agent.ingest([Observation(asked.point, {"f": phase(asked.point)}, suggestion_id=asked.id)])
    return agent


def accuracy(agent):
    axis = np.linspace(0.02, 0.98, 40)
    points = [{"x": x, "y": y} for x in axis for y in axis]
    likely = agent.probabilities(PLANE.to_unit(points))
    found = agent.classes[likely.argmax(axis=1)]
    return float(np.mean(found == [phase(point) for point in points]))


def test_learns_the_map_with_fewer_points_than_an_even_cover():
    ours = [accuracy(run(PhaseAgent(PLANE, Classify("f"), seed=seed), 40)) for seed in range(3)]
    even = []
    for seed in range(3):
        agent, cover = PhaseAgent(PLANE, Classify("f"), seed=seed), SobolAgent(PLANE, Classify("f"), seed=seed)
        points = [cover.suggest(1, [])[0].point for _ in range(40)]
        agent.ingest([Observation(point, {"f": phase(point)}) for point in points])
        even.append(accuracy(agent))
    assert np.median(ours) > 0.93
    assert np.median(ours) > np.median(even)


def test_a_class_that_is_seen_after_the_fit_counts_at_once(monkeypatch):
    agent = PhaseAgent(PLANE, Classify("f"), candidates=128)
    agent.ingest([Observation(point, {"f": float(point["x"] > 0.5)}) for point in PLANE.sobol(8, seed=0)])
    agent.prepare([])
    agent.wait()
    agent.suggest(1, [])
    monkeypatch.setattr(agent._fits, "_learn", lambda *_: pytest.fail("fitted on the critical path"))
    agent.ingest([Observation({"x": 0.1, "y": 0.9}, {"f": 7.0}), Observation({"x": 0.9, "y": 0.9}, {"f": 1.0})])
    likely = agent.probabilities(PLANE.to_unit([{"x": 0.1, "y": 0.9}, {"x": 0.9, "y": 0.9}]))
    assert agent.classes.tolist() == [0.0, 1.0, 7.0]
    assert likely[0, 2] > 0.1 > 10.0 * likely[1, 2]
    assert agent.suggest(1, [])[0].why.n_observations == 10


def test_points_gather_at_the_boundaries():
    agent = run(PhaseAgent(PLANE, Classify("f")), 45)
    late = [row.point for row in agent._memory.observations[20:]]
    step = 0.06
    beside = [
        len({phase({"x": p["x"] + dx, "y": p["y"] + dy}) for dx in (-step, 0, step) for dy in (-step, 0, step)}) > 1
        for p in late
    ]
    assert np.mean(beside) > 0.6


def test_probabilities_add_to_one_and_are_calibrated():
    agent = run(PhaseAgent(PLANE, Classify("f")), 40)
    axis = np.linspace(0.02, 0.98, 40)
    points = [{"x": x, "y": y} for x in axis for y in axis]
    likely = agent.probabilities(PLANE.to_unit(points))
    assert likely.sum(axis=1) == pytest.approx(np.ones(len(points)))
    right = agent.classes[likely.argmax(axis=1)] == np.array([phase(point) for point in points])
    sure = likely.max(axis=1) > 0.9
    assert right[sure].mean() > 0.9
    assert right[sure].mean() > right[~sure].mean()


def test_refuses_another_objective():
    with pytest.raises(ObjectiveError, match="needs one Classify"):
        PhaseAgent(PLANE, Maximize("f"))
