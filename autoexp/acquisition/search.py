"""The search for the best point of a score over a Space."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from autoexp.acquisition.climbing import Landscape, climb
from autoexp.dofs import Dof, FloatArray
from autoexp.space import Space

_HALVINGS = 12
_LONGEST_FIRST = 0.1
_FINITE = 2_000


def finite(space: Space) -> Space:
    """Return `space` as a pool if it holds no more than 2,000 points, else itself."""
    if space.pool is not None or not all(dof.choices or dof.integer for dof in space.dofs):
        return space
    counts = [len(dof.choices) or int(dof.high) - int(dof.low) + 1 for dof in space.dofs]
    if np.prod(np.array(counts, dtype=float)) > _FINITE:
        return space
    points = space.grid(4 * max(counts))
    return Space(space.dofs, pool={name: [point[name] for point in points] for name in space.names})


class Candidates:
    """Points of a Space in the unit cube: a prepared set, more around a centre, and a local search.

    Parameters
    ----------
    space
        Where to look; a pool gives exactly its points.
    size
        How many are prepared.
    seed
        Of the prepared set.
    """

    def __init__(self, space: Space, *, size: int = 2048, seed: int = 0) -> None:
        self.space, self.size = space, size
        self._blocks = _blocks(space)
        self.free = np.concatenate([np.full(dof.width, not (dof.choices or dof.integer)) for dof in space.dofs])
        if space.pool is not None:
            self.free[:] = False
            self.unit = space.to_unit(space.pool)
        else:
            self.unit = self._scatter(size, seed)

    def _scatter(self, size: int, seed: int) -> FloatArray:
        engine = qmc.Sobol(self.space.width, scramble=True, rng=seed)
        found = np.empty((0, self.space.width))
        for _ in range(8):
            drawn = self.snap(engine.random(1 << max(0, (size - 1).bit_length())))
            found = np.vstack([found, drawn[self.allowed(drawn)]])
            if len(found) >= size // 4:
                return found[:size]
        return np.vstack([found, self.space.to_unit(self.space.sobol(8, seed=seed))])

    def snap(self, unit: FloatArray) -> FloatArray:
        """Return the nearest points of the Dofs, shape ``(m, d)`` as `unit`."""
        snapped = np.clip(unit, 0.0, 1.0)
        for dof, block in self._blocks:
            if dof.choices or dof.integer:
                snapped[:, block] = dof.encode(dof.decode(snapped[:, block]))
        return snapped

    def nearest(self, unit: FloatArray) -> FloatArray:
        """Return the prepared point nearest to each of ``(m, d)`` points, as for a pool."""
        return np.array([self.unit[int(np.square(self.unit - row).sum(axis=1).argmin())] for row in unit])

    def allowed(self, unit: FloatArray) -> NDArray[np.bool_]:
        """Return which of ``(m, d)`` snapped points the constraints allow."""
        allowed = np.ones(len(unit), dtype=bool)
        if not self.space.constraints or not len(unit):
            return allowed
        columns = self.space.positions(unit)
        for constraint in self.space.constraints:
            allowed &= np.asarray(constraint(columns), dtype=bool)
        return allowed

    def near(self, centres: FloatArray, rng: np.random.Generator, per_centre: int = 64) -> FloatArray:
        """Return allowed points around `centres`, shape ``(k, d)``, at distances of many sizes."""
        if self.space.pool is not None or not len(centres):
            return np.empty((0, self.space.width))
        spread = 10.0 ** rng.uniform(-3.0, -0.5, (len(centres), per_centre, 1))
        steps = spread * rng.standard_normal((len(centres), per_centre, self.space.width))
        drawn = self.snap((centres[:, None, :] + steps).reshape(-1, self.space.width))
        return drawn[self.allowed(drawn)]

    def refine(
        self,
        landscape: Landscape,
        starts: FloatArray,
        evaluations: int = 50,
        tolerance: float = 0.0,
        lengths: FloatArray | None = None,
    ) -> tuple[FloatArray, FloatArray]:
        """Climb from all `starts`, shape ``(k, d)``, at once; return points of the Space, none lower, and their scores.

        Whole numbers and choices stay as they are. Where a climb leaves what the constraints allow,
        it ends at the last allowed point on the way there. See `autoexp.acquisition.climbing.climb`.
        """
        if not self.free.any() or not len(starts):
            return starts, landscape(starts)[0]
        first_step = min(_LONGEST_FIRST, 0.5 * len(self.unit) ** (-1.0 / self.unit.shape[1]))
        ends, scores = climb(
            landscape, starts, self.free, evaluations, first_step=first_step, tolerance=tolerance, lengths=lengths
        )
        reached = self._back(starts, ends)
        if reached is ends:
            return ends, scores
        at_start, at_end = landscape(starts)[0], landscape(reached)[0]
        better = at_end >= at_start
        return np.where(better[:, None], reached, starts), np.where(better, at_end, at_start)

    def _back(self, starts: FloatArray, ends: FloatArray) -> FloatArray:
        """Return the allowed points farthest from `starts` towards `ends`, by bisection."""
        bad = ~self.allowed(ends)
        if not bad.any():
            return ends
        low, high = np.zeros((len(ends), 1)), np.ones((len(ends), 1))
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            inside = self.allowed(starts + middle * (ends - starts))[:, None]
            low, high = np.where(inside, middle, low), np.where(inside, high, middle)
        return np.where(bad[:, None], starts + low * (ends - starts), ends)


def _blocks(space: Space) -> list[tuple[Dof, slice]]:
    edges = np.cumsum([0, *(dof.width for dof in space.dofs)])
    return [(dof, slice(int(a), int(b))) for dof, a, b in zip(space.dofs, edges[:-1], edges[1:], strict=True)]
