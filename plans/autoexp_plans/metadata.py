"""What the start document says of a self-driving scan."""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from typing import Any

from autoexp.campaign import Campaign, Rule
from autoexp.constraints import LinearConstraint
from autoexp.plugins import registered_name
from autoexp.protocols import Describes
from autoexp.records import Value
from autoexp.space import Space

_COMPUTES = ("autoexp", "bluesky", "ophyd", "numpy", "scipy", "torch", "gpytorch", "botorch")

_POOL = 4096


def scan_metadata(
    campaign: Campaign,
    detectors: Sequence[Any],
    readbacks: Mapping[str, str],
    num: int | None,
    until: Rule | None,
    md: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the start document's fields; those of `md` win.

    Parameters
    ----------
    campaign
        Holds the Space, the objectives, the agent and its settings.
    detectors, num, until
        As given to the plan.
    readbacks
        Dof name to the event field of its read-back.
    md
        The user's own metadata.
    """
    motors = [dof.name for dof in campaign.space.dofs]
    return {
        "plan_name": "adaptive_scan",
        "plan_type": "generator",
        "plan_args": {
            "detectors": [repr(detector) for detector in detectors],
            "agent": type(campaign.agent).__name__,
            "num": num,
            "until": None if until is None else repr(until),
        },
        "detectors": [detector.name for detector in detectors],
        "motors": motors,
        "hints": {"dimensions": [([readbacks[name]], "primary") for name in motors]},
        **({"continues": campaign.continues} if campaign.continues else {}),
        **({} if num is None else {"num_points": num, "num_intervals": num - 1}),
        "autoexp": _settings(campaign, readbacks),
        **md,
    }


def _settings(campaign: Campaign, readbacks: Mapping[str, str]) -> dict[str, Any]:
    agent, space = campaign.agent, campaign.space
    return {
        "space": space.describe(),
        "constraints": [repr(constraint) for constraint in space.constraints],
        "linear_constraints": [_record(rule) for rule in space.constraints if isinstance(rule, LinearConstraint)],
        "pool": None if space.pool is None else len(space.pool),
        "pool_points": _pool(space),
        "objectives": [_record(objective) for objective in campaign.objectives],
        "plausible": [_record(bound) for bound in campaign.plausible],
        "agent": {
            "name": type(agent).__name__,
            "registered": _registered(type(agent)),
            "module": type(agent).__module__,
            "settings": dict(agent.settings()) if isinstance(agent, Describes) else {},
        },
        "on_failure": {"action": str(campaign.policy.action), "times": campaign.policy.times},
        "think": campaign.think,
        "readbacks": dict(readbacks),
        "earlier_observations": len(campaign.observations),
        "earlier_runs": dict(Counter(row.run for row in campaign.observations if row.run)),
        "versions": {package: _version(package) for package in _COMPUTES},
    }


@cache
def _registered(agent: type) -> str:
    """Return the name under which an agent is registered; every installed package is looked at, once."""
    return registered_name("agents", agent)


@cache
def _version(package: str) -> str:
    return version(package)


def _pool(space: Space) -> dict[str, list[Value]]:
    """Return the candidates of a pool as columns; none of one too large for a start document."""
    if space.pool is None or len(space.pool) > _POOL:
        return {}
    return {name: [point[name] for point in space.pool] for name in space.names}


def _record(record: Any) -> dict[str, Any]:
    """Return a frozen record as JSON-able data: infinite bounds, which JSON lacks, are left out."""
    fields = dataclasses.asdict(record)
    return {"kind": type(record).__name__} | {key: value for key, value in fields.items() if _is_finite(value)}


def _is_finite(value: Any) -> bool:
    return not isinstance(value, float) or abs(value) < float("inf")
