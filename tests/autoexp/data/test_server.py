"""The archive behind a real Tiled server that comes and goes."""

import importlib.util
import time
from pathlib import Path

import dask
import numpy as np
import pytest
from bluesky.plan_stubs import trigger_and_read
from bluesky.plans import count
from bluesky.preprocessors import run_decorator

from autoexp.data import open_store
from autoexp.errors import StoreError, StoreWarning

_POINT_LIMIT = 2.0
"""Seconds that a point may take; Tiled's client alone would wait 45 and more for a server that is away."""


def _tiled_server():
    spec = importlib.util.spec_from_file_location("tiled_server", Path(__file__).parent / "tiled_server.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.TiledServer


@pytest.fixture
def server(tmp_path):
    server = _tiled_server()(tmp_path / "server")
    yield server
    server.kill()


def connect(folder, server):
    return open_store(folder, server=server.uri, api_key=server.key)


@pytest.fixture
def archived(server):
    """What a fresh client finds, apart from any store: the start uids, and a stream's column."""
    from tiled.client import from_uri

    clients = []

    def read(uid, column):
        client = from_uri(server.uri, api_key=server.key)
        clients.append(client)
        run = client[uid]
        with dask.config.set(scheduler="synchronous"):
            values = run["primary"].base["internal"].read()[column].to_numpy()
        return list(client), run.metadata["stop"], values

    yield read
    for client in clients:
        client.context.close()


@pytest.fixture
def numbers():
    from ophyd.sim import SynSignal

    number = iter(range(10**6))
    return SynSignal(name="number", func=lambda: next(number))


@pytest.mark.slow
def test_a_server_killed_and_restarted_in_a_run_has_every_event_once(RE, folder, server, numbers, archived):
    points = []

    def measure(enough):
        while not enough():
            began = time.perf_counter()
            yield from trigger_and_read([numbers])
            points.append(time.perf_counter() - began)

    @run_decorator()
    def plan():
        yield from measure(lambda: len(points) == 45)
        store.flush()
        yield from measure(lambda: len(points) == 50)
        server.kill()
        yield from measure(lambda: len(points) == 95)
        server.begin()
        yield from measure(server.answers)
        alone.append(len(points))
        yield from measure(lambda: len(points) == alone[0] + 45)

    alone = []
    server.start()
    with connect(folder, server) as store:
        token = RE.subscribe(store)
        (uid,) = RE(plan())
        RE.unsubscribe(token)
        assert max(points) < _POINT_LIMIT
        np.testing.assert_array_equal(store.read(uid)["number"], 1 + np.arange(len(points)))
        assert len(store.documents(uid)) == len(points) + 3
    runs, stop, column = archived(uid, "number")
    assert (runs, stop["exit_status"]) == ([uid], "success")
    np.testing.assert_array_equal(column, 1 + np.arange(len(points)))


@pytest.mark.slow
def test_a_server_gets_the_runs_from_before_it_answered(RE, folder, server, numbers, frames, archived, monkeypatch):
    with open_store(folder) as store:
        token = RE.subscribe(store)
        (embedded,) = RE(count([frames], 3))
        RE.unsubscribe(token)
    with pytest.warns(StoreWarning, match=f"{embedded}' is safe"), pytest.warns(StoreWarning, match=r"must answer .*"):
        store = connect(folder, server)
    token = RE.subscribe(store)
    (uid,) = RE(count([numbers], 25))
    RE.unsubscribe(token)
    assert [name for name, _ in store.documents(uid)].count("event") == 25
    with pytest.raises(StoreError, match="the Tiled server must answer"):
        store.read(uid)
    with pytest.warns(StoreWarning, match=f"run '{uid}' is safe on disk but not yet in the archive"):
        store.close()
    server.start()
    with pytest.raises(StoreError, match="a Tiled server that knows the key, got "):
        open_store(folder, server=server.uri, api_key="wrong")
    monkeypatch.setenv("AUTOEXP_TILED_URI", server.uri)
    monkeypatch.setenv("TILED_API_KEY", server.key)
    with open_store(folder) as store:
        assert str(store.catalog.context.api_uri).startswith(server.uri)
        assert {(row.uid, row.status) for row in store.runs()} == {(embedded, "success"), (uid, "success")}
        camera = store.read(embedded)["camera"]
        assert (camera.dtype, camera.shape) == (np.uint16, (3, 6, 8))
        assert next(iter(store.run(uid).documents()))[0] == "start"
    np.testing.assert_array_equal(archived(uid, "number")[2], 1 + np.arange(25))
