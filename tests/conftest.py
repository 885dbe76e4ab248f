"""What all tests share: engines that leave nothing behind, PVAccess on the loopback, settings of hypothesis."""

import asyncio
import gc
import socket
import sys
import threading
import time

import pytest
from bluesky import RunEngine
from hypothesis import settings

settings.register_profile("autoexp", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("autoexp")

_GRACE = 10.0
"""Seconds in which a thread that was told to end may do so."""

_LASTING = ("tqdm_monitor", "fsspecIO", "metadata", "monitor", "get_put", "util", "debug_monitor")
"""Beginnings of the names of threads that libraries (the last five: ophyd's) keep for the life of the process."""


@pytest.fixture(autouse=True)
def no_thread_left():
    """Fail a test that leaves a thread behind."""
    before = set(threading.enumerate())
    yield
    left = _left(before)
    if left:
        _end_pools()
        gc.collect()
    deadline = time.monotonic() + _GRACE
    for thread in left:
        thread.join(max(0.0, deadline - time.monotonic()))
    names = [thread.name for thread in _left(before)]
    assert not names, f"a test must end the threads that it began, got {names}"


def _end_pools():
    """End the threads that zarr and dask keep for all arrays; they begin new ones when they need them."""
    sync, threaded = sys.modules.get("zarr.core.sync"), sys.modules.get("dask.threaded")
    if sync is not None and sync.loop[0] is not None:
        asyncio.run_coroutine_threadsafe(sync.loop[0].shutdown_default_executor(), sync.loop[0]).result(_GRACE)
        sync.cleanup_resources()
    if threaded is not None and threaded.default_pool is not None:
        threaded.default_pool.shutdown()
        threaded.default_pool = None


def _left(before):
    now = set(threading.enumerate()) - before - {threading.current_thread()}
    return [thread for thread in now if not thread.name.startswith(_LASTING)]


@pytest.fixture
def pva_settings():
    """Return what servers and clients of PVAccess need to find each other, and nobody else, on this machine."""
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        udp.bind(("127.0.0.1", 0))
        ports = tcp.getsockname()[1], udp.getsockname()[1]
    return {
        "EPICS_PVAS_INTF_ADDR_LIST": "127.0.0.1",
        "EPICS_PVAS_SERVER_PORT": str(ports[0]),
        "EPICS_PVAS_BROADCAST_PORT": str(ports[1]),
        "EPICS_PVA_ADDR_LIST": "127.0.0.1",
        "EPICS_PVA_AUTO_ADDR_LIST": "NO",
        "EPICS_PVA_BROADCAST_PORT": str(ports[1]),
    }


@pytest.fixture
def make_run_engine():
    """A RunEngine factory whose engines leave no thread and no loop behind."""
    engines = []

    def make(**kwargs):
        engine = RunEngine({}, context_managers=[], **kwargs)
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        if engine.state not in ("idle", "panicked"):
            engine.halt()
        engine.loop.call_soon_threadsafe(engine.loop.stop)
        engine._th.join()
        engine.loop.run_until_complete(engine.loop.shutdown_default_executor())
        engine.loop.close()
    gc.collect()


@pytest.fixture
def RE(make_run_engine):
    return make_run_engine()
