"""The Bayesian agent: it chooses by a Gaussian process of everything seen."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from autoexp.acquisition.scores import Straddle, Uncertainty
from autoexp.acquisition.search import Candidates, finite
from autoexp.dofs import FloatArray
from autoexp.errors import ObjectiveError, listed
from autoexp.objectives import Bound, Classify, Contour, Explore, Objective, as_objectives
from autoexp.protocols import Acquisition
from autoexp.records import Estimate, Observation, Source, Suggestion, Why
from autoexp.space import Space
from autoexp.surrogates.conditioned import USUAL, Many, Scale
from autoexp.surrogates.kernels import PROFILES
from autoexp.surrogates.parameters import Data, Parameters, alike, parameters_of
from autoexp.surrogates.warping import Warp
from autoexp_agents.belief import (
    Belief,
    believe,
    bounds_of,
    improvement,
    incumbents,
    learn,
    lengths_of,
    noisily,
    shun,
    warps_of,
)
from autoexp_agents.belief import best as best_of
from autoexp_agents.designs import key, sobol
from autoexp_agents.memory import Memory, near, plain, restored
from autoexp_agents.opening import free, taken
from autoexp_agents.pace import Paced
from autoexp_agents.refit import Refit
from autoexp_agents.report import slices

if TYPE_CHECKING:
    import gpytorch
    import xarray as xr

_SURPRISE = 3.0
_APART = 0.05
_LAG = 2
_PATIENCE = 5
_TOP, _CENTRES = 256, 4
_NEIGHBOURS = 120


@dataclass(frozen=True, slots=True)
class _Effort:
    """How hard to search: points climbed from, and looks at the landscape.

    A climb ends where the next step promises less than `gain`, a share of the improvement where its
    logarithm is climbed.
    """

    starts: int
    evaluations: int
    gain: float


_EFFORTS = (
    (40, _Effort(5, 60, 1e-5)),
    (100, _Effort(3, 4, 1e-2)),
    (400, _Effort(2, 3, 1e-2)),
    (math.inf, _Effort(1, 3, 1e-2)),
)


class BayesianAgent(Paced):
    """Measures where most is to be gained, by Gaussian processes of everything seen.

    Maximize, Minimize and Target are chosen for by log expected improvement, augmented
    (`autoexp.acquisition.Augmented`) where sigmas of the values are known, Explore by the posterior
    sigma, Contour by the straddle; every Bound weighs in with the log of the probability that it
    holds. Of what is to be made large or small the model is told poor values pressed together
    (`autoexp.surrogates.warping.Warp`). Known sigmas of the values enter the model. A failed point
    marks its surroundings as poor, a suspect one keeps the agent from the spot, and neither enters
    the model.

    Parameters
    ----------
    space
        Where it may measure.
    objectives
        One thing wanted, and any number of Bounds.
    initial
        Number of Sobol points measured first; by default two per Dof and one. As long as all values are alike within
        their noise, there is nothing to be guided by, and up to five times as many are measured.
    seed
        Of the Sobol points and of the search.
    candidates
        Number of points prepared for the search, whose posterior is kept current.
    kernel
        One of `autoexp.surrogates.PROFILES`; ``"rbf"`` for a landscape known to be smooth. Or any kernel
        of GPyTorch over the unit cube, to start from; its own priors and constraints hold.
    exact_up_to, inducing, many
        Beyond so many observations a sparse model of so many inducing points or, where the field is rough, a
        partitioned one takes the exact one's place at the next refit; see `autoexp.surrogates.Scale`. The model
        state says which was used.

    Raises
    ------
    ObjectiveError
        If more than one thing is wanted, or a classification, or `initial` is below one.

    Examples
    --------
    >>> from autoexp import Dof, Maximize
    >>> agent = BayesianAgent(Space([Dof("x", 0, 1)]), Maximize("flux"))
    >>> [first] = agent.suggest(1, [])
    >>> first.why.source
    <Source.INITIAL: 'initial design'>
    """

    def __init__(
        self,
        space: Space,
        objectives: Objective | tuple[Objective, ...],
        *,
        initial: int | None = None,
        seed: int = 0,
        candidates: int = 4096,
        kernel: "str | gpytorch.kernels.Kernel" = "matern52",
        exact_up_to: int = USUAL.exact_up_to,
        inducing: int = USUAL.inducing,
        many: Many = USUAL.many,
    ) -> None:
        self._space = space
        self._objectives = as_objectives(objectives)
        self._wanted = _only_one(self._objectives)
        if initial is not None and initial < 1:
            raise ObjectiveError(f"initial must be 1 or more, got {initial}")
        self._initial = 2 * len(space.dofs) + 1 if initial is None else initial
        if isinstance(kernel, str) and kernel not in PROFILES:
            raise ObjectiveError(f"kernel must be one of {listed(PROFILES)}, got {kernel!r}")
        self._kernel = kernel
        self._scale = Scale(exact_up_to, inducing, many)
        self._seed = seed
        self._candidates = Candidates(finite(space), size=candidates, seed=seed)
        self._belief: Belief | None = None
        self._learnt: dict[str, Parameters] = {}
        self._refit = Refit[Belief]()
        self._ahead = False
        self._fitted, self._surprise = 0, 0.0
        self._forget()
        self._given = 0

    def _forget(self) -> None:
        self._memory = Memory(self._space, self._objectives)
        self._axes = np.ascontiguousarray(self._candidates.unit.T)
        self._used = np.zeros(len(self._candidates.unit), dtype=bool)
        self._belief = None
        self._designed = 0

    @property
    def space(self) -> Space:
        """Where it may measure."""
        return self._space

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """What is wanted."""
        return self._objectives

    def ingest(self, observations: Sequence[Observation]) -> None:
        """Learn from observations: where the devices were read back, with what sigma."""
        self._refit.stand_aside()
        known, entered = len(self._memory), len(self._memory.taken)
        self._memory.add(observations)
        self._used |= near(self._axes.T, self._memory.taken[entered:], self._memory.same)
        if self._belief is not None:
            self._surprise = max(self._surprise, self._belief.update(self._memory.all_data(known)))

    def prepare(self, pending: Sequence[Suggestion]) -> None:
        """Work out what learning the next value takes, and begin to refit on a thread of its own, when that pays.

        The refit is taken up when it is there: by the next call, or by `suggest`.
        """
        self._ahead = True
        self._refit.go_on()
        self._take_up(len(self._memory))
        if self._belief is not None and pending:
            self._belief.prepare(self._space.to_unit([pending[0].point])[0])
        if len(self._memory) and not self._refit.busy and self._due():
            self._refit.begin(self._relearn, self._memory.all_data(), dict(self._learnt), self._refit.give_way)

    def wait(self) -> None:
        """Wait for a refit that `prepare` began to end."""
        self._refit.wait()

    def _due(self) -> bool:
        """Return whether to refit: on a twentieth more data, or on a value that the model did not expect."""
        if self._belief is None:
            return True
        new = len(self._memory) - self._fitted
        return new >= max(1, self._fitted // 20) or (new > 0 and self._surprise > _SURPRISE)

    def _relearn(
        self, data: Mapping[str, Data], previous: Mapping[str, Parameters], pause: Callable[[], None] | None = None
    ) -> Belief:
        belief = learn(
            data,
            previous,
            seed=self._seed,
            kernel=self._kernel,
            pause=pause,
            scale=self._scale,
            warps=warps_of(self._objectives, data),
            lengths=lengths_of(self._space),
        )
        return self._watching(belief)

    def _watching(self, belief: Belief) -> Belief:
        """Let the models keep the candidates current, and points around the best of what they know."""
        close = self._around(belief)
        belief.watch(np.concatenate([self._candidates.unit, close]))
        return replace(belief, extra=len(close))

    def _believed(self) -> Belief:
        """Return the models conditioned on everything seen, newly fitted where that is due and may wait."""
        self._take_up(_LAG if self._belief else len(self._memory))
        if self._belief is None or (not self._ahead and self._due()):
            self._adopt(self._relearn(self._memory.all_data(), self._learnt))
        assert self._belief is not None
        return self._belief

    def _take_up(self, lag: int) -> None:
        """Adopt the result of a refit if it is there and lacks no more than `lag` observations."""
        ready = self._refit.take(lambda belief: len(self._memory) - belief.size <= lag)
        if ready is not None:
            self._adopt(ready)

    def _adopt(self, belief: Belief) -> None:
        """Take up newly fitted models, and teach them what came in while they were fitted."""
        self._fitted = belief.size
        self._surprise = belief.update(self._memory.all_data(self._fitted))
        self._learnt = {name: model.parameters for name, model in belief.models.items()}
        self._belief = belief

    def suggest(self, n: int, pending: Sequence[Suggestion]) -> list[Suggestion]:
        """Return up to `n` points: of the initial design, then the best by the model.

        Every point, the pending ones included, is taken into account as if it had been measured
        with the predicted value, before the next is chosen.
        """
        self._refit.stand_aside()
        try:
            return self._suggestions(n, pending)
        finally:
            self._refit.go_on()

    def _suggestions(self, n: int, pending: Sequence[Suggestion]) -> list[Suggestion]:
        suggestions = list[Suggestion]()
        while len(suggestions) < n:
            open_points = [*pending, *suggestions]
            suggestion = self._design(open_points) or self._chosen(open_points)
            if suggestion is None:
                break
            suggestions.append(suggestion)
            self._given += 1
        return suggestions

    def _design(self, pending: Sequence[Suggestion]) -> Suggestion | None:
        """Return the next point of the initial design; None when there are enough."""
        count = len(self._memory) + len(pending)
        if len(self._memory) and count >= self._initial and not (count < _PATIENCE * self._initial and self._blind()):
            return None
        known = taken(self._memory, pending)
        seen = {key(suggestion.point) for suggestion in pending}
        for index, point in enumerate(islice(sobol(self._space, self._seed), self._designed, None), self._designed):
            if key(point) not in seen and free(self._memory, point, known):
                self._designed = index + 1
                why = Why(Source.INITIAL, "sobol", n_observations=len(self._memory))
                return Suggestion(f"{self._given:04d}", point, why)
        return None

    def _blind(self) -> bool:
        """Return whether nothing was seen yet to be guided by, where that matters."""
        return not isinstance(self._wanted, Explore) and alike(self._memory.data(self._wanted.name))

    def _chosen(self, pending: Sequence[Suggestion]) -> Suggestion | None:
        """Return the best point by the model; None when a finite Space has no more."""
        if not len(self._memory):
            return None
        belief = self._believed()
        digest = belief.digest
        with belief.imagining():
            scores = self._imagine(belief, pending)
            found = self._search(belief, scores, pending)
        if found is None:
            return None
        unit, score = found
        mean, sigma = belief.at(unit)
        why = Why(Source.AGENT, self._paced(scores[0][1].rule), mean, sigma, score, len(self._memory), digest)
        return Suggestion(f"{self._given:04d}", self._candidates.space.from_unit(unit[None, :])[0], why)

    def _imagine(self, belief: Belief, pending: Sequence[Suggestion]) -> list[tuple[str, Acquisition]]:
        """Condition on what is pending or gave no value, and return the scores to choose by.

        A pending or suspect point is given its predicted value (Ginsbourger et al., Kriging is well
        suited to parallelize optimization, 2010: the Kriging believer). A failed one is given the
        median of what was measured where that is worse than the prediction.
        """
        memory = self._memory
        waiting = self._space.to_unit([suggestion.point for suggestion in pending])
        belief.imagine(np.vstack([waiting, memory.lost(failed=False)]))
        scores = self._scores(belief, len(memory) + len(waiting))
        shun(belief, self._objectives, memory.lost(failed=True))
        return scores

    def _scores(self, belief: Belief, count: int) -> list[tuple[str, Acquisition]]:
        """Return what to choose by, given the best of the first `count` points of the models."""
        bounds = bounds_of(self._objectives)
        merits = incumbents(belief, self._objectives)[:count]
        best = float(merits.max())
        wanted = self._wanted
        if isinstance(wanted, Explore):
            return [(wanted.name, Uncertainty()), *bounds]
        if isinstance(wanted, Contour):
            return [(wanted.name, Straddle(wanted.level, belief.models[wanted.name].parameters.scale)), *bounds]
        if not math.isfinite(best):
            return bounds
        measured = merits[: len(self._memory)]
        return [(wanted.name, noisily(belief, wanted.name, measured, improvement(wanted, best))), *bounds]

    def _signed(self) -> str:
        return Straddle.rule if isinstance(self._wanted, Contour) else ""

    def _search(
        self, belief: Belief, scores: list[tuple[str, Acquisition]], pending: Sequence[Suggestion]
    ) -> tuple[FloatArray, float] | None:
        """Return the best point that is not taken, shape ``(d,)``, and its score; None if all are."""
        size = len(self._memory)
        known, watched = taken(self._memory, pending), belief.watched
        values = belief.score_watched(scores) - self._log_seconds(watched, pending)
        own = slice(0, len(values) - belief.extra)
        values[own][self._used] = -np.inf
        if pending:
            values[near(watched, known[-len(pending) :], self._memory.same)] = -np.inf
        effort = next(effort for limit, effort in _EFFORTS if size <= limit)
        top = np.sort(np.argpartition(values, max(0, len(values) - _TOP))[-_TOP:])
        top = top[np.isfinite(values[top])]
        if not len(top):
            return None
        pool, tops = watched[top], values[top]
        starts = spread(tops, pool, effort.starts)
        climbed, heights = self._climb(belief, scores, pool[starts], effort)
        far, away = self._log_seconds(climbed, pending), self._log_seconds(pool[starts], pending)
        found = np.concatenate([climbed, pool[starts]])
        reached = np.concatenate([heights - far, np.minimum(tops[starts] + away, heights) - away])
        reached[near(found, known, self._memory.same)] = -np.inf
        if not np.isfinite(reached).any():
            found, reached = watched[own], values[own]
        best = int(np.argmax(reached))
        return (found[best], float(reached[best])) if np.isfinite(reached[best]) else None

    def _climb(
        self, belief: Belief, scores: list[tuple[str, Acquisition]], starts: FloatArray, effort: _Effort
    ) -> tuple[FloatArray, FloatArray]:
        """Return where climbs from `starts` lead, and the scores there; of one climb, by what is known around it."""
        local = belief.nearby(starts[0], _NEIGHBOURS) if len(starts) == 1 else belief
        lengths = np.array(belief.models[scores[0][0]].parameters.lengthscales)
        return self._candidates.refine(
            lambda unit: local.climb(scores, unit), starts, effort.evaluations, effort.gain, lengths
        )

    def _around(self, belief: Belief) -> FloatArray:
        """Return points around the best of what the models are conditioned on."""
        merits = incumbents(belief, self._objectives)
        places = next(iter(belief.models.values())).data.x
        centres = self._candidates.snap(places[np.argsort(-merits, kind="stable")[:_CENTRES]])
        return self._candidates.near(centres, np.random.default_rng([self._seed, belief.size]))

    def best(self) -> Estimate:
        """Return the best point by posterior mean, with its sigma.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        belief = self._believed()
        with belief.imagining():
            shun(belief, self._objectives, self._memory.lost(failed=True))
            return best_of(belief, self._objectives, self._candidates, self._memory.units)

    def report(self, per_dof: int = 25) -> "xr.Dataset":
        """Return mean, sigma and score around the best point; see `slices`.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        belief = self._believed()
        scores = self._scores(belief, len(self._memory))
        rule = scores[0][1].rule
        found = slices(belief, self._space, self.best().point, lambda unit: belief.score(scores, unit), rule, per_dof)
        return found.assign_attrs(models=", ".join(f"{name}: {kind}" for name, kind in self._kinds().items()))

    def _kinds(self) -> Mapping[str, str]:
        return {name: model.kind for name, model in self._belief.models.items()} if self._belief else {}

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {
            "agent": type(self).__name__,
            "initial": self._initial,
            "seed": self._seed,
            "candidates": self._candidates.size,
            "kernel": str(self._kernel),
            "exact_up_to": self._scale.exact_up_to,
            "inducing": self._scale.inducing,
            "many": self._scale.many,
        }

    def state(self) -> Mapping[str, Any]:
        """Return the observations and the hyper-parameters that later fits start from."""
        return {
            "given": self._given,
            "designed": self._designed,
            "observations": [plain(observation) for observation in self._memory.observations],
            "model": self.model_state(),
        }

    def model_state(self) -> Mapping[str, Any]:
        """Return the hyper-parameters, and to how many observations they were fitted; empty before there are any."""
        if self._belief is None:
            return {}
        parameters = {name: asdict(found) for name, found in self._learnt.items()}
        warps = {name: asdict(warp) for name, warp in self._belief.warps.items()}
        return {"fitted": self._fitted, "models": self._kinds(), "parameters": parameters, "warps": warps}

    def use_model(self, state: Mapping[str, Any]) -> None:
        """Decide next by hyper-parameters returned by `model_state`, without a fit of its own."""
        self._ahead, self._refit = True, Refit[Belief]()
        if not state or state == self.model_state():
            return
        learnt = {name: parameters_of(row) for name, row in state["parameters"].items()}
        warps = {name: Warp(**row) for name, row in state["warps"].items()}
        fitted = int(state["fitted"])
        data = {
            name: Data(known.x[:fitted], known.y[:fitted], known.variance[:fitted])
            for name, known in self._memory.all_data().items()
        }
        self._adopt(self._watching(believe(data, learnt, None, self._scale, self._kernel, warps)))

    @property
    def thought_ahead(self) -> float:
        """Seconds spent so far on refits beside the critical path."""
        return self._refit.seconds

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state returned by `state`."""
        self._refit = Refit[Belief]()
        self._forget()
        self._given, self._designed = int(state["given"]), int(state["designed"])
        self.ingest([restored(row) for row in state["observations"]])
        ahead, self._learnt = self._ahead, {}
        self.use_model(state["model"])
        self._ahead = ahead


def _only_one(objectives: Sequence[Objective]) -> Objective:
    wanted = [objective for objective in objectives if not isinstance(objective, Bound)]
    if len(wanted) > 1:
        raise ObjectiveError(f"this agent needs one objective beside Bounds, got {len(wanted)}: {wanted!r}")
    if isinstance(wanted[0], Classify):
        raise ObjectiveError(f"this agent cannot classify, got {wanted[0]!r}")
    return wanted[0]


def spread(values: FloatArray, points: FloatArray, count: int) -> list[int]:
    """Return the indices of up to `count` highest values, none near to a higher one."""
    left, chosen, axes = values.copy(), list[int](), np.ascontiguousarray(points.T)
    while len(chosen) < count:
        index = int(np.argmax(left))
        if not np.isfinite(left[index]):
            break
        chosen.append(index)
        left[np.abs(axes - points[index][:, None]).max(axis=0) <= _APART] = -np.inf
    return chosen
