"""The first points of a search, and the points that need not be measured again."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from autoexp.dofs import FloatArray
from autoexp.errors import ObjectiveError
from autoexp.records import Point, Source, Suggestion, Why
from autoexp.space import Space
from autoexp_agents.designs import sobol
from autoexp_agents.memory import Memory, near


class Opening:
    """Sobol points, each new, until enough are measured.

    Parameters
    ----------
    space
        Where.
    count
        How many; by default two per Dof and one.
    seed
        Of the points.

    Raises
    ------
    ObjectiveError
        If `count` is below one.
    """

    def __init__(self, space: Space, count: int | None, seed: int) -> None:
        if count is not None and count < 1:
            raise ObjectiveError(f"initial must be 1 or more, got {count}")
        self.count = 2 * len(space.dofs) + 1 if count is None else count
        self._space, self._seed = space, seed
        self.drawn = 0

    def next(self, name: str, memory: Memory, pending: Sequence[Suggestion], began: int = 0) -> Suggestion | None:
        """Return the next point; None when enough are measured or waited for, or when the Space has no more.

        Parameters
        ----------
        name
            Of the suggestion.
        memory
            What was measured.
        pending
            What is waited for.
        began
            How many observations do not count.
        """
        measured = len(memory) - began
        if measured and measured + len(pending) >= self.count:
            return None
        known = taken(memory, pending)
        for index, point in enumerate(islice(sobol(self._space, self._seed), self.drawn, None), self.drawn):
            if free(memory, point, known):
                self.drawn = index + 1
                return Suggestion(name, point, Why(Source.INITIAL, "sobol", n_observations=len(memory)))
        return None

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {"initial": self.count, "seed": self._seed}


def taken(memory: Memory, pending: Sequence[Suggestion]) -> FloatArray:
    """Return the points that need not be measured again, shape ``(k, d)``: measured, lost and pending ones.

    Of a finite Space they are candidates; compare them within ``memory.same``.
    """
    waiting = memory.space.to_unit([suggestion.point for suggestion in pending])
    return np.vstack([memory.taken, memory.candidates(waiting)])


def free(memory: Memory, point: Point, known: FloatArray, apart: float = 0.0) -> bool:
    """Return whether a point is farther than `apart` from those, shape ``(k, d)``, that need not be measured again."""
    return not near(memory.candidates(memory.space.to_unit([point])), known, max(memory.same, apart))[0]
