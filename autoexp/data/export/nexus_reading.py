"""An exported NeXus file as the run that it was written from."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from autoexp.data.export.nexus import ATTRIBUTES
from autoexp.data.export.stored import StoredRun, Stream
from autoexp.errors import ExportError


def read_nexus(path: str | Path) -> StoredRun:
    """Read a run back from a file that `write_nexus` wrote.

    Its ``documents()`` are what `replay` and `resume` take.

    Raises
    ------
    ExportError
        If there is no such file, or it is another's.

    Examples
    --------
    ``resume(list(read_nexus("run.nxs").documents()), agent)``
    """
    import h5py

    try:
        with h5py.File(path) as file:
            return _run(file["entry"])
    except (OSError, KeyError) as error:
        raise ExportError(f"a file must be a NeXus export of autoexp, got {str(path)!r}: {error}") from error


def _run(entry: Any) -> StoredRun:
    start, stop = (json.loads(entry[f"documents/{name}"][()]) for name in ("start", "stop"))
    return StoredRun(start, stop, dict(_streams(entry["streams"])))


def _streams(group: Any) -> Iterator[tuple[str, Stream]]:
    import xarray as xr

    for own in group.values():
        columns = dict(_column(dataset) for dataset in own.values())
        time = columns.pop("time")
        keys, told = (json.loads(own.attrs[name]) for name in ("data_keys", "configuration"))
        yield str(own.attrs["stream"]), Stream(xr.Dataset(columns, coords={"time": time}), keys, told)


def _column(dataset: Any) -> tuple[str, tuple[list[str], Any, Mapping[str, str]]]:
    words = dataset.dtype.kind == "O"
    values = dataset.asstr()[()].astype(str) if words else dataset[()]
    attrs = {name: str(dataset.attrs[name]) for name in ATTRIBUTES if name in dataset.attrs}
    return str(dataset.attrs["field"]), (json.loads(dataset.attrs["dims"]), values, attrs)
