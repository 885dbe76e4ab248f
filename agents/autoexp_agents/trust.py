"""Bayesian optimisation in a trust region, for many degrees of freedom."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from autoexp.acquisition.climbing import climb
from autoexp.acquisition.search import Candidates, finite
from autoexp.dofs import FloatArray
from autoexp.errors import ObjectiveError
from autoexp.objectives import Bound, Maximize, Minimize, Objective, as_objectives
from autoexp.protocols import Acquisition
from autoexp.records import Estimate, Observation, Source, Suggestion, Why
from autoexp.space import Space
from autoexp.surrogates.parameters import Data
from autoexp_agents.ahead import Fits, ThinksAhead, rows_of
from autoexp_agents.belief import Belief, bounds_of, improvement, incumbents, learn, lengths_of, noisily, shun, warps_of
from autoexp_agents.belief import best as best_of
from autoexp_agents.memory import Memory, near, plain, restored
from autoexp_agents.opening import Opening, taken
from autoexp_agents.pace import Paced
from autoexp_agents.report import slices

if TYPE_CHECKING:
    import xarray as xr

_FEWEST_CHANGED = 20
_STEPS = 30
_CLIMBS = 3


@dataclass(frozen=True, slots=True)
class Region:
    """A trust region's size and how it fared; Eriksson et al. (2019), section 3.

    Parameters
    ----------
    side
        Of the box in the unit cube, before it is stretched by the length scales.
    successes, failures
        Better and other points since the last change of `side`.
    """

    side: float = 0.8
    successes: int = 0
    failures: int = 0

    def after(self, better: bool, patience: int) -> "Region":
        """Return the region after one more point: doubled by three successes, halved by `patience` failures."""
        successes, failures = (self.successes + 1, 0) if better else (0, self.failures + 1)
        if successes >= 3:
            return Region(min(1.6, 2.0 * self.side))
        if failures >= patience:
            return Region(0.5 * self.side)
        return replace(self, successes=successes, failures=failures)

    @property
    def spent(self) -> bool:
        """Whether it is too small to go on."""
        return self.side < 0.5**7


class TrustRegionAgent(Paced, ThinksAhead):
    """Searches a box around the best point, which grows with success and shrinks with failure (TuRBO).

    From about six degrees of freedom on, a search of the whole Space spends its points on borders
    where nothing is known; this one stays near what works. When its box is spent it begins anew
    elsewhere, with a model of what it measured since then only. Within the box the point is chosen by
    log expected improvement, augmented (`autoexp.acquisition.Augmented`) where sigmas of the values are known.

    Parameters
    ----------
    space
        Where it may measure.
    objectives
        One Maximize or Minimize, and any number of Bounds, each weighing in with the log of the
        probability that it holds.
    initial
        Sobol points measured before each search; by default two per Dof and one.
    seed
        Of the Sobol points and of the candidates.
    kernel
        One of `autoexp.surrogates.PROFILES`.

    Raises
    ------
    ObjectiveError
        If the objective is another, or `initial` is below one.

    References
    ----------
    .. [1] D. Eriksson et al., Scalable Global Optimization via Local Bayesian Optimization (2019).
    """

    def __init__(
        self,
        space: Space,
        objectives: Objective | tuple[Objective, ...],
        *,
        initial: int | None = None,
        seed: int = 0,
        kernel: str = "matern52",
    ) -> None:
        self._space, self._objectives = space, as_objectives(objectives)
        wanted = [objective for objective in self._objectives if not isinstance(objective, Bound)]
        if len(wanted) != 1 or not isinstance(wanted[0], Maximize | Minimize):
            raise ObjectiveError(f"a trust region needs one Maximize or Minimize, got {wanted!r}")
        self._wanted = wanted[0]
        self._sign = 1.0 if isinstance(wanted[0], Maximize) else -1.0
        self._opening = Opening(space, initial, seed)
        self._seed, self._kernel = seed, kernel
        self._fits = Fits(self._fit, lambda rows: rows_of(self._memory, rows))
        self._candidates = Candidates(finite(space), size=1024, seed=seed)
        self._patience = max(4, space.width)
        self._given = 0
        self._forget()

    def _forget(self) -> None:
        self._memory = Memory(self._space, self._objectives)
        self._region, self._began = Region(), 0
        self._opening.drawn = 0
        self._fits.forget()

    @property
    def space(self) -> Space:
        """Where it may measure."""
        return self._space

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """What is wanted."""
        return self._objectives

    def ingest(self, observations: Sequence[Observation]) -> None:
        """Learn from observations, and let the region grow or shrink by them."""
        for row in observations:
            known = len(self._memory)
            before = self._merits()
            self._memory.add([row])
            if len(self._memory) > known and known - self._began >= self._opening.count:
                after = self._merits()[-1]
                better = after > before.max() + 1e-3 * abs(before.max()) if np.isfinite(before).any() else True
                self._region = self._region.after(bool(better), self._patience)
            if self._region.spent:
                self._region, self._began = Region(), len(self._memory)
            self._fits.update(known)

    def _due(self) -> range:
        """Return to which observations the models are to be fitted: to all of this search."""
        return range(self._began, len(self._memory))

    def _fit(self, data: Mapping[str, Data], pause: Callable[[], None] | None = None) -> Belief:
        warps = warps_of(self._objectives, data)
        lengths = lengths_of(self._space)
        return learn(data, {}, seed=self._seed, kernel=self._kernel, pause=pause, warps=warps, lengths=lengths)

    def _merits(self) -> FloatArray:
        """Return the measured merit of this search's points; minus infinity where a Bound is broken."""
        values = self._sign * self._memory.data(self._wanted.name, self._began).y
        for bound in self._objectives:
            if isinstance(bound, Bound):
                held = self._memory.data(bound.name, self._began).y
                values = np.where((held >= bound.low) & (held <= bound.high), values, -np.inf)
        return np.asarray(values)

    def suggest(self, n: int, pending: Sequence[Suggestion]) -> list[Suggestion]:
        """Return up to `n` points: of a Sobol design, then the best within the region by the model."""
        made = list[Suggestion]()
        while len(made) < n:
            waiting = [*pending, *made]
            name = f"{self._given:04d}"
            suggestion = self._opening.next(name, self._memory, waiting, self._began) or self._chosen(waiting)
            if suggestion is None:
                break
            made.append(suggestion)
            self._given += 1
        self._fits.go_on()
        return made

    def _chosen(self, pending: Sequence[Suggestion]) -> Suggestion | None:
        if len(self._memory) == self._began:
            return None
        belief, known = self._fits.get(self._due()), taken(self._memory, pending)
        with belief.imagining():
            belief.imagine(self._space.to_unit([suggestion.point for suggestion in pending]))
            shun(belief, self._objectives, self._memory.lost(failed=True))
            found = self._search(belief, known, pending)
        if found is None:
            return None
        unit, score = found
        mean, sigma = belief.at(unit)
        why = Why(Source.AGENT, self._paced(self._rule()), mean, sigma, score, len(self._memory), belief.digest)
        return Suggestion(f"{self._given:04d}", self._candidates.space.from_unit(unit[None, :])[0], why)

    def _rule(self) -> str:
        """Return the name of how the next point is chosen."""
        known = self._memory.data(self._wanted.name).variance.any()
        return f"{'augmented ' if known else ''}LogEI in a trust region"

    def _search(
        self, belief: Belief, known: FloatArray, pending: Sequence[Suggestion]
    ) -> tuple[FloatArray, float] | None:
        """Return the best point of the box that is not taken, shape ``(d,)``, and its score; None if all are."""
        merits = incumbents(belief, self._objectives)[: len(self._memory) - self._began]
        centre = self._memory.units[self._began :][int(np.argmax(merits))]
        low, high = self._box(belief, centre)
        pool = self._drawn(centre, low, high)
        pool = pool[~near(pool, known, self._memory.same)]
        if not len(pool):
            pool = self._candidates.unit[~near(self._candidates.unit, known, self._memory.same)]
        if not len(pool):
            return None
        scores = self._scores(belief, merits)
        values = belief.score(scores, pool) - self._log_seconds(pool, pending)
        order = np.argsort(-values, kind="stable")[:_CLIMBS]
        ends, heights = pool[order], values[order]
        if self._candidates.free.any():
            ends, heights = self._climbed(belief, scores, ends, low, high)
            fits = self._candidates.allowed(ends) & ~near(ends, known, self._memory.same)
            heights = np.where(fits, heights - self._log_seconds(ends, pending), -np.inf)
        best = int(np.argmax(heights))
        if heights[best] < values[order[0]]:
            return pool[order[0]], float(values[order[0]])
        return ends[best], float(heights[best])

    def _scores(self, belief: Belief, merits: FloatArray) -> list[tuple[str, Acquisition]]:
        bounds, best = bounds_of(self._objectives), float(merits.max())
        if not math.isfinite(best):
            return bounds
        name = self._wanted.name
        return [(name, noisily(belief, name, merits, improvement(self._wanted, best))), *bounds]

    def _box(self, belief: Belief, centre: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the corners of the region: its sides follow the length scales, its volume does not change."""
        lengths = np.array(belief.models[self._wanted.name].parameters.lengthscales)
        stretch = lengths / np.exp(np.log(lengths).mean())
        half = 0.5 * self._region.side * stretch
        return np.clip(centre - half, 0.0, 1.0), np.clip(centre + half, 0.0, 1.0)

    def _drawn(self, centre: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
        """Return candidates of the box, each of which differs from the centre in about twenty coordinates."""
        if self._candidates.space.pool is not None:
            unit = self._candidates.unit
            return unit[((unit >= low - 1e-12) & (unit <= high + 1e-12)).all(axis=1)]
        width = self._space.width
        rng = np.random.default_rng([self._seed, self._given])
        drawn = low + (high - low) * rng.random((min(100 * width, 2000), width))
        change = rng.random(drawn.shape) <= min(1.0, _FEWEST_CHANGED / width)
        change[np.arange(len(drawn)), rng.integers(width, size=len(drawn))] = True
        drawn = self._candidates.snap(np.where(change, drawn, centre))
        return drawn[self._candidates.allowed(drawn)]

    def _climbed(
        self,
        belief: Belief,
        scores: list[tuple[str, Acquisition]],
        starts: FloatArray,
        low: FloatArray,
        high: FloatArray,
    ) -> tuple[FloatArray, FloatArray]:
        """Climb within the box, which is a unit cube of its own."""
        size = np.maximum(high - low, 1e-12)

        def landscape(inner: FloatArray) -> tuple[FloatArray, FloatArray]:
            values, gradient = belief.climb(scores, low + inner * size)
            return values, gradient * size

        free = self._candidates.free
        inner = np.where(free, np.clip((starts - low) / size, 0.0, 1.0), (starts - low) / size)
        ends, heights = climb(landscape, inner, free, _STEPS, tolerance=1e-4)
        return np.where(free, low + ends * size, starts), heights

    def best(self) -> Estimate:
        """Return the best point by posterior mean of a model of everything seen.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        belief = self._fit(self._memory.all_data())
        shun(belief, self._objectives, self._memory.lost(failed=True))
        return best_of(belief, self._objectives, self._candidates, self._memory.units)

    def report(self, per_dof: int = 25) -> "xr.Dataset":
        """Return mean, sigma and score around the best point, by a model of everything seen; see `slices`.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        belief = self._fit(self._memory.all_data())
        scores = self._scores(belief, incumbents(belief, self._objectives))
        through = best_of(belief, self._objectives, self._candidates, self._memory.units).point
        return slices(belief, self._space, through, lambda unit: belief.score(scores, unit), "LogEI", per_dof)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {
            "agent": type(self).__name__,
            "initial": self._opening.count,
            "seed": self._seed,
            "kernel": self._kernel,
        }

    def state(self) -> Mapping[str, Any]:
        """Return the region, the observations and the positions in both."""
        return {
            "given": self._given,
            "designed": self._opening.drawn,
            "began": self._began,
            "region": asdict(self._region),
            "observations": [plain(row) for row in self._memory.observations],
            "model": self.model_state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state returned by `state`."""
        self._forget()
        self._memory.add([restored(row) for row in state["observations"]])
        self._given, self._opening.drawn, self._began = (int(state[name]) for name in ("given", "designed", "began"))
        self._region = Region(**state["region"])
        self._fits.use(state["model"], ahead=self._fits.ahead)
