"""What is refused before anything moves."""

from collections.abc import Mapping, Sequence
from typing import Any

import bluesky.plan_stubs as bps

from autoexp.dofs import Dof
from autoexp.errors import LimitsError, ObjectiveError, SpaceError, listed
from autoexp.objectives import Objective
from autoexp_plans.stubs import Plan, ask

_NUMBERS = ("number", "integer", "boolean")
_NO_LIMITS = (0.0, 0.0)
_MOTOR_RECORD = ("low_limit_travel", "high_limit_travel", "dial_low_limit_travel", "dial_high_limit_travel")


def check_movables(dofs: Sequence[Dof]) -> None:
    """Refuse Dofs that are only names.

    Raises
    ------
    SpaceError
        If a Dof has no device that can be set.
    """
    for dof in dofs:
        if not hasattr(dof.movable, "set"):
            raise SpaceError(f"a Dof must have a device to move, got {dof.movable!r}")


def check_limits(dof: Dof) -> Plan[None]:
    """Refuse a Dof that reaches beyond its device's soft limits.

    Raises
    ------
    LimitsError
        If one end of the range, or a choice, is beyond them.
    """
    ends = dof.choices if dof.categorical else dof.limits
    low, high = yield from _soft_limits(dof.movable)
    for end in ends:
        outside = not isinstance(end, str) and low < high and not low <= end <= high
        refused = "" if outside else (yield from _refusal(dof.movable, end))
        if outside or refused:
            limits = f"{low} to {high}" if low < high else refused
            unit = f" {dof.unit}" if dof.unit else ""
            raise LimitsError(
                f"a Dof must stay within its device's limits ({limits}), got {end}{unit} for {dof.name!r}"
            )


def _soft_limits(movable: Any) -> Plan[tuple[float, float]]:
    """Return the limits of an ophyd positioner or of an ophyd-async motor record; equal ones are none."""
    limits = getattr(movable, "limits", None)
    if isinstance(limits, tuple | list) and len(limits) == 2 and None not in limits:
        return float(limits[0]), float(limits[1])
    if not all(hasattr(movable, name) for name in _MOTOR_RECORD):
        return _NO_LIMITS
    answers = []
    for name in _MOTOR_RECORD:
        answers.append((yield from ask(getattr(movable, name).get_value)))
    low, high, dial_low, dial_high = answers
    return _NO_LIMITS if low is None or dial_low == dial_high == 0 else (float(low), float(high))


def _refusal(movable: Any, value: Any) -> Plan[str]:
    check = getattr(movable, "check_value", None)
    if check is None:
        return ""
    try:
        yield from ask(lambda: check(value))
    except Exception as error:
        return str(error) or type(error).__name__
    return ""


def describe_fields(devices: Sequence[Any]) -> Plan[Mapping[str, Mapping[str, Any]] | None]:
    """Return the data keys of all `devices`; None where some can be asked only by a RunEngine."""
    fields: dict[str, Mapping[str, Any]] = {}
    for device in devices:
        described = yield from ask(device.describe)
        if described is None:
            return None
        fields.update(described)
    return fields


def check_objectives(objectives: Sequence[Objective], fields: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse objectives that are no number among the fields that an event will have.

    Raises
    ------
    ObjectiveError
        Naming the numbers that there are.
    """
    numbers = [name for name, key in fields.items() if key.get("dtype") in _NUMBERS]
    for objective in objectives:
        if objective.name not in numbers:
            raise ObjectiveError(
                f"an objective must be a number that is read ({listed(numbers)}), got {objective.name!r}"
            )


def find_readback(dof: Dof) -> Plan[str]:
    """Return the name of the event field that holds the Dof's read-back position."""
    described = (yield from ask(dof.movable.describe)) or {}
    hinted = getattr(dof.movable, "hints", {}).get("fields", [])
    for name in (dof.name, *hinted, *described):
        if name in described:
            return str(name)
    return dof.name


def read_positions(dofs: Sequence[Dof]) -> Plan[bool]:
    """Read where the Dofs stand; return whether a RunEngine answered."""
    answers = []
    for dof in dofs:
        answers.append((yield from bps.read(dof.movable)))
    return any(answer is not None for answer in answers)
