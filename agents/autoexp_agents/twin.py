"""A cheap, biased model of the beamline as prior knowledge."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from autoexp import plugins
from autoexp.acquisition.scores import Uncertainty
from autoexp.beamline import Beamline
from autoexp.constraints import Columns
from autoexp.dofs import FloatArray
from autoexp.errors import AutoexpError, ObjectiveError
from autoexp.objectives import Explore, Maximize, Minimize, Objective, Target, as_objectives
from autoexp.protocols import Acquisition
from autoexp.records import Estimate, Observation, Point, Source, Suggestion, Why
from autoexp.space import Space
from autoexp.surrogates import Data
from autoexp_agents.belief import Belief, improvement, learn, lengths_of, merit
from autoexp_agents.closer import Found, Looks
from autoexp_agents.learner import Learner
from autoexp_agents.opening import taken
from autoexp_agents.pace import Paced
from autoexp_agents.report import health, pictured, shortest

if TYPE_CHECKING:
    import xarray as xr

Twin = Callable[[Columns], Mapping[str, FloatArray]]
"""Dof name to ``n`` positions to field name to ``n`` values: for example the `expected` of a Scene."""

_LOOKS = Looks(rounds=4, centres=5, each=48)
_TRUST = 3.0
_REACH = 0.5


@dataclass(frozen=True, slots=True)
class _Discrepancy:
    """What is believed of ``y = scale twin(x) + discrepancy(x)``.

    Parameters
    ----------
    scale
        Of the twin.
    belief
        Of the discrepancy.
    said
        What the twin says at ``(m, d)`` points, shape ``(m,)``.
    """

    scale: float
    belief: Belief
    said: Callable[[FloatArray], FloatArray]

    def update(self, data: Mapping[str, Data]) -> None:
        """Condition on more values; the multiple of the twin stays."""
        rest = {name: Data(new.x, new.y - self.scale * self.said(new.x), new.variance) for name, new in data.items()}
        self.belief.update(rest)


class TwinAgent(Paced, Learner[_Discrepancy]):
    """Starts from what a simulation says, and learns where it is wrong.

    The value is taken as a multiple of the twin's plus a discrepancy, a Gaussian process of what the twin
    does not explain [1]_. A twin that is merely shifted, scaled or smoothly wrong saves most of
    the points; one that is altogether wrong costs little, because its multiple is fitted too.

    Parameters
    ----------
    space
        Where it may measure.
    objectives
        One Maximize, Minimize, Target or Explore.
    twin
        What the simulation says, or the registered name of a Scene, whose values are expected; NaN where it says
        nothing counts as its median.
    initial
        Number of Sobol points measured before the twin's word is taken; two by default.
    seed
        Of the Sobol points and of the candidates.
    candidates
        Number of points prepared for the search.
    kernel
        Of the discrepancy; one of `autoexp.surrogates.PROFILES`.

    Raises
    ------
    ObjectiveError
        If the objective is another, `initial` is below one, or the twin does not know the field.
    PluginError
        If no Scene is registered as `twin`.

    References
    ----------
    .. [1] M. C. Kennedy and A. O'Hagan, Biometrika 87, 1 (2000).
    """

    def __init__(
        self,
        space: Space,
        objectives: Objective | tuple[Objective, ...],
        twin: Twin | str,
        *,
        initial: int | None = 2,
        seed: int = 0,
        candidates: int = 2048,
        kernel: str = "rbf",
    ) -> None:
        found = as_objectives(objectives)
        wanted = found[0]
        if len(found) != 1 or not isinstance(wanted, Maximize | Minimize | Target | Explore):
            raise ObjectiveError(f"a twin needs one Maximize, Minimize, Target or Explore, got {found!r}")
        self._wanted, self._name = wanted, wanted.name
        self._told, self._twin = _told(twin), _expected(twin) if isinstance(twin, str) else twin
        super().__init__(space, found, initial=initial, seed=seed, candidates=candidates, kernel=kernel)
        said = self._raw(self._candidates.unit)
        self._median = float(np.nanmedian(said)) if np.isfinite(said).any() else 0.0
        self._prepared = self._said(self._candidates.unit)

    def _forget(self) -> None:
        super()._forget()
        self._heard = np.empty(0)

    def _raw(self, unit: FloatArray) -> FloatArray:
        points = self._candidates.space.from_unit(unit) if self._candidates.space.pool is None else self._near(unit)
        fields = self._twin(self._space.columns(points))
        if self._name not in fields:
            raise ObjectiveError(f"the twin must know the field {self._name!r}, got {sorted(fields)}")
        return np.asarray(fields[self._name], dtype=float)

    def _near(self, unit: FloatArray) -> list[Point]:
        return self._candidates.space.from_unit(self._candidates.nearest(unit))

    def _said(self, unit: FloatArray) -> FloatArray:
        """Return what the twin says at ``(m, d)`` points, shape ``(m,)``."""
        if not len(unit):
            return np.empty(0)
        said = self._raw(unit)
        return np.where(np.isfinite(said), said, self._median)

    def ingest(self, observations: Sequence[Observation]) -> None:
        """Learn from observations."""
        super().ingest(observations)
        self._heard = np.concatenate([self._heard, self._said(self._memory.units[len(self._heard) :])])

    def _fit(self, data: Mapping[str, Data], pause: Callable[[], None] | None = None) -> _Discrepancy:
        """Return the multiple of the twin, shrunk towards one, and a model of the rest.

        The twin itself, which may not bear being asked from two threads, was asked before.
        """
        known = data[self._name]
        if not len(known):
            raise AutoexpError("a model needs an observation with usable values, got none")
        said = self._heard[: len(known)]
        scale = _scale(said, known.y, float(np.var(self._prepared)))
        rest = {self._name: Data(known.x, known.y - scale * said, known.variance)}
        watch, lengths = self._candidates.unit, lengths_of(self._space)
        belief = learn(rest, {}, seed=self._seed, kernel=self._kernel, watch=watch, pause=pause, lengths=lengths)
        return _Discrepancy(scale, belief, self._said)

    def posterior(self, unit: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation at ``(m, d)`` points of the unit cube, shape ``(m,)`` each.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        model = self._believed()
        mean, sigma = model.belief.models[self._name].posterior(unit)
        return mean + model.scale * self._said(unit), sigma

    def _chosen(self, pending: Sequence[Suggestion]) -> Suggestion | None:
        if not len(self._memory):
            return self._spare(pending)
        model, known = self._believed(), taken(self._memory, pending)
        digest = model.belief.digest
        with model.belief.imagining():
            waiting = self._space.to_unit([row.point for row in pending])
            lost = [self._memory.lost(failed=failed) for failed in (True, False)]
            model.belief.imagine(np.vstack([waiting, *lost]))
            found = self._search(model, known, pending)
        if found is None:
            return None
        mean, sigma = self.posterior(found.unit[None, :])
        predicted = ({self._name: float(mean[0])}, {self._name: float(sigma[0])})
        why = Why(Source.AGENT, self._paced(found.rule), *predicted, found.score, len(self._memory), digest)
        return self._suggestion(found.unit, why)

    def _rule(self) -> str:
        return f"{'sigma' if isinstance(self._wanted, Explore) else 'LogEI'} by a twin"

    def _acquisition(self) -> Acquisition:
        if isinstance(self._wanted, Explore):
            return Uncertainty()
        mean, _ = self.posterior(self._memory.units)
        return improvement(self._wanted, float(merit(self._wanted, mean)[0].max()))

    def _search(self, model: _Discrepancy, known: FloatArray, pending: Sequence[Suggestion]) -> Found | None:
        """Return the best candidate that is not taken, after looks ever closer around the best ones."""
        score = self._acquisition()
        mean, sigma = model.belief.models[self._name].watched()
        mean = self._shunning(self._candidates.unit, mean + model.scale * self._prepared)
        values = score.value(mean, sigma)

        def scored(unit: FloatArray) -> FloatArray:
            mean, sigma = self.posterior(unit)
            return np.asarray(score.value(self._shunning(unit, mean), sigma) - self._log_seconds(unit, pending))

        values = np.asarray(values - self._log_seconds(self._candidates.unit, pending))
        return _LOOKS.best(self._candidates, values, scored, known, (self._seed, self._given), self._rule())

    def best(self) -> Estimate:
        """Return the best of the measured points and of those around them, by posterior mean less one sigma.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        chosen = _LOOKS.answer(self._candidates, self._memory.units, self._careful, self._seed)
        mean, sigma = self.posterior(chosen[None, :])
        point = self._candidates.space.from_unit(chosen[None, :])[0]
        return Estimate(point, {self._name: float(mean[0])}, {self._name: float(sigma[0])})

    def _careful(self, unit: FloatArray) -> FloatArray:
        mean, sigma = self.posterior(unit)
        return np.asarray(merit(self._wanted, self._shunning(unit, mean))[0] - sigma)

    def _shunning(self, unit: FloatArray, mean: FloatArray) -> FloatArray:
        """Return means at ``(m, d)`` points, around a failed one no better than the median of what was measured.

        Around it reaches half as far as the nearest place that was measured.
        """
        failed, measured = self._memory.lost(failed=True), self._memory.units
        if not len(failed):
            return mean
        reach = _REACH * np.linalg.norm(failed[:, None] - measured, axis=2).min(axis=1)
        away = np.linalg.norm(unit[:, None] - failed, axis=2) / reach
        share = np.exp(-0.5 * np.square(away.min(axis=1)))
        median = float(np.median(self._memory.data(self._name).y))
        better = merit(self._wanted, mean)[0] > merit(self._wanted, np.array([median]))[0]
        return np.where(better, mean + share * (median - mean), mean)

    def report(self, per_dof: int = 25) -> "xr.Dataset":
        """Return mean, sigma and score around the best point.

        Health and hyper-parameters are those of the discrepancy; the twin's multiple stands in the attributes.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        model, score = self._believed(), self._acquisition()
        axes = shortest(self._space, [process.parameters for process in model.belief.models.values()])
        through = self.best().point
        found = pictured(
            self._space,
            axes,
            through,
            {self._name: self.posterior},
            lambda unit: score.value(*self.posterior(unit)),
            self._rule(),
            per_dof,
        )
        return found.merge(health(model.belief, self._space)).assign_attrs(twin_multiple=model.scale)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with; the twin by its name, by which only a Scene can be found again."""
        return {**super().settings(), "twin": self._told}


def _told(twin: Twin | str) -> str:
    """Return the name of a twin in the record."""
    return twin if isinstance(twin, str) else getattr(twin, "__qualname__", type(twin).__name__)


def _expected(scene: str) -> Twin:
    """Return what a registered Scene says."""
    beamline: Beamline = plugins.load("scenes", scene)(speed=None)
    return beamline.scene.expected


def _scale(said: FloatArray, measured: FloatArray, variance: float) -> float:
    """Return the multiple of the twin by least squares, shrunk towards one as if three points had shown it."""
    if not variance > 0:
        return 1.0
    away, rest = said - said.mean(), measured - measured.mean()
    prior = _TRUST * variance
    return float((away @ rest + prior) / (away @ away + prior))
