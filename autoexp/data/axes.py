"""The coordinates of reduced arrays, which stand in a stream's configuration."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Variable = tuple[tuple[str, ...], Any, dict[str, str]]
"""Dimensions, values and attributes."""

_SIGMA = "_sigma"


def with_axes(
    variables: Mapping[str, Variable], configuration: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, Variable], dict[str, Variable]]:
    """Return variables with dimensions that can stand in one dataset, and the coordinates along them.

    Parameters
    ----------
    variables
        By field; the first dimension is ``time``.
    configuration
        Of the stream, by device; it holds the axis of ``field`` along ``dim`` as ``field_dim``.
    """
    axes = dict(_axes(configuration))
    owners: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for name, (dims, values, _) in variables.items():
        for dim, length in zip(dims[1:], np.shape(values)[1:], strict=True):
            owners[dim].append((length, f"{name.removesuffix(_SIGMA)}_{dim}"))
    shared = {dim for dim, found in owners.items() if _agree(found, axes)}
    named, coordinates = dict[str, Variable](), dict[str, Variable]()
    for name, (dims, values, attrs) in variables.items():
        labels = [dim if dim in shared else f"{name.removesuffix(_SIGMA)}_{dim}" for dim in dims[1:]]
        named[name] = ((dims[0], *labels), values, attrs)
        for dim, label, length in zip(dims[1:], labels, np.shape(values)[1:], strict=True):
            axis = axes.get(f"{name.removesuffix(_SIGMA)}_{dim}")
            if axis is not None and len(axis[0]) == length:
                coordinates[label] = ((label,), *axis)
    return named, coordinates


def _axes(configuration: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, tuple[NDArray[Any], dict[str, str]]]]:
    for device in configuration.values():
        keys = device.get("data_keys", {})
        for name, values in device.get("data", {}).items():
            if np.ndim(values) == 1:
                units = keys.get(name, {}).get("units")
                yield name, (np.asarray(values), {"units": str(units)} if units else {})


def _agree(found: list[tuple[int, str]], axes: Mapping[str, tuple[NDArray[Any], dict[str, str]]]) -> bool:
    """Return whether all fields with a dimension of one name have the same one, as far as they say."""
    known = [axes[name][0] for _, name in found if name in axes]
    return len({length for length, _ in found}) == 1 and all(np.array_equal(each, known[0]) for each in known)
