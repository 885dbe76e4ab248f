"""Which technique next, and where."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autoexp.dofs import FloatArray
from autoexp.errors import ObjectiveError, listed
from autoexp.objectives import Explore, Objective, as_objectives
from autoexp.records import Value
from autoexp.space import Space
from autoexp.surrogates.coregional import CoregionalGP
from autoexp_agents.outputs import OutputsAgent

if TYPE_CHECKING:
    import xarray as xr

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
        fields: Mapping[Value, str],
        seconds: Mapping[Value, float],
        initial: int | None = None,
        seed: int = 0,
        candidates: int = 512,
        kernel: str = "matern52",
    ) -> None:
        found = as_objectives(objectives)
        wanted = [objective.name for objective in found if isinstance(objective, Explore)]
        if len(wanted) != len(found) or not set(wanted) <= set(fields.values()):
            raise ObjectiveError(f"techniques of {listed(fields.values())} need an Explore each, got {found!r}")
        super().__init__(
            space,
            found,
            choice=technique,
            fields=fields,
            seconds=seconds,
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

    def report(self, per_dof: int = 25) -> "xr.Dataset":
        """Return mean and sigma of each field, and what a value of the best technique is worth, on a grid.

        The grid spans up to two Dofs beside the technique, the others stand in the middle.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        import xarray as xr

        model, axes = self._model(()), self._places.dofs[:2]
        middle = self._places.from_unit(np.full((1, self._places.width), 0.5))[0]
        ticks = {
            dof.name: dof.choices or tuple(dict.fromkeys(dof.decode(np.linspace(0, 1, per_dof)[:, None])))
            for dof in axes
        }
        mesh = np.meshgrid(*(np.arange(len(ticks[dof.name])) for dof in axes), indexing="ij")
        rows = [
            {**middle, **{dof.name: ticks[dof.name][i] for dof, i in zip(axes, index, strict=True)}}
            for index in zip(*(part.ravel() for part in mesh), strict=True)
        ]
        unit, shape, names = self._places.to_unit(rows), mesh[0].shape, tuple(dof.name for dof in axes)
        worth = [self._gains(model, output, unit) / cost for output, cost in enumerate(self._seconds)]
        variables: dict[str, Any] = {"score": (names, np.max(worth, axis=0).reshape(shape), {"long_name": self.rule})}
        for output, field in enumerate(self._fields.values()):
            mean, sigma = model.posterior(unit, output)
            variables[f"{field}_mean"] = (names, mean.reshape(shape), {"long_name": f"posterior mean of {field}"})
            variables[f"{field}_sigma"] = (names, sigma.reshape(shape), {"long_name": f"posterior sigma of {field}"})
        coords: dict[str, Any] = {
            dof.name: ((dof.name,), list(ticks[dof.name])) if dof in axes else ((), middle[dof.name])
            for dof in self._places.dofs
        }
        coords[self._dof.name] = ((), self._dof.choices[int(np.argmax([part.max() for part in worth]))])
        dataset = xr.Dataset(variables, coords)
        for dof in self._space.dofs:
            dataset[dof.name].attrs["units"] = dof.unit
        return dataset
