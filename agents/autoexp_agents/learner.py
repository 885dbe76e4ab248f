"""What agents share that measure a design first and then choose by Gaussian processes."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autoexp.dofs import FloatArray
from autoexp.objectives import Objective
from autoexp.records import Observation, Source, Suggestion, Why
from autoexp.space import Space
from autoexp.surrogates.parameters import Data
from autoexp_agents.belief import Belief, learn
from autoexp_agents.designed import Designed, First
from autoexp_agents.opening import taken
from autoexp_agents.pace import Paced

if TYPE_CHECKING:
    import gpytorch

Found = tuple[FloatArray, float]
"""A point of the unit cube, shape ``(d,)``, and its score."""


class Learner(Designed):
    """An agent that measures a design first, then where its models say.

    Parameters
    ----------
    space
        Where it may measure.
    objectives
        What is wanted.
    initial
        Number of Sobol points measured first, or another design.
    seed
        Of the Sobol points and of the candidates.
    candidates
        Number of points prepared for the search.
    kernel
        One of `autoexp.surrogates.PROFILES`, or any kernel of GPyTorch, to start from.
    """

    def __init__(
        self,
        space: Space,
        objectives: Objective | tuple[Objective, ...],
        *,
        initial: int | First | None,
        seed: int,
        candidates: int,
        kernel: "str | gpytorch.kernels.Kernel",
    ) -> None:
        self._kernel = kernel
        super().__init__(space, objectives, initial=initial, seed=seed, candidates=candidates)

    def _forget(self) -> None:
        super()._forget()
        self._belief: Belief | None = None
        self._fitted = 0

    def ingest(self, observations: Sequence[Observation]) -> None:
        """Learn from observations."""
        known = len(self._memory)
        super().ingest(observations)
        if self._belief is not None:
            self._belief.update(self._memory.all_data(known))

    def _believed(self) -> Belief:
        """Return the models, fitted to as many observations as `fitted_to` says and conditioned on all.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        count = fitted_to(len(self._memory))
        if self._belief is None or self._fitted != count:
            self._fitted, self._belief = count, self._learnt(count)
            self._belief.update(self._memory.all_data(count))
        return self._belief

    def _learnt(self, count: int) -> Belief:
        data = {
            name: Data(known.x[:count], known.y[:count], known.variance[:count])
            for name, known in self._memory.all_data().items()
        }
        return learn(data, {}, seed=self._seed, kernel=self._kernel, watch=self._candidates.unit)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {
            **super().settings(),
            "seed": self._seed,
            "candidates": self._candidates.size,
            "kernel": str(self._kernel),
        }


def fitted_to(count: int) -> int:
    """Return to how many of `count` observations models are fitted: by a tenth more each time, whoever asks when."""
    fitted = 1
    while (later := fitted + max(1, fitted // 10)) <= count:
        fitted = later
    return fitted


class Searcher(Paced, Learner):
    """A learner that chooses the point that `_search` finds best by its models."""

    rule: str

    def _chosen(self, pending: Sequence[Suggestion]) -> Suggestion | None:
        if not len(self._memory):
            return self._spare(pending)
        belief, known = self._believed(), taken(self._memory, pending)
        digest = belief.digest
        with belief.imagining():
            self._imagine(belief, pending)
            found = self._search(belief, known, pending)
        if found is None:
            return None
        unit, score = found
        mean, sigma = belief.at(unit)
        why = Why(Source.AGENT, self._paced(self.rule), mean, sigma, score, len(self._memory), digest)
        return self._suggestion(unit, why)

    def _imagine(self, belief: Belief, pending: Sequence[Suggestion]) -> None:
        """Condition on what is pending, or gave no value, as if it had brought what is predicted."""
        waiting = self._space.to_unit([row.point for row in pending])
        lost = np.vstack([self._memory.lost(failed=False), self._memory.lost(failed=True)])
        belief.imagine(np.vstack([waiting, lost]))

    @abstractmethod
    def _search(self, belief: Belief, known: FloatArray, pending: Sequence[Suggestion]) -> Found | None:
        """Return the best point apart from the known ones, shape ``(k, d)``; None if there is no other."""
