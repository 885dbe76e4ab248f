"""A whole map, with as few points as it takes."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autoexp.dofs import FloatArray
from autoexp.errors import ObjectiveError
from autoexp.objectives import Explore, Objective, as_objectives
from autoexp.records import Suggestion
from autoexp.space import Space
from autoexp.surrogates.conditioned import condition
from autoexp.surrogates.parameters import fewer
from autoexp_agents.ahead import rows_of
from autoexp_agents.belief import Belief
from autoexp_agents.closer import Found
from autoexp_agents.doubt import doubts
from autoexp_agents.learner import Searcher
from autoexp_agents.memory import near
from autoexp_agents.report import slices

if TYPE_CHECKING:
    import gpytorch
    import xarray as xr

_REFERENCES, _SHORTLIST = 256, 384
_RULE = "integrated variance"


class MapAgent(Searcher):
    """Measures where the map as a whole becomes most certain.

    Choosing by the greatest sigma, one measures along the border of the Space, where a point teaches
    little about the rest. This agent chooses the point that is expected to lower the variance
    integrated over the Space most (Cohn [1]_), as corrected by what was found: around values that differ
    from what the others predict it is greater than the model claims, around those that agree it is less
    (see `autoexp_agents.doubt`). So edges and lone features draw points, and a field that is alike
    everywhere is covered evenly. With `edges` the variance also counts more where the map is steep: its
    weight at a place is ``1 + edges g``, with the slope ``g`` of the posterior mean there in units of its
    mean over the Space.

    Parameters
    ----------
    space
        Where it may measure.
    objectives
        One Explore.
    initial
        Number of Sobol points measured first; by default two per Dof and one.
    trust
        How many values the model's own claim of its error counts for at a place; infinite for points that do
        not depend on values.
    edges
        How much more steep places count; zero for all places alike.
    seed
        Of the Sobol points, and of the places over which is integrated.
    candidates
        Number of points prepared for the search.
    kernel
        One of `autoexp.surrogates.PROFILES`; or any kernel of GPyTorch over the unit cube, to start from, such as one
        that is not stationary.

    Raises
    ------
    ObjectiveError
        If the objective is another, `initial` is below one, `trust` is not positive, or `edges` is negative.

    References
    ----------
    .. [1] D. A. Cohn, Z. Ghahramani and M. I. Jordan, J. Artif. Intell. Res. 4, 129 (1996).
    """

    def __init__(
        self,
        space: Space,
        objectives: Objective | tuple[Objective, ...],
        *,
        initial: int | None = None,
        trust: float = 0.3,
        edges: float = 0.0,
        seed: int = 0,
        candidates: int = 4096,
        kernel: "str | gpytorch.kernels.Kernel" = "matern52",
    ) -> None:
        wanted = as_objectives(objectives)
        if len(wanted) != 1 or not isinstance(wanted[0], Explore):
            raise ObjectiveError(f"a map needs one Explore, got {wanted!r}")
        if not edges >= 0:
            raise ObjectiveError(f"edges must not be negative, got {edges}")
        if not trust > 0:
            raise ObjectiveError(f"trust must be positive, got {trust}")
        self._name, self._edges, self._trust = wanted[0].name, edges, trust
        super().__init__(space, wanted, initial=initial, seed=seed, candidates=candidates, kernel=kernel)
        places = self._candidates.unit
        chosen = np.random.default_rng([seed, 1]).permutation(len(places))[:_REFERENCES]
        self._references = places[np.sort(chosen)]
        self._doubts = np.ones(len(self._references))

    def _search(self, belief: Belief, known: FloatArray, pending: Sequence[Suggestion]) -> Found | None:
        """Return the candidate that lowers the integrated variance most, and by which share of the whole."""
        self._shun(belief)
        model = belief.models[self._name]
        free = np.flatnonzero(~near(self._candidates.unit, known, self._memory.same))
        if not len(free):
            return None
        _, sigma = model.watched()
        log_seconds = self._log_seconds(self._candidates.unit, pending)
        shortlist = free[np.argsort(-(np.log(sigma) - log_seconds)[free], kind="stable")]
        half = _SHORTLIST // 2
        rest = np.random.default_rng([self._seed, self._given]).permutation(shortlist[half:])[:half]
        pool = self._candidates.unit[np.concatenate([shortlist[:half], rest])]
        gains = self._gains(belief, pool) * np.exp(-self._log_seconds(pool, pending))
        best = int(np.argmax(gains))
        rule = f"{_RULE}, edges {self._edges:g}" if self._edges else _RULE
        return Found(pool[best], float(gains[best]), rule)

    def _forget(self) -> None:
        super()._forget()
        self._doubted = range(0)

    def _believed(self) -> Belief:
        """Return the models; how far they are to be doubted follows from what they were fitted to."""
        belief = super()._believed()
        fitted = self._fits.rows
        if math.isfinite(self._trust) and self._doubted != fitted:
            known = fewer(rows_of(self._memory, fitted)[self._name], seed=0)
            given = None if isinstance(self._kernel, str) else self._kernel
            residuals = condition(belief.models[self._name].parameters, known, given=given).left_out()
            self._doubted, self._doubts = fitted, doubts(self._references, known.x, residuals, self._trust)
        return belief

    def _gains(self, belief: Belief, pool: FloatArray) -> FloatArray:
        """Return by which share a value at each of ``(m, d)`` points lowers the integrated variance, ``(m,)``."""
        model, parameters = belief.models[self._name], belief.models[self._name].parameters
        weights = self._weights(belief)
        _, sigma = model.posterior(pool)
        _, around = model.posterior(self._references)
        noise = parameters.noise * parameters.scale**2 + _typical(self._memory.data(self._name).variance)
        shared = np.square(model.covariance(self._references, pool))
        return np.asarray(weights @ shared / (np.square(sigma) + noise) / (weights @ np.square(around)))

    def _weights(self, belief: Belief) -> FloatArray:
        if not self._edges:
            return self._doubts
        _, _, slopes, _ = belief.models[self._name].posterior_and_gradient(self._references)
        steepness = np.sqrt(np.square(slopes).sum(axis=1))
        mean = float(steepness.mean())
        return np.asarray(self._doubts * (1.0 + self._edges * steepness / mean)) if mean > 0 else self._doubts

    def report(self, per_dof: int = 25) -> "xr.Dataset":
        """Return mean and sigma through where least is known, and the share of variance that a point would remove.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        belief = self._believed()
        _, sigma = belief.models[self._name].watched()
        least = self._candidates.unit[int(np.argmax(sigma))]
        through = self._candidates.space.from_unit(least[None, :])[0]
        return slices(belief, self._space, through, lambda unit: self._gains(belief, unit), _RULE, per_dof)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {**super().settings(), "trust": self._trust, "edges": self._edges}


def _typical(variances: FloatArray) -> float:
    return float(np.median(variances)) if len(variances) else 0.0
