"""A best point that moves while one measures."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autoexp.acquisition.scores import Uncertainty
from autoexp.dofs import FloatArray
from autoexp.errors import ObjectiveError
from autoexp.objectives import Bound, Explore, Maximize, Minimize, Objective, Target, as_objectives
from autoexp.protocols import Acquisition
from autoexp.records import Estimate, Observation, Suggestion
from autoexp.space import Space
from autoexp.surrogates.conditioned import Model
from autoexp.surrogates.parameters import Data
from autoexp_agents.ahead import rows_of
from autoexp_agents.belief import Belief, bounds_of, improvement, kept, learn, lengths_of, merit, noisily, penalty
from autoexp_agents.closer import Found, Looks
from autoexp_agents.learner import Searcher, fitted_to
from autoexp_agents.memory import near
from autoexp_agents.report import Posterior, health, pictured, shortest

if TYPE_CHECKING:
    import xarray as xr

_LOOKS = Looks(rounds=4, centres=4, each=64)
_FRESH = 0.1
_KEPT, _STEP = 150, 15


class DriftAgent(Searcher):
    """Follows a value that drifts: time is an input of its model, so what is old is forgotten.

    The Gaussian process has one coordinate more, the time of each observation; how long a value holds
    is a length scale like the others, learnt from the data. Points are chosen, and the answer is given, for the time
    of the latest observation. A point may be measured again when a tenth of `horizon` has gone by. Models are fitted
    to the latest 150 observations.

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
        super().__init__(space, found, initial=initial, seed=seed, candidates=candidates, kernel=kernel, slides=True)

    def _forget(self) -> None:
        super()._forget()
        self._times: list[float] = []

    def ingest(self, observations: Sequence[Observation]) -> None:
        """Learn from observations, and when they were made."""
        for row in observations:
            known = len(self._memory)
            self._memory.add([row])
            self._times += [row.time] * (len(self._memory) - known)
            self._fits.update(known)

    @property
    def _now(self) -> float:
        return max(self._times, default=0.0)

    def _since(self, times: Sequence[float]) -> FloatArray:
        """Return the coordinates of times: horizons since the first observation, shape ``(n,)``."""
        return (np.array(times, dtype=float) - (self._times[0] if self._times else 0.0)) / self._horizon

    def _placed(self, unit: FloatArray) -> FloatArray:
        """Return ``(m, d)`` points as they are now, shape ``(m, d + 1)``."""
        return np.column_stack([unit, np.full(len(unit), self._since([self._now])[0])])

    def _measured(self, rows: range) -> Mapping[str, Data]:
        """Return what is learnt from some of the usable observations: their values, and when they were made."""
        since = self._since(self._times[rows.start : rows.stop])
        return {
            name: Data(np.column_stack([known.x, since]), known.y, known.variance)
            for name, known in rows_of(self._memory, rows).items()
        }

    def _due(self) -> range:
        """Return to which of the usable observations the models are to be fitted: the latest, by steps."""
        count = len(self._memory)
        last = fitted_to(count) if count <= _KEPT else count - (count - _KEPT) % _STEP
        return range(max(0, last - _KEPT), min(count, last))

    def _fit(self, data: Mapping[str, Data], pause: Callable[[], None] | None = None) -> Belief:
        lengths = lengths_of(self._space, more=1)
        return learn(data, {}, seed=self._seed, kernel=self._kernel, pause=pause, lengths=lengths)

    def _used_up(self, pending: Sequence[Suggestion]) -> FloatArray:
        """Return the points, shape ``(k, d)``, that need not be measured again now."""
        waiting = self._space.to_unit([row.point for row in pending])
        recent = np.array(self._times) > self._now - _FRESH * self._horizon
        lost = [self._memory.lost(failed=failed) for failed in (True, False)]
        return self._memory.candidates(np.vstack([self._memory.units[recent], *lost, waiting]))

    def _scores(self, belief: Belief) -> list[tuple[str, Acquisition]]:
        bounds, name = bounds_of(self._objectives), self._wanted.name
        if isinstance(self._wanted, Explore):
            return [(name, Uncertainty()), *bounds]
        merits = self._merits(belief)
        best = float(merits.max())
        if not math.isfinite(best):
            return bounds
        recent = merits[self._fits.rows.start :]
        return [(name, noisily(belief, name, recent, improvement(self._wanted, best))), *bounds]

    def _merits(self, belief: Belief) -> FloatArray:
        """Return the merit now of what was measured; minus infinity where a Bound is broken now."""
        now = self._placed(self._memory.units)
        mean, _ = belief.models[self._wanted.name].posterior(now)
        return np.where(kept(belief, self._objectives, now), merit(self._wanted, mean)[0], -np.inf)

    def _search(self, belief: Belief, known: FloatArray, pending: Sequence[Suggestion]) -> Found | None:
        """Return the best candidate apart from the known ones, after a closer look around the best few."""
        scores = self._scores(belief)
        self._shun(belief)
        unit = self._candidates.unit[~near(self._candidates.unit, known, self._memory.same)]
        if not len(unit):
            return None

        def score(unit: FloatArray) -> FloatArray:
            return np.asarray(belief.score(scores, self._placed(unit)) - self._log_seconds(unit, pending))

        values = score(unit)
        rng = np.random.default_rng([self._seed, self._given])
        close = self._candidates.near(unit[np.argsort(-values, kind="stable")[: _LOOKS.centres]], rng, _LOOKS.each)
        close = close[~near(close, known, self._memory.same)]
        if len(close):
            unit = np.vstack([unit, close])
            values = np.concatenate([values, score(close)])
        best = int(np.argmax(values))
        return Found(unit[best], float(values[best]), f"{scores[0][1].rule} now")

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
            now, model = self._placed(unit), belief.models[name]
            mean, sigma = model.posterior(now)
            return np.asarray(
                merit(self._wanted, mean)[0] - sigma - model.parameters.scale * penalty(belief, bounds, now)
            )

        with belief.imagining():
            self._shun(belief)
            chosen = _LOOKS.answer(self._candidates, self._memory.units, careful, self._seed)
            mean, sigma = belief.at(self._placed(chosen[None, :])[0])
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
            return lambda unit: model.posterior(self._placed(unit))

        found = pictured(
            space,
            shortest(space, [model.parameters for model in belief.models.values()]),
            self.best().point,
            {name: now(model) for name, model in belief.models.items()},
            lambda unit: belief.score(scores, self._placed(unit)),
            f"{scores[0][1].rule} now",
            per_dof,
        )
        return found.merge(health(belief, space, "time"))

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {**super().settings(), "horizon": self._horizon}
