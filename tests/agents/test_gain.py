import itertools

import numpy as np
import pytest

from autoexp import Bound, Dof, Explore, Maximize, Minimize, Observation, Space
from autoexp.errors import ObjectiveError
from autoexp.testing.agents import AgentContract
from autoexp_agents import BayesianAgent, GainAgent, SobolAgent

PLANE = Space([Dof("x", -5, 10), Dof("y", 0, 15)])


def one_second(_at, _point):
    return 1.0


class TestGainAgent(AgentContract):
    @pytest.fixture
    def build(self):
        return lambda space, objectives, seed: GainAgent(
            space, objectives, initial=4, seed=seed, candidates=128, seconds=one_second
        )


def branin(x, y):
    """L. C. W. Dixon and G. P. Szegő (1978); the least value is 0.397887."""
    return (y - 5.1 / (4 * np.pi**2) * x**2 + 5 / np.pi * x - 6) ** 2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x) + 10


def regret(agent, points, seed, noise=0.0, n=1):
    rng, left = np.random.default_rng(seed), points
    while left > 0:
        asked = agent.suggest(min(n, left), [])
        left -= len(asked)
        told = [branin(**row.point) + noise * rng.standard_normal() for row in asked]
        agent.ingest([Observation(row.point, {"f": value}) for row, value in zip(asked, told, strict=True)])
    return branin(**agent.best().point) - 0.397887


@pytest.mark.parametrize(("gain", "most"), [("ei", 0.1), ("nei", 0.1), ("kg", 0.1), ("ucb", 0.5)])
def test_finds_an_optimum_in_few_points(gain, most):
    found = [regret(GainAgent(PLANE, Minimize("f"), gain=gain, seed=seed), 25, seed) for seed in range(2)]
    assert max(found) < most


@pytest.mark.slow
def test_noisy_improvement_copes_with_noise_better_than_even_points():
    unit = Space([Dof("x", 0, 1), Dof("y", 0, 1)])

    def shortfall(agent, seed):
        rng = np.random.default_rng(seed)
        for _ in range(35):
            [asked] = agent.suggest(1, [])
            told = peak(asked.point) + 0.2 * rng.standard_normal()
            agent.ingest([Observation(asked.point, {"f": told}, {"f": 0.2})])
        return 1 - peak(agent.best().point)

    ours = [shortfall(GainAgent(unit, Maximize("f"), seed=seed), seed) for seed in range(3)]
    even = [shortfall(SobolAgent(unit, Maximize("f"), seed=seed), seed) for seed in range(3)]
    assert np.mean(ours) < 0.6 * np.mean(even)


def peak(point):
    return float(np.exp(-20 * ((point["x"] - 0.63) ** 2 + (point["y"] - 0.28) ** 2)))


def test_a_batch_is_chosen_together():
    agent = GainAgent(PLANE, Minimize("f"), seed=0)
    regret(agent, 10, 0, n=5)
    batch = PLANE.to_unit([row.point for row in agent.suggest(5, [])])
    apart = np.linalg.norm(batch[:, None] - batch[None], axis=2)[np.triu_indices(5, 1)]
    assert apart.min() > 0.02
    assert regret(agent, 25, 0, n=5) < 0.2


@pytest.mark.parametrize("build", [GainAgent, BayesianAgent])
def test_finds_the_best_of_a_pool_in_batches_sooner_than_in_any_order(build):
    rng = np.random.default_rng(3)
    pool = {"x": rng.uniform(-5, 10, 300), "y": rng.uniform(0, 15, 300)}
    space = Space(PLANE.dofs, pool=pool)
    values = branin(pool["x"], pool["y"])
    top = np.sort(values)[2]
    agent, measured, best = build(space, Minimize("f"), seed=1), 0, np.inf
    while best > top:
        asked = agent.suggest(4, [])
        assert len({tuple(row.point.values()) for row in asked}) == 4
        assert all(dict(row.point) in [dict(point) for point in space.pool] for row in asked)
        found = [branin(**row.point) for row in asked]
        agent.ingest([Observation(row.point, {"f": value}) for row, value in zip(asked, found, strict=True)])
        measured, best = measured + 4, min(best, *found)
    assert measured < 40


@pytest.mark.parametrize("build", [GainAgent, BayesianAgent])
def test_asks_for_every_candidate_once_however_close_or_often_listed(build):
    amounts = np.geomspace(1e-6, 1.0, 12)
    space = Space([Dof("x", 0, 1)], pool={"x": np.concatenate([amounts, amounts[:4]])})
    agent, made = build(space, Minimize("f")), []
    for _ in range(7):
        asked = agent.suggest(2, [])
        rows = [(row, {"f": (np.log(row.point["x"]) + 8.0) ** 2}) for row in asked]
        agent.ingest([Observation(row.point, values, suggestion_id=row.id) for row, values in rows])
        made += [row.point["x"] for row in asked]
    assert sorted(made) == amounts.tolist()


def test_costs_of_candidates_count():
    rng = np.random.default_rng(3)
    pool = {"x": rng.uniform(-5, 10, 200), "y": rng.uniform(0, 15, 200)}
    space = Space(PLANE.dofs, pool=pool)

    def cost(_at, point):
        return 20.0 if point["x"] > 2.5 else 1.0

    def run(seconds):
        agent, found = GainAgent(space, Minimize("f"), gain="ei", seconds=seconds, seed=2, initial=6), []
        for _ in range(18):
            [asked] = agent.suggest(1, [])
            found.append((cost(None, asked.point), branin(**asked.point)))
            agent.ingest([Observation(asked.point, {"f": found[-1][1]})])
        costs, values = zip(*found, strict=True)
        return sum(costs[6:]), min(values)

    (thrifty, best), (careless, _) = run(cost), run(None)
    assert thrifty < 0.5 * careless
    assert best < 3.0


def test_travel_counts_where_it_is_asked_for():
    slow = Space([Dof("x", -5, 10, speed=0.5), Dof("y", 0, 15, speed=0.5)])

    def cost(at, point):
        return 1.0 + (0.0 if at is None else slow.travel_time(at, point))

    def way(seconds):
        agent, points = GainAgent(slow, Minimize("f"), gain="ei", seconds=seconds, seed=0), []
        for _ in range(20):
            [asked] = agent.suggest(1, [])
            points.append(asked.point)
            agent.ingest([Observation(asked.point, {"f": branin(**asked.point)})])
        return sum(slow.travel_time(a, b) for a, b in itertools.pairwise(points[5:]))

    assert way(cost) < 0.7 * way(None)


@pytest.mark.parametrize("gain", ["ei", "nei", "kg"])
def test_learns_from_what_fails(fails_on_the_hill, gain):
    square = Space([Dof("x", 0, 1), Dof("y", 0, 1)])
    assert fails_on_the_hill(GainAgent(square, Maximize("f"), gain=gain, candidates=512)) <= 6


def test_bounds_weigh_in():
    wanted = (Minimize("f"), Bound("x_again", low=5.0))
    agent = GainAgent(PLANE, wanted, seed=0)
    for _ in range(25):
        [asked] = agent.suggest(1, [])
        values = {"f": branin(**asked.point), "x_again": asked.point["x"]}
        agent.ingest([Observation(asked.point, values)])
    assert agent.best().point["x"] >= 4.9
    assert branin(**agent.best().point) < 1.5


@pytest.mark.parametrize("gain", ["nei", "kg"])
def test_gains_count_from_what_keeps_the_bounds(gain):
    line = Space([Dof("x", 0, 1)])

    def readings(x):
        return {"f": 2 * np.exp(-(((x - 0.8) / 0.1) ** 2)) + np.exp(-(((x - 0.23) / 0.06) ** 2)), "g": x}

    agent = GainAgent(line, (Maximize("f"), Bound("g", high=0.5)), gain=gain, initial=5)
    for x in (0.0, 0.12, 0.3, 0.4, 0.55, 0.7, 0.78, 0.9, 1.0):
        agent.ingest([Observation({"x": x}, readings(x), {"f": 0.05, "g": 0.02})])
    for _ in range(3):
        [asked] = agent.suggest(1, [])
        assert asked.point["x"] < 0.52
        assert asked.why.rule == {"nei": "noisy EI", "kg": "knowledge gradient"}[gain]
        assert asked.why.score > 1e-3
        agent.ingest([Observation(asked.point, readings(asked.point["x"]), {"f": 0.05, "g": 0.02})])


@pytest.mark.parametrize("gain", ["nei", "kg"])
def test_gains_count_from_the_worst_where_nothing_keeps_the_bounds(gain):
    line = Space([Dof("x", 0, 1)])
    agent = GainAgent(line, (Maximize("f"), Bound("g", high=0.2)), gain=gain, initial=4)
    for x in (0.5, 0.6, 0.8, 0.95):
        agent.ingest([Observation({"x": x}, {"f": x, "g": x})])
    [asked] = agent.suggest(1, [])
    assert asked.point["x"] < 0.25
    assert asked.why.rule == {"nei": "noisy EI", "kg": "knowledge gradient"}[gain]


def test_the_record_says_where_no_gain_chose(monkeypatch):
    agent = GainAgent(PLANE, Minimize("f"))
    regret(agent, 6, 0)
    assert agent.suggest(1, [])[0].why.rule == "noisy EI"
    monkeypatch.setattr(agent, "_gains", lambda _belief, unit, *_rest: np.zeros(len(unit)))
    assert agent.suggest(1, [])[0].why.rule == "LogEI, for noisy EI is zero"
    monkeypatch.undo()
    assert agent.suggest(1, [])[0].why.rule == "noisy EI"


def test_refuses():
    with pytest.raises(ObjectiveError, match="a gain needs one Maximize or Minimize"):
        GainAgent(PLANE, Explore("f"))
    with pytest.raises(ObjectiveError, match="gain must be 'ei', 'nei', 'kg' or 'ucb', got 'pi'"):
        GainAgent(PLANE, Maximize("f"), gain="pi")
    with pytest.raises(ObjectiveError, match="never negative, can count per second, got 'UCB'"):
        GainAgent(PLANE, Maximize("f"), gain="ucb", seconds=one_second)


def test_a_cost_cannot_be_rebuilt_from_its_name():
    settings = GainAgent(PLANE, Maximize("f"), seconds=one_second).settings()
    with pytest.raises(ObjectiveError, match="seconds must be a function, which no record holds, got 'one_second'"):
        GainAgent(PLANE, Maximize("f"), seconds=settings["seconds"])
