"""A transition along one axis, found by what is known of its form."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from autoexp.dofs import FloatArray
from autoexp.errors import AutoexpError, ObjectiveError, SpaceError, listed
from autoexp.objectives import Explore, Objective, as_objectives
from autoexp.records import Estimate, Observation, Point, Source, Suggestion, Why
from autoexp.space import Space
from autoexp_agents.designed import Designed
from autoexp_agents.memory import near
from autoexp_agents.opening import Opening, taken
from autoexp_agents.report import pictured, predictive, spreads

if TYPE_CHECKING:
    import xarray as xr

Form = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
"""Positions, transition and shape parameter, which broadcast, to values that go from one to zero or back."""

_PLACES, _SHAPES, _LOOKS = 120, 32, 5
_FEW, _NEGLIGIBLE = 1e-300, 1e-6
_RULE = "information on the transition"


def order_parameter(x: FloatArray, transition: FloatArray, exponent: FloatArray) -> FloatArray:
    """Return ``(1 - x / transition)**exponent`` below the transition, zero above: a continuous phase transition.

    L. D. Landau, Zh. Eksp. Teor. Fiz. 7, 19 (1937); positions must be positive, as temperatures in kelvin are.
    """
    return np.asarray(np.exp(exponent * np.log(np.maximum(1.0 - x / transition, _FEW))) * (x < transition))


def step(x: FloatArray, transition: FloatArray, width: FloatArray) -> FloatArray:
    """Return ``1 / (1 + exp((x - transition) / width))``: a transition smeared out over `width`, in units of x."""
    return np.asarray(0.5 * (1.0 - np.tanh(0.5 * (x - transition) / width)))


FORMS: Mapping[str, Form] = {"order parameter": order_parameter, "step": step}


@dataclass(frozen=True, slots=True)
class Transition:
    """Where the transition is, and how it looks.

    Parameters
    ----------
    position, position_sigma
        Of the transition, in the Dof's unit.
    shape, shape_sigma
        The exponent of an order parameter, or the width of a step in the Dof's unit.
    low, high
        The value far above and far below the transition, in the field's unit.
    """

    position: float
    position_sigma: float
    shape: float
    shape_sigma: float
    low: float
    high: float


class TransitionAgent(Designed):
    """Measures where most is learnt about the position of a transition.

    The value is taken as ``low + (high - low) form(x, transition, shape)`` plus normal noise. Its posterior is
    computed on a grid of transition and shape, with the two linear parameters and the noise
    integrated out in closed form [1]_, so it has no local optimum to get stuck in. The next point
    is where the predictions of the grid's cells differ most for the noise: to lowest order the
    expected information on them [2]_.

    Parameters
    ----------
    space
        One Dof.
    objectives
        One Explore.
    form
        One of `FORMS`.
    shapes
        Range of the exponent, 0.1 to 1 if not given, or of the step's width, by default 1/500 to 1/5
        of the range; all equally likely on a logarithmic scale.
    initial
        Number of Sobol points measured first; five by default.
    seed
        Of the Sobol points.
    tolerance
        Standard deviation of the position, in the Dof's unit, at which it is done; never if not given.

    Raises
    ------
    SpaceError
        If there is more than one Dof, it has choices, or an order parameter's range is not positive.
    ObjectiveError
        If the objective is another, or the form is unknown.

    Notes
    -----
    The sigmas are those of the posterior, given that the form is right. An order parameter falls with
    infinite slope, so that its transition can be known far better than points are apart; its posterior
    is then not normal, and misses of several sigmas are not as rare as for a normal one.

    References
    ----------
    .. [1] C. M. Bishop, Pattern Recognition and Machine Learning (2006), section 3.3 and exercise 3.12.
    .. [2] K. Chaloner and I. Verdinelli, Statist. Sci. 10, 273 (1995).
    """

    def __init__(
        self,
        space: Space,
        objectives: Objective | tuple[Objective, ...],
        *,
        form: str = "order parameter",
        shapes: tuple[float, float] | None = None,
        initial: int | None = 5,
        seed: int = 0,
        tolerance: float | None = None,
    ) -> None:
        wanted = as_objectives(objectives)
        if len(space.dofs) != 1 or space.dofs[0].choices:
            raise SpaceError(f"a transition needs one Dof without choices, got {listed(space.names)}")
        if len(wanted) != 1 or not isinstance(wanted[0], Explore):
            raise ObjectiveError(f"a transition needs one Explore, got {wanted!r}")
        if form not in FORMS:
            raise ObjectiveError(f"form must be one of {listed(FORMS)}, got {form!r}")
        self._dof, self._name = space.dofs[0], wanted[0].name
        if form == "order parameter" and not self._dof.low > 0:
            raise SpaceError(f"an order parameter needs positive positions, got low={self._dof.low}")
        extent = self._dof.high - self._dof.low
        default = (0.1, 1.0) if form == "order parameter" else (extent / 500, extent / 5)
        self._form, self._shapes, self._tolerance = form, shapes or default, tolerance
        first = Opening(space, initial, seed)
        self._fewest = first.count
        super().__init__(space, wanted, initial=first, seed=seed, candidates=512)

    def _forget(self) -> None:
        super()._forget()
        self._cells: _Cells | None = None

    def ingest(self, observations: Sequence[Observation]) -> None:
        """Learn from observations."""
        super().ingest(observations)
        self._cells = None

    def _positions(self, unit: FloatArray) -> FloatArray:
        return np.asarray(self._dof.low + unit[:, 0] * (self._dof.high - self._dof.low))

    def _posterior(self) -> "_Cells":
        """Return the posterior on a grid around where it is not negligible, after looks ever closer.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        if self._cells is None:
            data = self._memory.data(self._name)
            if not len(data):
                raise AutoexpError("a model needs an observation with usable values, got none")
            x = self._positions(data.x)
            places, shapes = (self._dof.low, self._dof.high), (math.log(self._shapes[0]), math.log(self._shapes[1]))
            for _ in range(_LOOKS):
                cells = _cells(FORMS[self._form], x, data.y, data.variance, places, shapes)
                places = _closer(places, _PLACES, *cells.moments(cells.transitions))
                shapes = _closer(shapes, _SHAPES, *cells.moments(np.log(cells.shapes)))
            self._cells = cells
        return self._cells

    def _chosen(self, pending: Sequence[Suggestion]) -> Suggestion | None:
        if not len(self._memory):
            return self._spare(pending)
        cells = self._posterior()
        unit = np.vstack([self._candidates.unit, self._close(cells)])
        unit = unit[~near(unit, taken(self._memory, pending), self._memory.same)]
        if not len(unit):
            return None
        form = FORMS[self._form]
        score = cells.information(form, self._positions(unit))
        lost = [*self._memory.lost(failed=True), *self._memory.lost(failed=False)]
        waiting = [*self._space.to_unit([row.point for row in pending]), *lost]
        if waiting:
            _, sigma = cells.moments(cells.transitions)
            width = max(sigma / (self._dof.high - self._dof.low), 1e-3)
            distance = np.abs(unit - np.array(waiting)[:, 0]).min(axis=1)
            score = score * -np.expm1(-0.5 * np.square(distance / width))
        best = unit[int(np.argmax(score))]
        mean, deviation = cells.predicted(form, self._positions(best[None, :]))
        why = Why(
            Source.AGENT,
            _RULE,
            {self._name: float(mean[0])},
            {self._name: float(deviation[0])},
            float(score.max()),
            len(self._memory),
        )
        return self._suggestion(best, why)

    def _close(self, cells: "_Cells") -> FloatArray:
        """Return points around the transition as it is known, shape ``(m, 1)``."""
        if self._candidates.space.pool is not None:
            return np.empty((0, 1))
        mean, sigma = cells.moments(cells.transitions)
        around = np.linspace(mean - 6.0 * sigma, mean + 6.0 * sigma, 121)
        unit = (around - self._dof.low) / (self._dof.high - self._dof.low)
        snapped = self._candidates.snap(unit[(unit >= 0) & (unit <= 1)][:, None])
        return snapped[self._candidates.allowed(snapped)]

    def transition(self) -> Transition:
        """Return where the transition is, with sigmas.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        cells = self._posterior()
        low, _ = cells.moments(cells.linear[..., 0])
        rise, _ = cells.moments(cells.linear[..., 1])
        return Transition(*cells.moments(cells.transitions), *cells.moments(cells.shapes), low, low + rise)

    def best(self) -> Estimate:
        """Return the position of the transition, with what is predicted there.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        position = min(max(self.transition().position, self._dof.low), self._dof.high)
        unit = np.array([[(position - self._dof.low) / (self._dof.high - self._dof.low)]])
        place = self._candidates.snap(unit)
        point: Point = self._candidates.space.from_unit(place)[0]
        mean, sigma = self._posterior().predicted(FORMS[self._form], self._positions(place))
        return Estimate(point, {self._name: float(mean[0])}, {self._name: float(sigma[0])})

    def finished(self) -> str:
        """Return that the transition is known to the tolerance, once it is."""
        if self._tolerance is None or len(self._memory) <= self._fewest:
            return ""
        found = self.transition()
        known = found.position_sigma <= self._tolerance
        return f"the transition is known to {found.position_sigma:.3g} {self._dof.unit}".rstrip() if known else ""

    def report(self, per_dof: int = 25) -> "xr.Dataset":
        """Return the curve with its sigma, and the information that a point along it would bring.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        cells, form, data = self._posterior(), FORMS[self._form], self._memory.data(self._name)

        def score(unit: FloatArray) -> FloatArray:
            return cells.information(form, self._positions(unit))

        def posterior(unit: FloatArray) -> tuple[FloatArray, FloatArray]:
            return cells.predicted(form, self._positions(unit))

        found, of = self.transition(), {self._name: posterior}
        residuals = cells.left_out(form, self._positions(data.x), data.y, _counted(data.y, data.variance)[0])
        report = pictured(self._space, [self._dof], self.best().point, of, score, _RULE, per_dof)
        report = report.merge(predictive(self._name, residuals))
        noise = math.sqrt(cells.moments(cells.noise)[0])
        report = report.merge(spreads(self._name, {"amplitude": abs(found.high - found.low), "noise": noise}))
        named = {"transition": found.position, "transition_sigma": found.position_sigma}
        return report.assign_attrs(named | {"shape": found.shape, "shape_sigma": found.shape_sigma})

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        own = {"form": self._form, "shapes": list(self._shapes), "tolerance": self._tolerance}
        return {**super().settings(), **own}


@dataclass(frozen=True, slots=True)
class _Cells:
    """The posterior on a grid of transition and shape.

    Parameters
    ----------
    transitions, shapes
        Of each cell, shape ``(c,)``.
    weights
        Probability of each cell.
    linear
        Most probable value above and rise below the transition, given the cell, shape ``(c, 2)``.
    spread
        Their covariance for unit noise, shape ``(c, 2, 2)``.
    noise
        Variance of the noise given the cell, shape ``(c,)``.
    """

    transitions: FloatArray
    shapes: FloatArray
    weights: FloatArray
    linear: FloatArray
    spread: FloatArray
    noise: FloatArray

    def moments(self, values: FloatArray) -> tuple[float, float]:
        """Return posterior mean and standard deviation of a value of the cells."""
        mean = float(self.weights @ values)
        return mean, math.sqrt(max(0.0, float(self.weights @ np.square(values - mean))))

    def _predictions(self, form: Form, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return each cell's mean and variance without noise, shape ``(c, m)``."""
        shape = form(x[None, :], self.transitions[:, None], self.shapes[:, None])
        mean = self.linear[:, :1] + self.linear[:, 1:] * shape
        s = self.spread
        variance = s[:, 0, 0, None] + 2.0 * s[:, 0, 1, None] * shape + s[:, 1, 1, None] * np.square(shape)
        return mean, variance * self.noise[:, None]

    def predicted(self, form: Form, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return posterior mean and standard deviation of the noise-free value, shape ``(m,)`` each."""
        means, variances = self._predictions(form, x)
        mean = self.weights @ means
        return mean, np.sqrt(self.weights @ (variances + np.square(means - mean)))

    def left_out(self, form: Form, x: FloatArray, y: FloatArray, weights: FloatArray) -> FloatArray:
        """Return by how many standard deviations each value differs from what the others predict, shape ``(n,)``.

        Given a cell, by the leverage of the value; the cells then count by what the others make of them, their own
        weight over the density of the value (A. E. Gelfand, D. K. Dey and H. Chang, Model determination using
        predictive distributions, 1992).

        Parameters
        ----------
        form
            As given.
        x, y
            What the posterior rests on, shape ``(n,)`` each.
        weights
            How much each value counts: the noise's variance over its own.
        """
        means, variances = self._predictions(form, x)
        own = self.noise[:, None] / weights
        rest = np.maximum(1.0 - variances / own, 1e-6)
        away, variance = (y - means) / rest, own / rest
        density = np.exp(-0.5 * np.square(away) / variance) / np.sqrt(variance)
        shares = self.weights[:, None] / np.maximum(density, _FEW)
        shares /= shares.sum(axis=0)
        mean = (shares * away).sum(axis=0)
        return np.asarray(mean / np.sqrt((shares * (variance + np.square(away - mean))).sum(axis=0)))

    def information(self, form: Form, x: FloatArray) -> FloatArray:
        """Return what a value at each position is expected to tell about transition and shape, in nats, ``(m,)``."""
        means, variances = self._predictions(form, x)
        between = self.weights @ np.square(means - self.weights @ means)
        within = self.weights @ (variances + self.noise[:, None])
        return np.asarray(0.5 * np.log1p(between / within))


def _closer(limits: tuple[float, float], count: int, mean: float, sigma: float) -> tuple[float, float]:
    """Return narrower limits for a grid of `count` places: six sigmas, and six places to be sure."""
    reach = 6.0 * sigma + 6.0 * (limits[1] - limits[0]) / (count - 1)
    return max(limits[0], mean - reach), min(limits[1], mean + reach)


def _extent(y: FloatArray) -> float:
    return float(np.std(y)) or max(abs(float(y[0])), 1.0)


def _counted(y: FloatArray, variance: FloatArray) -> tuple[FloatArray, float]:
    """Return how much each value counts, and the variance of one that counts once."""
    known = variance > 0
    typical = float(np.median(variance[known])) if known.any() else (0.02 * _extent(y)) ** 2
    return typical / np.where(known, variance, typical), typical


def _cells(
    form: Form,
    x: FloatArray,
    y: FloatArray,
    variance: FloatArray,
    places: tuple[float, float],
    shapes: tuple[float, float],
) -> _Cells:
    """Return the posterior on a grid, of logarithms of shapes; values with a sigma count by it, up to a factor."""
    scale = _extent(y)
    weights, typical = _counted(y, variance)
    transition, shape = (
        part.ravel()
        for part in np.meshgrid(np.linspace(*places, _PLACES), np.exp(np.linspace(*shapes, _SHAPES)), indexing="ij")
    )
    profile = form(x[None, :], transition[:, None], shape[:, None])
    prior = np.array([1.0, 1.0]) * typical / (10.0 * scale) ** 2
    first, mixed = np.full(len(transition), weights.sum() + prior[0]), profile @ weights
    second = np.square(profile) @ weights + prior[1]
    ridge = 1e-9 * (first + second)
    first, second = first + ridge, second + ridge
    determinant = first * second - np.square(mixed)
    centre = float(np.average(y, weights=weights))
    residual = y - centre
    right = np.column_stack([np.full(len(transition), float(weights @ residual)), profile @ (weights * residual)])
    spread = np.empty((len(transition), 2, 2))
    spread[:, 0, 0], spread[:, 1, 1] = second / determinant, first / determinant
    spread[:, 0, 1] = spread[:, 1, 0] = -mixed / determinant
    linear = np.einsum("cij,cj->ci", spread, right)
    misfit = float(weights @ np.square(residual)) - np.einsum("ci,ci->c", right, linear)
    degrees = len(y) + 2.0
    noise = (np.maximum(misfit, 0.0) + 2.0 * typical) / degrees
    log_weight = -0.5 * degrees * np.log(noise) - 0.5 * np.log(determinant)
    chances = np.exp(log_weight - log_weight.max())
    linear[:, 0] += centre
    kept = chances > _NEGLIGIBLE
    transition, shape, chances = transition[kept], shape[kept], chances[kept]
    return _Cells(transition, shape, chances / chances.sum(), linear[kept], spread[kept], noise[kept])
