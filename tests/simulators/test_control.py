"""Each Scene's devices in both libraries."""

import asyncio
from importlib.metadata import entry_points

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
import numpy as np
import pytest

from autoexp import Space
from autoexp.plugins import load

SCENES = sorted(entry_point.name for entry_point in entry_points(group="autoexp.scenes"))


def measured(RE, beamline):
    """The reduced values at one point."""
    (point,) = Space(beamline.dofs).sobol(1, seed=3)
    moves = [item for dof in beamline.dofs for item in (dof.movable, point[dof.name])]
    detectors, found = beamline.detectors(), {}

    @bpp.stage_decorator(detectors)
    @bpp.run_decorator()
    def plan():
        yield from bps.mv(*moves)
        yield from bps.trigger_and_read(detectors)

    RE(plan(), lambda name, document: found.update(document["data"]) if name == "event" else None)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES)
def test_both_libraries_measure_the_same(scene, RE):
    classic, modern = (load("scenes", scene)(seed=1, control=control) for control in ("ophyd", "ophyd-async"))
    devices = [dof.movable for dof in modern.dofs] + [readout.detector for readout in modern.readouts]
    for device in devices:
        if hasattr(device, "connect"):
            asyncio.run_coroutine_threadsafe(device.connect(), RE.loop).result(10)
    one, other = measured(RE, classic), measured(RE, modern)
    assert one.keys() == other.keys()
    for field, value in one.items():
        # the moves may take a little more beamline time one after another, in which the beam drifts
        np.testing.assert_allclose(value, other[field], rtol=1e-3)
