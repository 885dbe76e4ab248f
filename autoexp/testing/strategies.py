"""Hypothesis strategies for Spaces, points and observations."""

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from autoexp.constraints import Columns
from autoexp.dofs import Dof
from autoexp.records import Observation, Point, Status
from autoexp.space import Space

NAMES = ("x", "y", "I", "gamma", "sum")


@st.composite
def dofs(draw: DrawFn, name: str = "x") -> Dof:
    """Draw a Dof: a range, whole numbers, numbers or words to choose from."""
    kind = draw(st.sampled_from(["range", "integer", "numbers", "words"]))
    if kind == "words":
        return Dof(name, choices=("Al", "Cu", "none")[: draw(st.integers(2, 3))])
    if kind == "numbers":
        numbers = draw(st.lists(st.integers(-50, 50), min_size=2, max_size=5, unique=True))
        return Dof(name, choices=tuple(0.5 * number for number in numbers), unit="mm")
    low = draw(st.integers(-1000, 1000))
    width = draw(st.integers(1, 1000))
    if kind == "integer":
        return Dof(name, low, low + width, integer=True)
    return Dof(name, 0.1 * low, 0.1 * (low + width), unit="mm", speed=draw(st.sampled_from([0.5, math.inf])))


@st.composite
def spaces(draw: DrawFn, max_dofs: int = 3) -> Space:
    """Draw a Space: Dofs of every kind, now and then with a constraint or as a pool."""
    names = NAMES[: draw(st.integers(1, max_dofs))]
    drawn = [draw(dofs(name)) for name in names]
    kind = draw(st.sampled_from(["free", "free", "constrained", "pool"]))
    if kind == "pool":
        points = Space(drawn).sobol(draw(st.integers(1, 12)), seed=draw(st.integers(0, 5)))
        return Space(drawn, pool={name: [point[name] for point in points] for name in names})
    if kind == "constrained" and not drawn[0].categorical:
        return Space(drawn, constraints=[_LowerPart(drawn[0])])
    return Space(drawn)


class _LowerPart:
    """Allows the lower three quarters of a Dof's range."""

    def __init__(self, dof: Dof) -> None:
        low, high = dof.limits
        self._name, self._level = dof.name, low + 0.75 * (high - low)

    def __call__(self, columns: Columns) -> "np.ndarray[Any, np.dtype[np.bool_]]":
        return np.asarray(np.asarray(columns[self._name], dtype=float) <= self._level)


def points(space: Space) -> SearchStrategy[Point]:
    """Draw a point of `space`."""
    return st.sampled_from(space.sobol(32, seed=0) if space.pool is None else list(space.pool))


@st.composite
def observations(draw: DrawFn, space: Space, names: tuple[str, ...] = ("f",)) -> Observation:
    """Draw an observation in `space`: usable, failed, suspect, or with a value or sigma that is not finite."""
    values = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([math.nan, math.inf, 0.0]))
    sigmas = st.one_of(st.floats(1e-6, 1e3), st.sampled_from([math.nan, math.inf, 0.0, -1.0]))
    return Observation(
        dict(draw(points(space))),
        {name: draw(values) for name in names},
        {name: draw(sigmas) for name in names if draw(st.booleans())},
        status=draw(st.sampled_from([Status.OK, Status.OK, Status.OK, Status.FAILED, Status.SUSPECT])),
    )
