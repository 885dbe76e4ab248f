"""Where each class of a material lies: points gather at the boundaries."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from autoexp.dofs import FloatArray
from autoexp.errors import AutoexpError, ObjectiveError
from autoexp.objectives import Classify, Objective, as_objectives
from autoexp.records import Source, Suggestion, Why
from autoexp.space import Space
from autoexp.surrogates import Data, ExactGP, Parameters, fit
from autoexp_agents.belief import lengths_of
from autoexp_agents.learner import Learner
from autoexp_agents.memory import near
from autoexp_agents.opening import taken
from autoexp_agents.report import lengths, pictured, predictive

if TYPE_CHECKING:
    import xarray as xr

_ALPHA = 0.01
_DRAWS = 64
_RULE = "entropy of the class"


class _Classes:
    """A model for the transformed labels of each class, which share their hyper-parameters.

    Parameters
    ----------
    shared
        Hyper-parameters.
    data
        Classes as numbers.
    watch
        Points whose posteriors are kept current, shape ``(m, d)``.
    """

    def __init__(self, shared: Parameters, data: Data, watch: FloatArray) -> None:
        self._shared, self._data, self._watch = shared, data, watch
        self.models: dict[float, ExactGP] = {}
        self._add_new()

    def _add_new(self) -> None:
        for value in sorted(set(self._data.y.tolist()) - set(self.models)):
            target = _transformed(self._data, value)
            self.models[value] = ExactGP(_of(self._shared, target), target)
            self.models[value].watch(self._watch)

    def update(self, data: Mapping[str, Data]) -> None:
        """Condition on more values, which may be of classes that were not seen before."""
        [new] = data.values()
        for value, model in self.models.items():
            target = _transformed(new, value)
            for x, y, variance in zip(target.x, target.y, target.variance, strict=True):
                model.update(x, float(y), float(variance))
        known = self._data
        columns = ((known.x, new.x), (known.y, new.y), (known.variance, new.variance))
        self._data = Data(*(np.concatenate(pair) for pair in columns))
        self._add_new()

    @property
    def ordered(self) -> list[ExactGP]:
        """The models by class, ascending."""
        return [self.models[value] for value in sorted(self.models)]

    @property
    def watched(self) -> list[tuple[FloatArray, FloatArray]]:
        """Mean and sigma of each class, ascending, at the watched points, shape ``(m,)`` each."""
        return [model.watched() for model in self.ordered]

    def posterior(self, unit: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
        """Return mean and sigma of each class, ascending, at ``(m, d)`` points, shape ``(m,)`` each."""
        return [model.posterior(unit) for model in self.ordered]


class PhaseAgent(Learner[_Classes]):
    """Measures where it is least certain which class a place belongs to.

    The field holds a class as a number, for example the index of the phase that dominates a
    diffraction pattern or the label of a cluster. The classes' probabilities come from Gaussian
    processes of transformed labels [1]_, one for each class seen, so they are as quick as a regression; the
    next point is where their entropy is greatest, which is at boundaries and where nothing is known.

    Parameters
    ----------
    space
        Where it may measure.
    objectives
        One Classify.
    initial
        Number of Sobol points measured first; by default two per Dof and one.
    seed
        Of the Sobol points, and of the draws behind probabilities.
    candidates
        Number of points prepared for the search.
    kernel
        One of `autoexp.surrogates.PROFILES`.

    Raises
    ------
    ObjectiveError
        If the objective is another, or `initial` is below one.

    References
    ----------
    .. [1] D. Milios et al., Dirichlet-based Gaussian Processes for Large-scale Calibrated Classification (2018).
    """

    def __init__(
        self,
        space: Space,
        objectives: Objective | tuple[Objective, ...],
        *,
        initial: int | None = None,
        seed: int = 0,
        candidates: int = 2048,
        kernel: str = "matern52",
    ) -> None:
        wanted = as_objectives(objectives)
        if len(wanted) != 1 or not isinstance(wanted[0], Classify):
            raise ObjectiveError(f"a map of phases needs one Classify, got {wanted!r}")
        self._name = wanted[0].name
        super().__init__(space, wanted, initial=initial, seed=seed, candidates=candidates, kernel=kernel)

    @property
    def classes(self) -> FloatArray:
        """The classes seen so far, as the field writes them, ascending."""
        return np.unique(self._memory.data(self._name).y)

    def _fit(self, data: Mapping[str, Data], pause: Callable[[], None] | None = None) -> _Classes:
        known = data[self._name]
        if not len(known):
            raise AutoexpError("a model needs an observation with usable values, got none")
        targets = [_transformed(known, value) for value in np.unique(known.y)]
        widest, lengths = max(targets, key=lambda row: float(np.var(row.y))), lengths_of(self._space)
        assert isinstance(self._kernel, str)
        shared = fit(widest, seed=self._seed, profile=self._kernel, lengths=lengths, pause=pause)
        return _Classes(shared, known, self._candidates.unit)

    def probabilities(self, unit: FloatArray) -> FloatArray:
        """Return the probability of each of `classes` at ``(m, d)`` points, shape ``(m, classes)``.

        The mean of the normalised exponentials of 64 draws, the same at all points.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        return self._likely(self._believed().posterior(unit))

    def _likely(self, pairs: Sequence[tuple[FloatArray, FloatArray]]) -> FloatArray:
        """Return the probability of each class, shape ``(m, classes)``, from mean and sigma of each, ``(m,)``."""
        mean, sigma = (np.stack([pair[index] for pair in pairs])[:, None, :] for index in (0, 1))
        draws = np.random.default_rng([self._seed, 2]).standard_normal((_DRAWS, len(pairs))).T[:, :, None]
        raised = mean + sigma * np.concatenate([draws, -draws], axis=1)
        raised -= raised.max(axis=0)
        np.exp(raised, out=raised)
        raised /= raised.sum(axis=0)
        return np.asarray(raised.mean(axis=1).T)

    def _chosen(self, pending: Sequence[Suggestion]) -> Suggestion | None:
        if not len(self._memory):
            return self._spare(pending)
        unit = self._candidates.unit
        free = ~near(unit, taken(self._memory, pending), self._memory.same)
        if not free.any():
            return None
        watched = [(mean[free], sigma[free]) for mean, sigma in self._believed().watched]
        unit = unit[free]
        waiting = [*self._space.to_unit([row.point for row in pending]), *self._memory.lost(failed=True)]
        values = self._entropy(watched) * self._apart(unit, [*waiting, *self._memory.lost(failed=False)])
        best = unit[int(np.argmax(values))]
        mean, sigma = self._moments(best[None, :])
        predicted = ({self._name: float(mean[0])}, {self._name: float(sigma[0])})
        why = Why(Source.AGENT, _RULE, *predicted, float(values.max()), len(self._memory))
        return self._suggestion(best, why)

    def _scores(self, unit: FloatArray) -> FloatArray:
        """Return the score at ``(m, d)`` points, shape ``(m,)``; see `_entropy`."""
        return self._entropy(self._believed().posterior(unit))

    def _entropy(self, pairs: Sequence[tuple[FloatArray, FloatArray]]) -> FloatArray:
        """Return the entropy in nats, and a little of the distance from what was measured where it ties.

        From mean and sigma of each class, shape ``(m,)`` each.
        """
        likely = np.maximum(self._likely(pairs), 1e-300)
        entropy = -(likely * np.log(likely)).sum(axis=1)
        parameters, (_, sigma) = self._believed().ordered[0].parameters, pairs[0]
        unknown = sigma / (parameters.scale * math.sqrt(parameters.variance))
        return np.asarray(entropy + 1e-2 * unknown)

    def _apart(self, unit: FloatArray, others: Sequence[FloatArray]) -> FloatArray:
        """Return how independent each point is of `others`: one less the greatest correlation with them."""
        if not others:
            return np.ones(len(unit))
        model = self._believed().ordered[0]
        kernel = model.parameters.kernel
        return np.asarray(1.0 - kernel(unit, np.array(others)).max(axis=1) / model.parameters.variance)

    def report(self, per_dof: int = 25) -> "xr.Dataset":
        """Return class, its sigma and the entropy over the first two Dofs, the others in the middle of their ranges.

        Residuals are those of the transformed labels of every class; ``<field>_correct`` is the share of measured
        points that have the class that is most probable there.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        models, space = self._believed().ordered, self._space
        middle = space.from_unit(np.full((1, space.width), 0.5))[0]
        found = pictured(space, space.dofs[:2], middle, {self._name: self._moments}, self._scores, _RULE, per_dof)
        data = self._memory.data(self._name)
        likeliest = self.classes[self.probabilities(data.x).argmax(axis=1)]
        residuals = np.concatenate([model.left_out() for model in models])
        found = found.merge(lengths(self._name, models[0].parameters, space)).merge(predictive(self._name, residuals))
        return found.assign({f"{self._name}_correct": float(np.mean(likeliest == data.y))})

    def _moments(self, unit: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the most probable class at ``(m, d)`` points, and the standard deviation of the class, ``(m,)``."""
        likely, classes = self.probabilities(unit), self.classes
        variance = likely @ np.square(classes) - np.square(likely @ classes)
        return classes[likely.argmax(axis=1)], np.sqrt(np.maximum(variance, 0.0))


def _transformed(data: Data, value: float) -> Data:
    """Return the labels of one class as normal values with variances: a log-normal in place of a Gamma variable."""
    alpha = _ALPHA + (data.y == value)
    variance = np.log1p(1.0 / alpha)
    return Data(data.x, np.log(alpha) - 0.5 * variance, variance)


def _of(shared: Parameters, target: Data) -> Parameters:
    """Return shared hyper-parameters, in the unit of a class's own values."""
    scale = float(np.std(target.y, ddof=1)) if len(target) > 1 else 0.0
    own = scale if scale > 0 else shared.scale
    return Parameters(
        shared.lengthscales, shared.variance, shared.noise, float(np.mean(target.y)), own, len(target), shared.profile
    )
