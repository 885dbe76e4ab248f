import numpy as np
import pytest

from autoexp import Dof, Explore, Maximize, Observation, Space
from autoexp.errors import ObjectiveError, SpaceError
from autoexp_agents import GridAgent, TransitionAgent

KELVIN = Space([Dof("temperature", 100, 300, unit="K")])
TRUE = 187.3


def curve(temperature, exponent=0.35):
    return 3.0 + 40.0 * np.maximum(1 - temperature / TRUE, 0) ** exponent


def run(agent, points, noise=0.5, seed=0, told=True, measure=curve):
    rng = np.random.default_rng(seed)
    for _ in range(points):
        asked = agent.suggest(1, [])
        if not asked or (hasattr(agent, "finished") and agent.finished()):
            break
        value = measure(asked[0].point["temperature"]) + noise * rng.standard_normal()
        sigmas = {"f": noise} if told else {}
        agent.ingest([Observation(asked[0].point, {"f": value}, sigmas, suggestion_id=asked[0].id)])
    return agent


def test_finds_it_within_its_sigma():
    misses = []
    for seed in range(8):
        found = run(TransitionAgent(KELVIN, Explore("f"), seed=seed), 20, seed=seed).transition()
        misses.append((found.position - TRUE) / found.position_sigma)
        assert found.position_sigma < 1.5
    assert np.sqrt(np.mean(np.square(misses))) < 2.0
    assert np.max(np.abs(misses)) < 4.5


def test_exponent_and_levels():
    found = run(TransitionAgent(KELVIN, Explore("f")), 40, noise=0.2).transition()
    assert found.shape == pytest.approx(0.35, abs=5 * found.shape_sigma)
    assert found.shape_sigma < 0.1
    assert found.low == pytest.approx(3.0, abs=0.5)
    assert found.high == pytest.approx(43.0, rel=0.15)


def test_beats_an_even_scan_of_as_many_points():
    def error(build):
        errors = []
        for seed in range(5):
            agent = TransitionAgent(KELVIN, Explore("f"), seed=seed)
            chooser = build(agent)
            rng = np.random.default_rng(seed)
            for _ in range(20):
                [asked] = chooser.suggest(1, [])
                value = curve(asked.point["temperature"]) + 0.5 * rng.standard_normal()
                agent.ingest([Observation(asked.point, {"f": value}, {"f": 0.5})])
            errors.append(abs(agent.transition().position - TRUE))
        return np.median(errors)

    assert error(lambda agent: agent) < 0.6 * error(lambda agent: GridAgent(KELVIN, Explore("f"), per_dof=20))


def test_learns_the_noise_where_no_sigma_is_told():
    for seed in range(3):
        agent = run(TransitionAgent(KELVIN, Explore("f"), seed=seed), 30, noise=1.0, told=False, seed=seed)
        cells = agent._posterior()
        assert np.sqrt(cells.weights @ cells.noise) == pytest.approx(1.0, rel=0.5)
        assert abs(agent.transition().position - TRUE) < 0.5


def test_a_step():
    agent = TransitionAgent(KELVIN, Explore("f"), form="step")
    run(agent, 25, noise=0.05, measure=lambda t: np.tanh((t - TRUE) / 3))
    assert agent.transition().position == pytest.approx(TRUE, abs=0.5)
    assert agent.transition().shape == pytest.approx(1.5, rel=0.3)


def test_ends_at_the_tolerance():
    agent = TransitionAgent(Space([Dof("temperature", 100, 300, unit="K")]), Explore("f"), tolerance=1.0)
    assert agent.finished() == ""
    run(agent, 60)
    assert len(agent._memory) < 60
    assert agent.finished().startswith("the transition is known to")
    assert agent.finished().endswith("K")


@pytest.mark.parametrize(
    ("space", "objective", "settings", "error", "message"),
    [
        (Space([Dof("x", 0, 1), Dof("y", 0, 1)]), Explore("f"), {}, SpaceError, "needs one Dof"),
        (Space([Dof("x", -1, 1)]), Explore("f"), {}, SpaceError, "positive positions, got low=-1"),
        (KELVIN, Maximize("f"), {}, ObjectiveError, "needs one Explore"),
        (KELVIN, Explore("f"), {"form": "bump"}, ObjectiveError, "form must be one of"),
    ],
)
def test_refuses(space, objective, settings, error, message):
    with pytest.raises(error, match=message):
        TransitionAgent(space, objective, **settings)
