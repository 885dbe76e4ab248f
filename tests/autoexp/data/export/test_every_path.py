"""Values, sigmas and units from the event through archive, xarray, NeXus and netCDF and back: nothing changes."""

import itertools
import math
import uuid

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autoexp.data import open_store
from autoexp.data.export import read_nexus, stored_run, write_netcdf, write_nexus

UNITS = ["mm", "urad", "1/Å", "°", "keV", "counts/s", "", "µm", "K"]
numbers = st.floats(allow_nan=False, allow_infinity=False)
sigmas = st.one_of(st.floats(0.0, 1e300), st.just(math.nan))
fields = st.lists(
    st.tuples(st.sampled_from(UNITS), st.lists(st.tuples(numbers, sigmas), min_size=3, max_size=3)),
    min_size=1,
    max_size=3,
)
count = itertools.count()


def documents(drawn):
    """A run of three events with a value and its sigma for each field drawn."""
    run, stream = str(uuid.uuid4()), str(uuid.uuid4())
    key = {"source": "drawn", "dtype": "number", "dtype_numpy": "<f8", "shape": []}
    keys = {}
    for number, (unit, _) in enumerate(drawn):
        keys[f"f{number}"] = keys[f"f{number}_sigma"] = key | {"units": unit}
    yield "start", {"uid": run, "time": 1.7e9, "plan_name": "drawn"}
    yield (
        "descriptor",
        {
            "uid": stream,
            "run_start": run,
            "time": 1.7e9,
            "name": "primary",
            "data_keys": keys,
            "configuration": {},
            "hints": {},
            "object_keys": {"drawn": list(keys)},
        },
    )
    for row in range(3):
        data = {}
        for number, (_, pairs) in enumerate(drawn):
            data[f"f{number}"], data[f"f{number}_sigma"] = pairs[row]
        time = 1.7e9 + 1.25 * row
        stamps = dict.fromkeys(data, time)
        event = {"uid": str(uuid.uuid4()), "descriptor": stream, "seq_num": row + 1, "time": time}
        yield "event", event | {"data": data, "timestamps": stamps, "filled": {}}
    stop = {"uid": str(uuid.uuid4()), "run_start": run, "time": 1.7e9 + 9, "exit_status": "success"}
    yield "stop", stop | {"num_events": {"primary": 3}}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with open_store(tmp_path_factory.mktemp("every-path") / "store") as opened:
        yield opened


def check(drawn, data):
    for number, (unit, pairs) in enumerate(drawn):
        for name, column in ((f"f{number}", 0), (f"f{number}_sigma", 1)):
            np.testing.assert_array_equal(data[name].values, [pair[column] for pair in pairs])
            assert data[name].attrs.get("units", "") == unit


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=fields)
def test_nothing_changes_on_any_path(store, tmp_path, drawn):
    pytest.importorskip("h5netcdf")
    made = list(documents(drawn))
    for name, document in made:
        store(name, document)
    uid = made[0][1]["uid"]
    check(drawn, store.read(uid))
    run, folder = stored_run(store.run(uid)), tmp_path / str(next(count))
    folder.mkdir()
    again = read_nexus(write_nexus(run, folder / "run.nxs"))
    check(drawn, again.streams["primary"].data)
    with xr.open_dataset(write_netcdf(run, folder / "run.nc"), group="primary", engine="h5netcdf") as found:
        check(drawn, found)
    events = [document["data"] for name, document in again.documents() if name == "event"]
    for before, after in zip((document["data"] for name, document in made if name == "event"), events, strict=True):
        assert before.keys() == after.keys()
        np.testing.assert_array_equal([before[name] for name in before], [after[name] for name in before])
    assert [document["time"] for name, document in again.documents() if name == "event"] == [
        document["time"] for name, document in made if name == "event"
    ]
