"""Local search by the methods that optics people know, one measurement at a time."""

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import OptimizeWarning, minimize

from autoexp.acquisition.search import Candidates, finite
from autoexp.dofs import FloatArray
from autoexp.errors import ObjectiveError, listed
from autoexp.objectives import Bound, Maximize, Minimize, Objective, Target, as_objectives
from autoexp.records import Estimate, Observation, Point, Source, Status, Suggestion, Why
from autoexp.space import Space
from autoexp_agents.belief import best as best_of
from autoexp_agents.belief import learn, lengths_of, merit
from autoexp_agents.designs import Key, key, sobol
from autoexp_agents.memory import Memory, plain, restored
from autoexp_agents.report import unguided

if TYPE_CHECKING:
    import xarray as xr

METHODS = ("Nelder-Mead", "Powell")
_ENDS: Mapping[str, Mapping[str, Any]] = {
    "Nelder-Mead": {"xatol": 1e-3, "fatol": math.inf},
    "Powell": {"xtol": 1e-3, "ftol": 1e-6},
}
_STARTS, _SEARCHES = 256, 64


class _UnknownError(Exception):
    """The search needs the value of a point that was not measured."""

    def __init__(self, point: Point) -> None:
        super().__init__()
        self.point = point


class LocalAgent:
    """Walks downhill from a start by scipy's Nelder-Mead or Powell, and from another when it got there.

    It has no model: on a smooth landscape with one hill and little noise it is hard to beat, on one
    with several it ends on the nearest, and noise misleads it. The search itself is
    `scipy.optimize.minimize`: for each decision it is run again over everything measured, as far
    as that reaches, so nothing is remembered but the measurements.

    Parameters
    ----------
    space
        Where it may measure. Whole numbers, choices and pools are rounded to, which such searches
        do not expect.
    objectives
        One Maximize, Minimize or Target, and any number of Bounds, beyond which a value counts as
        the worst so far.
    method
        ``"Nelder-Mead"`` or ``"Powell"``.
    start
        Where it begins; the centre of the ranges if not given.
    size
        Edge of the first simplex, as a share of the ranges.
    seed
        Of the Sobol points from which later searches begin, and which are measured while it waits
        for an answer.

    Raises
    ------
    ObjectiveError
        If the objective has no best value, or `method` is neither.

    References
    ----------
    .. [1] J. A. Nelder and R. Mead, The Computer Journal 7, 308 (1965).
    .. [2] M. J. D. Powell, The Computer Journal 7, 155 (1964).
    """

    def __init__(
        self,
        space: Space,
        objectives: Objective | tuple[Objective, ...],
        *,
        method: str = "Nelder-Mead",
        start: Point | None = None,
        size: float = 0.15,
        seed: int = 0,
    ) -> None:
        self._space, self._objectives = space, as_objectives(objectives)
        wanted = [objective for objective in self._objectives if not isinstance(objective, Bound)]
        if len(wanted) != 1 or not isinstance(wanted[0], Maximize | Minimize | Target):
            raise ObjectiveError(f"a local search needs one Maximize, Minimize or Target, got {wanted!r}")
        if method not in METHODS:
            raise ObjectiveError(f"method must be one of {listed(METHODS)}, got {method!r}")
        self._wanted, self._method, self._seed, self._size = wanted[0], method, seed, size
        self._start = None if start is None else space.check(start)
        self._candidates = Candidates(finite(space), size=_STARTS, seed=seed)
        self._given = 0
        self._forget()

    def _forget(self) -> None:
        self._memory = Memory(self._space, self._objectives)
        self._asked: dict[str, Point] = {}
        self._costs: dict[Key, float] = {}

    @property
    def space(self) -> Space:
        """Where it may measure."""
        return self._space

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """What is wanted."""
        return self._objectives

    def ingest(self, observations: Sequence[Observation]) -> None:
        """Learn from observations; the search takes what was measured for the value where it asked."""
        self._memory.add(observations)
        for row in observations:
            asked = self._asked.get(row.suggestion_id or "", row.point)
            self._costs[key(asked)] = self._cost(row)

    def _cost(self, row: Observation) -> float:
        """Return what to make small; infinite where there is no usable value, or a Bound is broken."""
        values = [float(row.values.get(objective.name, math.nan)) for objective in self._objectives]
        if row.status is not Status.OK or not all(map(math.isfinite, values)):
            return math.inf
        for objective, value in zip(self._objectives, values, strict=True):
            if isinstance(objective, Bound) and not objective.low <= value <= objective.high:
                return math.inf
        value = float(row.values[self._wanted.name])
        return -float(merit(self._wanted, np.array([value]))[0][0])

    def suggest(self, n: int, pending: Sequence[Suggestion]) -> list[Suggestion]:
        """Return the next point of the search, and Sobol points while that one is not answered."""
        made = list[Suggestion]()
        taken = {key(suggestion.point) for suggestion in pending} | set(self._costs)
        wanted = self._next()
        if wanted is not None and key(wanted) not in taken:
            made.append(self._suggestion(wanted, Source.AGENT, self._method))
        others = (point for point in sobol(self._space, self._seed) if key(point) not in taken)
        while len(made) < n:
            point = next((point for point in others if not made or key(point) != key(made[0].point)), None)
            if point is None:
                break
            made.append(self._suggestion(point, Source.INITIAL, "sobol"))
        return made

    def _suggestion(self, point: Point, source: Source, rule: str) -> Suggestion:
        made = Suggestion(f"{self._given:04d}", point, Why(source, rule, n_observations=len(self._memory)))
        self._asked[made.id] = point
        self._given += 1
        return made

    def _next(self) -> Point | None:
        """Return the point whose value the search needs next; None when every search has ended."""
        for start in self._starts():
            try:
                self._search(start)
            except _UnknownError as unknown:
                return unknown.point
        return None

    def _starts(self) -> Iterator[FloatArray]:
        if self._start is not None:
            yield self._space.to_unit([self._start])[0]
        else:
            yield self._candidates.nearest(np.full((1, self._space.width), 0.5))[0]
        yield from self._candidates.unit[:_SEARCHES]

    def _search(self, start: FloatArray) -> None:
        """Search from `start` through what is known.

        Raises
        ------
        _UnknownError
            Where that ends.
        """
        worst = max((cost for cost in self._costs.values() if math.isfinite(cost)), default=0.0)

        def cost(unit: FloatArray) -> float:
            snapped = self._candidates.snap(unit[None, :])
            if not self._candidates.allowed(snapped)[0]:
                return worst + abs(worst) + 1.0
            point = self._candidates.space.from_unit(snapped)[0]
            if key(point) not in self._costs:
                raise _UnknownError(point)
            known = self._costs[key(point)]
            return known if math.isfinite(known) else worst

        width = len(start)
        inward = np.where(start > 0.5, -self._size, self._size)
        simplex = np.vstack([start, start + np.diag(inward)])
        options = {"initial_simplex": simplex} if self._method == "Nelder-Mead" else {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", OptimizeWarning)
            minimize(
                cost,
                start,
                method=self._method,
                bounds=[(0.0, 1.0)] * width,
                options={**_ENDS[self._method], **options},
            )

    def best(self) -> Estimate:
        """Return the best point by posterior mean of a model of what was seen.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        belief = learn(self._memory.all_data(), {}, lengths=lengths_of(self._space))
        return best_of(belief, self._objectives, self._candidates, self._memory.units)

    def report(self, per_dof: int = 25) -> "xr.Dataset":
        """Return what a model of everything seen believes around the best point; see `slices`.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        return unguided(self._memory, self._candidates, self._objectives, self._method, per_dof)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {
            "agent": type(self).__name__,
            "method": self._method,
            "start": None if self._start is None else dict(self._start),
            "size": self._size,
            "seed": self._seed,
        }

    def state(self) -> Mapping[str, Any]:
        """Return the points asked for and the observations."""
        return {
            "given": self._given,
            "asked": {suggestion_id: dict(point) for suggestion_id, point in self._asked.items()},
            "observations": [plain(row) for row in self._memory.observations],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state returned by `state`."""
        self._forget()
        self._given, self._asked = int(state["given"]), dict(state["asked"])
        self.ingest([restored(row) for row in state["observations"]])
