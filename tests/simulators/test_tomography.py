"""The tomography Scene."""

from dataclasses import replace

import bluesky.plan_stubs as bps
import numpy as np
import pytest
import torch
from bluesky.plans import count
from hypothesis import given
from hypothesis import strategies as st

from autoexp.plugins import load
from autoexp_simulators.tomography import Ellipsoid
from autoexp_simulators.tomography.phantom import voxels
from autoexp_simulators.tomography.scene import TomographyScene, tomography_scene

SCENE = tomography_scene(0)


def paths(scene, *angles):
    return scene.paths(torch.tensor(angles, dtype=torch.float64)).numpy()


@given(st.floats(0.0, 360.0), st.integers(60, 450), st.integers(100, 400))
def test_a_path_is_the_sum_of_steps_along_the_ray(angle, row, column):
    """Ten thousand steps from one side to the other, at places that turn with the sample."""
    turned = np.deg2rad(angle)
    u, v = (column - SCENE.rotation_axis) * SCENE.pixel_size, (row - 255.5) * SCENE.pixel_size
    step = np.linspace(-1.2, 1.2, 10_001)
    x, y = u * np.cos(turned) - step * np.sin(turned), u * np.sin(turned) + step * np.cos(turned)
    summed = voxels(SCENE.ellipsoids, x, y, np.full_like(x, v)).sum() * (step[1] - step[0])
    # each of the 11 surfaces is crossed twice, within a step
    assert paths(SCENE, angle)[0, row, column] == pytest.approx(summed, abs=22 * 2.4e-4)


def test_projections_are_the_radon_transform_of_the_volume():
    transform = pytest.importorskip("skimage.transform")
    scene = replace(SCENE, gains=np.ones(128), shape=(128, 128), pixel_size=16e-3, axis_offset=0.5)
    angles = np.array([0.0, 30.0, 77.0, 120.0])
    # its rotation is about pixel 64, and its rows grow against the sense of the angle; 4 x 4 points per pixel
    place = ((np.arange(512) + 0.5) / 4 - 0.5 - 64) * scene.pixel_size
    heights = (np.arange(60, 68) - 63.5) * scene.pixel_size
    image = voxels(scene.ellipsoids, place[None, None, :], place[None, :, None], heights[:, None, None]).mean(axis=0)
    image = image.reshape(128, 4, 128, 4).mean(axis=(1, 3))
    theirs = transform.radon(image, theta=-angles, circle=True).T * scene.pixel_size
    ours = paths(scene, *angles)[:, 60:68].mean(axis=1)
    for their, our in zip(theirs, ours, strict=True):
        assert their.sum() == pytest.approx(our.sum(), rel=2e-3)
        assert np.sqrt(np.mean((their - our) ** 2)) < 0.01 * our.max()


def test_the_projected_volume_is_the_same_at_every_angle():
    sums = paths(SCENE, 0.0, 40.0, 100.0).sum(axis=(1, 2)) * SCENE.pixel_size**2
    exact = sum(4 / 3 * np.pi * np.prod(each.half_axes) * each.attenuation for each in SCENE.ellipsoids)
    assert sums == pytest.approx(np.full(3, exact), rel=1e-3)


def test_half_a_turn_mirrors_the_projection_at_the_axis():
    scene = replace(SCENE, axis_offset=4.0)
    front, back = paths(scene, 20.0, 200.0)
    assert front[:, 8:] == pytest.approx(back[:, 8:][:, ::-1], abs=1e-4)


def test_columns_have_their_gains_and_the_beam_decays_by_lambert_and_beer():
    ball = Ellipsoid((0.0, 0.0, 0.0), (0.5, 0.5, 0.5), 0.0, 2.0)
    gains = np.linspace(0.9, 1.1, 65)
    scene = TomographyScene((ball,), gains, shape=(65, 65), pixel_size=0.02)
    image = scene.photons({"angle": torch.zeros(1, dtype=torch.float64)}, torch.zeros(1))[0].numpy()
    assert image[32, 32] == pytest.approx(2e4 * gains[32] * np.exp(-2.0), rel=1e-5)
    assert image[0] == pytest.approx(2e4 * gains, rel=1e-5)


def test_the_truth_has_units_and_the_axis():
    truth = SCENE.truth()
    assert truth.attenuation.attrs["units"] == "1/mm"
    assert truth.attrs["rotation_axis_column"] == 255.5 + SCENE.axis_offset
    assert float(truth.attenuation.sel(x=0.05, y=-0.04, z=0.85, method="nearest")) == pytest.approx(1.0)


def test_each_column_needs_a_gain():
    with pytest.raises(ValueError, match="one per column"):
        replace(SCENE, shape=(64, 64))


def test_a_wrong_angle_is_a_biased_twin():
    twin = replace(SCENE, angle_offset=5.0)
    found = twin.expected({"angle": np.array([10.0])})["projection_left"]
    assert found == SCENE.expected({"angle": np.array([15.0])})["projection_left"]


def test_the_reducer_finds_what_the_scene_expects(RE):
    beamline = load("scenes", "tomography")(seed=1)
    (dof,), data = beamline.dofs, []

    def plan():
        for angle in (17.0, 130.0):
            yield from bps.mv(dof.movable, angle)
            yield from count(beamline.detectors())
            expected = beamline.scene.expected({"angle": np.array([dof.movable.position])})
            for name, values in expected.items():
                assert data[-1][name] == pytest.approx(values[0], abs=5 * data[-1][f"{name}_sigma"])

    RE(plan(), lambda name, document: data.append(document["data"]) if name == "event" else None)
    assert len(data) == 2
