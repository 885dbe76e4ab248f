"""Several objectives at once: the best compromises."""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from autoexp.acquisition.hypervolume import Cells, cells, log_hypervolume_improvement, nondominated
from autoexp.dofs import FloatArray
from autoexp.errors import AutoexpError, ObjectiveError
from autoexp.objectives import Bound, Maximize, Minimize, Objective, as_objectives
from autoexp.records import Estimate, Suggestion
from autoexp.space import Space
from autoexp_agents.belief import Belief, bounds_of
from autoexp_agents.belief import best as best_of
from autoexp_agents.closer import Found, Looks
from autoexp_agents.learner import Searcher
from autoexp_agents.report import slices

if TYPE_CHECKING:
    import xarray as xr

_LOOKS = Looks(rounds=3, centres=6, each=32)
_MARGIN = 0.1
_RULE = "log hypervolume improvement"


class ParetoAgent(Searcher):
    """Measures where the set of best compromises is expected to grow most.

    A compromise is a point that no other surpasses in one objective without falling behind in another.
    The score is the log of the expected growth of the volume that they dominate, with one Gaussian
    process for each field, and the compromises known so far by their posterior means, so that no
    lucky draw counts; every Bound weighs in with the log of the probability that it holds.

    Parameters
    ----------
    space
        Where it may measure.
    objectives
        Maximize and Minimize, and any number of Bounds.
    initial
        Number of Sobol points measured first; by default two per Dof and one.
    reference
        Field name to the value that a compromise must at least surpass; where not given, a tenth of
        the range of the compromises below the worst of them.
    seed
        Of the Sobol points and of the candidates.
    candidates
        Number of points prepared for the search.
    kernel
        One of `autoexp.surrogates.PROFILES`.

    Raises
    ------
    ObjectiveError
        If an objective is another, `initial` is below one, or `reference` names another field.

    References
    ----------
    .. [1] S. Ament et al., Unexpected Improvements to Expected Improvement for Bayesian Optimization
       (2023): qLogNEHVI, of which this is the analytic form for one point at a time and independent fields.
    """

    def __init__(
        self,
        space: Space,
        objectives: Objective | tuple[Objective, ...],
        *,
        initial: int | None = None,
        reference: Mapping[str, float] | None = None,
        seed: int = 0,
        candidates: int = 2048,
        kernel: str = "rbf",
    ) -> None:
        found = as_objectives(objectives)
        self._wanted = tuple(objective for objective in found if not isinstance(objective, Bound))
        if not all(isinstance(objective, Maximize | Minimize) for objective in self._wanted):
            raise ObjectiveError(f"compromises need Maximize and Minimize, got {self._wanted!r}")
        names = [objective.name for objective in self._wanted]
        unknown = sorted(set(reference or {}) - set(names))
        if unknown:
            raise ObjectiveError(f"reference must name fields of the objectives, {names}, got {unknown}")
        self._signs = np.array([1.0 if isinstance(objective, Maximize) else -1.0 for objective in self._wanted])
        self._reference = dict(reference or {})
        cells(np.empty((0, len(names))), np.zeros(len(names)))  # what it imports is there before the first decision
        super().__init__(space, found, initial=initial, seed=seed, candidates=candidates, kernel=kernel)

    def _due(self) -> range:
        """Return to which observations the models are to be fitted: to all, for every one may be a compromise."""
        return range(len(self._memory))

    def _search(self, belief: Belief, known: FloatArray, pending: Sequence[Suggestion]) -> Found | None:
        """Return the best candidate that is not taken, shape ``(d,)``, after looks ever closer around the best."""
        parts = self._parts(belief, len(pending))
        self._shun(belief)

        def score(unit: FloatArray) -> FloatArray:
            return np.asarray(self._score(belief, parts, unit) - self._log_seconds(unit, pending))

        values = self._score(belief, parts, None) - self._log_seconds(self._candidates.unit, pending)
        return _LOOKS.best(self._candidates, values, score, known, (self._seed, self._given), _RULE)

    def _bounds(self) -> list[tuple[str, Any]]:
        return bounds_of(self._objectives)

    def _fields(self, belief: Belief, unit: FloatArray | None) -> tuple[FloatArray, FloatArray]:
        """Return mean and sigma of the objectives, larger is better, at points or the watched ones, ``(m, k)``."""
        models = [belief.models[objective.name] for objective in self._wanted]
        pairs = [model.watched() if unit is None else model.posterior(unit) for model in models]
        return np.column_stack([mean for mean, _ in pairs]) * self._signs, np.column_stack([s for _, s in pairs])

    def _score(self, belief: Belief, parts: Cells | None, unit: FloatArray | None) -> FloatArray:
        """Return the log of the expected growth, with the Bounds, at points or the watched ones, shape ``(m,)``."""
        mean, sigma = self._fields(belief, unit)
        bounds = belief.score_watched(self._bounds()) if unit is None else belief.score(self._bounds(), unit)
        if parts is None:
            return np.zeros(len(mean)) + bounds
        scale = np.array([belief.models[objective.name].parameters.scale for objective in self._wanted])
        return log_hypervolume_improvement(mean / scale, sigma / scale, parts) + bounds

    def _parts(self, belief: Belief, pending: int = 0) -> Cells | None:
        """Return what is not dominated yet, in units of the fields' scales; None where nothing holds the Bounds."""
        scale = np.array([belief.models[objective.name].parameters.scale for objective in self._wanted])
        values = self._known(belief, pending)
        values = values[np.isfinite(values).all(axis=1)]
        if not len(values):
            return None
        front = values[nondominated(values)]
        low, high = front.min(axis=0), front.max(axis=0)
        extent = np.where(high > low, high - low, values.max(axis=0) - values.min(axis=0))
        reference = low - _MARGIN * np.where(extent > 0, extent, scale)
        for index, (objective, sign) in enumerate(zip(self._wanted, self._signs, strict=True)):
            if objective.name in self._reference:
                reference[index] = sign * self._reference[objective.name]
        return cells(front / scale, reference / scale)

    def _known(self, belief: Belief, pending: int = 0) -> FloatArray:
        """Return the means of the objectives at what was measured and is pending; minus infinity beyond a Bound."""
        count = len(self._memory) + pending
        columns = [belief.models[objective.name].fitted()[:count] for objective in self._wanted]
        values = np.column_stack(columns) * self._signs
        for bound in self._objectives:
            if isinstance(bound, Bound):
                means = belief.models[bound.name].fitted()[:count]
                values[(means < bound.low) | (means > bound.high)] = -np.inf
        return np.asarray(values)

    def front(self) -> list[Estimate]:
        """Return the best compromises among the measured points, by posterior mean, each with its sigmas.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        belief = self._believed()
        values = self._known(belief)
        usable = np.isfinite(values).all(axis=1)
        chosen = np.flatnonzero(usable)[nondominated(values[usable])] if usable.any() else np.array([], dtype=int)
        order = chosen[np.argsort(-values[chosen, 0], kind="stable")]
        return [self._estimate(belief, self._memory.units[index]) for index in order]

    def _estimate(self, belief: Belief, unit: FloatArray) -> Estimate:
        place = self._candidates.snap(unit[None, :])[0]
        mean, sigma = belief.at(place)
        return Estimate(self._candidates.space.from_unit(place[None, :])[0], mean, sigma)

    def best(self) -> Estimate:
        """Return the compromise nearest to the best of every objective, each in units of the compromises' range.

        Raises
        ------
        AutoexpError
            If nothing usable was measured, or nothing that holds the Bounds.
        """
        if len(self._wanted) == 1:
            belief = self._believed()
            with belief.imagining():
                self._shun(belief)
                return best_of(belief, self._objectives, self._candidates, self._memory.units)
        compromises = self.front()
        if not compromises:
            raise AutoexpError("a compromise must hold every Bound, got none that does")
        names = [objective.name for objective in self._wanted]
        values = np.array([[row.mean[name] for name in names] for row in compromises]) * self._signs
        extent = values.max(axis=0) - values.min(axis=0)
        short = (values.max(axis=0) - values) / np.where(extent > 0, extent, math.inf)
        return compromises[int(np.argmin(np.square(short).sum(axis=1)))]

    def report(self, per_dof: int = 25) -> "xr.Dataset":
        """Return mean, sigma and score around `best`, and the best compromises known.

        Those have the dimension ``compromise``: ``front_<name>`` for each Dof, ``front_<field>_mean`` and
        ``front_<field>_sigma`` for each field. See also `slices`.

        Raises
        ------
        AutoexpError
            If nothing usable was measured, or nothing that holds the Bounds.
        """
        belief = self._believed()
        front = self.front()
        score = partial(self._score, belief, self._parts(belief))
        found = slices(belief, self._space, self.best().point, score, _RULE, per_dof)
        columns = {f"front_{name}": [row.point[name] for row in front] for name in self._space.names}
        for name in belief.models:
            columns |= {f"front_{name}_mean": [row.mean[name] for row in front]}
            columns |= {f"front_{name}_sigma": [row.sigma[name] for row in front]}
        return found.assign({name: ("compromise", column) for name, column in columns.items()})

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {**super().settings(), "reference": self._reference}
