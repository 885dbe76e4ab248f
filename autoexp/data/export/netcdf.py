"""A stored run as netCDF, one group to a stream; xarray reads each back."""

from pathlib import Path
from typing import TYPE_CHECKING

from autoexp.data.export.files import new_file
from autoexp.data.export.nexus import as_json, nexus_name
from autoexp.data.export.stored import StoredRun, Stream
from autoexp.documents import SIGMA
from autoexp.errors import ExportError

if TYPE_CHECKING:
    import xarray as xr


def write_netcdf(run: StoredRun, path: str | Path) -> Path:
    """Write a run as netCDF 4.

    A standard deviation is named by the ``ancillary_variables`` of what it belongs to, as the CF conventions have
    it (https://cfconventions.org, section 3.4). Truth values become 0 and 1.

    Parameters
    ----------
    run
        Adaptive or not.
    path
        Of a file that does not exist yet; ``xarray.open_dataset(path, group="primary")`` reads it.

    Raises
    ------
    ExportError
        If there is such a file, none can be written there, or h5netcdf is not installed.
    """
    try:
        import h5netcdf  # noqa: F401
    except ImportError as error:
        raise ExportError("an export to netCDF needs h5netcdf: pip install autoexp[export]") from error
    import xarray as xr

    with new_file(path) as part:
        head = xr.Dataset(attrs={"start": as_json(run.start), "stop": as_json(run.stop)})
        head.to_netcdf(part, engine="h5netcdf")
        for name, stream in run.streams.items():
            _described(stream).to_netcdf(part, mode="a", group=nexus_name(name), engine="h5netcdf")
    return Path(path)


def _described(stream: Stream) -> "xr.Dataset":
    data = stream.data.copy()
    for name in map(str, stream.data.data_vars):
        if data[name].dtype.kind == "b":
            data[name] = data[name].astype("int8").assign_attrs(data[name].attrs)
        if name + SIGMA in data:
            data[name].attrs["ancillary_variables"] = name + SIGMA
    data["time"].attrs = {"units": "seconds since 1970-01-01", "long_name": "time"}
    return data.assign_attrs(configuration=as_json(stream.configuration))
