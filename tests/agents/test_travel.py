import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp import Bound, Contour, Dof, Explore, Maximize, Minimize, Observation, Space
from autoexp.errors import ObjectiveError
from autoexp.surrogates import condition, fit
from autoexp.surrogates.parameters import Data
from autoexp_agents import (
    BayesianAgent,
    ConstrainedTrustRegionAgent,
    GainAgent,
    MapAgent,
    ParetoAgent,
    RoutedAgent,
    ScalarisedAgent,
    SobolAgent,
    TravelAgent,
    TrustRegionAgent,
    TwinAgent,
)
from autoexp_agents.pace import Travel

EXPOSURE = 1.0
SLOW = Space([Dof("x", -5, 10, unit="mm", speed=0.2), Dof("y", 0, 15, unit="mm", speed=0.2, settle=0.2)])
UNIT = Space([Dof("x", 0, 1, speed=0.05), Dof("y", 0, 1, speed=0.05)])


def branin(x, y):
    """L. C. W. Dixon and G. P. Szegő (1978); the least value is 0.397887."""
    return (y - 5.1 / (4 * np.pi**2) * x**2 + 5 / np.pi * x - 6) ** 2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x) + 10


def wave(x, y):
    return np.sin(6 * x) * np.cos(5 * y) + x * y


def visits(agent, value, space):
    """Let an agent measure on slow motors; return points, values and the beam time after each, one after the other."""
    clock, at = 0.0, None
    while True:
        [asked] = agent.suggest(1, [])
        clock += EXPOSURE + (0.0 if at is None else space.travel_time(at, asked.point))
        at = asked.point
        agent.ingest([Observation(at, {"f": value(**at)}, suggestion_id=asked.id)])
        yield at, value(**at), clock


def seconds_to(agent, regret):
    return next(clock for _, value, clock in visits(agent, branin, SLOW) if value - 0.397887 < regret)


@pytest.mark.slow
@pytest.mark.parametrize(
    "build",
    [
        lambda seed: BayesianAgent(SLOW, Minimize("f"), seed=seed, candidates=1024),
        lambda seed: GainAgent(SLOW, Minimize("f"), gain="ei", seed=seed),
    ],
)
def test_an_optimum_takes_less_beam_time(build):
    bare = [seconds_to(build(seed), 0.3) for seed in range(6)]
    paced = [seconds_to(TravelAgent(build(seed), exposure=EXPOSURE), 0.3) for seed in range(6)]
    assert np.mean(paced) < 0.85 * np.mean(bare)


def map_error(agent, seconds):
    rows = [(point, value) for point, value, clock in until(visits(agent, wave, UNIT), seconds)]
    data = Data(UNIT.to_unit([point for point, _ in rows]), np.array([value for _, value in rows]), np.zeros(len(rows)))
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 20)] * 2), axis=-1).reshape(-1, 2)
    mean, _ = condition(fit(data, profile="matern52"), data).posterior(grid)
    return float(np.sqrt(np.mean(np.square(mean - wave(*grid.T)))))


def until(rows, seconds):
    for row in rows:
        if row[2] > seconds:
            return
        yield row


@pytest.mark.slow
@pytest.mark.parametrize("build", [BayesianAgent, MapAgent])
def test_a_map_is_truer_after_the_same_beam_time(build):
    def error(wrap, seed):
        return map_error(wrap(build(UNIT, Explore("f"), seed=seed, candidates=256, kernel="matern52")), 200.0)

    bare = [error(lambda agent: agent, seed) for seed in range(2)]
    paced = [error(lambda agent: TravelAgent(agent, exposure=EXPOSURE), seed) for seed in range(2)]
    assert np.mean(paced) < 0.85 * np.mean(bare)


def peak_of(space):
    return lambda point: float(np.exp(-8.0 * np.square(space.to_unit([point])[0] - 0.3).sum()))


@pytest.mark.parametrize(
    "build",
    [
        lambda: BayesianAgent(SLOW, (Maximize("f"), Bound("g", low=-1.0)), candidates=256),
        lambda: GainAgent(SLOW, Maximize("f"), gain="kg", candidates=256),
        lambda: MapAgent(SLOW, Explore("f"), candidates=256),
        lambda: ParetoAgent(SLOW, (Maximize("f"), Maximize("g")), candidates=256),
        lambda: ScalarisedAgent(SLOW, (Maximize("f"), Maximize("g")), candidates=256),
        lambda: TrustRegionAgent(SLOW, Maximize("f")),
        lambda: TwinAgent(SLOW, Maximize("f"), lambda columns: {"f": np.zeros(len(columns["x"]))}, candidates=256),
    ],
)
def test_what_is_near_is_never_passed_over_for_what_is_far_and_the_record_says_so(build):
    value = peak_of(SLOW)
    bare, paced = build(), TravelAgent(build(), exposure=0.01)
    for point in SLOW.sobol(12, seed=5):
        row = Observation(point, {"f": value(point), "g": point["x"] / 10.0})
        bare.ingest([row])
        paced.ingest([row])
    [free], [near] = bare.suggest(1, []), paced.suggest(1, [])
    assert SLOW.travel_time(point, near.point) < 1.01 * SLOW.travel_time(point, free.point)
    assert near.why.rule == f"{free.why.rule} per second"


@given(st.lists(st.tuples(st.floats(-5, 10), st.floats(0, 15)), min_size=1, max_size=5), st.floats(0.1, 10))
def test_a_point_costs_what_the_space_says_and_the_exposure(places, exposure):
    points = [{"x": x, "y": y} for x, y in places]
    found = Travel(SLOW, exposure)(points[0], SLOW.to_unit(points))
    np.testing.assert_allclose(found, [exposure + SLOW.travel_time(points[0], point) for point in points], atol=1e-9)
    assert (Travel(SLOW, exposure)(None, SLOW.to_unit(points)) == exposure).all()


def test_travel_counts_from_what_is_pending():
    agent = TravelAgent(BayesianAgent(SLOW, Explore("f"), initial=4, candidates=256), exposure=0.01)
    for point in SLOW.sobol(6, seed=1):
        agent.ingest([Observation(point, {"f": branin(**point)})])
    first, second = agent.suggest(2, [])
    corner = {"x": 10.0, "y": 15.0}
    assert SLOW.travel_time(first.point, second.point) < SLOW.travel_time(corner, {"x": -5.0, "y": 0.0}) / 2


@pytest.mark.parametrize(
    ("agent", "rule"),
    [
        (GainAgent(SLOW, Maximize("f"), gain="ucb"), "UCB"),
        (BayesianAgent(SLOW, Contour("f", level=1.0)), "straddle"),
        (ConstrainedTrustRegionAgent(SLOW, (Maximize("f"), Bound("g", high=1.0))), "Thompson sampling"),
    ],
)
def test_refuses_what_is_no_gain(agent, rule):
    with pytest.raises(
        ObjectiveError, match=f"only a gain, which is never negative, can count per second, got '{rule}"
    ):
        TravelAgent(agent)


def test_refuses():
    with pytest.raises(ObjectiveError, match="an agent that counts per second, got SobolAgent"):
        TravelAgent(SobolAgent(SLOW, Maximize("f")))
    with pytest.raises(ObjectiveError, match="exposure must be positive, got 0"):
        TravelAgent(BayesianAgent(SLOW, Maximize("f")), exposure=0)


def test_a_route_may_be_planned_around_it():
    agent = RoutedAgent(TravelAgent(MapAgent(UNIT, Explore("f"), candidates=64)), points=3)
    assert len({str(row.point) for row in agent.suggest(4, [])}) == 4
