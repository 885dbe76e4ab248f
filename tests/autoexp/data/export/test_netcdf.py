import numpy as np
import pytest
import xarray as xr

from autoexp.data.export import write_netcdf


@pytest.mark.parametrize("which", ["run", "plain_run"])
def test_values_units_and_uncertainties_come_back(which, request, tmp_path):
    pytest.importorskip("h5netcdf")
    run = request.getfixturevalue(which)
    path = write_netcdf(run, tmp_path / "run.nc")
    for name, stream in run.streams.items():
        with xr.open_dataset(path, group=name, engine="h5netcdf", decode_times=False) as found:
            for field, column in stream.data.data_vars.items():
                np.testing.assert_array_equal(found[field].values, column.values)
                assert found[field].attrs.get("units") == column.attrs.get("units")


def test_a_sigma_is_found_from_its_value(run, tmp_path):
    pytest.importorskip("h5netcdf")
    path = write_netcdf(run, tmp_path / "run.nc")
    with xr.open_dataset(path, group="primary", engine="h5netcdf") as found:
        assert found["spot_size"].attrs["ancillary_variables"] == "spot_size_sigma"
        assert found["time"].dtype.kind == "M"
