"""A self-driving experiment on a simulated beamline, from registered parts only."""

import argparse
import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autoexp import plugins
from autoexp.beamline import Beamline, HasOptimum
from autoexp.bench import Effort, grid_effort, random_effort
from autoexp.campaign import Campaign
from autoexp.cli.options import Commands, add_folder
from autoexp.documents import DECISIONS
from autoexp.dofs import FloatArray
from autoexp.records import Estimate, Point
from autoexp.space import Space
from autoexp.stopping import cost_of


def add_command(commands: Commands) -> None:
    """Add ``autoexp demo``."""
    parser = commands.add_parser("demo", help="run a self-driving experiment on a simulated beamline")
    parser.add_argument("--scene", default="mirrors", help="registered name of the Scene (default: %(default)s)")
    parser.add_argument("--agent", default="bayesian", help="registered name of the agent (default: %(default)s)")
    parser.add_argument("--num", type=int, default=40, help="number of points (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the Scene and of the agent (default: %(default)s)")
    parser.add_argument("--speed", type=float, help="beamline seconds per second; as fast as possible if not given")
    add_folder(parser, "where data and the picture go")
    parser.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> None:
    run_demo(DemoOptions(options.scene, options.agent, options.num, options.seed, options.speed, options.folder))


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the command line asked for; see ``autoexp demo --help``."""

    scene: str
    agent: str
    num: int
    seed: int
    speed: float | None
    folder: str


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What came of the scan.

    Parameters
    ----------
    campaign
        All that was measured.
    uid
        Of the run.
    wall, dead, beam_time
        Seconds of the whole scan, of waiting for decisions, and of simulated beam time.
    """

    campaign: Campaign
    uid: str
    wall: float
    dead: float
    beam_time: float


def run_demo(options: DemoOptions) -> None:
    """Run the experiment, store it, draw it, and say what it was worth."""
    beamline: Beamline = plugins.load("scenes", options.scene)(seed=options.seed, speed=options.speed)
    agent = plugins.load("agents", options.agent)(Space(beamline.dofs), beamline.objectives, seed=options.seed)
    campaign = Campaign(agent, clock=beamline.clock.now, on_failure="skip")
    print(f"{options.scene}: {len(beamline.dofs)} Dofs, {options.num} points, agent {options.agent!r}")
    result = _scan(beamline, campaign, options)
    picture = _draw(result, Path(options.folder))
    _summarize(beamline, result, options, picture)


def _scan(beamline: Beamline, campaign: Campaign, options: DemoOptions) -> DemoResult:
    from bluesky import RunEngine

    from autoexp.data import open_store
    from autoexp.view import ProgressBar

    engine, dead = RunEngine({}), _DeadTime()
    plan = plugins.load("plans", "adaptive_scan")(
        beamline.detectors(raw=True), campaign, num=options.num, md={"scene": options.scene}
    )
    with open_store(options.folder) as store:
        for subscriber in (store, ProgressBar(), dead):
            engine.subscribe(subscriber)
        began, beam_began = time.perf_counter(), beamline.clock.now()
        (uid,) = engine(plan)
        wall = time.perf_counter() - began
    return DemoResult(campaign, uid, wall, dead.seconds, beamline.clock.now() - beam_began)


class _DeadTime:
    """Adds up the seconds that a scan waited for decisions, from its documents."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._decisions: set[str] = set()

    def __call__(self, name: str, document: Mapping[str, Any]) -> None:
        if name == "descriptor" and document["name"] == DECISIONS:
            self._decisions.add(document["uid"])
        elif name == "event" and document["descriptor"] in self._decisions:
            self.seconds += document["data"]["dead_time"]


def _draw(result: DemoResult, folder: Path) -> Path:
    from autoexp.view.picture import draw_campaign

    path = folder / f"{result.uid[:8]}.png"
    draw_campaign(result.campaign, path)
    return path


def _summarize(beamline: Beamline, result: DemoResult, options: DemoOptions, picture: Path) -> None:
    if isinstance(beamline.scene, HasOptimum):
        _tell_answer(beamline, beamline.scene.optimum(), result, options)
    else:
        print(f"\n{len(result.campaign.observations)} points in {result.beam_time:.0f} s of beam time")
    _tell_dead_time(result)
    print(f"\nrun             {result.uid}\nread it back    from autoexp.data import open_store")
    print(f"                data = open_store({options.folder!r}).read({result.uid[:8]!r})\npicture         {picture}")


def _tell_answer(beamline: Beamline, optimum: Point, result: DemoResult, options: DemoOptions) -> None:
    campaign, space = result.campaign, result.campaign.space
    objective, best = campaign.objectives[0], campaign.best()

    def cost(points: Sequence[Point]) -> FloatArray:
        truth = beamline.scene.expected(space.columns(points))[objective.name]
        estimates = [
            Estimate(point, {objective.name: float(value)}, {}) for point, value in zip(points, truth, strict=True)
        ]
        return np.array([cost_of(objective, estimate) for estimate in estimates])

    unit = campaign.units.get(objective.name, "")
    found, ideal = (
        float(beamline.scene.expected(space.columns([point]))[objective.name][0]) for point in (best.point, optimum)
    )
    print(f"\nbest point      {_written(best.point, campaign.units)}")
    print(f"true optimum    {_written(optimum, campaign.units)}")
    mean, sigma = best.mean[objective.name], best.sigma[objective.name]
    truth = f"{found:.3f} {unit} in truth, {ideal:.3f} {unit} at the optimum"
    print(f"{objective.name:15} {mean:.3f} +- {sigma:.3f} {unit} believed, {truth}")
    goal, exposure = float(cost([best.point])[0]), _seconds_beside_travel(result)
    _tell_efforts(
        result, grid_effort(space, cost, goal, exposure), random_effort(space, cost, goal, exposure, seed=options.seed)
    )


def _written(point: Point, units: Mapping[str, str]) -> str:
    return ", ".join(
        f"{name} {value if isinstance(value, str) else format(value, '.4g')} {units.get(name, '')}".rstrip()
        for name, value in point.items()
    )


def _seconds_beside_travel(result: DemoResult) -> float:
    points = [row.point for row in result.campaign.observations]
    space = result.campaign.space
    travel = sum(space.travel_time(start, stop) for start, stop in itertools.pairwise(points))
    return max(0.0, (result.beam_time - travel) / len(points))


def _tell_efforts(result: DemoResult, grid: Effort, random: Effort) -> None:
    agent = Effort(len(result.campaign.observations), result.beam_time)
    print("\nto this quality   points   beam time")
    for name, effort in (("agent", agent), ("equal grid", grid), ("random (median)", random)):
        more = "" if effort.reached else "  in vain"
        print(f"{name:16} {effort.points:7d}   {effort.seconds:7.0f} s{more}")
    print("(grid and random are given noise-free readings and stop at their first point as good)")


def _tell_dead_time(result: DemoResult) -> None:
    at_real_speed = result.dead / (result.dead + result.beam_time)
    share = f"{result.dead:.1f} s ({result.dead / result.wall:.0%}) dead, that is deciding"
    print(f"\nwall time       {result.wall:.1f} s, of which {share}")
    print(f"                with motors and exposures in real time the dead share would be {at_real_speed:.1%}")
