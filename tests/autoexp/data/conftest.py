import itertools

import numpy as np
import pytest
from ophyd.sim import SynAxis, SynSignal

from autoexp.data import open_store


class Frames(SynSignal):
    """A camera whose frames stand in the event, with or without their dtype."""

    def __init__(self, *args, shape=(6, 8), typed=True, **kwargs):
        super().__init__(*args, **kwargs)
        self._shape, self._typed = shape, typed

    def describe(self):
        key = super().describe()[self.name] | {"dtype": "array", "shape": list(self._shape), "units": "counts"}
        return {self.name: key | ({"dtype_numpy": "<u2"} if self._typed else {})}


class UnitAxis(SynAxis):
    def describe(self):
        return {name: key | {"units": "mm"} for name, key in super().describe().items()}


@pytest.fixture
def motor():
    return UnitAxis(name="x")


@pytest.fixture
def det(motor):
    return SynSignal(func=lambda: 100.0 - motor.readback.get() ** 2, name="det")


@pytest.fixture
def frames():
    """Frames of numbers that only 16 bits without a sign hold, each unlike the one before."""
    count = itertools.count()
    camera = Frames(name="camera", func=lambda: np.zeros((6, 8), dtype=np.uint16))
    camera.sim_set_func(lambda: np.full((6, 8), 65000 + next(count), dtype=np.uint16))
    return camera


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def store(folder):
    with open_store(folder) as opened:
        yield opened


@pytest.fixture
def recording(RE, store):
    """A RunEngine that the store is subscribed to."""
    RE.subscribe(store)
    return RE
