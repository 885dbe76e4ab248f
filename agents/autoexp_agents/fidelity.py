"""Cheap measurements that tell of costly ones."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from autoexp.dofs import FloatArray
from autoexp.errors import ObjectiveError
from autoexp.objectives import Maximize, Minimize, Objective, as_objectives
from autoexp.records import Estimate, Point
from autoexp.space import Space
from autoexp.surrogates.coregional import CoregionalGP
from autoexp_agents.outputs import ByChoice, OutputsAgent
from autoexp_agents.samples import knowledge_gains

_ENDS, _TRIED = 96, 48
_CENTRES, _PER_CENTRE = 4, 48


class FidelityAgent(OutputsAgent):
    """Finds the best point of a costly measurement with the help of cheaper ones.

    How faithful a measurement is, is a Dof with choices: a short and a long exposure, a simulation and the
    beamline. What one tells of the other is learnt. The next place and its fidelity are those from which
    the best posterior mean at the target fidelity is expected to rise most per second: the knowledge
    gradient [1]_ with costs [2]_.

    Parameters
    ----------
    space
        Where it may measure, fidelity included.
    objectives
        One Maximize or Minimize.
    fidelity
        Name of the Dof; its last choice is the target.
    seconds
        Choice to what a measurement costs.
    initial
        Number of places measured first, by the cheapest choice, and two of them by every one; by default two per
        other Dof and one.
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
        If the objective is another or a cost is missing or not positive.

    References
    ----------
    .. [1] P. Frazier, W. Powell and S. Dayanik, The Knowledge-Gradient Policy (2009).
    .. [2] J. Wu et al., Practical Multi-fidelity Bayesian Optimization (2019).
    """

    rule = "knowledge gradient per second"

    def __init__(
        self,
        space: Space,
        objectives: Objective | tuple[Objective, ...],
        *,
        fidelity: str,
        seconds: ByChoice[float],
        initial: int | None = None,
        seed: int = 0,
        candidates: int = 1024,
        kernel: str = "rbf",
    ) -> None:
        found, seconds = as_objectives(objectives), dict(seconds)
        if len(found) != 1 or not isinstance(found[0], Maximize | Minimize):
            raise ObjectiveError(f"a fidelity needs one Maximize or Minimize, got {found!r}")
        self._name, self._sign = found[0].name, 1.0 if isinstance(found[0], Maximize) else -1.0
        super().__init__(
            space,
            found,
            choice=fidelity,
            fields=dict.fromkeys(seconds, self._name),
            seconds=seconds,
            initial=initial,
            seed=seed,
            candidates=candidates,
            kernel=kernel,
        )
        self._target = len(self._seconds) - 1

    def _search(self, model: CoregionalGP) -> list[tuple[int, FloatArray, FloatArray]]:
        ends, found = self._promising(model), []
        for output in range(len(self._seconds)):
            free = ends[~self._taken(output, ends, ())][:_TRIED]
            if not len(free):
                free = self._candidates.unit
            found.append((output, free, self._rates(model, output, free, ends)))
        return found

    def _worth(self, model: CoregionalGP, unit: FloatArray) -> list[FloatArray]:
        ends = self._promising(model)
        return [self._rates(model, output, unit, ends) for output in range(len(self._seconds))]

    def _rates(self, model: CoregionalGP, output: int, unit: FloatArray, ends: FloatArray) -> FloatArray:
        """Return the knowledge gradient per second of values at ``(m, d)`` places, the best sought at `ends`."""
        mean, _ = model.posterior(ends, self._target)
        _, sigma = model.posterior(unit, output)
        shared = model.covariance(unit, output, ends, self._target)
        slopes = self._sign * shared / np.sqrt(np.square(sigma) + self._noise(output))[:, None]
        return knowledge_gains(self._sign * mean, slopes) / self._seconds[output]

    def _promising(self, model: CoregionalGP) -> FloatArray:
        """Return places that may be the best at the target, most promising first, shape ``(k, d)``."""
        measured = np.vstack([self._candidates.snap(memory.units) for memory in self._memories])
        if self._candidates.space.pool is not None:
            measured = measured[:0]
        unit = np.vstack([self._candidates.unit, measured[self._candidates.allowed(measured)]])
        mean, sigma = model.posterior(unit, self._target)
        centres = unit[np.argsort(-(self._sign * mean + sigma), kind="stable")[:_CENTRES]]
        rng = np.random.default_rng([self._seed, self._given])
        unit = np.vstack([unit, self._candidates.near(centres, rng, _PER_CENTRE)])
        mean, sigma = model.posterior(unit, self._target)
        widths = np.linspace(0.0, 3.0, 4)
        orders = [np.argsort(-(self._sign * mean + width * sigma), kind="stable")[:_ENDS] for width in widths]
        mixed = list(dict.fromkeys(int(index) for row in zip(*orders, strict=True) for index in row))
        return unit[mixed[:_ENDS]]

    def best(self) -> Estimate:
        """Return the best place at the target fidelity by posterior mean less one sigma.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        model = self._model(())
        unit = self._promising(model)
        mean, sigma = model.posterior(unit, self._target)
        for turn in range(3):
            order = np.argsort(-(self._sign * mean - sigma), kind="stable")[:_CENTRES]
            rng = np.random.default_rng([self._seed, turn, 5])
            unit = np.vstack([unit[order], self._candidates.near(unit[order], rng, _PER_CENTRE)])
            mean, sigma = model.posterior(unit, self._target)
        best = int(np.argmax(self._sign * mean - sigma))
        place = self._candidates.space.from_unit(unit[best][None, :])[0]
        choice = self._dof.choices[self._target]
        point = {name: choice if name == self._dof.name else place[name] for name in self._space.names}
        return Estimate(point, {self._name: float(mean[best])}, {self._name: float(sigma[best])})

    def _centre(self) -> Point:
        best = self.best().point
        return {name: best[name] for name in self._places.names}

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {**super().settings(), "fidelity": self._dof.name}
