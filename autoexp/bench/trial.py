"""One agent, one seed: a scan in beamline time."""

import asyncio
import inspect
import itertools
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from autoexp import plugins
from autoexp.beamline import Beamline
from autoexp.bench.defaults import default_goal
from autoexp.bench.evidence import Evidence, wanted
from autoexp.bench.goals import Goal, JudgesAnswers, OptimumFound, cost
from autoexp.bench.raster import RasterRival
from autoexp.campaign import Campaign
from autoexp.documents import DECISIONS
from autoexp.dofs import FloatArray
from autoexp.errors import AutoexpError
from autoexp.protocols import Agent, Answers
from autoexp.records import Point
from autoexp.space import Space

AgentFactory = str | Callable[..., Agent]
"""``raster``, a registered name, or what is called as ``(space, objectives, seed=...)``; also with ``budget=...``
where it takes one."""

SceneFactory = str | Callable[..., Beamline]
"""A registered name, or what is called as ``(seed=..., speed=...)``."""

RASTER = "raster"
"""Name of the rival for maps that needs no registration."""

_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Trial:
    """What one process is to do.

    Parameters
    ----------
    name
        Of the agent in the comparison.
    agent, scene
        What makes them.
    budget
        Number of points.
    seed
        Of the Scene and of the agent.
    goal
        What judges the scan; by default what fits the Scene's first objective.
    """

    name: str
    agent: AgentFactory
    scene: SceneFactory
    budget: int
    seed: int
    goal: Goal | None = None


@dataclass(frozen=True, slots=True)
class Track:
    """How one scan went, point by point; arrays of shape ``(n,)``.

    Parameters
    ----------
    name, seed
        Of the agent, and of the Scene and the agent.
    score
        What the goal says after each point.
    best
        Best value measured so far within the Bounds, in the field's unit; NaN before there is one.
    beam_time, travel
        Beamline seconds since the scan began, and how many of them were travel.
    decision_time
        Wall seconds that the decision before each point took.
    answer
        What the goal says of the agent's own answer at the end; NaN without one.
    goal, lower_is_better
        Name of the score, and which way is good.
    field, field_unit
        What was wanted, and its unit.
    unit
        Of the score.
    """

    name: str
    seed: int
    score: FloatArray
    best: FloatArray
    beam_time: FloatArray
    travel: FloatArray
    decision_time: FloatArray
    answer: float
    goal: str
    lower_is_better: bool
    field: str
    field_unit: str
    unit: str


def run_trial(trial: Trial) -> Track:
    """Run the scan and judge it.

    The agent thinks inline, so that the same seed gives the same points; the decision times hold all of its
    thinking, where at a beamline a part of it hides behind motion and exposure.
    """
    make = plugins.load("scenes", trial.scene) if isinstance(trial.scene, str) else trial.scene
    beamline: Beamline = make(seed=trial.seed, speed=None)
    agent = make_agent(trial, beamline)
    campaign = Campaign(agent, clock=beamline.clock.now, on_failure="skip", think="inline")
    waits = _scan(beamline, campaign, trial.budget)
    evidence = Evidence(beamline, campaign.space, campaign.observations, _answer(agent))
    return _track(trial, evidence, campaign.units, waits)


def space_of(beamline: Beamline) -> Space:
    """Return where a beamline's agents may measure."""
    space = getattr(beamline.scene, "space", None)
    return space(beamline.dofs) if callable(space) else Space(beamline.dofs)


def agent_factory(agent: AgentFactory) -> Callable[..., Agent]:
    """Return what makes an agent.

    Raises
    ------
    PluginError
        If there is none of that name.
    """
    if not isinstance(agent, str):
        return agent
    factory: Callable[..., Agent] = RasterRival if agent == RASTER else plugins.load("agents", agent)
    return factory


def make_agent(trial: Trial, beamline: Beamline) -> Agent:
    """Call an agent's factory, with the seed and the budget where it takes them."""
    make = agent_factory(trial.agent)
    takes = inspect.signature(make).parameters
    anything = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in takes.values())
    known = {"seed": trial.seed} if anything or "seed" in takes else {}
    if "budget" in takes:
        known["budget"] = trial.budget
    return make(space_of(beamline), beamline.objectives, **known)


def _scan(beamline: Beamline, campaign: Campaign, budget: int) -> list[float]:
    waits = _Waits()
    plan = plugins.load("plans", "adaptive_scan")(beamline.detectors(), campaign, num=budget)
    with _run_engine() as engine:
        engine.subscribe(waits)
        engine(_staying(plan))
    return waits.seconds


def _staying(plan: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """Fail where the plan would end the thread of the engine, which would be waited for in vain."""
    try:
        return (yield from plan)
    except (SystemExit, KeyboardInterrupt) as error:
        raise AutoexpError(f"a scan must not end its process, got {error!r}") from error


@contextmanager
def _run_engine() -> Iterator[Any]:
    """Lend a RunEngine that may be used in any thread and leaves no thread behind."""
    from bluesky.run_engine import RunEngine

    loop = asyncio.new_event_loop()
    engine = RunEngine({}, loop=loop, context_managers=[])
    try:
        yield engine
    finally:
        asyncio.run_coroutine_threadsafe(loop.shutdown_default_executor(), loop).result(_PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        until = time.monotonic() + _PATIENCE
        while loop.is_running() and time.monotonic() < until:
            time.sleep(1e-3)
        loop.close()


class _Waits:
    """Collects how long each decision took, from the documents."""

    def __init__(self) -> None:
        self.seconds = list[float]()
        self._decisions = set[str]()

    def __call__(self, name: str, document: Mapping[str, Any]) -> None:
        if name == "descriptor" and document["name"] == DECISIONS:
            self._decisions.add(document["uid"])
        elif name == "event" and document["descriptor"] in self._decisions:
            self.seconds.append(float(document["data"]["dead_time"]))


def _answer(agent: Agent) -> Point | None:
    """Return what the agent holds for the best; None where it has none, as after nothing usable was measured."""
    with suppress(AutoexpError):
        return agent.best().point if isinstance(agent, Answers) else None
    return None


def _track(trial: Trial, evidence: Evidence, units: Mapping[str, str], waits: list[float]) -> Track:
    objective = wanted(evidence.beamline)
    goal = trial.goal or default_goal(objective)
    unit = units.get(objective.name) or ""
    points = [row.point for row in evidence.observations]
    legs = [0.0, *(evidence.space.travel_time(start, stop) for start, stop in itertools.pairwise(points))]
    return Track(
        name=trial.name,
        seed=trial.seed,
        score=goal.judge(evidence),
        best=_best_so_far(evidence),
        beam_time=np.array([row.time for row in evidence.observations]),
        travel=np.cumsum(legs),
        decision_time=np.array(waits[: len(points)]),
        answer=goal.judge_answer(evidence) if isinstance(goal, JudgesAnswers) else float("nan"),
        goal=goal.name,
        lower_is_better=goal.lower_is_better,
        field=objective.name,
        field_unit=unit,
        unit=unit if goal.in_field_unit else "",
    )


def _best_so_far(evidence: Evidence) -> FloatArray:
    values = evidence.measured()
    if isinstance(default_goal(evidence.objective), OptimumFound):
        usable = np.isfinite(values) & evidence.measured_within()
        costs = np.where(usable, cost(evidence.objective, values), np.inf)
        leaders = [int(np.argmin(costs[: index + 1])) for index in range(len(costs))]
        return np.where(usable, values, np.nan)[leaders]
    return np.full(len(values), np.nan)
