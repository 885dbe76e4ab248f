"""A beamline that scans until the object no longer surprises."""

import numpy as np
import pytest
import torch

from autoexp import Explore, Space
from autoexp.detectors import ReducedDetector
from autoexp.reduction import FarField, FrameMeta, ObjectGrid, Ptychography, RunningPtychography
from autoexp_agents import MapAgent
from autoexp_plans import adaptive_scan
from autoexp_simulators import DetectorSpec, MotorSpec, assemble
from autoexp_simulators.ptychography import PtychographyScene, Star

REACH = 0.5


def beamline_of(scene, reducer):
    motors = [MotorSpec(f"sample_{axis}", (-REACH, REACH), "um", 10.0, 0.01, 0.05, accuracy=0.002) for axis in "xy"]
    camera = DetectorSpec("camera", scene.shape, scene.photons, reducer, "ptychography", exposure=scene.exposure)
    return assemble("test", scene, motors=motors, detectors=[camera], objectives=[Explore("surprise")], seed=0)


def phase_error(scene, grid, phase):
    """Root mean square in rad, beneath the positions, without phase ramp and mean."""
    y, x = grid.axes
    rows, columns = np.abs(y) <= 0.8 * REACH, np.abs(x) <= 0.8 * REACH
    wave = np.exp(1j * phase[np.ix_(rows, columns)])
    wave *= scene.star.transmission(x[columns][None, :], y[rows][:, None]).conj()
    for axis in (0, 1, 0, 1):
        n = wave.shape[axis]
        step = np.angle(np.nansum(wave.take(range(1, n), axis) * wave.take(range(n - 1), axis).conj()))
        ramp = np.exp(-1j * step * np.arange(n))
        wave = wave * (ramp[:, None] if axis == 0 else ramp)
    return float(np.sqrt(np.nanmean(np.angle(wave * np.nansum(wave).conj()) ** 2)))


@pytest.mark.slow
def test_an_agent_scans_until_nothing_surprises(RE):
    """It covers the sample where that teaches most; the running reconstruction says when it predicts new patterns."""
    scene = PtychographyScene(Star(particles=((0.2, -0.1, 0.1),)), shape=(128, 128), pixel_size=150e-6)
    optics = FarField(scene.shape, scene.pixel_size, scene.distance, scene.wavelength)
    grid = ObjectGrid(optics, (-REACH, REACH), (-REACH, REACH))
    names = ("sample_x", "sample_y")
    reducer = RunningPtychography(Ptychography(grid, names, defocus=scene.defocus))
    beamline = beamline_of(scene, reducer)
    dofs = dict(zip(names, beamline.dofs, strict=True))

    def meta():
        places = {name: torch.tensor([float(dof.movable.position)]) for name, dof in dofs.items()}
        return FrameMeta(coordinates=places)

    running = ReducedDetector(
        beamline.detector, reducer, name="ptychography", meta=meta, running=True, shape=scene.shape, device="cpu"
    )
    surprises, phases = [], []

    def predicted(campaign):
        surprises[:] = [each.values["ptychography_surprise"] for each in campaign.observations]
        return len(surprises) > 20 and max(surprises[-4:]) < 0.5 * np.mean(surprises[1:9])

    agent = MapAgent(Space(beamline.dofs), Explore("ptychography_surprise"), seed=1)
    keep = lambda name, document: phases.append(document["data"].get("ptychography_phase")) if name == "event" else None
    RE(adaptive_scan([running], agent, num=80, until=predicted), keep)
    assert len(surprises) < 80
    errors = [phase_error(scene, grid, each) for each in phases if each is not None]
    assert errors[-1] < 0.06
    assert errors[-1] < 0.5 * errors[8]
