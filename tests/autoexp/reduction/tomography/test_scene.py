"""The simulated beamline's sample, from frames with its noise, its bad columns and its axis beside the middle."""

import numpy as np
import pytest
import torch

from autoexp import Explore, Space
from autoexp.detectors import ReducedDetector
from autoexp.reduction import Flat, FrameMeta, FrameSpec, Region, RegionSums, chain
from autoexp.reduction.together import Latest, Together
from autoexp.reduction.tomography import Iterative, Tomography
from autoexp_agents import MapAgent
from autoexp_plans import adaptive_scan
from autoexp_simulators.tomography import tomography_beamline
from autoexp_simulators.tomography.scene import tomography_scene


def reducer_for(scene, **options):
    """Return one whose slices have the truth's pixels, of 4 columns; and the flat field in front of it."""
    white = scene.flux * scene.exposure
    reducer = Tomography((257,), white=white, pixel=4.0, pixel_size=scene.pixel_size, unit="mm", **options)
    return reducer, Flat(torch.from_numpy(scene.gains).expand(scene.shape))


def seen(scene, reducer, flat, degrees):
    generator, whole = torch.Generator().manual_seed(0), chain(flat, reducer)
    state = whole.init(FrameSpec(scene.shape))
    for part in torch.split(degrees, 8):
        expected = scene.photons({"angle": part}, torch.zeros(len(part), dtype=torch.float64)) * scene.exposure
        frames = torch.poisson(expected, generator=generator).to(torch.int32)
        state = whole.update(state, frames, FrameMeta(coordinates={"angle": part}))
    return state.inner


def agreement(found, truth):
    """Return the rms difference in units of the truth's own spread."""
    return float(np.sqrt(np.mean((found - truth) ** 2)) / truth.std())


@pytest.mark.slow
def test_the_volume_is_recovered():
    """Of 120 projections of 1000 photons a pixel: slices through it, each the mean of the rows of a voxel."""
    scene = tomography_scene(3)
    reducer, flat = reducer_for(scene, iterative=Iterative(30.0))
    state = seen(scene, reducer, flat, torch.arange(120, dtype=torch.float64) * 1.5)
    axis = reducer.read(state)["axis"]
    assert float(axis.value) == pytest.approx(scene.rotation_axis, abs=4 * float(axis.sigma))
    assert float(axis.sigma) < 0.05
    volume = scene.truth().attenuation
    for voxel in (30, 64, 90):
        rows = [reducer.slice(state, 4 * voxel + row).value for row in range(4)]
        assert agreement(np.mean(rows, axis=0), volume.isel(z=voxel).values) < 0.25


@pytest.mark.slow
def test_an_agent_chooses_angles_until_the_slice_is_settled(RE):
    """It maps what the middle of the camera counts over angles; a running reconstruction says when it is enough."""
    beamline = tomography_beamline(seed=3)
    (angle,), scene = beamline.dofs, beamline.scene
    reducer, flat = reducer_for(scene, kept=(256, 260), iterative=Iterative(100.0))
    running = ReducedDetector(
        beamline.detector,
        chain(flat, Together((Latest(RegionSums((Region("middle", 192, 320),))), reducer))),
        name="tomography",
        meta=lambda: FrameMeta(coordinates={"angle": torch.tensor([angle.movable.position])}),
        running=True,
        shape=scene.shape,
        device="cpu",
    )
    reached, pictures = [], []

    def settled(campaign):
        reached[:] = [each.values["tomography_disagreement"] for each in campaign.observations]
        return len(reached) > 4 and max(reached[-2:]) < 0.2

    def keep(name, document):
        if name == "event" and "tomography_slices" in document["data"]:
            pictures.append(document["data"]["tomography_slices"][0])

    agent = MapAgent(Space((angle,)), Explore("tomography_middle"), seed=1)
    RE(adaptive_scan([running], agent, num=40, until=settled), keep)
    truth = scene.truth().attenuation.isel(z=64).values
    found = [agreement(picture, truth) for picture in pictures]
    assert len(reached) < 40
    assert found[-1] < 0.2
    assert found[-1] < 0.65 * found[3]
