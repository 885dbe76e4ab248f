"""Observations as an ``xarray.Dataset``."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autoexp.records import Observation, Suggestion
from autoexp.space import Space

if TYPE_CHECKING:
    import xarray as xr


def observations_dataset(
    observations: Sequence[Observation], suggestions: Sequence[Suggestion], space: Space, units: Mapping[str, str]
) -> "xr.Dataset":
    """Return one row for each observation.

    Parameters
    ----------
    observations, suggestions
        What was measured, and what had been asked.
    space
        The Dofs; read-back positions become coordinates along ``observation``.
    units
        Field name to unit.

    Returns
    -------
        Variables: each field and ``<field>_sigma``, ``status``, ``reason``, ``source``,
        ``suggestion_id``, ``run`` and ``time`` in seconds of beam time.
    """
    import xarray as xr

    sources = {suggestion.id: str(suggestion.why.source) for suggestion in suggestions}
    columns: dict[str, Any] = {}
    for name in dict.fromkeys(name for observation in observations for name in observation.values):
        columns[name] = _variable([row.values.get(name, np.nan) for row in observations], units.get(name, ""))
    for name in dict.fromkeys(name for observation in observations for name in observation.sigmas):
        columns[f"{name}_sigma"] = _variable(
            [row.sigmas.get(name, np.nan) for row in observations], units.get(name, "")
        )
    columns["status"] = _variable([str(row.status) for row in observations])
    columns["reason"] = _variable([row.reason for row in observations])
    columns["source"] = _variable([sources.get(row.suggestion_id or "", "") for row in observations])
    columns["suggestion_id"] = _variable([row.suggestion_id or "" for row in observations])
    columns["run"] = _variable([row.run for row in observations])
    columns["time"] = _variable([row.time for row in observations], "s")
    positions = {dof.name: _variable([row.point[dof.name] for row in observations], dof.unit) for dof in space.dofs}
    return xr.Dataset(columns, coords=positions)


def _variable(values: Sequence[Any], unit: str = "") -> tuple[str, Any, dict[str, str]]:
    return "observation", np.asarray(values), {"units": unit} if unit else {}
