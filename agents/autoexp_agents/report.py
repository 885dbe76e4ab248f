"""What an agent believes over the Space, for pictures and the record."""

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from autoexp.dofs import Dof, FloatArray
from autoexp.records import Point, Value
from autoexp.space import Space
from autoexp_agents.belief import Belief

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr


def slices(
    belief: Belief, space: Space, through: Point, score: "Callable[[FloatArray], FloatArray]", rule: str, per_dof: int
) -> "xr.Dataset":
    """Return mean and sigma of each field, and the score, on a grid through a point.

    The grid spans the one Dof, or the two along which the models vary most quickly; the others
    stand at `through` and are scalar coordinates. The variables are ``<field>_mean``,
    ``<field>_sigma`` and ``score``, with the Dofs' names as dimensions.
    """
    import xarray as xr

    axes = _axes(belief, space)
    ticks = {dof.name: _ticks(dof, per_dof) for dof in axes}
    mesh = np.meshgrid(*(np.arange(len(ticks[dof.name])) for dof in axes), indexing="ij")
    rows = [
        {**through, **{dof.name: ticks[dof.name][i] for dof, i in zip(axes, index, strict=True)}}
        for index in zip(*(part.ravel() for part in mesh), strict=True)
    ]
    unit, shape, names = space.to_unit(rows), mesh[0].shape, tuple(dof.name for dof in axes)
    variables = {"score": (names, score(unit).reshape(shape), {"long_name": rule})}
    for field, model in belief.models.items():
        mean, sigma = model.posterior(unit)
        variables[f"{field}_mean"] = (names, mean.reshape(shape), {"long_name": f"posterior mean of {field}"})
        variables[f"{field}_sigma"] = (names, sigma.reshape(shape), {"long_name": f"posterior sigma of {field}"})
    coords = {
        dof.name: ((dof.name,) if dof in axes else (), ticks[dof.name] if dof in axes else through[dof.name])
        for dof in space.dofs
    }
    dataset = xr.Dataset(variables, coords)
    for dof in space.dofs:
        dataset[dof.name].attrs["units"] = dof.unit
    return dataset


def _axes(belief: Belief, space: Space) -> list[Dof]:
    """Return up to two Dofs, those with the shortest length scales, in the Space's order."""
    lengths = np.min([model.parameters.lengthscales for model in belief.models.values()], axis=0)
    edges = np.cumsum([0, *(dof.width for dof in space.dofs)])
    shortest = [float(lengths[a:b].min()) for a, b in pairwise(edges)]
    chosen = sorted(np.argsort(shortest, kind="stable")[:2])
    return [space.dofs[int(index)] for index in chosen]


def _ticks(dof: Dof, per_dof: int) -> list[Value]:
    if dof.choices:
        return list(dof.choices)
    return list(dict.fromkeys(dof.decode(np.linspace(0.0, 1.0, per_dof)[:, None])))
