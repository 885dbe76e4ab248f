"""What a point must satisfy beside the range of each Dof."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autoexp.errors import SpaceError

Columns = Mapping[str, NDArray[Any]]
"""Dof name to an array of ``n`` positions."""

Constraint = Callable[[Columns], NDArray[np.bool_]]
"""Columns of positions to ``n`` truth values: which points are allowed."""


@dataclass(frozen=True, slots=True)
class LinearConstraint:
    """``low <= sum of coefficient times position <= high``.

    Parameters
    ----------
    coefficients
        Dof name to coefficient, per unit of the Dof.
    low, high
        Bounds of the sum, inclusive.

    Examples
    --------
    >>> gap = LinearConstraint({"top": 1.0, "bottom": -1.0}, low=0.05)
    >>> gap({"top": np.array([0.0, 1.0]), "bottom": np.array([0.0, 0.0])})
    array([False,  True])
    """

    coefficients: Mapping[str, float]
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        if not self.coefficients:
            raise SpaceError("a linear constraint needs coefficients, got none")
        if not all(math.isfinite(factor) for factor in self.coefficients.values()):
            raise SpaceError(f"the coefficients of a linear constraint must be finite, got {dict(self.coefficients)}")
        if not self.low <= self.high:
            raise SpaceError(f"low must not be above high, got low={self.low}, high={self.high} in {self!r}")

    def __call__(self, columns: Columns) -> NDArray[np.bool_]:
        """Return which of ``n`` points satisfy the constraint."""
        terms = [factor * np.asarray(columns[name], dtype=float) for name, factor in self.coefficients.items()]
        total: NDArray[np.float64] = np.sum(terms, axis=0)
        slack = 1e-9 * max([1.0, *(abs(bound) for bound in (self.low, self.high) if math.isfinite(bound))])
        return np.asarray((total >= self.low - slack) & (total <= self.high + slack))
