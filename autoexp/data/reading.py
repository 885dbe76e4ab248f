"""A stored stream as a labelled array with units."""

import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from autoexp.data.axes import with_axes

if TYPE_CHECKING:
    import xarray as xr

_PLANE = ("y", "x")


def read_stream(stream: Any) -> "xr.Dataset":
    """Return the events of a stream.

    Parameters
    ----------
    stream
        A stream of a run of the Tiled client.

    Returns
    -------
        Along ``time``, in seconds since the epoch. Every variable has its ``units``, if its data key
        names them; the dimensions of an array are its data key's ``dims``, ``y`` and ``x`` for a frame. A dimension
        ``dim`` of ``field`` has the coordinate that the configuration holds as ``field_dim``, and that name where
        another field has a ``dim`` of its own.
    """
    import dask
    import xarray as xr

    keys: Mapping[str, Mapping[str, Any]] = stream.metadata.get("data_keys", {})
    with warnings.catch_warnings(), dask.config.set(scheduler="synchronous"):
        warnings.filterwarnings("ignore", message="Duplicate dimension names present")
        found = stream.read()
        variables = {str(name): _variable(str(name), found[name], keys.get(str(name), {})) for name in found.data_vars}
        rows = _measured_last(stream["seq_num"].read())
    time = ("time", found["time"].values, {"units": "s", "long_name": "seconds since the epoch"})
    named, axes = with_axes(variables, stream.metadata.get("configuration", {}))
    return xr.Dataset(named, coords={"time": time, **axes}).isel(time=rows)


def _measured_last(seq_nums: Iterable[int]) -> list[int]:
    """Return the rows to keep: a point that was rewound and measured again counts as measured last."""
    last = {int(seq_num): row for row, seq_num in enumerate(seq_nums)}
    return [last[seq_num] for seq_num in sorted(last)]


def _variable(name: str, found: "xr.DataArray", key: Mapping[str, Any]) -> tuple[tuple[str, ...], Any, dict[str, str]]:
    attrs = {"units": str(key["units"])} if key.get("units") else {}
    return _dims(name, key, found.ndim), found.values, attrs


def _dims(name: str, key: Mapping[str, Any], ndim: int) -> tuple[str, ...]:
    named = tuple(str(dim) for dim in key.get("dims") or ())
    if len(named) == ndim - 1:
        return ("time", *named)
    plane = _PLANE if ndim == len(_PLANE) + 1 else tuple(f"{name}_dim_{axis}" for axis in range(ndim - 1))
    return ("time", *plane)
