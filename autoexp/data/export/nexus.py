"""A stored run as a NeXus file: https://manual.nexusformat.org, definitions v2026.01."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from autoexp.data.export.files import new_file
from autoexp.data.export.plot import DefaultPlot, default_plot
from autoexp.data.export.stored import PRIMARY, StoredRun, Stream
from autoexp.documents import DECISIONS, SIGMA

DEFINITION = "NXsensor_scan"
"""The application definition that asks no more than what any scan of devices has."""

ATTRIBUTES = ("units", "long_name")
"""What is kept of what an array says of itself."""

_URL = "https://autoexp.readthedocs.io"
_UNKNOWN = "not recorded"


def write_nexus(run: StoredRun, path: str | Path) -> Path:
    """Write a run as a NeXus/HDF5 file.

    Every stream stands under ``/entry/streams`` as it was recorded; the groups that NeXus names link to it, so
    that nothing is there twice. Standard deviations are the ``_errors`` of what they belong to.

    Parameters
    ----------
    run
        Adaptive or not.
    path
        Of a file that does not exist yet.

    Returns
    -------
        The path.

    Raises
    ------
    ExportError
        If there is such a file, or none can be written there.
    """
    import h5py

    with new_file(path) as part, h5py.File(part, "w") as file:
        file.attrs["default"] = "entry"
        file.attrs["NX_class"] = "NXroot"
        _write_entry(_group(file, "entry", "NXentry"), run)
    return Path(path)


def _write_entry(entry: Any, run: StoredRun) -> None:
    plot = default_plot(run)
    _write_head(entry, run)
    _write_streams(_group(entry, "streams", "NXcollection"), run)
    _write_users(entry, run.start)
    _write_sample(_group(entry, "sample", "NXsample"), run.start)
    _write_instrument(_group(entry, "instrument", "NXinstrument"), run)
    _write_process(entry, "acquisition", str(run.start.get("plan_name", "")), dict(run.start.get("plan_args") or {}))
    _write_reductions(entry, run)
    _write_decisions(entry, run)
    if plot is not None:
        _write_plot(entry, plot)


def _write_head(entry: Any, run: StoredRun) -> None:
    start, stop = run.start, run.stop
    entry["title"] = str(start.get("title") or start.get("plan_name") or run.uid)
    entry["definition"] = DEFINITION
    entry["definition"].attrs["version"] = "v2026.01"
    entry["entry_identifier_uuid"] = run.uid
    entry["start_time"] = _iso(start["time"])
    if stop:
        entry["end_time"] = _iso(stop["time"])
    entry["program_name"] = "autoexp"
    entry["program_name"].attrs["version"] = version("autoexp")
    record = _group(entry, "documents", "NXcollection")
    record["start"] = as_json(start)
    record["stop"] = as_json(stop)


def _write_streams(group: Any, run: StoredRun) -> None:
    for name, stream in run.streams.items():
        own = _group(group, nexus_name(name), "NXcollection")
        own.attrs["stream"] = name
        own.attrs["data_keys"] = as_json(stream.keys)
        own.attrs["configuration"] = as_json(stream.configuration)
        for field in stream.data.variables:
            _write_column(own, str(field), stream.data[field])


def _write_column(group: Any, field: str, column: Any) -> None:
    import h5py

    values = column.values
    if values.dtype.kind in "OU":
        made = group.create_dataset(nexus_name(field), data=values.astype(object), dtype=h5py.string_dtype())
    else:
        framed = {"compression": "gzip", "compression_opts": 1, "chunks": (1, *values.shape[1:])}
        made = group.create_dataset(nexus_name(field), data=values, **(framed if values.ndim > 2 else {}))
    made.attrs["field"] = field
    made.attrs["dims"] = json.dumps([str(dim) for dim in column.dims])
    made.attrs["target"] = made.name
    made.attrs.update({name: value for name, value in column.attrs.items() if name in ATTRIBUTES})


def _write_users(entry: Any, start: Mapping[str, Any]) -> None:
    people = people_of(start) or [{"name": _UNKNOWN}]
    for number, person in enumerate(people, 1):
        user = _group(entry, f"user_{number}", "NXuser")
        user["name"] = str(person.get("name") or _UNKNOWN)
        _write_words(user, person, {"email": "email", "role": "role", "orcid": "ORCID", "affiliation": "affiliation"})


def people_of(start: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return who took part, as the start document says it in one way or another."""
    told = start.get("people") or start.get("operator") or start.get("user") or []
    listed = told if isinstance(told, list | tuple) else [told]
    return [person if isinstance(person, Mapping) else {"name": str(person)} for person in listed]


def _write_sample(group: Any, start: Mapping[str, Any]) -> None:
    told = start.get("sample")
    sample = told if isinstance(told, Mapping) else {"name": told}
    group["name"] = str(sample.get("name") or start.get("sample_name") or _UNKNOWN)
    words = {"composition": "chemical_formula", "preparation": "description", "identifier": "identifier_sample"}
    _write_words(group, sample, words)


def _write_instrument(group: Any, run: StoredRun) -> None:
    told = run.start.get("instrument")
    instrument = told if isinstance(told, Mapping) else {"name": told or run.start.get("beamline_id")}
    group["name"] = str(instrument.get("name") or _UNKNOWN)
    primary = run.streams.get(PRIMARY)
    if primary is None:
        return
    for device in run.start.get("detectors", ()):
        _write_detector(_group(group, nexus_name(device), "NXdetector"), device, primary)
    for device in run.start.get("motors", ()):
        _write_positioner(_group(group, nexus_name(device), "NXpositioner"), device, primary)


def _write_detector(group: Any, device: str, stream: Stream) -> None:
    group["local_name"] = device
    for field in _fields(stream, device):
        _link(group, _errors_name(field, stream), field)


def _write_positioner(group: Any, device: str, stream: Stream) -> None:
    group["name"] = device
    fields = _fields(stream, device)
    for field in fields:
        target = {device: "value", f"{device}_setpoint": "target_value"}.get(field, nexus_name(field))
        _link(group, target, field)
    if fields and "value" not in group:
        _link(group, "value", fields[0])


def _fields(stream: Stream, device: str) -> list[str]:
    return [name for name, key in stream.keys.items() if key.get("object_name") == device and name in stream.data]


def _errors_name(field: str, stream: Stream) -> str:
    base = field.removesuffix(SIGMA)
    return nexus_name(f"{base}_errors" if base != field and base in stream.data else field)


def _write_reductions(entry: Any, run: StoredRun) -> None:
    primary = run.streams.get(PRIMARY)
    for device, told in (primary.configuration if primary else {}).items():
        if f"{device}_reducer" in told:
            settings = {key.removeprefix(f"{device}_"): value for key, value in told.items()}
            _write_process(entry, f"reduction_{nexus_name(device)}", str(told[f"{device}_reducer"]), settings)


def _write_decisions(entry: Any, run: StoredRun) -> None:
    settings, stream = run.start.get("autoexp"), run.streams.get(DECISIONS)
    if settings is None or stream is None:
        return
    group = _write_process(entry, DECISIONS, str(settings["agent"]["name"]), dict(settings["agent"]))
    columns = [str(name) for name, column in stream.data.data_vars.items() if column.dtype.kind in "if"]
    signal = "score" if "score" in columns else columns[0]
    data = _group(group, "data", "NXdata")
    data.attrs["signal"], data.attrs["axes"] = signal, "time"
    for name in ("time", *columns):
        _link(data, nexus_name(name), name, DECISIONS)


def _write_process(entry: Any, name: str, what: str, settings: Mapping[str, Any]) -> Any:
    group = _group(entry, name, "NXprocess")
    group["program"] = "autoexp"
    group["program"].attrs["version"] = version("autoexp")
    group["program"].attrs["program_url"] = _URL
    group["version"] = version("autoexp")
    parameters = _group(group, "parameters", "NXparameters")
    for key, value in {"name": what, **settings}.items():
        parameters[nexus_name(key)] = value if isinstance(value, str | int | float) else json.dumps(value, default=str)
    return group


def _write_plot(entry: Any, plot: DefaultPlot) -> None:
    entry.attrs["default"] = "data"
    data = _group(entry, "data", "NXdata")
    data.attrs["signal"] = nexus_name(plot.signal)
    data.attrs["axes"] = nexus_name(plot.axis)
    for field in dict.fromkeys((plot.signal, plot.axis, *plot.others)):
        _link(data, nexus_name(field), field)
    for field in (plot.axis, *plot.others):
        data.attrs[f"{nexus_name(field)}_indices"] = 0
    if plot.sigma:
        _link(data, f"{nexus_name(plot.signal)}_errors", plot.sigma)


def _link(group: Any, name: str, field: str, stream: str = PRIMARY) -> None:
    if name not in group:
        group[name] = group.file[f"/entry/streams/{stream}/{nexus_name(field)}"]


def _group(parent: Any, name: str, kind: str) -> Any:
    group = parent.create_group(name)
    group.attrs["NX_class"] = kind
    return group


def _write_words(group: Any, told: Mapping[str, Any], names: Mapping[str, str]) -> None:
    for key, name in names.items():
        if told.get(key):
            value = told[key]
            group[name] = str(value.get("name", value) if isinstance(value, Mapping) else value)


def as_json(told: Any) -> str:
    """Return what a document says as JSON; numbers keep every bit."""
    return json.dumps(told, default=_listed)


def nexus_name(name: str) -> str:
    """Return a name in the letters that NeXus allows."""
    return re.sub(r"[^A-Za-z0-9_]", "_", name)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(float(seconds), UTC).isoformat()


def _listed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else list(value)
