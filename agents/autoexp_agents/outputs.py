"""What agents share that choose, beside the place, which of several outputs to measure there."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from autoexp.acquisition.search import Candidates, finite
from autoexp.dofs import Dof, FloatArray
from autoexp.errors import ObjectiveError, SpaceError, listed
from autoexp.objectives import Explore, Objective, as_objectives
from autoexp.records import Observation, Point, Source, Suggestion, Value, Why
from autoexp.space import Space
from autoexp.surrogates.coregional import CoregionalGP, Coregionalisation, Outputs, fit_outputs
from autoexp_agents.exposure import without
from autoexp_agents.learner import fitted_to
from autoexp_agents.memory import Memory, near, plain, restored
from autoexp_agents.opening import taken
from autoexp_agents.refit import Refit
from autoexp_agents.report import lengths, pictured, predictive, shortest, spreads

if TYPE_CHECKING:
    import xarray as xr

T = TypeVar("T")
ByChoice = Mapping[Value, T] | Sequence[tuple[Value, T]]
"""What each choice has; as pairs where the record has no keys but words."""


class OutputsAgent(ABC):
    """An agent of a Space in which one Dof says what is measured: a technique, a fidelity.

    Each of the Dof's choices is an output of one model; see `autoexp.surrogates.coregional`. A few places are
    measured first, by the cheapest choice and some of them by every one; then `_search` says where, and which.

    Parameters
    ----------
    space
        Where it may measure; the Dof included.
    objectives
        What is wanted.
    choice
        Name of the Dof; it has choices.
    fields
        Choice to the field that it measures.
    seconds
        Choice to what a measurement costs.
    initial
        Number of places measured first; by default two per other Dof and one.
    seed
        Of the places and of the candidates.
    candidates
        Number of places prepared for the search.
    kernel
        One of `autoexp.surrogates.PROFILES`.

    Raises
    ------
    SpaceError
        If the Space is a pool, or has no such Dof with choices, or no other Dof.
    ObjectiveError
        If a choice costs no seconds.
    """

    rule: str
    shared = 2
    """At how many of the first places every choice is measured."""

    def __init__(
        self,
        space: Space,
        objectives: Objective | tuple[Objective, ...],
        *,
        choice: str,
        fields: Mapping[Value, str],
        seconds: Mapping[Value, float],
        initial: int | None,
        seed: int,
        candidates: int,
        kernel: str,
    ) -> None:
        self._space, self._objectives = space, as_objectives(objectives)
        self._places = without(space, choice)
        self._dof: Dof = next(dof for dof in space.dofs if dof.name == choice)
        if not self._dof.choices:
            raise SpaceError(f"{choice!r} must have choices, got a range from {self._dof.low} to {self._dof.high}")
        if set(fields) != set(self._dof.choices):
            raise SpaceError(f"each choice ({listed(self._dof.choices)}) must have its field, got {listed(fields)}")
        if set(seconds) != set(self._dof.choices) or not all(0 < cost < math.inf for cost in seconds.values()):
            raise ObjectiveError(f"each choice must cost some seconds, got {dict(seconds)}")
        self._seconds = [float(seconds[value]) for value in self._dof.choices]
        self._fields = {value: fields[value] for value in self._dof.choices}
        self._initial = 2 * len(self._places.dofs) + 1 if initial is None else initial
        self._seed, self._kernel = seed, kernel
        self._candidates = Candidates(finite(self._places), size=candidates, seed=seed)
        self._given, self._ahead = 0, False
        self._forget()

    def _forget(self) -> None:
        self._memories = [Memory(self._places, [Explore(field)]) for field in self._fields.values()]
        self._observations: list[Observation] = []
        self._order: list[int] = []
        self._parameters: Coregionalisation | None = None
        self._drawn = self._fitted = self._asked = 0
        self._refit = Refit[Coregionalisation]()

    @property
    def space(self) -> Space:
        """Where it may measure."""
        return self._space

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """What is wanted."""
        return self._objectives

    def __len__(self) -> int:
        """Return the number of usable values."""
        return sum(len(memory) for memory in self._memories)

    def ingest(self, observations: Sequence[Observation]) -> None:
        """Learn from observations, each of the field that its choice measures."""
        for row in observations:
            self._observations.append(row)
            if row.point.get(self._dof.name) in self._dof.choices:
                known, output = len(self), self._output(row.point)
                self._memories[output].add([row])
                self._order += [output] * (len(self) - known)

    def _data(self, first: int | None = None) -> Outputs:
        """Return the usable values, or only those of the first so many."""
        sizes = [self._order[:first].count(output) for output in range(len(self._fields))]
        every = [memory.data(field) for memory, field in zip(self._memories, self._fields.values(), strict=True)]
        output = np.repeat(np.arange(len(every)), sizes)
        columns = [
            np.concatenate([getattr(data, name)[:size] for data, size in zip(every, sizes, strict=True)])
            for name in ("x", "y", "variance")
        ]
        return Outputs(columns[0], output, columns[1], columns[2])

    def _model(self, pending: Sequence[Suggestion]) -> CoregionalGP:
        """Return the model, fitted as `fitted_to` says, with what is pending as it is predicted."""
        self._take_up()
        data, count = self._data(), self._due()
        if self._parameters is None or (not self._ahead and self._fitted != count):
            self._parameters, self._fitted = self._learnt(self._data(count)), count
        model = CoregionalGP(self._parameters, data)
        waiting = [(self._units([row.point])[0], self._output(row.point)) for row in pending]
        lost = [
            (unit, index)
            for index, memory in enumerate(self._memories)
            for failed in (True, False)
            for unit in memory.lost(failed=failed)
        ]
        for unit, output in [*waiting, *lost]:
            value = model.posterior(unit[None, :], output)[0]
            data = Outputs(
                np.vstack([data.x, unit]),
                np.append(data.output, output),
                np.append(data.y, value),
                np.append(data.variance, 0.0),
            )
        return CoregionalGP(self._parameters, data) if waiting or lost else model

    def _due(self) -> int:
        """Return to how many of the usable values the model is to be fitted."""
        return min(len(self), fitted_to(len(self)))

    def prepare(self, pending: Sequence[Suggestion]) -> None:
        """Begin to fit the model on a thread of its own, if that is due; it is taken up when it is there."""
        self._ahead = True
        self._take_up()
        if len(self) and self._due() != self._fitted and not self._refit.busy:
            self._asked = self._due()
            self._refit.begin(self._learnt, self._data(self._asked))

    def wait(self) -> None:
        """Wait for a fit that `prepare` began to end."""
        self._refit.wait()

    def _take_up(self) -> None:
        ready = self._refit.take()
        if ready is not None:
            self._parameters, self._fitted = ready, self._asked

    @property
    def thought_ahead(self) -> float:
        """Seconds spent so far on fits beside the critical path."""
        return self._refit.seconds

    def model_state(self) -> Mapping[str, Any]:
        """Return to how many values the model is fitted, from which it follows; empty before there are any."""
        return {} if self._parameters is None else {"fitted": self._fitted}

    def use_model(self, state: Mapping[str, Any]) -> None:
        """Decide next by a model fitted as `model_state` said."""
        self._use(state, ahead=True)

    def _use(self, state: Mapping[str, Any], *, ahead: bool) -> None:
        self._refit, self._ahead = Refit[Coregionalisation](), ahead
        if state and state != self.model_state():
            self._fitted = int(state["fitted"])
            self._parameters = self._learnt(self._data(self._fitted))

    def _learnt(self, data: Outputs) -> Coregionalisation:
        return fit_outputs(data, len(self._fields), profile=self._kernel, seed=self._seed)

    def _noise(self, output: int) -> float:
        """Return the variance of an output's next value beside that of the model, in its unit squared."""
        assert self._parameters is not None
        variance = self._memories[output].data(list(self._fields.values())[output]).variance
        typical = float(np.median(variance)) if len(variance) else 0.0
        return self._parameters.noises[output] * self._parameters.scales[output] ** 2 + typical

    def _units(self, points: Sequence[Point]) -> FloatArray:
        return self._places.to_unit([{name: point[name] for name in self._places.names} for point in points])

    def _output(self, point: Point) -> int:
        return self._dof.choices.index(point[self._dof.name])

    def suggest(self, n: int, pending: Sequence[Suggestion]) -> list[Suggestion]:
        """Return up to `n` points: the first places with every choice, then the best by the model."""
        made = list[Suggestion]()
        while len(made) < n:
            suggestion = self._first([*pending, *made]) or self._chosen([*pending, *made])
            if suggestion is None:
                break
            made.append(suggestion)
            self._given += 1
        return made

    def _first(self, pending: Sequence[Suggestion]) -> Suggestion | None:
        """Return the next point of the design: Sobol places by the cheapest choice, the first of them by every one."""
        for position, (index, output) in enumerate(islice(self._design(), self._drawn, None), self._drawn):
            if index >= self._initial and len(self):
                break
            unit = self._candidates.unit[index]
            if not self._taken(output, unit[None, :], pending)[0]:
                self._drawn = position + 1
                return self._suggestion(unit, output, Why(Source.INITIAL, "sobol", n_observations=len(self)))
        return None

    def _design(self) -> Iterator[tuple[int, int]]:
        """Yield the candidates of the design in order, each with the outputs that are measured there."""
        cheapest = int(np.argmin(self._seconds))
        for index in range(len(self._candidates.unit)):
            for output in range(len(self._fields)) if index < self.shared else [cheapest]:
                yield index, output

    def _chosen(self, pending: Sequence[Suggestion]) -> Suggestion | None:
        if not len(self):
            return None
        model = self._model(pending)
        best: tuple[float, FloatArray, int] | None = None
        for output, unit, rates in self._search(model):
            rates = np.where(self._taken(output, unit, pending), -np.inf, rates)
            index = int(np.argmax(rates))
            if np.isfinite(rates[index]) and (best is None or rates[index] > best[0]):
                best = float(rates[index]), unit[index], output
        if best is None:
            return None
        score, unit, output = best
        mean, sigma = model.posterior(unit[None, :], output)
        field = list(self._fields.values())[output]
        predicted = ({field: float(mean[0])}, {field: float(sigma[0])})
        why = Why(Source.AGENT, self.rule, *predicted, score, len(self))
        return self._suggestion(unit, output, why)

    @abstractmethod
    def _search(self, model: CoregionalGP) -> list[tuple[int, FloatArray, FloatArray]]:
        """Return, for each output, places in the unit cube, shape ``(m, d)``, and the worth of each, ``(m,)``."""

    @abstractmethod
    def _worth(self, model: CoregionalGP, unit: FloatArray) -> list[FloatArray]:
        """Return, for each output, what a value at each of ``(m, d)`` places is worth, shape ``(m,)``."""

    def _centre(self) -> Point:
        """Return the place through which the report is drawn: the middle."""
        return self._places.from_unit(np.full((1, self._places.width), 0.5))[0]

    def report(self, per_dof: int = 25) -> "xr.Dataset":
        """Return mean and sigma of each field, and what a value of the best choice is worth, on a grid; and the health.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        model, data = self._model(()), self._data()
        outputs = {field: output for output, field in enumerate(self._fields.values())}
        found = pictured(
            self._places,
            shortest(self._places, [model.parameters]),
            self._centre(),
            {field: partial(model.posterior, output=output) for field, output in outputs.items()},
            lambda unit: np.max(self._worth(model, unit), axis=0),
            self.rule,
            per_dof,
        )
        residuals, between = model.left_out()[: len(data)], np.diagonal(model.parameters.between)
        for field, output in outputs.items():
            scale, noise = model.parameters.scales[output], model.parameters.noises[output]
            sizes = {"amplitude": math.sqrt(between[output]) * scale, "noise": math.sqrt(noise) * scale}
            found = found.merge(lengths(field, model.parameters, self._places)).merge(spreads(field, sizes))
            found = found.merge(predictive(field, residuals[data.output == output]))
        worth = self._worth(model, self._candidates.unit)
        chosen = self._dof.choices[int(np.argmax([part.max() for part in worth]))]
        return found.assign_coords({self._dof.name: ((), chosen, {"units": self._dof.unit})})

    def _taken(self, output: int, unit: FloatArray, pending: Sequence[Suggestion]) -> NDArray[np.bool_]:
        """Return at which of ``(m, d)`` places an output need not be measured again."""
        memory = self._memories[output]
        known = taken(memory, [row for row in pending if self._output(row.point) == output])
        return near(unit, known, memory.same)

    def _suggestion(self, unit: FloatArray, output: int, why: Why) -> Suggestion:
        place = self._candidates.space.from_unit(unit[None, :])[0]
        value = self._dof.choices[output]
        point = {name: value if name == self._dof.name else place[name] for name in self._space.names}
        return Suggestion(f"{self._given:04d}", point, why)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {
            "agent": type(self).__name__,
            "seconds": [list(pair) for pair in zip(self._dof.choices, self._seconds, strict=True)],
            "initial": self._initial,
            "seed": self._seed,
            "candidates": self._candidates.size,
            "kernel": self._kernel,
        }

    def state(self) -> Mapping[str, Any]:
        """Return the observations, the position in the design, and to which observations the model is fitted."""
        rows = [plain(row) for row in self._observations]
        return {"given": self._given, "designed": self._drawn, "observations": rows, "model": self.model_state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state returned by `state`."""
        self._forget()
        self._given, self._drawn = int(state["given"]), int(state["designed"])
        self.ingest([restored(row) for row in state["observations"]])
        self._use(state["model"], ahead=self._ahead)
