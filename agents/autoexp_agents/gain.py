"""One point or several at once, by what they are expected to gain, per second if that is asked for."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from autoexp.dofs import FloatArray
from autoexp.errors import ObjectiveError
from autoexp.objectives import Bound, Maximize, Minimize, Objective, as_objectives
from autoexp.protocols import Acquisition
from autoexp.records import Estimate, Point, Suggestion
from autoexp.space import Space
from autoexp.surrogates.conditioned import Model
from autoexp_agents.belief import Belief, bounds_of, improvement, incumbents, kept
from autoexp_agents.belief import best as best_of
from autoexp_agents.closer import Found
from autoexp_agents.learner import Searcher
from autoexp_agents.memory import near
from autoexp_agents.report import slices
from autoexp_agents.samples import draw, joint_gains, knowledge_gradient

if TYPE_CHECKING:
    import xarray as xr

Gain = Literal["ei", "nei", "kg", "ucb"]
Cost = Callable[[Point | None, Point], float]
"""Where the devices are (None before the first point) and a candidate, to seconds."""

_RULES = {"ei": "EI", "nei": "noisy EI", "kg": "knowledge gradient", "ucb": "UCB"}
_DRAWS, _SHORTLIST, _ENDS, _BASE = 256, 192, 96, 64
_CENTRES, _PER_CENTRE = 4, 48


class GainAgent(Searcher):
    """Bayesian optimisation by a gain of one's choice, for batches chosen together and candidates with costs.

    =========  ===========================================================================
    gain
    =========  ===========================================================================
    ``"ei"``   expected improvement over the best posterior mean
    ``"nei"``  noisy expected improvement: over the best of what was measured, which the noise leaves
               uncertain (Letham et al. [1]_); of several points together, the batch grows by the point that
               raises the expected best most (Wilson et al. [2]_)
    ``"kg"``   knowledge gradient: by how much the best posterior mean is expected to rise (Frazier et al. [3]_)
    ``"ucb"``  upper confidence bound, mean plus `width` sigmas
    =========  ===========================================================================

    Every gain is multiplied by the probability that the Bounds hold, and counts from the best that keeps them, or from
    the worst that was measured where none does. Where no gain is above zero, the log expected improvement chooses, and
    the record says so. With `seconds` the first three count per second;
    a confidence bound is no gain and cannot.

    Parameters
    ----------
    space
        Where it may measure; a pool for a finite list of candidates.
    objectives
        One Maximize or Minimize, and any number of Bounds.
    gain
        Which.
    seconds
        What a candidate costs from where the devices are, travel included.
    width
        Sigmas of the upper confidence bound.
    initial
        Number of Sobol points measured first; by default two per Dof and one.
    seed
        Of the Sobol points, the candidates and the draws.
    candidates
        Number of points prepared for the search.
    kernel
        One of `autoexp.surrogates.PROFILES`.

    Raises
    ------
    ObjectiveError
        If something else is wanted, `initial` is below one, `gain` is unknown, ``"ucb"`` has a cost, or a
        cost is no function or not positive.

    References
    ----------
    .. [1] B. Letham et al., Constrained Bayesian Optimization with Noisy Experiments (2019).
    .. [2] J. T. Wilson, F. Hutter and M. P. Deisenroth, Maximizing acquisition functions (2018).
    .. [3] P. Frazier, W. Powell and S. Dayanik, The Knowledge-Gradient Policy (2009).
    """

    def __init__(
        self,
        space: Space,
        objectives: Objective | tuple[Objective, ...],
        *,
        gain: Gain = "nei",
        seconds: Cost | None = None,
        width: float = 2.0,
        initial: int | None = None,
        seed: int = 0,
        candidates: int = 1024,
        kernel: str = "rbf",
    ) -> None:
        found = as_objectives(objectives)
        wanted = [objective for objective in found if not isinstance(objective, Bound)]
        if len(wanted) != 1 or not isinstance(wanted[0], Maximize | Minimize):
            raise ObjectiveError(f"a gain needs one Maximize or Minimize, got {wanted!r}")
        if gain not in _RULES:
            raise ObjectiveError(f"gain must be 'ei', 'nei', 'kg' or 'ucb', got {gain!r}")
        if seconds is not None and not callable(seconds):
            raise ObjectiveError(f"seconds must be a function, which no record holds, got {seconds!r}")
        self._wanted, self._sign = wanted[0], 1.0 if isinstance(wanted[0], Maximize) else -1.0
        self._gain, self._cost, self._width = gain, seconds, width
        super().__init__(space, found, initial=initial, seed=seed, candidates=candidates, kernel=kernel)
        if seconds is not None:
            self.per_second(self._told)

    def _signed(self) -> str:
        return _RULES["ucb"] if self._gain == "ucb" else ""

    def _imagine(self, belief: Belief, pending: Sequence[Suggestion]) -> None:
        """Condition on what gave no value, and on what is pending unless that is drawn together with the candidates."""
        super()._imagine(belief, () if self._gain == "nei" else pending)

    def _search(self, belief: Belief, known: FloatArray, pending: Sequence[Suggestion]) -> Found | None:
        unit = self._candidates.unit[~near(self._candidates.unit, known, self._memory.same)]
        if not len(unit):
            return None
        over = self._incumbent(belief, pending)
        self._shun(belief)
        rough = (self._plain if self._gain == "ucb" else self._promise)(belief, unit, over, pending)
        order = np.argsort(-rough, kind="stable")[:_SHORTLIST]
        rng = np.random.default_rng([self._seed, self._given])
        close = self._candidates.near(unit[order[:_CENTRES]], rng, _PER_CENTRE)
        chosen = np.vstack([unit[order], close[~near(close, known, self._memory.same)]])
        if self._gain == "kg":
            promise = self._promise(belief, chosen, over, pending)
            chosen = chosen[np.argsort(-promise, kind="stable")[:_ENDS]]
        values = self._gains(belief, chosen, over, pending)
        rule = _RULES[self._gain]
        if not (values > 0).any():
            rule = f"LogEI, for {rule} is zero"
            values = self._promise(belief, chosen, over, pending)
        best = int(np.argmax(values))
        return Found(chosen[best], float(values[best]), rule)

    def _promise(
        self, belief: Belief, unit: FloatArray, over: Acquisition, pending: Sequence[Suggestion]
    ) -> FloatArray:
        """Return the log expected improvement at ``(m, d)`` points, per second and with Bounds, shape ``(m,)``."""
        scores = [(self._wanted.name, over), *bounds_of(self._objectives)]
        return np.asarray(belief.score(scores, unit) - self._log_seconds(unit, pending))

    def _gains(self, belief: Belief, unit: FloatArray, over: Acquisition, pending: Sequence[Suggestion]) -> FloatArray:
        """Return the gain at ``(m, d)`` points, times the probability that the Bounds hold, per second, ``(m,)``."""
        bounds = bounds_of(self._objectives)
        holds = np.exp(belief.score(bounds, unit)) if bounds else 1.0
        return np.asarray(self._plain(belief, unit, over, pending) * holds * np.exp(-self._log_seconds(unit, pending)))

    def _plain(self, belief: Belief, unit: FloatArray, over: Acquisition, pending: Sequence[Suggestion]) -> FloatArray:
        model = belief.models[self._wanted.name]
        if self._gain == "nei":
            return self._noisy(belief, unit, pending)
        mean, sigma = model.posterior(unit)
        if self._gain == "ucb":
            bound = self._sign * mean + self._width * sigma
            return np.asarray(bound - bound.min())
        if self._gain == "kg":
            noise = model.parameters.noise * model.parameters.scale**2
            noise += float(np.median(self._memory.data(self._wanted.name).variance))
            return knowledge_gradient(model, unit, self._ends(belief, unit), noise, self._sign)
        return np.asarray(np.exp(over.value(mean, sigma)))

    def _incumbent(self, belief: Belief, pending: Sequence[Suggestion]) -> Acquisition:
        """Return the improvement over the best that keeps the Bounds, or over the worst where none does.

        Of what was measured, and of what is pending where the models are conditioned on that.
        """
        count = len(self._memory) + (0 if self._gain == "nei" else len(pending))
        best = float(incumbents(belief, self._objectives)[:count].max())
        if not math.isfinite(best):
            best = float((self._sign * belief.models[self._wanted.name].fitted()[:count]).min())
        return improvement(self._wanted, best)

    def _ends(self, belief: Belief, unit: FloatArray) -> FloatArray:
        """Return where the best mean that keeps the Bounds may be; the worst measured place where none keeps them."""
        model = belief.models[self._wanted.name]
        means, _ = model.watched()
        places = self._candidates.unit[np.argsort(-self._sign * means, kind="stable")]
        places = places[kept(belief, self._objectives, places)][:_ENDS]
        ends = np.vstack([places, unit[kept(belief, self._objectives, unit)]])
        return ends if len(ends) else self._memory.units[[int(np.argmin(self._held(model)))]]

    def _held(self, model: Model) -> FloatArray:
        """Return the means at what was measured, the higher the better."""
        return self._sign * model.fitted()[: len(self._memory)]

    def _noisy(self, belief: Belief, unit: FloatArray, pending: Sequence[Suggestion]) -> FloatArray:
        """Return the expected improvement over the best of what was measured or is waited for, drawn together.

        Of these, what keeps the Bounds in a draw counts in that draw; where nothing does, the worst measured mean.
        """
        model = belief.models[self._wanted.name]
        held, broken = self._held(model), np.isneginf(incumbents(belief, self._objectives)[: len(self._memory)])
        best = np.lexsort((-held, broken))[:_BASE]
        base = np.vstack([self._memory.units[best], self._waiting(pending)])
        values = self._sign * draw(model, np.vstack([base, unit]), _DRAWS, [self._seed, len(self._memory)])
        count = len(base)
        drawn = values[:, :count]
        highest = np.where(self._holding(belief, base, drawn), drawn, -np.inf).max(axis=1)
        return joint_gains(values[:, count:], np.where(np.isfinite(highest), highest, held.min()))

    def _holding(self, belief: Belief, unit: FloatArray, wanted: FloatArray) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return which of ``(m, d)`` points keep every Bound in each draw, shape ``(s, m)``, as drawn is `wanted`."""
        drawn = {self._wanted.name: self._sign * wanted}
        holds = np.ones(wanted.shape, dtype=bool)
        for index, bound in enumerate(self._objectives, 1):
            if isinstance(bound, Bound):
                if bound.name not in drawn:
                    seed = [self._seed, len(self._memory), index]
                    drawn[bound.name] = draw(belief.models[bound.name], unit, len(wanted), seed)
                holds &= (drawn[bound.name] >= bound.low) & (drawn[bound.name] <= bound.high)
        return holds

    def _waiting(self, pending: Sequence[Suggestion]) -> FloatArray:
        return self._space.to_unit([row.point for row in pending])

    def _told(self, at: Point | None, unit: FloatArray) -> FloatArray:
        """Return what a value at each of ``(m, d)`` points costs as `seconds` says, shape ``(m,)``."""
        assert self._cost is not None
        points = self._candidates.space.from_unit(unit) if self._candidates.space.pool is None else self._named(unit)
        return np.array([self._cost(at, point) for point in points])

    def _named(self, unit: FloatArray) -> list[Point]:
        """Return the points of a pool that lie at ``(m, d)`` places."""
        pool = self._candidates.space.pool or ()
        indices = {row.tobytes(): index for index, row in enumerate(self._candidates.unit)}
        return [pool[indices[row.tobytes()]] for row in unit]

    def best(self) -> Estimate:
        """Return the best point by posterior mean, with its sigma.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        belief = self._believed()
        with belief.imagining():
            self._shun(belief)
            return best_of(belief, self._objectives, self._candidates, self._memory.units)

    def report(self, per_dof: int = 25) -> "xr.Dataset":
        """Return mean, sigma and log expected improvement around the best point; see `slices`.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        belief = self._believed()
        scores = [(self._wanted.name, self._incumbent(belief, ())), *bounds_of(self._objectives)]
        through = self.best().point
        return slices(belief, self._space, through, lambda unit: belief.score(scores, unit), "LogEI", per_dof)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with; the cost by its name."""
        cost = None if self._cost is None else getattr(self._cost, "__qualname__", type(self._cost).__name__)
        return {**super().settings(), "gain": self._gain, "seconds": cost, "width": self._width}
