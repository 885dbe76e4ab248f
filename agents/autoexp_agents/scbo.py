"""Many degrees of freedom, with bounds that are hard to keep."""

import math
from collections.abc import Sequence

import numpy as np

from autoexp.dofs import FloatArray
from autoexp.objectives import Bound
from autoexp.records import Suggestion
from autoexp_agents.belief import Belief
from autoexp_agents.memory import near
from autoexp_agents.samples import draw
from autoexp_agents.trust import TrustRegionAgent

_DRAWN = 800
_BROKEN, _WORST = 1e30, 1e30
_SAMPLING = "Thompson sampling in a trust region"


class ConstrainedTrustRegionAgent(TrustRegionAgent):
    """A trust region that looks for where the Bounds hold before it looks for the best.

    As long as no point keeps every Bound, the region stands around the one that breaks them least, and moves on
    to where they are broken less, as in SCBO [1]_: one possible course of every field is drawn from the
    posterior, and of the candidates that keep the Bounds there the best is measured, or else the one that
    breaks them least. From the first point on that keeps them, points are chosen as by `TrustRegionAgent`, by
    log expected improvement and the probability that the Bounds hold. Parameters are those of `TrustRegionAgent`.

    References
    ----------
    .. [1] D. Eriksson and M. Poloczek, Scalable Constrained Bayesian Optimization (2021).
    """

    def _merits(self) -> FloatArray:
        """Return the measured merit of this search's points, or how much they break the Bounds, below any merit."""
        fields = {name: data.y for name, data in self._memory.all_data(self._began).items()}
        return self._ordered(fields, self._sizes())

    def _sizes(self) -> dict[str, float]:
        """Return the size of each bounded field, by the design's values."""
        sizes = dict[str, float]()
        for bound in self._bounds:
            first = self._memory.data(bound.name, self._began).y[: self._opening.count]
            ends = [abs(end) for end in (bound.low, bound.high) if math.isfinite(end)]
            sizes[bound.name] = max(float(np.std(first)), 1e-3 * max(ends)) or 1.0 if len(first) else 1.0
        return sizes

    @property
    def _bounds(self) -> list[Bound]:
        return [objective for objective in self._objectives if isinstance(objective, Bound)]

    def _ordered(self, fields: dict[str, FloatArray], sizes: dict[str, float]) -> FloatArray:
        """Return what orders points of given values: the wanted value, or below all the sum of the breaches."""
        breach = np.zeros(len(fields[self._wanted.name]))
        for bound in self._bounds:
            values = fields[bound.name]
            over = np.maximum(values - bound.high, 0.0) + np.maximum(bound.low - values, 0.0)
            breach += over / sizes[bound.name]
        return np.where(breach > 0, -_BROKEN * np.minimum(breach, _WORST), self._sign * fields[self._wanted.name])

    def _kept(self) -> bool:
        """Return whether a point of this search keeps every Bound."""
        fields = {name: data.y for name, data in self._memory.all_data(self._began).items()}
        held = [(fields[bound.name] >= bound.low) & (fields[bound.name] <= bound.high) for bound in self._bounds]
        return not held or bool(np.all(held, axis=0).any())

    def _rule(self) -> str:
        return super()._rule() if self._kept() else _SAMPLING

    def _signed(self) -> str:
        return _SAMPLING

    def _search(
        self, belief: Belief, known: FloatArray, pending: Sequence[Suggestion]
    ) -> tuple[FloatArray, float] | None:
        if self._kept():
            return super()._search(belief, known, pending)
        sizes, count = self._sizes(), len(self._memory) - self._began
        fitted = {name: model.fitted()[:count] for name, model in belief.models.items()}
        centre = self._memory.units[self._began :][int(np.argmax(self._ordered(fitted, sizes)))]
        pool = self._drawn(centre, *self._box(belief, centre))
        pool = pool[~near(pool, known, self._memory.same)]
        if not len(pool):
            pool = self._candidates.unit[~near(self._candidates.unit, known, self._memory.same)]
        if not len(pool):
            return None
        rng = np.random.default_rng([self._seed, self._given, 1])
        pool = pool[rng.permutation(len(pool))[:_DRAWN]]
        drawn = {
            name: draw(model, pool, 1, [self._seed, self._given, index])[0]
            for index, (name, model) in enumerate(belief.models.items())
        }
        ordered = self._ordered(drawn, sizes)
        best = int(np.argmax(ordered))
        return pool[best], float(ordered[best])
