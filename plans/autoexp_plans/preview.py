"""Points that stand for a Space where nothing is measured."""

from autoexp.records import Point
from autoexp.space import Space

_SHOWN = 3


def preview_points(space: Space, num: int | None) -> list[Point]:
    """Return `num` points, the two that hold every Dof's extremes first.

    Parameters
    ----------
    space
        The Space.
    num
        How many; a few when it is not known.
    """
    count = num or _SHOWN
    if space.pool is not None:
        return list(space.pool)[:count]
    corners: list[Point] = [
        {dof.name: (dof.choices[0] if dof.categorical else dof.limits[0]) for dof in space.dofs},
        {dof.name: (dof.choices[-1] if dof.categorical else dof.limits[1]) for dof in space.dofs},
    ]
    return (corners + space.sobol(max(count - 2, 1), seed=0))[:count]
