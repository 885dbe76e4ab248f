"""A spectrum with an edge, energy by energy."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from autoexp.dofs import FloatArray
from autoexp.errors import ObjectiveError, SpaceError
from autoexp.objectives import Explore, Objective, as_objectives
from autoexp.records import Observation, Suggestion
from autoexp.space import Space
from autoexp.surrogates.linalg import sturdy_cholesky
from autoexp_agents.belief import Belief
from autoexp_agents.closer import Found
from autoexp_agents.designed import Pass
from autoexp_agents.learner import Searcher
from autoexp_agents.memory import near
from autoexp_agents.pace import Travel
from autoexp_agents.report import slices

if TYPE_CHECKING:
    import xarray as xr

_SAMPLES = 200
_FEWEST, _MOST = 257, 1025
_FLOOR = 0.05
_JITTER = 1e-9
_RULE = "curvature"


@dataclass(frozen=True, slots=True)
class Features:
    """What a spectrum with an edge is read for.

    Parameters
    ----------
    edge, edge_sigma
        Position of the steepest rise and its standard deviation, in the Dof's unit.
    line, line_sigma
        Position of the highest value (the white line) and its standard deviation, in the Dof's unit.
    """

    edge: float
    edge_sigma: float
    line: float
    line_sigma: float


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Spectra drawn from the posterior, shape ``(s, places)``, and the edge and white line of each, ``(s,)``."""

    values: FloatArray
    edges: FloatArray
    lines: FloatArray


class SpectrumAgent(Searcher):
    """Measures a spectrum coarsely first, and then where it bends, as often as the noise asks for.

    After a pass over equally spaced energies, the next energy is expected to explain most variance per
    second of counting and travel: of the spectrum, where a place counts by the curvature of the posterior
    mean (between points a distance ``h`` apart, interpolation errs by ``h**2 |f''| / 8`` at most [1]_), and
    of the edge (the steepest rise) and the white line (the highest value) as long as they are not
    known to the tolerance, in spectra drawn from the posterior. When they are, it ends.

    Parameters
    ----------
    space
        One Dof.
    objectives
        One Explore.
    coarse
        Number of energies of the first pass.
    tolerance
        Standard deviation at which edge and white line are known well enough, in the Dof's unit; by
        default a five-hundredth of the range.
    exposure
        Seconds that a point takes beside travel.
    seed
        Of the spectra drawn from the posterior.
    candidates
        Number of energies to choose from.
    kernel
        One of `autoexp.surrogates.PROFILES`.

    Raises
    ------
    SpaceError
        If there is more than one Dof, or one without a range.
    ObjectiveError
        If the objective is another, `coarse` is below three, or `tolerance` or `exposure` is not positive.

    References
    ----------
    .. [1] C. de Boor, A Practical Guide to Splines (1978), chapter II: the error of interpolation.
    """

    def __init__(
        self,
        space: Space,
        objectives: Objective | tuple[Objective, ...],
        *,
        coarse: int = 17,
        tolerance: float | None = None,
        exposure: float = 1.0,
        seed: int = 0,
        candidates: int = 512,
        kernel: str = "matern52",
    ) -> None:
        wanted = as_objectives(objectives)
        if len(wanted) != 1 or not isinstance(wanted[0], Explore):
            raise ObjectiveError(f"a spectrum needs one Explore, got {wanted!r}")
        if len(space.dofs) != 1 or space.dofs[0].categorical:
            raise SpaceError(f"a spectrum needs one Dof of numbers, got {space!r}")
        if coarse < 3:
            raise ObjectiveError(f"coarse must be 3 or more, got {coarse}")
        self._name, self._dof = wanted[0].name, space.dofs[0]
        self._range = self._dof.limits[1] - self._dof.limits[0]
        self._tolerance = self._range / 500 if tolerance is None else tolerance
        for rule, value in (("tolerance", self._tolerance), ("exposure", exposure)):
            if not 0 < value < math.inf:
                raise ObjectiveError(f"{rule} must be positive, got {value}")
        self._coarse, self._exposure = coarse, exposure
        places = int(np.clip(self._range / self._tolerance, _FEWEST, _MOST))
        self._grid = np.linspace(0.0, 1.0, places)[:, None]
        self._normal = np.random.default_rng([seed, 2]).standard_normal((_SAMPLES, places))
        first = Pass(space.grid(coarse), "coarse pass")
        super().__init__(space, wanted, initial=first, seed=seed, candidates=candidates, kernel=kernel)
        self.per_second(Travel(space, exposure))

    def _forget(self) -> None:
        super()._forget()
        self._spectra: _Drawn | None = None

    def ingest(self, observations: Sequence[Observation]) -> None:
        """Learn from observations."""
        super().ingest(observations)
        self._spectra = None

    def _chosen(self, pending: Sequence[Suggestion]) -> Suggestion | None:
        if len(self._memory):
            self._drawn()  # of what was measured alone, before anything pending is imagined
        return super()._chosen(pending)

    def _search(self, belief: Belief, known: FloatArray, pending: Sequence[Suggestion]) -> Found | None:
        self._shun(belief)
        unit = self._candidates.unit
        unit = unit[~near(unit, known, self._memory.same)]
        if not len(unit):
            return None
        rates = self._gains(belief, unit) * np.exp(-self._log_seconds(unit, pending))
        best = int(np.argmax(rates))
        return Found(unit[best], float(rates[best]), _RULE)

    def _gains(self, belief: Belief, unit: FloatArray) -> FloatArray:
        """Return by which share a value at each of ``(m, 1)`` points lowers the weighted variance, ``(m,)``."""
        model = belief.models[self._name]
        grid = self._grid[:: max(1, len(self._grid) // 256)]
        weights = self._weights(belief, grid)
        _, sigma = model.posterior(unit)
        _, around = model.posterior(grid)
        variances = self._memory.data(self._name).variance
        noise = model.parameters.noise * model.parameters.scale**2 + float(np.median(variances))
        shared = np.square(model.covariance(grid, unit))
        shape = weights @ shared / (np.square(sigma) + noise) / (weights @ np.square(around))
        return np.asarray(shape + self._telling(unit[:, 0], noise))

    def _telling(self, unit: FloatArray, noise: float) -> FloatArray:
        """Return which share of the features' variances a value at each of ``m`` places explains, shape ``(m,)``.

        By the correlation of values and features over the drawn spectra, of the features that are not yet known.
        """
        drawn = self._drawn()
        away = drawn.values - drawn.values.mean(axis=0)
        total, found = np.zeros(len(self._grid)), self.features()
        for feature, sigma in ((drawn.edges, found.edge_sigma), (drawn.lines, found.line_sigma)):
            if sigma > self._tolerance and feature.std() > 0:
                slope = (feature - feature.mean()) @ away / len(feature)
                total += np.square(slope) / (np.square(away).mean(axis=0) + noise) / feature.var()
        return np.asarray(np.interp(unit, self._grid[:, 0], np.maximum(0.0, total - 2.0 / _SAMPLES)))

    def _weights(self, belief: Belief, grid: FloatArray) -> FloatArray:
        mean, _ = belief.models[self._name].posterior(grid)
        bent = np.abs(np.gradient(np.gradient(mean)))
        largest = float(bent.max())
        return np.asarray(_FLOOR + bent / largest) if largest > 0 else np.ones(len(grid))

    def features(self) -> Features:
        """Return edge and white line with their uncertainties, by spectra drawn from the posterior.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        drawn, mean = self._drawn(), self._believed().models[self._name].posterior(self._grid)[0]
        pixel = self._range / (len(self._grid) - 1)
        edge, line = self._positions(mean[None, :])
        sigmas = [math.hypot(float(feature.std()), pixel / math.sqrt(12.0)) for feature in (drawn.edges, drawn.lines)]
        return Features(float(edge[0]), sigmas[0], float(line[0]), sigmas[1])

    def _drawn(self) -> "_Drawn":
        """Return spectra drawn from the posterior."""
        if self._spectra is None:
            model = self._believed().models[self._name]
            mean, _ = model.posterior(self._grid)
            jitter = np.full(len(mean), _JITTER * model.parameters.scale**2)
            factor = sturdy_cholesky(model.covariance(self._grid, self._grid), jitter)
            values = mean + self._normal @ factor.T
            self._spectra = _Drawn(values, *self._positions(values))
        return self._spectra

    def _positions(self, spectra: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return edge and white line of ``(s, places)`` spectra, shape ``(s,)`` each."""
        axis = self._dof.limits[0] + self._grid[:, 0] * self._range
        between = 0.5 * (axis[1:] + axis[:-1])
        return between[np.argmax(np.diff(spectra, axis=1), axis=1)], axis[np.argmax(spectra, axis=1)]

    def finished(self) -> str:
        """Return why nothing more needs measuring: edge and white line are known to the tolerance."""
        if len(self._memory) < self._coarse:
            return ""
        found = self.features()
        if max(found.edge_sigma, found.line_sigma) > self._tolerance:
            return ""
        unit = f" {self._dof.unit}" if self._dof.unit else ""
        return f"edge and white line are known to {found.edge_sigma:.2g} and {found.line_sigma:.2g}{unit}"

    def report(self, per_dof: int = 25) -> "xr.Dataset":
        """Return mean, sigma and the share of the weighted variance that a point would remove.

        Edge and white line stand in the attributes.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        belief, found = self._believed(), self.features()
        through = {self._dof.name: found.edge}
        report = slices(belief, self._space, through, lambda unit: self._gains(belief, unit), _RULE, per_dof)
        named = {"edge": found.edge, "edge_sigma": found.edge_sigma}
        return report.assign_attrs(named | {"white_line": found.line, "white_line_sigma": found.line_sigma})

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        own = {"coarse": self._coarse, "tolerance": self._tolerance, "exposure": self._exposure}
        return {**super().settings(), **own}
