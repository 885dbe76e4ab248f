"""Every agent drives a real scan, loses a point, meets an implausible one, answers, and is replayed from the record."""

import json
import math

import numpy as np
import pytest
from ophyd.sim import SynAxis, SynSignal

import autoexp_agents
from autoexp import Bound, Classify, Dof, Explore, Maximize, Minimize, Space, plugins
from autoexp.campaign import Campaign
from autoexp.data import replay
from autoexp.protocols import Answers, Stops
from autoexp.records import Source, Status
from autoexp_agents import (
    BayesianAgent,
    DeadlineAgent,
    ExposureAgent,
    FidelityAgent,
    MapAgent,
    PortfolioAgent,
    ReferenceAgent,
    RoutedAgent,
    SafeAgent,
    ScalarisedAgent,
    SobolAgent,
    TechniqueAgent,
    TransitionAgent,
    TravelAgent,
    TwinAgent,
    without,
)
from autoexp_plans import adaptive_scan

NUM, FAILED, SUSPECT = 8, 3, 5
PEAK, MAP, BOUND = Maximize("f"), Explore("f"), Bound("g", high=0.9)
SMALL = {"initial": 3, "candidates": 64}


def small(space, goal=PEAK):
    return BayesianAgent(space, goal, **SMALL)


def registered(name, goal, **settings):
    return lambda space: plugins.load("agents", name)(space, goal, **settings)


def around(wrapper, *args, goal=PEAK, **settings):
    return lambda space: wrapper(small(space, goal), *args, **settings)


PLANE = {
    "bayesian": registered("bayesian", PEAK, **SMALL),
    "constrained": registered("constrained", (PEAK, BOUND), initial=3),
    "drift": registered("drift", PEAK, **SMALL),
    "gain": registered("gain", PEAK, **SMALL),
    "grid": registered("grid", PEAK, per_dof=5),
    "local": registered("local", PEAK),
    "map": registered("map", MAP, **SMALL),
    "pareto": registered("pareto", (PEAK, Minimize("g")), **SMALL),
    "phases": registered("phases", Classify("class"), **SMALL),
    "random": registered("random", PEAK),
    "regions": registered("regions", MAP, coarse=2, fine=3),
    "scalarised": lambda space: ScalarisedAgent(space, (PEAK, Minimize("g")), **SMALL),
    "sobol": registered("sobol", PEAK),
    "trust_region": registered("trust_region", PEAK, initial=3),
    "DeadlineAgent": around(DeadlineAgent, 1e6, home={"x": 0.0, "y": 0.0}),
    "PortfolioAgent": lambda space: PortfolioAgent({"model": small(space), "sobol": SobolAgent(space, PEAK)}),
    "ReferenceAgent": around(ReferenceAgent, {"x": 0.0, "y": 0.0}, every=1e6),
    "RoutedAgent": lambda space: RoutedAgent(MapAgent(space, MAP, **SMALL), points=3),
    "SafeAgent": around(SafeAgent, [{"x": -0.5, "y": 0.0}], goal=(PEAK, BOUND)),
    "TravelAgent": around(TravelAgent, exposure=0.5),
    "TwinAgent": lambda space: TwinAgent(space, Minimize("spot_size"), "mirrors", candidates=64),
}
LINE = {
    "spectrum": registered("spectrum", Explore("step"), coarse=4),
    "transition": registered("transition", Explore("step"), form="step"),
}
TIMED = {
    "ExposureAgent": lambda space: ExposureAgent(small(without(space, "t")), space, "t"),
}
CHOSEN = {
    "FidelityAgent": lambda space: FidelityAgent(space, PEAK, fidelity="t", seconds={1.0: 1.0, 2.0: 5.0}),
    "TechniqueAgent": lambda space: TechniqueAgent(
        space, MAP, technique="t", fields={1.0: "f", 2.0: "g"}, seconds={1.0: 5.0, 2.0: 1.0}, candidates=64
    ),
}
CASES = PLANE | LINE | TIMED | CHOSEN


def space_of(case):
    def dof(name, low=-1.0, high=1.0, **kwargs):
        return Dof(SynAxis(name=name), low, high, **kwargs)

    if case == "TwinAgent":
        return Space([dof(one.name, *one.limits) for one in plugins.load("scenes", "mirrors")(speed=None).dofs])
    places = [dof("x", unit="mm")] if case in LINE else [dof("x", unit="mm"), dof("y", unit="mm", speed=0.5)]
    third = {**dict.fromkeys(TIMED, dof("t", 0.1, 2.0, unit="s"))}
    third |= dict.fromkeys(CHOSEN, dof("t", math.nan, math.nan, choices=(1.0, 2.0)))
    return Space([*places, third[case]] if case in third else places)


def truth(point):
    x, y = point.get("x", 0.0), point.get("y", 0.0)
    return {
        "f": 2.0 - (x - 0.4) ** 2 - (y + 0.2) ** 2,
        "g": abs(x),
        "class": float(x > 0.1),
        "step": 1.0 / (1.0 + math.exp(-x / 0.1)),
        "spot_size": 3.0 + 1e-3 * sum(value**2 for value in point.values()),
    }


def detector(name, motors):
    """One that once reads nothing, and once nonsense."""
    spoilt = iter({FAILED: math.nan, SUSPECT: 1e6}.get(turn) for turn in range(1, 1000))

    def read():
        found = next(spoilt)
        return truth({motor.name: motor.readback.get() for motor in motors})[name] if found is None else found

    signal = SynSignal(name=name)
    signal.sim_set_func(read)
    return signal


def test_no_agent_is_left_out():
    classes = {name for name in autoexp_agents.__all__ if name.endswith("Agent")}
    assert classes == {type(build(space_of(case))).__name__ for case, build in CASES.items()}
    assert set(plugins.names("agents")) <= set(CASES)


@pytest.mark.parametrize("case", CASES)
def test_drives_a_scan(RE, case):
    agent, documents = CASES[case](space_of(case)), []
    fields = ["f", "g"] if case in CHOSEN else [objective.name for objective in agent.objectives]
    devices = [detector(name, [dof.movable for dof in agent.space.dofs]) for name in fields]
    plausible = [Bound(name, -100.0, 100.0) for name in fields]
    campaign = Campaign(agent, think="inline", on_failure="skip", plausible=plausible)
    RE.subscribe(lambda *item: documents.append(item))
    RE(adaptive_scan(devices, campaign, num=NUM))

    found = [row.status for row in campaign.observations]
    assert len(found) == NUM or (isinstance(agent, Stops) and agent.finished())
    assert (found[FAILED - 1], found[SUSPECT - 1]) == (Status.FAILED, Status.SUSPECT)
    assert found.count(Status.OK) == len(found) - 2
    assert decisions(documents) == len(found)
    assert documents[-1][1]["exit_status"] == "success"
    assert campaign.suggestions[-1].why.source in (Source.AGENT, Source.INITIAL)
    check_answer(agent)
    check_report(agent)
    again = replay(json.loads(json.dumps(documents)))
    assert again.first_difference is None, str(again)
    assert (len(again.choices), again.own) == (len(found), True)


def decisions(documents):
    streams = {doc["uid"]: doc["name"] for name, doc in documents if name == "descriptor"}
    return [streams[doc["descriptor"]] for name, doc in documents if name == "event"].count("decisions")


def check_answer(agent):
    if not isinstance(agent, Answers):
        return
    best, names = agent.best(), {objective.name for objective in agent.objectives}
    assert agent.space.check(best.point) == best.point
    assert names == set(best.mean) == set(best.sigma)
    assert np.isfinite(list(best.mean.values())).all()
    assert min(best.sigma.values()) > 0


def check_report(agent):
    report, name = agent.report(per_dof=4), agent.objectives[0].name
    assert np.isfinite(report[f"{name}_mean"]).all()
    assert (report[f"{name}_sigma"] >= 0).all()
    assert report["score"].attrs["long_name"]
    residuals = report[f"{name}_residual"]
    assert np.isfinite(residuals).all()
    assert report[f"{name}_coverage"] == np.mean(np.abs(residuals) <= 1.959964)
    if not isinstance(agent, TransitionAgent):
        assert report[f"{name}_lengthscale"].sizes == report[f"{name}_at_bound"].sizes
