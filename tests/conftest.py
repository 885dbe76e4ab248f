import gc

import pytest
from bluesky import RunEngine


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
        engine.loop.call_soon_threadsafe(engine.loop.stop)
        engine._th.join()
        engine.loop.close()
    gc.collect()


@pytest.fixture
def RE(make_run_engine):
    return make_run_engine()
