import numpy as np
import pytest

from autoexp import Bound, Dof, Explore, Maximize, Minimize, Observation, Space
from autoexp.acquisition.hypervolume import hypervolume
from autoexp.errors import ObjectiveError
from autoexp_agents import ParetoAgent, SobolAgent

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")

PLANE = Space([Dof("x", 0, 1), Dof("y", 0, 1)])
BOTH = (Maximize("flux"), Minimize("size"))


def beam(point, noise=0.0, rng=None):
    """Opening the slit x brings flux and size; y is best at 0.6 for both."""
    off = (point["y"] - 0.6) ** 2
    values = {"flux": np.sqrt(point["x"]) - off, "size": point["x"] ** 2 + 2 * off}
    return values if rng is None else {name: value + noise * rng.standard_normal() for name, value in values.items()}


def run(agent, points, noise=0.0):
    rng = np.random.default_rng(0)
    for _ in range(points):
        [asked] = agent.suggest(1, [])
        values = beam(asked.point, noise, rng)
        sigmas = dict.fromkeys(values, noise) if noise else {}
        agent.ingest([Observation(asked.point, values, sigmas, suggestion_id=asked.id)])
    return agent


def volume(points):
    values = np.array([[beam(point)["flux"], -beam(point)["size"]] for point in points])
    return hypervolume(values, np.array([0.0, -1.0]))


IDEAL = volume([{"x": x, "y": 0.6} for x in np.linspace(0, 1, 400)])


def test_finds_the_compromises():
    agent = run(ParetoAgent(PLANE, BOTH), 25)
    front = [estimate.point for estimate in agent.front()]
    assert volume(front) > 0.93 * IDEAL
    assert len(front) > 6
    spread = SobolAgent(PLANE, BOTH[0])
    assert volume(front) > volume([spread.suggest(1, [])[0].point for _ in range(25)])


def test_noise_makes_no_lucky_compromise():
    agent = run(ParetoAgent(PLANE, BOTH), 25, noise=0.05)
    for estimate in agent.front():
        truth = beam(estimate.point)
        assert abs(estimate.mean["flux"] - truth["flux"]) < 5 * estimate.sigma["flux"] + 0.02
        assert estimate.sigma["flux"] > 0


def test_best_lies_between_the_extremes():
    agent = run(ParetoAgent(PLANE, BOTH), 25)
    best = agent.best()
    assert 0.05 < best.point["x"] < 0.9
    assert best.point["y"] == pytest.approx(0.6, abs=0.15)


def test_three_objectives():
    agent = ParetoAgent(PLANE, (*BOTH, Minimize("tilt")))
    for _ in range(14):
        [asked] = agent.suggest(1, [])
        values = {**beam(asked.point), "tilt": abs(asked.point["y"] - asked.point["x"])}
        agent.ingest([Observation(asked.point, values, suggestion_id=asked.id)])
    assert len(agent.front()) > 3


def test_keeps_a_bound():
    agent = ParetoAgent(PLANE, (*BOTH, Bound("flux", low=0.5)))
    run(agent, 25)
    assert all(estimate.mean["flux"] >= 0.5 for estimate in agent.front())


def test_learns_from_what_fails(fails_on_the_hill):
    assert fails_on_the_hill(ParetoAgent(PLANE, (Maximize("f"), Maximize("h")), candidates=512)) <= 6


def test_refuses():
    with pytest.raises(ObjectiveError, match="compromises need Maximize and Minimize"):
        ParetoAgent(PLANE, (Maximize("flux"), Explore("size")))
    with pytest.raises(ObjectiveError, match=r"reference must name fields .* got \['width'\]"):
        ParetoAgent(PLANE, BOTH, reference={"width": 1.0})
