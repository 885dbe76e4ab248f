"""What was seen, as Gaussian processes, and the answer that they give."""

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from autoexp.acquisition.scores import Augmented, Feasibility, Improvement, TargetImprovement
from autoexp.acquisition.search import Candidates
from autoexp.dofs import FloatArray
from autoexp.errors import AutoexpError
from autoexp.objectives import Bound, Contour, Maximize, Minimize, Objective, Target
from autoexp.protocols import Acquisition
from autoexp.records import Estimate
from autoexp.space import Space
from autoexp.surrogates.conditioned import USUAL, Model, Scale, condition
from autoexp.surrogates.exact import ExactGP
from autoexp.surrogates.fitting import fit
from autoexp.surrogates.gpytorch_kernel import fit_gpytorch
from autoexp.surrogates.parameters import Data, LogNormal, Parameters, lengthscale_prior
from autoexp.surrogates.warping import Warp, warp_of

if TYPE_CHECKING:
    import gpytorch

_FEASIBLE = math.log(0.5)
_PENALTY = 10.0
_FEW = 5


@dataclass(frozen=True, slots=True)
class Belief:
    """A Gaussian process for each field that the objectives name.

    Parameters
    ----------
    models
        Field name to model.
    extra
        How many of the watched points, the last ones, are no candidates of the agent's Space but lie around the
        best.
    warps
        Field name to how its values are bent before its model is told them, where they are.
    """

    models: Mapping[str, Model]
    extra: int = 0
    warps: Mapping[str, Warp] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Number of observations that every model is conditioned on."""
        return min(len(model) for model in self.models.values())

    @property
    def digest(self) -> str:
        """Short hash of hyper-parameters and data."""
        hashed = hashlib.blake2b(digest_size=6)
        for name, model in self.models.items():
            data = model.data
            hashed.update(f"{name} {_described(model.parameters)}".encode())
            for column in (data.x, data.y, data.variance):
                hashed.update(column.tobytes())
        return hashed.hexdigest()

    def posterior(self, name: str, unit: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and sigma of a field at ``(m, d)`` points, shape ``(m,)`` each, in its unit.

        Where its values are warped, the mean stands for the median.
        """
        found = self.models[name].posterior(unit)
        return self.warps[name].natural(*found) if name in self.warps else found

    def at(self, unit: FloatArray) -> tuple[Mapping[str, float], Mapping[str, float]]:
        """Return mean and sigma of each field at one point, shape ``(d,)``."""
        found = {name: self.posterior(name, unit[None, :]) for name in self.models}
        means = {name: float(mean[0]) for name, (mean, _) in found.items()}
        return means, {name: float(sigma[0]) for name, (_, sigma) in found.items()}

    def score(self, scores: Sequence[tuple[str, Acquisition]], unit: FloatArray) -> FloatArray:
        """Return the sum of `scores` of named fields at ``(m, d)`` points, shape ``(m,)``."""
        posteriors = {name: self.models[name].posterior(unit) for name in {name for name, _ in scores}}
        return np.asarray(sum(score.value(*posteriors[name]) for name, score in scores))

    @property
    def watched(self) -> FloatArray:
        """Points whose posterior is kept current, shape ``(m, d)``."""
        return next(iter(self.models.values())).watched_points

    def watch(self, points: FloatArray) -> None:
        """Keep what is believed at ``(m, d)`` points current from now on."""
        for model in self.models.values():
            model.watch(points)

    def score_watched(self, scores: Sequence[tuple[str, Acquisition]]) -> FloatArray:
        """Return the sum of `scores` at the watched points, shape ``(m,)``."""
        posteriors = {name: self.models[name].watched() for name in {name for name, _ in scores}}
        return np.asarray(sum(score.value(*posteriors[name]) for name, score in scores))

    def update(self, data: Mapping[str, Data]) -> float:
        """Condition on more data; return the greatest surprise, in sigmas."""
        surprise = 0.0
        for name, new in told(data, self.warps).items():
            for x, y, variance in zip(new.x, new.y, new.variance, strict=True):
                surprise = max(surprise, self.models[name].update(x, float(y), float(variance)))
        return surprise

    def prepare(self, unit: FloatArray) -> None:
        """Work out all that conditioning on a point, shape ``(d,)``, takes before its values are known."""
        for model in self.models.values():
            if isinstance(model, ExactGP):
                model.prepare(unit)

    @contextmanager
    def imagining(self) -> Iterator[None]:
        """Forget, at the end of the block, what the models were conditioned on within it."""
        with ExitStack() as stack:
            for model in self.models.values():
                stack.enter_context(model.imagining())
            yield

    def imagine(self, unit: FloatArray) -> None:
        """Condition on ``(m, d)`` points, one after the other, as if each had brought what is predicted there."""
        for each in unit:
            for model in self.models.values():
                model.imagine(each, float(model.posterior(each[None, :])[0][0]))

    def nearby(self, unit: FloatArray, count: int) -> "Belief":
        """Return what is believed around one point, shape ``(d,)``, from the `count` observations nearest to it."""
        return replace(self, models={name: model.nearby(unit, count) for name, model in self.models.items()})

    def climb(self, scores: Sequence[tuple[str, Acquisition]], unit: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the sum of `scores` and its gradient at ``(m, d)`` points."""
        fields = {name: self.models[name].posterior_and_gradient(unit) for name in {name for name, _ in scores}}
        totals, gradients = list[FloatArray](), list[FloatArray]()
        for name, score in scores:
            mean, sigma, mean_gradient, sigma_gradient = fields[name]
            scored = score(mean, sigma)
            totals.append(scored.value)
            gradients += [scored.d_mean[:, None] * mean_gradient, scored.d_sigma[:, None] * sigma_gradient]
        return np.asarray(sum(totals[1:], totals[0])), np.asarray(sum(gradients[1:], gradients[0]))


@lru_cache(maxsize=16)
def _described(parameters: Parameters) -> str:
    return str(asdict(parameters))


def learn(
    data: Mapping[str, Data],
    previous: Mapping[str, Parameters],
    *,
    seed: int = 0,
    kernel: "str | gpytorch.kernels.Kernel" = "rbf",
    watch: FloatArray | None = None,
    pause: Callable[[], None] | None = None,
    scale: Scale = USUAL,
    warps: Mapping[str, Warp] | None = None,
    lengths: LogNormal | None = None,
) -> Belief:
    """Fit a model to each field, from `previous` hyper-parameters where there are any.

    Parameters
    ----------
    data
        Field name to what was measured.
    previous
        Field name to an earlier fit.
    seed
        Of the fits.
    kernel
        A name as for `autoexp.surrogates.fit`, or any kernel of GPyTorch, to start from.
    watch
        Points to keep the posterior current at, shape ``(m, d)``.
    pause
        As for `autoexp.surrogates.fit`.
    scale
        Up to how many observations a model is exact.
    warps
        Field name to how its values are bent, where they are.
    lengths
        As for `autoexp.surrogates.fit`; see `lengths_of`.

    Raises
    ------
    AutoexpError
        If nothing usable was measured.
    """
    parameters = dict[str, Parameters]()
    for name, measured in told(data, warps or {}).items():
        if not len(measured):
            raise AutoexpError("a model needs an observation with usable values, got none")
        if isinstance(kernel, str):
            parameters[name] = fit(
                measured, previous.get(name), seed=seed, profile=kernel, lengths=lengths, pause=pause
            )
        else:
            parameters[name], _ = fit_gpytorch(measured, kernel, previous.get(name), seed=seed, pause=pause)
    return believe(data, parameters, watch, scale, kernel, warps)


def believe(
    data: Mapping[str, Data],
    parameters: Mapping[str, Parameters],
    watch: FloatArray | None = None,
    scale: Scale = USUAL,
    kernel: "str | gpytorch.kernels.Kernel" = "rbf",
    warps: Mapping[str, Warp] | None = None,
) -> Belief:
    """Condition a model of each field, with given hyper-parameters; see `learn`."""
    given = None if isinstance(kernel, str) else kernel
    bent = told(data, warps or {})
    models = {name: condition(parameters[name], measured, scale, given) for name, measured in bent.items()}
    belief = Belief(models, warps=warps or {})
    if watch is not None:
        belief.watch(watch)
    return belief


def lengths_of(space: Space, more: int = 0) -> LogNormal:
    """Return what to expect of length scales: Dofs were chosen because they matter, descriptors of a pool were not.

    There may be `more` coordinates than the Space's, such as time.
    """
    return lengthscale_prior(space.width + more, chosen=space.pool is None)


def told(data: Mapping[str, Data], warps: Mapping[str, Warp]) -> Mapping[str, Data]:
    """Return what the models are told of what was measured."""
    return {name: warps[name].told(new) if name in warps else new for name, new in data.items()}


def warps_of(objectives: Sequence[Objective], data: Mapping[str, Data]) -> Mapping[str, Warp]:
    """Return how to bend what is to be made large or small, where no Bound is set on the same field."""
    bound = {objective.name for objective in objectives if isinstance(objective, Bound)}
    signs = {wanted.name: 1.0 for wanted in objectives if isinstance(wanted, Maximize)}
    signs |= {wanted.name: -1.0 for wanted in objectives if isinstance(wanted, Minimize)}
    found = {name: warp_of(data[name], sign) for name, sign in signs.items() if name not in bound}
    return {name: warp for name, warp in found.items() if warp is not None}


def shun(belief: Belief, objectives: Sequence[Objective], places: FloatArray) -> None:
    """Condition on ``(k, d)`` places that gave no value, as if all that is wanted were no better there than its median.

    Where the prediction is worse, and for what is only mapped or bound, it is the prediction.
    """
    if not len(places):
        return
    wanted = [objective for objective in objectives if not isinstance(objective, Bound)]
    medians = {each.name: float(np.median(belief.models[each.name].data.y)) for each in wanted}
    for unit in places:
        means = {name: float(model.posterior(unit[None, :])[0][0]) for name, model in belief.models.items()}
        means |= {each.name: _poorer(each, means[each.name], medians[each.name]) for each in wanted}
        for name, model in belief.models.items():
            model.imagine(unit, means[name])


def _poorer(wanted: Objective, mean: float, median: float) -> float:
    if isinstance(wanted, Target):
        return max(mean, median, key=lambda value: abs(value - wanted.value))
    if isinstance(wanted, Minimize):
        return max(mean, median)
    return min(mean, median) if isinstance(wanted, Maximize) else mean


def bounds_of(objectives: Sequence[Objective]) -> list[tuple[str, Acquisition]]:
    """Return the log probability of every Bound."""
    return [(wanted.name, Feasibility(wanted.low, wanted.high)) for wanted in objectives if isinstance(wanted, Bound)]


def penalty(belief: Belief, bounds: Sequence[tuple[str, Acquisition]], unit: FloatArray) -> FloatArray:
    """Return what breaking Bounds takes off at ``(m, d)`` points, in scales of what is wanted, shape ``(m,)``.

    It is zero where they hold as likely as not.
    """
    return np.asarray(_PENALTY * np.maximum(_FEASIBLE - belief.score(bounds, unit), np.zeros(len(unit))))


def kept(belief: Belief, objectives: Sequence[Objective], unit: FloatArray) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return at which of ``(m, d)`` points the means keep every Bound."""
    holds = np.ones(len(unit), dtype=bool)
    for bound in objectives:
        if isinstance(bound, Bound):
            mean, _ = belief.posterior(bound.name, unit)
            holds &= (mean >= bound.low) & (mean <= bound.high)
    return holds


def merit(objective: Objective, mean: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return how well means answer `objective`, the higher the better, and the derivative."""
    if isinstance(objective, Target | Contour):
        distance = mean - (objective.value if isinstance(objective, Target) else objective.level)
        return -np.abs(distance), -np.sign(distance)
    sign = -1.0 if isinstance(objective, Minimize) else 1.0
    return sign * mean, np.full_like(mean, sign)


def incumbents(belief: Belief, objectives: Sequence[Objective]) -> FloatArray:
    """Return the merit of everything that the models are conditioned on, by posterior mean, in order.

    It is minus infinity where the mean of a Bound's field breaks the Bound.
    """
    wanted = next(objective for objective in objectives if not isinstance(objective, Bound))
    values, _ = merit(wanted, belief.models[wanted.name].fitted())
    for bound in objectives:
        if isinstance(bound, Bound):
            means = belief.models[bound.name].fitted()
            values = np.where((means >= bound.low) & (means <= bound.high), values, -np.inf)
    return values


def improvement(wanted: Objective, best: float) -> Acquisition:
    """Return the improvement on the best merit so far."""
    if isinstance(wanted, Target):
        return TargetImprovement(wanted.value, -best)
    sign = -1.0 if isinstance(wanted, Minimize) else 1.0
    return Improvement(sign * best, sign)


def noisily(belief: Belief, name: str, merits: FloatArray, score: Acquisition) -> Acquisition:
    """Return an improvement of a field as its readings show it: augmented, where their sigmas are known.

    The noise of a reading is the median of the known ones at the five best of `merits`, shape ``(n,)``, those of the
    first ``n`` observations that the models are conditioned on.
    """
    variance = belief.models[name].data.variance[: len(merits)]
    if not variance.any():
        return score
    noise = math.sqrt(float(np.median(variance[np.argsort(-merits, kind="stable")[:_FEW]])))
    return Augmented(score, noise) if noise > 0.0 else score


def best(belief: Belief, objectives: Sequence[Objective], candidates: Candidates, units: FloatArray) -> Estimate:
    """Return the best point by posterior mean: of those measured, then climbing from the best of them.

    What is climbed is the mean less one sigma, so that the answer never runs off to where nothing
    was measured.
    """
    wanted = next(objective for objective in objectives if not isinstance(objective, Bound))
    model, bounds = belief.models[wanted.name], bounds_of(objectives)
    places = candidates.snap(units) if candidates.space.pool is None else candidates.nearest(units)
    places = places[candidates.allowed(places)]
    if not len(places):
        places = candidates.unit

    def climbing(unit: FloatArray) -> tuple[FloatArray, FloatArray]:
        mean, sigma, mean_gradient, sigma_gradient = model.posterior_and_gradient(unit)
        value, slope = merit(wanted, mean)
        total, gradient = value - sigma, slope[:, None] * mean_gradient - sigma_gradient
        if bounds:
            log_p, log_p_gradient = belief.climb(bounds, unit)
            weight = _PENALTY * model.parameters.scale * (log_p < _FEASIBLE)
            total, gradient = total + weight * (log_p - _FEASIBLE), gradient + weight[:, None] * log_p_gradient
        return total, gradient

    starts = places[np.argsort(-climbing(places)[0], kind="stable")[:4]]
    refined, heights = candidates.refine(climbing, starts)
    chosen = refined[int(np.argmax(heights))]
    mean, sigma = belief.at(chosen)
    return Estimate(candidates.space.from_unit(chosen[None, :])[0], mean, sigma)
