"""Several objectives as one: what a unit of each is worth."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autoexp.acquisition.scores import Improvement
from autoexp.dofs import FloatArray
from autoexp.errors import ObjectiveError, listed
from autoexp.objectives import Bound, Maximize, Minimize, Objective, as_objectives
from autoexp.records import Estimate, Suggestion
from autoexp.space import Space
from autoexp_agents.belief import Belief, bounds_of, penalty
from autoexp_agents.closer import Found, Looks
from autoexp_agents.learner import Searcher
from autoexp_agents.report import slices

if TYPE_CHECKING:
    import xarray as xr

_LOOKS = Looks(rounds=4, centres=5, each=48)
_RULE = "LogEI of the weighted sum"


class ScalarisedAgent(Searcher):
    """Finds the one compromise that is worth most, where a unit of each value has its price.

    The worth of a point is the weighted sum of its values [1]_, those to be minimised with a minus. Every field
    has its own Gaussian process, so the worth is normal too, and the next point has the greatest log expected
    improvement of the worth over the best posterior mean; every Bound weighs in with the log of the
    probability that it holds.

    Parameters
    ----------
    space
        Where it may measure.
    objectives
        Maximize and Minimize, and any number of Bounds.
    weights
        Field name to what one of its unit is worth, positive; by default one over the standard deviation of what was
        measured, so that all fields count alike.
    initial
        Number of Sobol points measured first; by default two per Dof and one.
    seed
        Of the Sobol points and of the candidates.
    candidates
        Number of points prepared for the search.
    kernel
        One of `autoexp.surrogates.PROFILES`.

    Raises
    ------
    ObjectiveError
        If an objective is another, `initial` is below one, or `weights` are not positive or of other fields.

    References
    ----------
    .. [1] R. T. Marler and J. S. Arora, The weighted sum method for multi-objective optimization: new insights (2010).
    """

    def __init__(
        self,
        space: Space,
        objectives: Objective | tuple[Objective, ...],
        *,
        weights: Mapping[str, float] | None = None,
        initial: int | None = None,
        seed: int = 0,
        candidates: int = 2048,
        kernel: str = "rbf",
    ) -> None:
        found = as_objectives(objectives)
        wanted = [objective for objective in found if not isinstance(objective, Bound)]
        if not all(isinstance(objective, Maximize | Minimize) for objective in wanted):
            raise ObjectiveError(f"a weighted sum needs Maximize and Minimize, got {wanted!r}")
        self._signs = {each.name: 1.0 if isinstance(each, Maximize) else -1.0 for each in wanted}
        if weights is not None and set(weights) != set(self._signs):
            raise ObjectiveError(f"weights must be those of {listed(self._signs)}, got {listed(weights)}")
        if weights is not None and not all(0 < weight < math.inf for weight in weights.values()):
            raise ObjectiveError(f"weights must be positive, got {dict(weights)}")
        self._weights = None if weights is None else dict(weights)
        super().__init__(space, found, initial=initial, seed=seed, candidates=candidates, kernel=kernel)

    def _prices(self, belief: Belief) -> dict[str, float]:
        """Return what one unit of each wanted field is worth, with its sign."""
        scales = {name: 1.0 / belief.models[name].parameters.scale for name in self._signs}
        weights = scales if self._weights is None else self._weights
        return {name: sign * weights[name] for name, sign in self._signs.items()}

    def _worth(self, belief: Belief, unit: FloatArray | None) -> tuple[FloatArray, FloatArray]:
        """Return mean and sigma of the worth at points or the watched ones, shape ``(m,)`` each."""
        parts = []
        for name, price in self._prices(belief).items():
            model = belief.models[name]
            mean, sigma = model.watched() if unit is None else model.posterior(unit)
            parts.append((price * mean, np.square(price * sigma)))
        means, variances = zip(*parts, strict=True)
        return np.sum(means, axis=0), np.sqrt(np.sum(variances, axis=0))

    def _improvement(self, belief: Belief, count: int) -> Improvement:
        """Return the improvement over the best of `count` points that keeps the Bounds, or over the worst of them."""
        priced = [price * belief.models[name].fitted()[:count] for name, price in self._prices(belief).items()]
        worth = np.sum(priced, axis=0)
        kept = np.ones(len(worth), dtype=bool)
        for bound in self._objectives:
            if isinstance(bound, Bound):
                means = belief.models[bound.name].fitted()[:count]
                kept &= (means >= bound.low) & (means <= bound.high)
        return Improvement(float(worth[kept].max() if kept.any() else worth.min()))

    def _search(self, belief: Belief, known: FloatArray, pending: Sequence[Suggestion]) -> Found | None:
        score = self._improvement(belief, len(self._memory) + len(pending))
        bounds = bounds_of(self._objectives)
        self._shun(belief)
        values = score.value(*self._worth(belief, None)) + belief.score_watched(bounds)

        def scored(unit: FloatArray) -> FloatArray:
            worth = score.value(*self._worth(belief, unit)) + belief.score(bounds, unit)
            return np.asarray(worth - self._log_seconds(unit, pending))

        return _LOOKS.best(
            self._candidates,
            np.asarray(values - self._log_seconds(self._candidates.unit, pending)),
            scored,
            known,
            (self._seed, self._given),
            _RULE,
        )

    def best(self) -> Estimate:
        """Return the point that is worth most by posterior mean less one sigma, of the measured ones and those around.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        belief, bounds = self._believed(), bounds_of(self._objectives)
        scales = [price * belief.models[name].parameters.scale for name, price in self._prices(belief).items()]
        scale = float(np.linalg.norm(scales))

        def careful(unit: FloatArray) -> FloatArray:
            mean, sigma = self._worth(belief, unit)
            return np.asarray(mean - sigma - scale * penalty(belief, bounds, unit))

        with belief.imagining():
            self._shun(belief)
            chosen = _LOOKS.answer(self._candidates, self._memory.units, careful, self._seed)
            mean, sigma = belief.at(chosen)
        return Estimate(self._candidates.space.from_unit(chosen[None, :])[0], mean, sigma)

    def report(self, per_dof: int = 25) -> "xr.Dataset":
        """Return mean and sigma of each field, and the score, around the best point; see `slices`.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        belief, bounds = self._believed(), bounds_of(self._objectives)
        score, through = self._improvement(belief, len(self._memory)), self.best().point

        def scored(unit: FloatArray) -> FloatArray:
            return np.asarray(score.value(*self._worth(belief, unit)) + belief.score(bounds, unit))

        return slices(belief, self._space, through, scored, _RULE, per_dof)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {**super().settings(), "weights": self._weights}
