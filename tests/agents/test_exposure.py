import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp import Dof, Explore, Maximize, Observation, Space
from autoexp.errors import ObjectiveError, SpaceError
from autoexp.testing.agents import AgentContract
from autoexp_agents import BayesianAgent, ExposureAgent, MapAgent, without
from autoexp_agents.exposure import best_exposure, learn_noise

TIMED = Space([Dof("x", 0, 1, speed=5.0), Dof("y", 0, 1, speed=5.0), Dof("t", 0.02, 5.0, unit="s")])
PLACES = without(TIMED, "t")
OVERHEAD = 0.2


class TestExposureAgent(AgentContract):
    only = ("plane", "whole numbers", "words")

    @pytest.fixture
    def build(self):
        def made(space, objectives, seed):
            if len(space.dofs) < 2:
                pytest.skip("an exposure needs a place")
            name = "n" if "n" in space.names else "y"
            inner = BayesianAgent(without(space, name), objectives, initial=4, seed=seed, candidates=256)
            return ExposureAgent(inner, space, name)

        return made


def rate(point):
    bright = 800 * np.exp(-30 * ((point["x"] - 0.3) ** 2 + (point["y"] - 0.6) ** 2))
    return 20 + bright + 300 * np.exp(-15 * ((point["x"] - 0.75) ** 2 + (point["y"] - 0.25) ** 2))


def map_error(seed, budget, fixed=None):
    """Measure for `budget` seconds; return the error of the map."""
    inner, rng = MapAgent(PLACES, Explore("f"), seed=seed, candidates=256, trust=math.inf), np.random.default_rng(seed)
    agent = inner if fixed else ExposureAgent(inner, TIMED, "t", overhead=OVERHEAD)
    seconds, at = 0.0, None
    while True:
        [asked] = agent.suggest(1, [])
        place = {name: asked.point[name] for name in "xy"}
        exposure = fixed or asked.point["t"]
        seconds += exposure + OVERHEAD + (PLACES.travel_time(at, place) if at else 0.0)
        if seconds > budget:
            break
        at, counts = place, rng.poisson(rate(place) * exposure)
        agent.ingest([Observation(asked.point, {"f": counts / exposure}, {"f": max(counts, 1) ** 0.5 / exposure})])
    report = inner.report(21)
    x, y = np.meshgrid(report["x"], report["y"], indexing="ij")
    return float(np.sqrt(np.mean((report["f_mean"].transpose("x", "y").values - rate({"x": x, "y": y})) ** 2)))


@pytest.mark.slow
def test_maps_about_as_well_as_the_best_exposure_for_all_without_knowing_it():
    def median(fixed=None):
        return np.median([map_error(seed, 30.0, fixed) for seed in range(2)])

    ours, fixed = median(), {seconds: median(seconds) for seconds in (0.3, 1.0)}
    assert ours < 1.25 * min(fixed.values())
    assert ours < 0.7 * fixed[1.0]


@given(st.floats(0.0, 100.0), st.floats(0.01, 10.0), st.integers(0, 9))
def test_noise_is_learnt_back(floor, slope, seed):
    rng = np.random.default_rng(seed)
    values, exposures = rng.uniform(1, 1000, 30), rng.uniform(0.1, 5.0, 30)
    found = learn_noise(values, np.sqrt((floor + slope * values) / exposures), exposures)
    assert found.slope == pytest.approx(slope, rel=1e-3)
    assert found(500.0) == pytest.approx(floor + slope * 500.0, rel=1e-3)


@given(st.floats(0.1, 10.0), st.floats(0.01, 100.0), st.floats(0.01, 10.0))
def test_more_noise_and_more_overhead_want_longer_exposures(sigma, noise, overhead):
    times = np.geomspace(1e-3, 1e3, 200)
    chosen = best_exposure(sigma, noise, overhead, times)
    assert best_exposure(sigma, 4 * noise, overhead, times) >= chosen
    assert best_exposure(sigma, noise, 4 * overhead, times) >= chosen
    assert best_exposure(2 * sigma, noise, overhead, times) <= chosen


def test_counts_no_longer_than_the_precision_asks_for():
    def longest(precision):
        inner = BayesianAgent(PLACES, Maximize("f"), seed=1, initial=4, candidates=256)
        agent, chosen = ExposureAgent(inner, TIMED, "t", overhead=5.0, precision=precision), []
        for _ in range(10):
            [asked] = agent.suggest(1, [])
            chosen.append(asked.point["t"])
            value = rate(asked.point)
            agent.ingest([Observation(asked.point, {"f": value}, {"f": (value / asked.point["t"]) ** 0.5})])
        return max(chosen[4:])

    assert longest(30.0) < 0.7 * longest(None)


def test_refuses():
    inner = BayesianAgent(PLACES, Maximize("f"))
    with pytest.raises(SpaceError, match="a Dof 'dwell' and without a pool is needed"):
        ExposureAgent(inner, TIMED, "dwell")
    with pytest.raises(SpaceError, match="the agent must choose Space"):
        ExposureAgent(BayesianAgent(TIMED, Maximize("f")), TIMED, "t")
    with pytest.raises(ObjectiveError, match="overhead must not be negative and precision must be positive, got -1"):
        ExposureAgent(inner, TIMED, "t", overhead=-1.0)
    negative = Space([*PLACES.dofs, Dof("t", -1.0, 1.0)])
    with pytest.raises(SpaceError, match="an exposure must be positive, got low=-1"):
        ExposureAgent(inner, negative, "t")
