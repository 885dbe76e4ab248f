"""A whole map, with as few points as it takes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autoexp.acquisition.search import Candidates, finite
from autoexp.dofs import FloatArray
from autoexp.errors import ObjectiveError
from autoexp.objectives import Explore, Objective, as_objectives
from autoexp.records import Observation, Source, Suggestion, Why
from autoexp.space import Space
from autoexp.surrogates.parameters import Data
from autoexp_agents.belief import Belief, learn
from autoexp_agents.memory import Memory, near, plain, restored
from autoexp_agents.opening import Opening, taken
from autoexp_agents.report import slices

if TYPE_CHECKING:
    import xarray as xr

_REFERENCES, _SHORTLIST = 512, 768
_RULE = "integrated variance"


class MapAgent:
    """Measures where the map as a whole becomes most certain.

    Choosing by the greatest sigma, one measures along the border of the Space, where a point teaches
    little about the rest. This agent chooses the point that is expected to lower the variance
    integrated over the Space most (Cohn [1]_). With `edges` the variance counts more where the
    map is steep, so that boundaries are drawn sharply: its weight at a place is ``1 + edges g``, with
    the slope ``g`` of the posterior mean there in units of its mean over the Space.

    Parameters
    ----------
    space
        Where it may measure.
    objectives
        One Explore.
    initial
        Number of Sobol points measured first; by default two per Dof and one.
    edges
        How much more steep places count; zero for all places alike.
    seed
        Of the Sobol points, and of the places over which is integrated.
    candidates
        Number of points prepared for the search.
    kernel
        One of `autoexp.surrogates.PROFILES`.

    Raises
    ------
    ObjectiveError
        If the objective is another, `initial` is below one, or `edges` is negative.

    References
    ----------
    .. [1] D. A. Cohn, Z. Ghahramani and M. I. Jordan, J. Artif. Intell. Res. 4, 129 (1996).
    """

    def __init__(
        self,
        space: Space,
        objectives: Objective | tuple[Objective, ...],
        *,
        initial: int | None = None,
        edges: float = 0.0,
        seed: int = 0,
        candidates: int = 4096,
        kernel: str = "matern52",
    ) -> None:
        self._space, self._objectives = space, as_objectives(objectives)
        if len(self._objectives) != 1 or not isinstance(self._objectives[0], Explore):
            raise ObjectiveError(f"a map needs one Explore, got {self._objectives!r}")
        if not edges >= 0:
            raise ObjectiveError(f"edges must not be negative, got {edges}")
        self._name = self._objectives[0].name
        self._opening = Opening(space, initial, seed)
        self._edges, self._seed, self._kernel = edges, seed, kernel
        self._candidates = Candidates(finite(space), size=candidates, seed=seed)
        places = self._candidates.unit
        chosen = np.random.default_rng([seed, 1]).permutation(len(places))[:_REFERENCES]
        self._references = places[np.sort(chosen)]
        self._given = 0
        self._forget()

    def _forget(self) -> None:
        self._memory = Memory(self._space, self._objectives)
        self._opening.drawn = 0
        self._belief: Belief | None = None
        self._fitted = 0

    @property
    def space(self) -> Space:
        """Where it may measure."""
        return self._space

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """What is wanted."""
        return self._objectives

    def ingest(self, observations: Sequence[Observation]) -> None:
        """Learn from observations."""
        known = len(self._memory)
        self._memory.add(observations)
        if self._belief is not None:
            self._belief.update(self._memory.all_data(known))

    def _believed(self) -> Belief:
        """Return the model, fitted anew when a tenth more was measured."""
        if self._belief is None and self._fitted:
            self._belief = self._learnt(self._fitted)
            self._belief.update(self._memory.all_data(self._fitted))
        if self._belief is None or len(self._memory) >= self._fitted + max(1, self._fitted // 10):
            self._fitted = len(self._memory)
            self._belief = self._learnt(self._fitted)
        return self._belief

    def _learnt(self, count: int) -> Belief:
        data = self._memory.data(self._name)
        first = Data(data.x[:count], data.y[:count], data.variance[:count])
        return learn({self._name: first}, {}, seed=self._seed, kernel=self._kernel, watch=self._candidates.unit)

    def suggest(self, n: int, pending: Sequence[Suggestion]) -> list[Suggestion]:
        """Return up to `n` points: of a Sobol design, then those that teach most, each with the others in mind."""
        made = list[Suggestion]()
        while len(made) < n:
            waiting = [*pending, *made]
            name = f"{self._given:04d}"
            suggestion = self._opening.next(name, self._memory, waiting) or self._chosen(waiting)
            if suggestion is None:
                break
            made.append(suggestion)
            self._given += 1
        return made

    def _chosen(self, pending: Sequence[Suggestion]) -> Suggestion | None:
        if not len(self._memory):
            return None
        belief, known = self._believed(), taken(self._memory, pending)
        digest, model = belief.digest, belief.models[self._name]
        with belief.imagining():
            for unit in [*self._space.to_unit([row.point for row in pending]), *self._memory.lost(failed=False)]:
                model.imagine(unit, belief.at(unit)[0][self._name])
            for unit in self._memory.lost(failed=True):
                model.imagine(unit, belief.at(unit)[0][self._name])
            found = self._search(belief, known)
        if found is None:
            return None
        unit, score = found
        mean, sigma = belief.at(unit)
        rule = _RULE if not self._edges else f"{_RULE}, edges {self._edges:g}"
        why = Why(Source.AGENT, rule, mean, sigma, score, len(self._memory), digest)
        return Suggestion(f"{self._given:04d}", self._candidates.space.from_unit(unit[None, :])[0], why)

    def _search(self, belief: Belief, known: FloatArray) -> tuple[FloatArray, float] | None:
        """Return the candidate that lowers the integrated variance most, and by which share of the whole."""
        model = belief.models[self._name]
        free = np.flatnonzero(~near(self._candidates.unit, known))
        if not len(free):
            return None
        _, sigma = model.watched()
        shortlist = free[np.argsort(-sigma[free], kind="stable")]
        half = _SHORTLIST // 2
        rest = np.random.default_rng([self._seed, self._given]).permutation(shortlist[half:])[:half]
        pool = self._candidates.unit[np.concatenate([shortlist[:half], rest])]
        gains = self._gains(belief, pool)
        best = int(np.argmax(gains))
        return pool[best], float(gains[best])

    def _gains(self, belief: Belief, pool: FloatArray) -> FloatArray:
        """Return by which share a value at each of ``(m, d)`` points lowers the integrated variance, ``(m,)``."""
        model, parameters = belief.models[self._name], belief.models[self._name].parameters
        weights = self._weights(belief)
        _, sigma = model.posterior(pool)
        _, around = model.posterior(self._references)
        noise = parameters.noise * parameters.scale**2 + _typical(self._memory.data(self._name).variance)
        shared = np.square(model.covariance(self._references, pool))
        return np.asarray(weights @ shared / (np.square(sigma) + noise) / (weights @ np.square(around)))

    def _weights(self, belief: Belief) -> FloatArray:
        if not self._edges:
            return np.ones(len(self._references))
        _, _, slopes, _ = belief.models[self._name].posterior_and_gradient(self._references)
        steepness = np.sqrt(np.square(slopes).sum(axis=1))
        mean = float(steepness.mean())
        return np.asarray(1.0 + self._edges * steepness / mean) if mean > 0 else np.ones(len(steepness))

    def report(self, per_dof: int = 25) -> "xr.Dataset":
        """Return mean and sigma through where least is known, and the share of variance that a point would remove.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        belief = self._believed()
        _, sigma = belief.models[self._name].watched()
        least = self._candidates.unit[int(np.argmax(sigma))]
        through = self._candidates.space.from_unit(least[None, :])[0]
        return slices(belief, self._space, through, lambda unit: self._gains(belief, unit), _RULE, per_dof)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {
            "agent": type(self).__name__,
            **self._opening.settings(),
            "edges": self._edges,
            "candidates": self._candidates.size,
            "kernel": self._kernel,
        }

    def state(self) -> Mapping[str, Any]:
        """Return the observations, how many the model was fitted to, and the position in the design."""
        return {
            "given": self._given,
            "designed": self._opening.drawn,
            "fitted": self._fitted,
            "observations": [plain(row) for row in self._memory.observations],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state returned by `state`."""
        self._forget()
        self._given, self._opening.drawn = int(state["given"]), int(state["designed"])
        self._memory.add([restored(row) for row in state["observations"]])


def _typical(variances: FloatArray) -> float:
    return float(np.median(variances)) if len(variances) else 0.0
