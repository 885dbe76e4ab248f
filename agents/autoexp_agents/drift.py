"""A best point that moves while one measures."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autoexp.acquisition.scores import Uncertainty
from autoexp.dofs import FloatArray
from autoexp.errors import ObjectiveError
from autoexp.objectives import Bound, Explore, Maximize, Minimize, Objective, Target, as_objectives
from autoexp.protocols import Acquisition
from autoexp.records import Estimate, Observation, Source, Suggestion, Why
from autoexp.space import Space
from autoexp.surrogates.conditioned import Model
from autoexp.surrogates.parameters import Data
from autoexp_agents.belief import Belief, bounds_of, improvement, kept, learn, lengths_of, merit, noisily, penalty, shun
from autoexp_agents.closer import Looks
from autoexp_agents.learner import Found, Learner
from autoexp_agents.memory import near
from autoexp_agents.report import Posterior, health, pictured, shortest

if TYPE_CHECKING:
    import xarray as xr

_LOOKS = Looks(rounds=4, centres=4, each=64)
_FRESH = 0.1
_KEPT = 150


class DriftAgent(Learner):
    """Follows a value that drifts: time is an input of its model, so what is old is forgotten.

    The Gaussian process has one coordinate more, the time of each observation; how long a value holds
    is a length scale like the others, learnt from the data. Points are chosen, and the answer is given, for the time
    of the latest observation. A point may be measured again when a tenth of `horizon` has gone by.

    Parameters
    ----------
    space
        Where it may measure.
    objectives
        One Maximize, Minimize, Target or Explore, and any number of Bounds.
    horizon
        Seconds over which a value is expected to change much.
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
        If more or something else is wanted, `initial` is below one, or `horizon` is not positive.

    References
    ----------
    .. [1] I. Bogunovic, J. Scarlett and V. Cevher, Time-Varying Gaussian Process Bandit Optimization (2016).
    """

    def __init__(
        self,
        space: Space,
        objectives: Objective | tuple[Objective, ...],
        *,
        horizon: float = 3600.0,
        initial: int | None = None,
        seed: int = 0,
        candidates: int = 1024,
        kernel: str = "rbf",
    ) -> None:
        found = as_objectives(objectives)
        wanted = [objective for objective in found if not isinstance(objective, Bound)]
        if len(wanted) != 1 or not isinstance(wanted[0], Maximize | Minimize | Target | Explore):
            raise ObjectiveError(f"drift needs one Maximize, Minimize, Target or Explore, got {wanted!r}")
        if not 0 < horizon < math.inf:
            raise ObjectiveError(f"horizon must be positive, got {horizon}")
        self._wanted, self._horizon = wanted[0], horizon
        super().__init__(space, found, initial=initial, seed=seed, candidates=candidates, kernel=kernel)

    def _forget(self) -> None:
        super()._forget()
        self._times: list[float] = []
        self._belief: Belief | None = None

    def ingest(self, observations: Sequence[Observation]) -> None:
        """Learn from observations, and when they were made."""
        for row in observations:
            known = len(self._memory)
            self._memory.add([row])
            self._times += [row.time] * (len(self._memory) - known)
        self._belief = None

    @property
    def _now(self) -> float:
        return max(self._times, default=0.0)

    def _timed(self, unit: FloatArray) -> FloatArray:
        """Return ``(m, d)`` points as they are now, shape ``(m, d + 1)``."""
        return np.column_stack([unit, np.zeros(len(unit))])

    def _believed(self) -> Belief:
        """Return models of the latest values; the coordinate of time is zero now, and counts in horizons.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        if self._belief is None:
            ages = (np.array(self._times) - self._now) / self._horizon
            data = dict[str, Data]()
            for name, known in self._memory.all_data().items():
                x = np.column_stack([known.x, ages])[-_KEPT:]
                data[name] = Data(x, known.y[-_KEPT:], known.variance[-_KEPT:])
            lengths = lengths_of(self._space, more=1)
            self._belief = learn(data, {}, seed=self._seed, kernel=self._kernel, lengths=lengths)
        return self._belief

    def _fresh(self, pending: Sequence[Suggestion]) -> FloatArray:
        """Return the points, shape ``(k, d)``, that need not be measured again now."""
        waiting = self._space.to_unit([row.point for row in pending])
        recent = np.array(self._times) > self._now - _FRESH * self._horizon
        lost = [self._memory.lost(failed=failed) for failed in (True, False)]
        return self._memory.candidates(np.vstack([self._memory.units[recent], *lost, waiting]))

    def _chosen(self, pending: Sequence[Suggestion]) -> Suggestion | None:
        if not len(self._memory):
            return self._spare(pending)
        belief = self._believed()
        digest = belief.digest
        with belief.imagining():
            belief.imagine(self._timed(self._space.to_unit([row.point for row in pending])))
            found = self._search(belief, self._fresh(pending))
        if found is None:
            return None
        unit, score = found
        mean, sigma = belief.at(self._timed(unit[None, :])[0])
        rule = f"{self._scores(belief)[0][1].rule} now"
        why = Why(Source.AGENT, rule, mean, sigma, score, len(self._memory), digest)
        return self._suggestion(unit, why)

    def _shun(self, belief: Belief) -> None:
        """Condition on what failed as if what is wanted were poor there now."""
        shun(belief, self._objectives, self._timed(self._memory.lost(failed=True)))

    def _scores(self, belief: Belief) -> list[tuple[str, Acquisition]]:
        bounds, name = bounds_of(self._objectives), self._wanted.name
        if isinstance(self._wanted, Explore):
            return [(name, Uncertainty()), *bounds]
        merits = self._merits(belief)
        best = float(merits.max())
        if not math.isfinite(best):
            return bounds
        return [(name, noisily(belief, name, merits[-_KEPT:], improvement(self._wanted, best))), *bounds]

    def _merits(self, belief: Belief) -> FloatArray:
        """Return the merit now of what was measured; minus infinity where a Bound is broken now."""
        now = self._timed(self._memory.units)
        mean, _ = belief.models[self._wanted.name].posterior(now)
        return np.where(kept(belief, self._objectives, now), merit(self._wanted, mean)[0], -np.inf)

    def _search(self, belief: Belief, known: FloatArray) -> Found | None:
        """Return the best candidate apart from the known ones, after a closer look around the best few."""
        scores = self._scores(belief)
        self._shun(belief)
        unit = self._candidates.unit[~near(self._candidates.unit, known, self._memory.same)]
        if not len(unit):
            return None
        values = belief.score(scores, self._timed(unit))
        rng = np.random.default_rng([self._seed, self._given])
        close = self._candidates.near(unit[np.argsort(-values, kind="stable")[: _LOOKS.centres]], rng, _LOOKS.each)
        close = close[~near(close, known, self._memory.same)]
        if len(close):
            unit = np.vstack([unit, close])
            values = np.concatenate([values, belief.score(scores, self._timed(close))])
        best = int(np.argmax(values))
        return unit[best], float(values[best])

    def best(self) -> Estimate:
        """Return the best point of those measured and of those around them, now, by posterior mean less one sigma.

        What breaks a Bound more likely than not falls behind.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        belief, name, bounds = self._believed(), self._wanted.name, bounds_of(self._objectives)

        def careful(unit: FloatArray) -> FloatArray:
            now, model = self._timed(unit), belief.models[name]
            mean, sigma = model.posterior(now)
            return np.asarray(
                merit(self._wanted, mean)[0] - sigma - model.parameters.scale * penalty(belief, bounds, now)
            )

        with belief.imagining():
            self._shun(belief)
            chosen = _LOOKS.answer(self._candidates, self._memory.units, careful, self._seed)
            mean, sigma = belief.at(self._timed(chosen[None, :])[0])
        return Estimate(self._candidates.space.from_unit(chosen[None, :])[0], mean, sigma)

    def report(self, per_dof: int = 25) -> "xr.Dataset":
        """Return mean, sigma and score now, around the best point; time is one more coordinate of the length scales.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        belief, space = self._believed(), self._space
        scores = self._scores(belief)

        def now(model: Model) -> Posterior:
            return lambda unit: model.posterior(self._timed(unit))

        found = pictured(
            space,
            shortest(space, [model.parameters for model in belief.models.values()]),
            self.best().point,
            {name: now(model) for name, model in belief.models.items()},
            lambda unit: belief.score(scores, self._timed(unit)),
            f"{scores[0][1].rule} now",
            per_dof,
        )
        return found.merge(health(belief, space, "time"))

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {**super().settings(), "horizon": self._horizon}
