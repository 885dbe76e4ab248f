import itertools
import math
import re
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from ophyd.sim import SynAxis, SynSignal

from autoexp import Dof, Maximize, Space
from autoexp.campaign import Campaign
from autoexp.data import resume
from autoexp.data.export import read_nexus, stored_run, write_nexus
from autoexp.documents import Inbox
from autoexp.errors import ExportError
from autoexp.records import Status
from autoexp_agents import SobolAgent
from autoexp_plans import adaptive_scan
from autoexp_simulators import mirrors_beamline


@pytest.fixture
def path(run, tmp_path):
    return write_nexus(run, tmp_path / "run.nxs")


def observations(documents):
    documents = list(documents)
    inbox = Inbox(Space(mirrors_beamline().dofs), documents[0][1]["autoexp"]["readbacks"])
    for item in documents:
        inbox(*item)
    return inbox.collect(), inbox.units


@pytest.mark.parametrize("command", ["nxcheck", "nxvalidate"])
@pytest.mark.parametrize("which", ["run", pytest.param("plain_run", marks=pytest.mark.slow)])
def test_the_validators_find_no_error(command, which, request, tmp_path):
    pytest.importorskip("nexusformat")
    path = write_nexus(request.getfixturevalue(which), tmp_path / "run.nxs")
    tool = Path(sys.executable).with_name(command)
    said = subprocess.run([tool, path], capture_output=True, text=True, timeout=120, check=True)
    (errors,) = re.findall(r"Total number of errors: (\d+)", said.stdout + said.stderr)
    assert errors == "0", said.stdout + said.stderr


def test_the_default_plot_has_units_and_errors(path):
    with h5py.File(path) as file:
        data = file[file.attrs["default"]]["data"]
        signal = data[data.attrs["signal"]]
        assert data.attrs["signal"] == "spot_size"
        assert signal.attrs["units"] == "px"
        assert data["spot_size_errors"].shape == data[data.attrs["axes"]].shape == signal.shape == (3,)
        assert file["entry/instrument/spot/camera_image"] == file["entry/streams/primary/camera_image"]
        assert file["entry/user_1/name"].asstr()[()] == "Ada Lovelace"


def test_import_gives_the_same_observations_to_the_bit(path, documents):
    (again, units), (before, known) = observations(read_nexus(path).documents()), observations(documents)
    assert again == before
    assert len(before) == 3
    assert units == known


def test_failed_points_are_imported_as_failed(RE, store, tmp_path):
    readings = itertools.chain([0.0, 1.0, math.nan, 2.0], itertools.repeat(None))

    def read():
        if (value := next(readings)) is None:
            raise TimeoutError("no trigger")
        return value

    motor, det = SynAxis(name="x"), SynSignal(func=read, name="det")
    campaign = Campaign(SobolAgent(Space([Dof(motor, -5, 5)]), (Maximize("det"),)), on_failure="skip", think="inline")
    RE.subscribe(store)
    (uid,) = RE(adaptive_scan([det], campaign, num=4))
    path = write_nexus(stored_run(store.run(uid)), tmp_path / "run.nxs")
    again = resume(list(read_nexus(path).documents()), devices=[motor]).observations
    assert [row.status for row in again] == [Status.OK, Status.FAILED, Status.OK, Status.FAILED]
    assert again[3].reason == "TimeoutError: no trigger"
    for found, known in zip(again, campaign.observations, strict=True):
        assert (found.point, found.sigmas, found.time) == (known.point, known.sigmas, known.time)
        assert found.values == pytest.approx(known.values, nan_ok=True, rel=0, abs=0)


@pytest.mark.parametrize("which", ["run", "plain_run"])
def test_every_stream_comes_back_as_it_was(which, request, tmp_path):
    run = request.getfixturevalue(which)
    again = read_nexus(write_nexus(run, tmp_path / "run.nxs"))
    assert again.streams.keys() == run.streams.keys()
    for name, stream in run.streams.items():
        xr.testing.assert_identical(again.streams[name].data, stream.data)
        for field, column in stream.data.variables.items():
            found = again.streams[name].data[field]
            assert found.attrs == column.attrs
            assert np.asarray(found).dtype.kind == column.dtype.kind


def test_a_file_that_exists_is_left_alone(run, path):
    before = path.read_bytes()
    with pytest.raises(ExportError, match=r"must be a new file, got '.*run\.nxs'"):
        write_nexus(run, path)
    assert path.read_bytes() == before


def test_a_file_of_another_kind(tmp_path):
    (tmp_path / "other.nxs").write_text("none")
    with pytest.raises(ExportError, match=r"must be a NeXus export of autoexp, got '.*other\.nxs'"):
        read_nexus(tmp_path / "other.nxs")
