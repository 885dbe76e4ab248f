"""The contract of agents, as tests that anybody's agent inherits."""

import json
import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autoexp.constraints import LinearConstraint
from autoexp.dofs import Dof
from autoexp.objectives import Maximize, Objective
from autoexp.protocols import Agent, Answers, Checkpoints, Describes, Prepares, Reports
from autoexp.records import Observation, Point, Status, Suggestion
from autoexp.space import Space
from autoexp.testing.strategies import observations, spaces

Build = Callable[[Space, Objective | tuple[Objective, ...], int], Agent]
"""Space, objectives and seed to a new agent."""

Measure = Callable[[Space, Suggestion], Observation]
"""Where, and a suggestion, to what was measured."""

GOAL = Maximize("f")

_X, _Y = Dof("x", -2.0, 3.0, unit="mm"), Dof("y", 0.0, 10.0, unit="mrad", speed=1.0)
SPACES = {
    "line": Space([_X]),
    "plane": Space([_X, _Y]),
    "whole numbers": Space([_X, Dof("n", 1, 6, integer=True)]),
    "words": Space([Dof("filter", choices=("Al", "Cu", "none")), _Y]),
    "numbers": Space([Dof("slit", choices=(0.05, 0.1, 0.5), unit="mm"), _X]),
    "finite": Space([Dof("n", 0, 4, integer=True), Dof("filter", choices=("Al", "Cu"))]),
    "half": Space([_X, _Y], [LinearConstraint({"x": 2.0, "y": 1.0}, high=5.0)]),
    "ring": Space([_X, _Y], [lambda c: np.hypot(c["x"] - 0.5, (c["y"] - 5.0) / 2.0) > 1.0]),
    "pool": Space([_X, _Y], pool={"x": np.linspace(-2.0, 3.0, 9), "y": np.linspace(0.0, 10.0, 9) ** 2 / 10.0}),
}


def truth(space: Space, point: Point) -> float:
    """Return a smooth value with one maximum, at 0.3 of every range or at the first word."""
    peak = [0.3] * space.width
    return 5.0 - 4.0 * float(np.square(space.to_unit([point])[0] - peak).sum())


def answer(space: Space, suggestion: Suggestion, **changes: object) -> Observation:
    """Return the observation that measures `truth` where a suggestion asks for it."""
    found = {"point": suggestion.point, "values": {"f": truth(space, suggestion.point)}, **changes}
    return Observation(suggestion_id=suggestion.id, **found)  # type: ignore[arg-type]


def beside(space: Space, suggestion: Suggestion) -> Observation:
    """Return the observation that measures `truth` where motors come to rest: off by 5e-4 of every range."""
    point = dict(suggestion.point)
    for dof in space.dofs:
        if not dof.choices:
            inwards = math.copysign(5e-4, 0.5 * (dof.low + dof.high) - float(point[dof.name]))
            point[dof.name] = float(point[dof.name]) + inwards * (dof.high - dof.low)
    return answer(space, suggestion, point=point)


def play(agent: Agent, turns: int, n: int = 1, measured: Measure = answer) -> list[Suggestion]:
    """Let an agent choose and measure, `turns` times; return everything that it suggested."""
    made = list[Suggestion]()
    for _ in range(turns):
        asked = agent.suggest(n, [])
        agent.ingest([measured(agent.space, suggestion) for suggestion in asked])
        made += asked
    return made


def keys(suggestions: Sequence[Suggestion]) -> list[tuple[tuple[str, object], ...]]:
    """Return the points of suggestions as something to compare."""
    return [tuple(sorted(suggestion.point.items())) for suggestion in suggestions]


class AgentContract:
    """Tests that every agent passes; override the fixture `build`.

    Examples
    --------
    ::

        class TestMine(AgentContract):
            @pytest.fixture
            def build(self):
                return lambda space, objectives, seed: Mine(space, objectives, seed=seed)
    """

    turns = 8
    """How many points an agent measures in these tests: enough for it to leave its initial design."""

    goal: Objective = GOAL
    """What the agent is asked for, of the field ``"f"``."""

    only: Sequence[str] = tuple(SPACES)
    """The kinds of Space that it is made for; one of ``"line"`` and ``"plane"`` must be among them."""

    @pytest.fixture
    def build(self) -> Build:
        """Return what makes a new agent."""
        raise NotImplementedError("override the fixture 'build'")

    @pytest.fixture(params=SPACES)
    def space(self, request: pytest.FixtureRequest) -> Space:
        """Return where it may measure: of every kind in turn."""
        if request.param not in self.only:
            pytest.skip("is not made for such a Space")
        return SPACES[request.param]

    @property
    def home(self) -> Space:
        """A plain Space that it is made for: the plane, if it can."""
        return SPACES["plane" if "plane" in self.only else "line"]

    def test_is_an_agent(self, build: Build, space: Space) -> None:
        agent = build(space, self.goal, 0)
        assert isinstance(agent, Agent)
        assert agent.space is space
        assert agent.objectives == (self.goal,)

    def test_measures_in_the_space(self, build: Build, space: Space) -> None:
        for suggestion in play(build(space, self.goal, 0), self.turns):
            assert space.check(suggestion.point) == suggestion.point

    def test_gives_each_suggestion_its_own_id(self, build: Build, space: Space) -> None:
        made = play(build(space, self.goal, 0), 3, n=3)
        assert len({suggestion.id for suggestion in made}) == len(made)

    @pytest.mark.parametrize("n", [1, 3])
    def test_gives_no_more_than_asked_for(self, build: Build, space: Space, n: int) -> None:
        agent = build(space, self.goal, 0)
        for _ in range(self.turns):
            asked = agent.suggest(n, [])
            assert len(asked) <= n
            agent.ingest([answer(space, suggestion) for suggestion in asked])

    def test_never_suggests_what_is_pending(self, build: Build, space: Space) -> None:
        agent = build(space, self.goal, 0)
        pending = list[Suggestion]()
        for _ in range(self.turns):
            asked = agent.suggest(2, pending)
            pending += asked
            assert len(set(keys(pending))) == len(pending)
            if len(pending) > 4:
                agent.ingest([answer(space, pending.pop(0)), answer(space, pending.pop(0))])

    def test_repeats_no_point_needlessly(self, build: Build, space: Space) -> None:
        made = play(build(space, self.goal, 0), self.turns)
        assert len(set(keys(made))) == len(made)

    def test_same_seed_same_choices(self, build: Build, space: Space) -> None:
        first, second = (play(build(space, self.goal, 3), self.turns) for _ in range(2))
        assert keys(first) == keys(second)
        assert [suggestion.id for suggestion in first] == [suggestion.id for suggestion in second]

    def test_leaves_global_random_numbers_alone(self, build: Build, space: Space) -> None:
        before = repr(np.random.get_state())  # noqa: NPY002
        play(build(space, self.goal, 0), 3)
        assert repr(np.random.get_state()) == before  # noqa: NPY002

    def test_ends_when_a_finite_space_does(self, build: Build) -> None:
        for name in {"finite", "pool"} & set(self.only):
            made = play(build(SPACES[name], self.goal, 0), 12)
            assert len(set(keys(made))) == len(made)

    @pytest.mark.parametrize("name", ["finite", "pool"])
    def test_ends_although_motors_rest_beside_where_they_were_sent(self, build: Build, name: str) -> None:
        if name not in self.only:
            pytest.skip("is not made for such a Space")
        agent, sure = (build(SPACES[name], self.goal, 0) for _ in range(2))
        play(sure, 4, n=3)
        if sure.suggest(1, []):
            pytest.skip("goes on in a finite Space")
        made = play(agent, 4, n=3, measured=beside)
        assert len(set(keys(made))) == len(made)
        assert not agent.suggest(1, [])

    @pytest.mark.parametrize("status", [Status.FAILED, Status.SUSPECT])
    def test_goes_on_after_lost_points(self, build: Build, space: Space, status: Status) -> None:
        agent = build(space, self.goal, 0)
        for turn in range(self.turns):
            asked = agent.suggest(1, [])
            lost = {"status": status, "values": {"f": math.nan}} if turn % 3 == 1 else {}
            agent.ingest([answer(space, suggestion, **lost) for suggestion in asked])
            for suggestion in asked:
                assert space.check(suggestion.point) == suggestion.point

    def test_goes_on_when_everything_failed(self, build: Build) -> None:
        agent = build(self.home, self.goal, 0)
        for _ in range(self.turns):
            [suggestion] = agent.suggest(1, [])
            agent.ingest([answer(agent.space, suggestion, status=Status.FAILED, values={})])

    def test_survives_the_same_point_again_and_again(self, build: Build) -> None:
        agent = build(self.home, self.goal, 0)
        middle = self.home.from_unit(np.full((1, self.home.width), 0.5))[0]
        again = Observation(middle, {"f": 1.0}, {"f": 1e-9})
        agent.ingest([again] * 12)
        play(agent, self.turns)

    @pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
    def test_survives_values_of_any_size(self, build: Build, scale: float) -> None:
        agent = build(self.home, self.goal, 0)
        for _ in range(self.turns):
            [asked] = agent.suggest(1, [])
            agent.ingest([Observation(asked.point, {"f": scale * truth(agent.space, asked.point)})])

    def test_survives_a_constant(self, build: Build) -> None:
        agent = build(self.home, self.goal, 0)
        for _ in range(self.turns):
            [asked] = agent.suggest(1, [])
            agent.ingest([Observation(asked.point, {"f": 7.0})])

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def test_survives_any_space_and_any_observations(self, build: Build, data: st.DataObject) -> None:
        if set(self.only) != set(SPACES):
            pytest.skip("is not made for every Space")
        space = data.draw(spaces())
        agent = build(space, self.goal, 0)
        agent.ingest(data.draw(st.lists(observations(space), max_size=6)))
        asked = agent.suggest(2, [])
        agent.ingest([answer(space, suggestion) for suggestion in asked])
        for suggestion in [*asked, *agent.suggest(1, [])]:
            assert space.check(suggestion.point) == suggestion.point

    def test_learns_where_the_devices_were_read_back(self, build: Build) -> None:
        agent = build(SPACES["line"], self.goal, 0)
        if not isinstance(agent, Answers) or self.goal != GOAL:
            pytest.skip("gives no answers, or to another question")
        for _ in range(10):
            asked = agent.suggest(1, [])
            for suggestion in asked:
                point = {"x": 0.6 * float(suggestion.point["x"]) - 0.4}
                agent.ingest([answer(agent.space, suggestion, point=point, values={"f": -((point["x"] + 0.5) ** 2)})])
        assert abs(float(agent.best().point["x"]) + 0.5) < 0.15

    def test_answer_is_no_lucky_draw(self, build: Build) -> None:
        agent = build(SPACES["line"], self.goal, 0)
        if not isinstance(agent, Answers) or self.goal != GOAL:
            pytest.skip("gives no answers, or to another question")
        rows = [({"x": x}, -((x - 1.0) ** 2), 0.05) for x in np.linspace(-2.0, 3.0, 21)]
        agent.ingest([Observation(point, {"f": value}, {"f": sigma}) for point, value, sigma in rows])
        agent.ingest([Observation({"x": -1.5}, {"f": 6.0}, {"f": 8.0})])
        best = agent.best()
        assert abs(float(best.point["x"]) - 1.0) < 0.3
        assert abs(best.mean["f"]) < 0.3
        assert 0.0 < best.sigma["f"] < 0.3

    def test_answer_lies_in_the_space(self, build: Build, space: Space) -> None:
        agent = build(space, self.goal, 0)
        if not isinstance(agent, Answers):
            pytest.skip("gives no answers")
        play(agent, self.turns)
        best = agent.best()
        assert space.check(best.point) == best.point
        assert math.isfinite(best.mean["f"])
        assert best.sigma["f"] > 0

    def test_state_restores_the_same_choices(self, build: Build, space: Space) -> None:
        agent, other = build(space, self.goal, 0), build(space, self.goal, 0)
        if not isinstance(agent, Checkpoints) or not isinstance(other, Checkpoints):
            pytest.skip("keeps no state")
        play(agent, self.turns)
        other.restore(json.loads(json.dumps(agent.state())))
        assert keys(other.suggest(2, [])) == keys(agent.suggest(2, []))

    @pytest.mark.parametrize("turns", [2, 3, 7])
    def test_state_restores_the_same_choices_wherever_motors_rest(self, build: Build, turns: int) -> None:
        agent, other = build(self.home, self.goal, 0), build(self.home, self.goal, 0)
        if not isinstance(agent, Checkpoints) or not isinstance(other, Checkpoints):
            pytest.skip("keeps no state")
        play(agent, turns, measured=beside)
        other.restore(json.loads(json.dumps(agent.state())))
        assert keys(other.suggest(2, [])) == keys(agent.suggest(2, []))

    def test_chooses_the_same_after_thinking_ahead_to_the_end(self, build: Build) -> None:
        agent, other = build(self.home, self.goal, 0), build(self.home, self.goal, 0)
        wait = getattr(agent, "wait", None)
        if not isinstance(agent, Prepares) or wait is None:
            pytest.skip("does not think ahead, or cannot be waited for")
        play(agent, self.turns)
        play(other, self.turns)
        agent.prepare([])
        wait()
        assert keys(agent.suggest(1, [])) == keys(other.suggest(1, []))

    def test_tells_its_settings(self, build: Build) -> None:
        agent = build(self.home, self.goal, 0)
        if not isinstance(agent, Describes):
            pytest.skip("tells no settings")
        assert json.loads(json.dumps(agent.settings())) == agent.settings()

    def test_reports_over_the_space(self, build: Build, space: Space) -> None:
        agent = build(space, self.goal, 0)
        if not isinstance(agent, Reports):
            pytest.skip("gives no reports")
        play(agent, self.turns)
        report = agent.report(per_dof=4)
        assert {"f_mean", "f_sigma", "score"} <= set(report.data_vars)
        assert set(report["f_mean"].dims) <= set(space.names)
        assert np.isfinite(report["f_mean"]).all()
        for dof in space.dofs:
            assert report[dof.name].attrs["units"] == dof.unit
