"""What agents share that measure a design first and then choose by Gaussian processes."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic

import numpy as np

from autoexp.dofs import FloatArray
from autoexp.objectives import Objective
from autoexp.records import Observation, Source, Suggestion, Why
from autoexp.space import Space
from autoexp.surrogates.parameters import Data
from autoexp_agents.ahead import Fits, Models, ThinksAhead, rows_of
from autoexp_agents.belief import Belief, learn, lengths_of, shun
from autoexp_agents.closer import Found
from autoexp_agents.designed import Designed, First
from autoexp_agents.opening import taken
from autoexp_agents.pace import Paced

if TYPE_CHECKING:
    import gpytorch


class Learner(Designed, ThinksAhead, Generic[Models]):
    """An agent that measures a design first, then where its models say, which it fits while devices move if it may.

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
    slides
        Whether observations before those that the models are fitted to next have only grown old.
    """

    _fits: Fits[Models]

    def __init__(
        self,
        space: Space,
        objectives: Objective | tuple[Objective, ...],
        *,
        initial: int | First | None,
        seed: int,
        candidates: int,
        kernel: "str | gpytorch.kernels.Kernel",
        slides: bool = False,
    ) -> None:
        self._kernel, self._fits = kernel, Fits(self._fit, self._measured, slides=slides)
        super().__init__(space, objectives, initial=initial, seed=seed, candidates=candidates)

    def _forget(self) -> None:
        super()._forget()
        self._fits.forget()

    def ingest(self, observations: Sequence[Observation]) -> None:
        """Learn from observations."""
        known = len(self._memory)
        super().ingest(observations)
        self._fits.update(known)

    def suggest(self, n: int, pending: Sequence[Suggestion]) -> list[Suggestion]:
        """Return up to `n` points: of the design, then those that tell most, each with the others in mind."""
        made = super().suggest(n, pending)
        self._fits.go_on()
        return made

    def _measured(self, rows: range) -> Mapping[str, Data]:
        """Return what is learnt from some of the usable observations."""
        return rows_of(self._memory, rows)

    def _due(self) -> range:
        """Return to which of the usable observations the models are to be fitted."""
        return range(min(len(self._memory), fitted_to(len(self._memory))))

    def _believed(self) -> Models:
        """Return the models, fitted to the observations that are due and conditioned on all.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        return self._fits.get(self._due())

    @abstractmethod
    def _fit(self, data: Mapping[str, Data], pause: Callable[[], None] | None = None) -> Models:
        """Return models fitted to what was measured; `pause` is called between two steps."""

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {
            **super().settings(),
            "seed": self._seed,
            "candidates": self._candidates.size,
            "kernel": str(self._kernel),
        }

    def state(self) -> Mapping[str, Any]:
        """Return the observations, the position in the design and what the models are fitted to."""
        return {**super().state(), "model": self.model_state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state returned by `state`."""
        super().restore(state)
        self._fits.use(state.get("model", {}), ahead=self._fits.ahead)


def fitted_to(count: int) -> int:
    """Return to how many of `count` observations models are fitted: by a tenth more each time, whoever asks when."""
    fitted = 1
    while (later := fitted + max(1, fitted // 10)) <= count:
        fitted = later
    return fitted


class Searcher(Paced, Learner[Belief]):
    """A learner that chooses the point that `_search` finds best by a Gaussian process of every field."""

    def _fit(self, data: Mapping[str, Data], pause: Callable[[], None] | None = None) -> Belief:
        watch, lengths = self._candidates.unit, lengths_of(self._space)
        return learn(data, {}, seed=self._seed, kernel=self._kernel, watch=watch, pause=pause, lengths=lengths)

    def _used_up(self, pending: Sequence[Suggestion]) -> FloatArray:
        """Return the points, shape ``(k, d)``, that need not be measured again."""
        return taken(self._memory, pending)

    def _placed(self, unit: FloatArray) -> FloatArray:
        """Return where in the models ``(m, d)`` points of the unit cube are."""
        return unit

    def _chosen(self, pending: Sequence[Suggestion]) -> Suggestion | None:
        if not len(self._memory):
            return self._spare(pending)
        belief, known = self._believed(), self._used_up(pending)
        digest = belief.digest
        with belief.imagining():
            self._imagine(belief, pending)
            found = self._search(belief, known, pending)
        if found is None:
            return None
        mean, sigma = belief.at(self._placed(found.unit[None, :])[0])
        why = Why(Source.AGENT, self._paced(found.rule), mean, sigma, found.score, len(self._memory), digest)
        return self._suggestion(found.unit, why)

    def _imagine(self, belief: Belief, pending: Sequence[Suggestion]) -> None:
        """Condition on what is pending or suspect as if it had brought what is predicted."""
        waiting = self._space.to_unit([row.point for row in pending])
        belief.imagine(self._placed(np.vstack([waiting, self._memory.lost(failed=False)])))

    def _shun(self, belief: Belief) -> None:
        """Condition on what failed as if what is wanted were poor there."""
        shun(belief, self._objectives, self._placed(self._memory.lost(failed=True)))

    @abstractmethod
    def _search(self, belief: Belief, known: FloatArray, pending: Sequence[Suggestion]) -> Found | None:
        """Return the best point apart from the known ones, shape ``(k, d)``; None if there is no other.

        It is to `_shun` what failed as soon as it knows what an improvement counts from.
        """
