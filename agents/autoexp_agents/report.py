"""What an agent believes over the Space, and how healthy its models are, for pictures and the record."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

import numpy as np

from autoexp.acquisition.search import Candidates
from autoexp.dofs import Dof, FloatArray
from autoexp.objectives import Objective
from autoexp.records import Point, Value
from autoexp.space import Space
from autoexp.surrogates.fitting import LENGTHSCALES
from autoexp.surrogates.kernels import PROFILES
from autoexp_agents.belief import Belief, best, learn, lengths_of
from autoexp_agents.memory import Memory

if TYPE_CHECKING:
    import xarray as xr

Posterior = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""Points of the unit cube, shape ``(m, d)``, to mean and standard deviation, ``(m,)`` each."""

_WITHIN = 1.959964
_AT_BOUND = 1.01


class Fitted(Protocol):
    """Hyper-parameters of a model."""

    @property
    def lengthscales(self) -> tuple[float, ...]:
        """One per coordinate of the unit cube."""


def slices(
    belief: Belief, space: Space, through: Point, score: Callable[[FloatArray], FloatArray], rule: str, per_dof: int
) -> "xr.Dataset":
    """Return mean and sigma of each field, and the score, on a grid through a point; and the models' health.

    The grid spans the one Dof, or the two along which the models vary most quickly; the others
    stand at `through` and are scalar coordinates. See `pictured` and `health`.
    """
    axes = shortest(space, [model.parameters for model in belief.models.values()])
    posteriors = {field: partial(belief.posterior, field) for field in belief.models}
    return pictured(space, axes, through, posteriors, score, rule, per_dof).merge(health(belief, space))


def unguided(
    memory: Memory, candidates: Candidates, objectives: Sequence[Objective], rule: str, per_dof: int
) -> "xr.Dataset":
    """Return what a model of everything seen believes around the best point, for an agent that chooses by none.

    Raises
    ------
    AutoexpError
        If nothing usable was measured.
    """
    belief = learn(memory.all_data(), {}, lengths=lengths_of(memory.space))
    through = best(belief, objectives, candidates, memory.units).point
    return slices(belief, memory.space, through, lambda unit: np.full(len(unit), np.nan), rule, per_dof)


def pictured(
    space: Space,
    axes: Sequence[Dof],
    through: Point,
    posteriors: Mapping[str, Posterior],
    score: Callable[[FloatArray], FloatArray],
    rule: str,
    per_dof: int,
) -> "xr.Dataset":
    """Return mean and sigma of each field, and the score, on a grid along one or two Dofs through a point.

    The variables are ``<field>_mean``, ``<field>_sigma`` and ``score``, with the Dofs' names as dimensions.
    """
    import xarray as xr

    ticks = {dof.name: _ticks(dof, per_dof) for dof in axes}
    mesh = np.meshgrid(*(np.arange(len(ticks[dof.name])) for dof in axes), indexing="ij")
    rows = [
        {**through, **{dof.name: ticks[dof.name][i] for dof, i in zip(axes, index, strict=True)}}
        for index in zip(*(part.ravel() for part in mesh), strict=True)
    ]
    unit, shape, names = space.to_unit(rows), mesh[0].shape, tuple(dof.name for dof in axes)
    variables = {"score": (names, score(unit).reshape(shape), {"long_name": rule})}
    for field, posterior in posteriors.items():
        mean, sigma = posterior(unit)
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


def health(belief: Belief, space: Space, *more: str) -> "xr.Dataset":
    """Return the hyper-parameters of each field's model, and how well it predicts what it was not told.

    ``<field>_lengthscale`` and ``<field>_at_bound`` have a value for each coordinate of the unit cube, unless the
    kernel is one of GPyTorch, which has length scales of its own; ``<field>_amplitude`` and ``<field>_noise`` are
    standard deviations in the field's unit; see `predictive` for the rest.

    Parameters
    ----------
    belief
        The models.
    space
        Whose coordinates they have.
    more
        Names of further coordinates, after those of the Space.
    """
    import xarray as xr

    parts = []
    for field, model in belief.models.items():
        found = model.parameters
        sizes = {"amplitude": found.variance**0.5 * found.scale, "noise": found.noise**0.5 * found.scale}
        parts += [spreads(field, sizes), predictive(field, model.left_out())]
        if found.profile in PROFILES:
            parts.append(lengths(field, found, space, *more))
    return xr.merge(parts)


def lengths(field: str, found: Fitted, space: Space, *more: str) -> "xr.Dataset":
    """Return length scales in the unit cube, and whether each lies at a bound of the fit, where it means nothing."""
    import xarray as xr

    scales = np.array(found.lengthscales)
    at_bound = (scales <= LENGTHSCALES[0] * _AT_BOUND) | (scales >= LENGTHSCALES[1] / _AT_BOUND)
    return xr.Dataset(
        {
            f"{field}_lengthscale": ("coordinate", scales, {"long_name": f"length scale of {field} in the unit cube"}),
            f"{field}_at_bound": ("coordinate", at_bound, {"long_name": "whether the fit ended at a bound"}),
        },
        {"coordinate": [*_coordinates(space), *more]},
    )


def spreads(field: str, sizes: Mapping[str, float]) -> "xr.Dataset":
    """Return standard deviations of a field's model, in the field's unit, by their names."""
    import xarray as xr

    return xr.Dataset(
        {f"{field}_{name}": ((), size, {"long_name": f"{name} of {field}"}) for name, size in sizes.items()}
    )


def predictive(field: str, residuals: FloatArray) -> "xr.Dataset":
    """Return a field's leave-one-out residuals, and how many of them are as small as they should be.

    ``<field>_residual`` counts in standard deviations of what the other values predict; ``<field>_coverage`` is the
    share within 1.96 of them, which is 0.95 for a model that is right about its errors.
    """
    import xarray as xr

    long_name = f"leave-one-out residual of {field}, in standard deviations"
    coverage = float(np.mean(np.abs(residuals) <= _WITHIN)) if len(residuals) else float("nan")
    return xr.Dataset(
        {
            f"{field}_residual": (f"{field}_observation", residuals, {"long_name": long_name}),
            f"{field}_coverage": ((), coverage, {"long_name": "share of residuals within 95 % limits"}),
        }
    )


def shortest(space: Space, found: Sequence[Fitted]) -> list[Dof]:
    """Return up to two Dofs, those with the shortest length scales, in the Space's order."""
    scales = np.min([parameters.lengthscales for parameters in found], axis=0)
    edges = np.cumsum([0, *(dof.width for dof in space.dofs)])
    of_dof = [float(scales[a:b].min()) for a, b in pairwise(edges)]
    chosen = sorted(np.argsort(of_dof, kind="stable")[:2])
    return [space.dofs[int(index)] for index in chosen]


def _coordinates(space: Space) -> list[str]:
    """Return a name for each coordinate of the unit cube: of a Dof, or of one of its words."""
    names = list[str]()
    for dof in space.dofs:
        names += [f"{dof.name}={choice}" for choice in dof.choices] if dof.categorical else [dof.name]
    return names


def _ticks(dof: Dof, per_dof: int) -> list[Value]:
    if dof.choices:
        return list(dof.choices)
    return list(dict.fromkeys(dof.decode(np.linspace(0.0, 1.0, per_dof)[:, None])))
