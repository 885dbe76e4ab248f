import numpy as np
import pytest

from autoexp import (
    Bound,
    Classify,
    Contour,
    Dof,
    Explore,
    Maximize,
    Minimize,
    Observation,
    Source,
    Space,
    Status,
    Target,
)
from autoexp.errors import AutoexpError, ObjectiveError
from autoexp_agents import BayesianAgent

LINE = Space([Dof("x", 0.0, 10.0, unit="mm")])
PLANE = Space([Dof("x", 0.0, 10.0, unit="mm"), Dof("y", 0.0, 10.0, unit="mm")])


def run(agent, measure, num):
    made = []
    for _ in range(num):
        [suggestion] = agent.suggest(1, [])
        agent.ingest([Observation(suggestion.point, measure(suggestion.point), suggestion_id=suggestion.id)])
        made.append(suggestion)
    return made


def hill(point):
    return {"f": float(np.exp(-((point["x"] - 6.3) ** 2) / 4.0))}


def test_begins_with_a_sobol_design_then_thinks():
    made = run(BayesianAgent(LINE, Maximize("f"), initial=4), hill, 6)
    assert [suggestion.why.source for suggestion in made] == [Source.INITIAL] * 4 + [Source.AGENT] * 2
    last = made[-1].why
    assert (last.rule, last.n_observations) == ("LogEI", 5)
    assert last.model
    assert last.sigma["f"] > 0
    assert np.isfinite(last.score)


@pytest.mark.parametrize(
    ("objective", "rule"),
    [(Maximize("f"), "LogEI"), (Target("f", 0.5), "LogEI of the distance"), (Explore("f"), "sigma")],
)
def test_known_sigmas_augment_an_improvement(objective, rule):
    for sigma, said in ({}, rule), ({"f": 0.2}, rule if rule == "sigma" else f"augmented {rule}"):
        agent = BayesianAgent(LINE, objective)
        agent.ingest([Observation({"x": x}, hill({"x": x}), sigma) for x in np.linspace(0.0, 10.0, 5)])
        for suggestion in agent.suggest(2, []):
            assert suggestion.why.rule == said


@pytest.mark.parametrize(
    ("objective", "measure", "answer"),
    [
        (Maximize("f"), hill, 6.3),
        (Minimize("f"), lambda p: {"f": -hill(p)["f"]}, 6.3),
        (Target("f", 2.0), lambda p: {"f": np.exp(0.3 * p["x"])}, np.log(2.0) / 0.3),
        (Contour("f", 5.0), lambda p: {"f": 0.1 * p["x"] ** 2}, np.sqrt(50.0)),
    ],
)
def test_finds_what_is_wanted(objective, measure, answer):
    agent = BayesianAgent(LINE, objective)
    run(agent, measure, 14)
    assert abs(agent.best().point["x"] - answer) < 0.1


def test_explores_evenly():
    made = run(BayesianAgent(LINE, Explore("f"), initial=2), lambda p: {"f": np.sin(p["x"])}, 16)
    positions = np.sort([suggestion.point["x"] for suggestion in made])
    assert np.diff([0.0, *positions, 10.0]).max() < 2.0


def test_straddle_gathers_at_the_level():
    made = run(BayesianAgent(PLANE, Contour("f", 5.0)), lambda p: {"f": np.hypot(p["x"], p["y"])}, 25)
    distance = [abs(np.hypot(*suggestion.point.values()) - 5.0) for suggestion in made]
    assert np.median(distance[15:]) < 0.5 * np.median(distance[:5])


def test_keeps_to_a_bound():
    agent = BayesianAgent(LINE, (Maximize("f"), Bound("heat", high=4.0)))
    run(agent, lambda p: {"f": p["x"], "heat": p["x"]}, 15)
    best = agent.best()
    assert 3.5 < best.point["x"] < 4.1
    assert set(best.mean) == {"f", "heat"}


def test_looks_for_what_a_bound_allows_when_nothing_is():
    agent = BayesianAgent(LINE, (Maximize("f"), Bound("heat", high=1.0)), initial=2)
    agent.ingest([Observation({"x": x}, {"f": x, "heat": x}) for x in (6.0, 8.0, 10.0)])
    [suggestion] = agent.suggest(1, [])
    assert suggestion.why.rule == "feasibility"
    assert suggestion.point["x"] < 4.0


def test_turns_away_from_a_point_that_fails():
    agent = BayesianAgent(LINE, Maximize("f"), initial=1)
    agent.ingest([Observation({"x": x}, hill({"x": x})) for x in np.linspace(0.0, 10.0, 6)])
    chosen = []
    for _ in range(5):
        [suggestion] = agent.suggest(1, [])
        agent.ingest([Observation(suggestion.point, {}, suggestion_id=suggestion.id, status=Status.FAILED)])
        chosen.append(suggestion.point["x"])
    assert np.ptp(chosen) > 1.0


@pytest.mark.parametrize("seed", range(4))
def test_looks_elsewhere_as_long_as_all_values_are_alike(seed):
    rng = np.random.default_rng(seed)

    def plateau(point):
        return 1.0 - 0.5 * np.exp(-(((point["x"] - 0.8) / 0.4) ** 2))

    agent = BayesianAgent(LINE, Target("f", 0.75), seed=seed)
    for _ in range(16):
        [suggestion] = agent.suggest(1, [])
        value = plateau(suggestion.point) + 0.01 * rng.standard_normal()
        agent.ingest([Observation(suggestion.point, {"f": value}, {"f": 0.01}, suggestion_id=suggestion.id)])
    assert abs(plateau(agent.best().point) - 0.75) < 0.03


def test_never_answers_with_a_place_that_fails():
    def beam(point):
        return {"f": point["x"]} if point["x"] < 7.0 else {}

    agent = BayesianAgent(LINE, Maximize("f"))
    for _ in range(12):
        [suggestion] = agent.suggest(1, [])
        values = beam(suggestion.point)
        status = Status.OK if values else Status.FAILED
        agent.ingest([Observation(suggestion.point, values, suggestion_id=suggestion.id, status=status)])
    assert 6.0 < agent.best().point["x"] < 7.0


def test_comes_back_where_a_retry_succeeded():
    agent = BayesianAgent(LINE, Maximize("f"), initial=1)
    agent.ingest([Observation({"x": 3.0}, {}, status=Status.FAILED), Observation({"x": 3.0}, {"f": 1.0})])
    same = BayesianAgent(LINE, Maximize("f"), initial=1)
    same.ingest([Observation({"x": 3.0}, {"f": 1.0})])
    assert agent.suggest(1, [])[0].point == same.suggest(1, [])[0].point


def test_a_restored_copy_goes_on_with_the_design_although_motors_rest_beside_where_they_were_sent():
    agent, copy = (BayesianAgent(PLANE, Maximize("f")) for _ in range(2))
    for _ in range(3):
        [asked] = agent.suggest(1, [])
        agent.ingest([Observation({"x": asked.point["x"] + 0.005, "y": asked.point["y"]}, hill(asked.point))])
    copy.restore(agent.state())
    assert copy.suggest(1, [])[0].point == agent.suggest(1, [])[0].point


def test_suspect_values_stay_out_of_the_model():
    agent = BayesianAgent(LINE, Maximize("f"))
    run(agent, hill, 10)
    before = agent.best()
    agent.ingest([Observation({"x": 1.0}, {"f": 1e9}, status=Status.SUSPECT)])
    assert agent.best() == before


def test_trusts_values_by_their_sigma():
    agent = BayesianAgent(LINE, Maximize("f"))
    agent.ingest([Observation({"x": x}, hill({"x": x}), {"f": 0.01}) for x in np.linspace(0.0, 10.0, 11)])
    agent.ingest([Observation({"x": 1.5}, {"f": 3.0}, {"f": 5.0})])
    assert abs(agent.best().point["x"] - 6.3) < 0.3


def test_batches_spread():
    agent = BayesianAgent(PLANE, Maximize("f"))
    run(agent, lambda p: {"f": np.sin(2.0 * p["x"]) + np.cos(1.5 * p["y"])}, 8)
    points = np.array([list(suggestion.point.values()) for suggestion in agent.suggest(4, [])])
    gaps = np.linalg.norm(points[:, None] - points[None, :], axis=2) + 99.0 * np.eye(4)
    assert gaps.min() > 0.05


def test_refuses_what_it_cannot_do():
    with pytest.raises(ObjectiveError, match="one objective beside Bounds, got 2"):
        BayesianAgent(LINE, (Maximize("f"), Minimize("g")))
    with pytest.raises(ObjectiveError, match="cannot classify"):
        BayesianAgent(LINE, Classify("phase"))
    with pytest.raises(ObjectiveError, match="initial must be 1 or more, got 0"):
        BayesianAgent(LINE, Maximize("f"), initial=0)


def test_has_no_answer_before_it_saw_anything():
    with pytest.raises(AutoexpError, match="needs an observation"):
        BayesianAgent(LINE, Maximize("f")).best()
