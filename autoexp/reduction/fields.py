"""Reduced values as a Bluesky device tells them: readings, data keys, settings and axes by field name."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from autoexp.protocols import Describes, Reducer
from autoexp.reduction.records import Axis, FloatArray, Reduced

Documents = dict[str, dict[str, Any]]
"""Readings, or data keys, by field."""

Values = Mapping[str, Reduced]


def readings(name: str, values: Values, timestamp: float) -> Documents:
    """Return ``{name}_{field}``, its ``_sigma``, and ``{name}_flags`` as event-model readings."""
    stamp: dict[str, Any] = {"timestamp": timestamp}
    found: Documents = {}
    flags = 0
    for field, reduced in values.items():
        found[f"{name}_{field}"] = {"value": _plain(reduced.value)} | stamp
        found[f"{name}_{field}_sigma"] = {"value": _plain(reduced.sigma)} | stamp
        flags |= int(reduced.flags)
    return found | {f"{name}_flags": {"value": flags} | stamp}


def data_keys(name: str, values: Values, reducer: Reducer[Any]) -> Documents:
    """Return the data keys of `readings`."""
    keys: Documents = {}
    for field, reduced in values.items():
        for suffix in ("", "_sigma"):
            keys[f"{name}_{field}{suffix}"] = _array_key(reducer, reduced.value, reduced.unit, reduced.dims)
    flags = {"source": _origin(reducer), "dtype": "integer", "dtype_numpy": "<i8", "shape": [], "units": ""}
    return keys | {f"{name}_flags": flags}


def configuration(name: str, values: Values, settings: Mapping[str, str | int], timestamp: float) -> Documents:
    """Return settings, and the axes of reduced arrays, as event-model readings."""
    stamp: dict[str, Any] = {"timestamp": timestamp}
    told: Documents = {f"{name}_{key}": {"value": value} | stamp for key, value in settings.items()}
    return told | {key: {"value": axis.values} | stamp for key, axis in _axes(name, values)}


def configuration_keys(
    name: str, values: Values, settings: Mapping[str, str | int], reducer: Reducer[Any]
) -> Documents:
    """Return the data keys of `configuration`."""
    keys = {f"{name}_{key}": _setting_key(reducer, value) for key, value in settings.items()}
    return keys | {key: _array_key(reducer, axis.values, axis.unit) for key, axis in _axes(name, values)}


def reducer_settings(reducer: Reducer[Any]) -> dict[str, str | int]:
    """Return the reducer's name and its settings as JSON."""
    told = dict(reducer.settings()) if isinstance(reducer, Describes) else {}
    return {"reducer": type(reducer).__name__, "settings": json.dumps(told)}


def numbers(name: str, values: Values) -> list[str]:
    """Return the fields that are numbers, and so worth plotting."""
    return [f"{name}_{field}" for field, reduced in values.items() if not reduced.dims]


def _origin(reducer: Reducer[Any]) -> str:
    return f"reducer:{type(reducer).__name__}"


def _array_key(
    reducer: Reducer[Any], value: FloatArray, unit: str, dims: tuple[str, ...] | None = None
) -> dict[str, Any]:
    key = {"source": _origin(reducer), "dtype": "array" if value.ndim else "number", "dtype_numpy": "<f8"}
    return key | {"shape": list(value.shape), "units": unit} | ({"dims": list(dims)} if dims else {})


def _setting_key(reducer: Reducer[Any], value: str | int) -> dict[str, Any]:
    return {"source": _origin(reducer), "dtype": "string" if isinstance(value, str) else "integer", "shape": []}


def _axes(name: str, values: Values) -> Iterator[tuple[str, Axis]]:
    for field, reduced in values.items():
        for dim, axis in reduced.axes.items():
            yield f"{name}_{field}_{dim}", axis


def _plain(value: FloatArray) -> float | FloatArray:
    return value if value.ndim else float(value)
