import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp import Bound, Dof, Maximize, Observation, Space, Status
from autoexp.errors import AutoexpError
from autoexp.testing.agents import AgentContract
from autoexp_agents import BayesianAgent, ReferenceAgent, SobolAgent
from autoexp_agents.reference import Shift

PLANE = Space([Dof("x", 0, 1), Dof("y", 0, 1)])
HERE = {"x": 0.1, "y": 0.1}
finite = st.floats(1.0, 100.0)


class TestReferenceAgent(AgentContract):
    @pytest.fixture
    def build(self):
        return lambda space, objectives, seed: ReferenceAgent(
            BayesianAgent(space, objectives, initial=4, seed=seed, candidates=256), space.sobol(1, seed=99)[0]
        )


def hill(point):
    return 1 + float(np.exp(-8 * ((point["x"] - 0.7) ** 2 + (point["y"] - 0.4) ** 2)))


def shortfall(agent, seed):
    rng = np.random.default_rng(seed)
    for index in range(36):
        time = 60.0 * index
        [asked] = agent.suggest(1, [])
        value = hill(asked.point) * np.exp(-time / 3000) + 0.01 * rng.standard_normal()
        agent.ingest([Observation(asked.point, {"f": value}, {"f": 0.01}, suggestion_id=asked.id, time=time)])
    return 2 - hill(agent.best().point)


@pytest.mark.slow
def test_a_beam_that_fades_misleads_no_more():
    def inner(seed):
        return BayesianAgent(PLANE, Maximize("f"), seed=seed, candidates=256)

    referred = [shortfall(ReferenceAgent(inner(seed), HERE, every=300.0, correct="ratio"), seed) for seed in range(5)]
    plain = [shortfall(inner(seed), seed) for seed in range(5)]
    assert np.median(referred) < 0.02
    assert np.median(referred) < 0.3 * np.median(plain)


def test_the_reference_comes_first_and_then_in_time():
    agent = ReferenceAgent(SobolAgent(PLANE, Maximize("f")), HERE, every=100.0)
    times = []
    for index in range(30):
        [asked] = agent.suggest(1, [])
        if asked.why.rule == "reference":
            assert asked.point == HERE
            times.append(30.0 * index)
        agent.ingest([Observation(asked.point, {"f": 1.0}, suggestion_id=asked.id, time=30.0 * index)])
    assert times[0] == 0.0
    assert np.diff(times) == pytest.approx(150.0)
    assert len(agent.references) == len(times)


def test_the_reference_is_asked_for_once_at_a_time():
    agent = ReferenceAgent(SobolAgent(PLANE, Maximize("f")), HERE)
    first = agent.suggest(3, [])
    assert [row.why.rule for row in first] == ["reference", "sobol", "sobol"]
    assert all(row.why.rule == "sobol" for row in agent.suggest(2, first))


def asked_for(agent, statuses, values=None):
    """Return when the reference was asked for, every 10 s, where its readings come back with these statuses."""
    times, statuses = [], iter(statuses)
    for index in range(20):
        [asked] = agent.suggest(1, [])
        status = Status.OK
        if asked.why.rule == "reference":
            times.append(10.0 * index)
            status = next(statuses, Status.OK)
        told = (values or {"f": 2.0}) if status is Status.OK else {}
        agent.ingest([Observation(asked.point, told, suggestion_id=asked.id, time=10.0 * index, status=status)])
    return times


@pytest.mark.parametrize("status", [Status.FAILED, Status.SUSPECT])
def test_a_reference_that_gives_no_value_is_asked_for_again_at_once(status):
    agent = ReferenceAgent(SobolAgent(PLANE, Maximize("f")), HERE, every=100.0)
    assert asked_for(agent, [status, status]) == [0.0, 10.0, 20.0, 130.0]
    assert [row.time for row in agent.references] == [20.0, 130.0]
    assert agent.shift("f").latest == 2.0


def test_a_reference_without_every_value_counts_for_none():
    agent = ReferenceAgent(SobolAgent(PLANE, (Maximize("f"), Bound("g", high=1.0))), HERE, every=100.0)
    assert asked_for(agent, [], {"f": 2.0}) == [0.0, 10.0, 20.0, 130.0, 140.0, 150.0]
    assert agent.references == ()


@pytest.mark.parametrize("sigma", [np.inf, 1e200])
def test_a_reference_whose_sigma_says_nothing_counts_for_none(sigma):
    agent = ReferenceAgent(SobolAgent(PLANE, Maximize("f")), HERE, every=100.0)
    [asked] = agent.suggest(1, [])
    agent.ingest([Observation(asked.point, {"f": 2.0}, {"f": sigma}, suggestion_id=asked.id, time=0.0)])
    assert agent.references == ()
    [again] = agent.suggest(1, [])
    assert again.point == asked.point


def test_a_dead_reference_does_not_stop_the_scan():
    agent = ReferenceAgent(SobolAgent(PLANE, Maximize("f")), HERE, every=100.0)
    assert asked_for(agent, [Status.FAILED] * 20) == [0.0, 10.0, 20.0, 130.0, 140.0, 150.0]


def test_counts_on_after_a_restore():
    agent, other = (ReferenceAgent(SobolAgent(PLANE, Maximize("f")), HERE, every=100.0) for _ in range(2))
    [asked] = agent.suggest(1, [])
    agent.ingest([Observation(asked.point, {}, suggestion_id=asked.id, time=0.0, status=Status.FAILED)])
    other.restore(agent.state())
    assert (
        asked_for(other, [Status.FAILED] * 20)[:3] == asked_for(agent, [Status.FAILED] * 20)[:3] == [0.0, 10.0, 120.0]
    )


@given(finite, finite, finite, st.floats(0.01, 10.0))
def test_corrections_undo_what_drifted(value, first, offset, factor):
    assert Shift(first, first + offset, 0, 0).correct(value + offset, 0.1, "offset") == pytest.approx((value, 0.1))
    assert Shift(first, first * factor, 0, 0).correct(value * factor, 0.0, "ratio")[0] == pytest.approx(value)
    assert Shift(first, first + offset, 0.04, 0.05).correct(value, 0.0, "offset")[1] == pytest.approx(0.3)


def test_sigma_of_a_ratio_is_that_of_many_draws():
    rng = np.random.default_rng(0)
    value, first, latest = (rng.normal(mean, 0.02 * mean, 100_000) for mean in (5.0, 4.0, 2.0))
    _, sigma = Shift(4.0, 2.0, 0.08**2, 0.04**2).correct(5.0, 0.1, "ratio")
    assert sigma == pytest.approx(float(np.std(value * first / latest)), rel=0.02)


def test_refuses():
    inner = SobolAgent(PLANE, Maximize("f"))
    with pytest.raises(AutoexpError, match="every must be positive, got 0"):
        ReferenceAgent(inner, HERE, every=0.0)
    with pytest.raises(AutoexpError, match="correct must be 'offset', 'ratio' or 'none', got 'twice'"):
        ReferenceAgent(inner, HERE, correct="twice")
