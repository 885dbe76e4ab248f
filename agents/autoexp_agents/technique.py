"""Which technique next, and where."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from autoexp.dofs import FloatArray
from autoexp.errors import ObjectiveError, listed
from autoexp.objectives import Explore, Objective, as_objectives
from autoexp.records import Value
from autoexp.space import Space
from autoexp.surrogates.coregional import CoregionalGP
from autoexp_agents.outputs import ByChoice, OutputsAgent

_REFERENCES, _TRIED = 256, 256


class TechniqueAgent(OutputsAgent):
    """Maps one or several fields by whichever technique tells most per second, and where it does.

    The techniques are the choices of a Dof. One model of all their fields learns how they go together; a
    value counts by which share of the variance of the wanted fields, integrated over the Space and in units of what
    each field varies, it is expected to take away [1]_, per second that its technique takes.

    Parameters
    ----------
    space
        Where it may measure, the technique included.
    objectives
        An Explore for each field that is wanted.
    technique
        Name of the Dof.
    fields
        Choice to the field that it measures; the wanted ones must be among them.
    seconds
        Choice to what a measurement costs.
    initial
        Number of places measured first, by every choice; by default two per other Dof and one.
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
        If something else is wanted, no technique measures it, or a cost is missing or not positive.

    References
    ----------
    .. [1] D. A. Cohn, Z. Ghahramani and M. I. Jordan, J. Artif. Intell. Res. 4, 129 (1996).
    """

    rule = "integrated variance per second"

    def __init__(
        self,
        space: Space,
        objectives: Objective | tuple[Objective, ...],
        *,
        technique: str,
        fields: ByChoice[str],
        seconds: ByChoice[float],
        initial: int | None = None,
        seed: int = 0,
        candidates: int = 512,
        kernel: str = "matern52",
    ) -> None:
        found, fields = as_objectives(objectives), dict(fields)
        wanted = [objective.name for objective in found if isinstance(objective, Explore)]
        if len(wanted) != len(found) or not set(wanted) <= set(fields.values()):
            raise ObjectiveError(f"techniques of {listed(fields.values())} need an Explore each, got {found!r}")
        super().__init__(
            space,
            found,
            choice=technique,
            fields=fields,
            seconds=dict(seconds),
            initial=initial,
            seed=seed,
            candidates=candidates,
            kernel=kernel,
        )
        self.shared = self._initial
        self._wanted = [index for index, field in enumerate(self._fields.values()) if field in wanted]
        places = np.random.default_rng([seed, 1]).permutation(len(self._candidates.unit))[:_REFERENCES]
        self._references = self._candidates.unit[np.sort(places)]

    def _search(self, model: CoregionalGP) -> list[tuple[int, FloatArray, FloatArray]]:
        found = []
        for output, seconds in enumerate(self._seconds):
            unit = self._candidates.unit[~self._taken(output, self._candidates.unit, ())]
            if len(unit):
                _, sigma = model.posterior(unit, output)
                unit = unit[np.argsort(-sigma, kind="stable")[:_TRIED]]
                found.append((output, unit, self._gains(model, output, unit) / seconds))
        return found

    def _worth(self, model: CoregionalGP, unit: FloatArray) -> list[FloatArray]:
        return [self._gains(model, output, unit) / seconds for output, seconds in enumerate(self._seconds)]

    def _gains(self, model: CoregionalGP, output: int, unit: FloatArray) -> FloatArray:
        """Return which share of the wanted variance a value at each of ``(m, d)`` places takes away, shape ``(m,)``."""
        _, sigma = model.posterior(unit, output)
        variance = np.square(sigma) + self._noise(output)
        total = np.zeros(len(unit))
        for wanted in self._wanted:
            shared = model.covariance(self._references, wanted, unit, output)
            scale = model.parameters.scales[wanted] ** 2
            total += np.square(shared).mean(axis=0) / variance / scale
        return total

    def predicted(self, output: Value, unit: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation of a technique's field at ``(m, d)`` places, ``(m,)`` each.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        return self._model(()).posterior(unit, self._dof.choices.index(output))

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        fields = [[value, field] for value, field in self._fields.items()]
        return {**super().settings(), "technique": self._dof.name, "fields": fields}
