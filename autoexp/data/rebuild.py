"""What a start document says of Space, objectives and agent, as objects again."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from autoexp import plugins
from autoexp.constraints import LinearConstraint
from autoexp.dofs import Dof
from autoexp.errors import StoreError, listed
from autoexp.objectives import Bound, Classify, Contour, Explore, Maximize, Minimize, Objective, Target
from autoexp.protocols import Agent
from autoexp.space import Space

_KINDS = {kind.__name__: kind for kind in (Bound, Classify, Contour, Explore, Maximize, Minimize, Target)}


def recorded_space(start: Mapping[str, Any], devices: Sequence[Any] = ()) -> Space:
    """Return the Space of a run.

    Parameters
    ----------
    start
        The start document.
    devices
        What the Dofs move, by name; a Dof without one is only a name, which is enough where nothing moves.

    Raises
    ------
    StoreError
        If a constraint or the pool is not in the record.
    """
    settings = recorded_settings(start)
    linear = settings.get("linear_constraints", [])
    if len(linear) != len(settings["constraints"]):
        raise StoreError(f"a constraint must be linear to be rebuilt, got {listed(settings['constraints'])}")
    pool = settings.get("pool_points") or None
    if settings["pool"] is not None and pool is None:
        raise StoreError(f"a pool must be in the record to be rebuilt, got {settings['pool']} points that are not")
    movables = {device.name: device for device in devices}
    dofs = [Dof(movables.get(row["name"], row["name"]), **_arguments(row)) for row in settings["space"]]
    return Space(dofs, [LinearConstraint(**_without_kind(row)) for row in linear], pool)


def _arguments(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "name"}


def _without_kind(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "kind"}


def recorded_settings(start: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the start document says of the self-driving scan.

    Raises
    ------
    StoreError
        If no agent chose the points of the run.
    """
    settings: Mapping[str, Any] | None = start.get("autoexp")
    if settings is None:
        raise StoreError(f"a run must be that of an adaptive scan, got plan {start.get('plan_name', '')!r}")
    return settings


def recorded_objectives(start: Mapping[str, Any]) -> tuple[Objective, ...]:
    """Return the objectives of a run."""
    return tuple(_KINDS[row["kind"]](**_without_kind(row)) for row in recorded_settings(start)["objectives"])


def recorded_plausible(start: Mapping[str, Any]) -> tuple[Bound, ...]:
    """Return the bounds outside which the run's values were suspect."""
    return tuple(Bound(**_without_kind(row)) for row in recorded_settings(start)["plausible"])


def recorded_agent(start: Mapping[str, Any], devices: Sequence[Any] = ()) -> Agent:
    """Return a fresh agent with the settings, Space and objectives of a run, and the agents inside it.

    Raises
    ------
    StoreError, PluginError
        If no module that registers agents has its class, or its Space is not in the record.
    """
    found, objectives = recorded_settings(start)["agent"], recorded_objectives(start)

    def build(settings: Mapping[str, Any], space: Space) -> Agent:
        return made_of(plugins.class_named("agents", settings["agent"]), settings, space)

    def made_of(kind: Any, settings: Mapping[str, Any], space: Space) -> Agent:
        if hasattr(kind, "rebuilt"):
            around: Agent = kind.rebuilt(settings, space, build)
            return around
        agent: Agent = kind(space, objectives, **{key: value for key, value in settings.items() if key != "agent"})
        return agent

    name = found.get("registered", "")
    kind = plugins.load("agents", name) if name else plugins.class_named("agents", found["name"])
    return made_of(kind, found["settings"], recorded_space(start, devices))


def other_agent(name: str, start: Mapping[str, Any]) -> Agent:
    """Return a fresh agent by its registered name, with the Space, the objectives and the seed of a run."""
    made = plugins.load("agents", name)
    seed = recorded_settings(start)["agent"]["settings"].get("seed", 0)
    seeded = {"seed": seed} if "seed" in inspect.signature(made).parameters else {}
    agent: Agent = made(recorded_space(start), recorded_objectives(start), **seeded)
    return agent
