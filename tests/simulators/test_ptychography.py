"""The ptychography Scene."""

from dataclasses import replace

import bluesky.plan_stubs as bps
import numpy as np
import pytest
import torch
from bluesky.plans import count
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from autoexp.plugins import load
from autoexp_simulators.ptychography import PtychographyScene, Star
from autoexp_simulators.ptychography.scene import ptychography_scene

SCENE = ptychography_scene(0)
SMALL = PtychographyScene(Star(), shape=(24, 24), pixel_size=400e-6, aperture=1e-3, defocus=5e-4)


def patterns(scene, x, y):
    positions = {"sample_x": torch.tensor(x, dtype=torch.float64), "sample_y": torch.tensor(y, dtype=torch.float64)}
    return scene.photons(positions, torch.zeros(len(x))).numpy()


@settings(max_examples=15)
@given(st.floats(-1.5, 1.5), st.floats(-1.5, 1.5))
def test_a_pattern_is_the_direct_fourier_sum(x, y):
    """Probe and object of the truth, and one sum over all their pixels for each pixel of the detector."""
    truth = SMALL.truth()
    middle = [float(np.argmin(np.abs(truth[name].values))) for name in ("y", "x")]
    pixel, place = np.arange(24) - 12, np.arange(12) - 6
    at = np.meshgrid(middle[0] + y / SMALL.sampling + place, middle[1] + x / SMALL.sampling + place, indexing="ij")
    whole = truth.object.values.astype(complex)
    patch = sum(part * map_coordinates(values, at, order=1) for part, values in ((1, whole.real), (1j, whole.imag)))
    kernel = np.exp(-2j * np.pi * np.outer(pixel, place) / 24)
    wave = np.einsum("ui,vj,ij->uv", kernel, kernel, patch * truth.probe.values) / 24
    expected = np.abs(wave) ** 2
    assert patterns(SMALL, [x], [y])[0] == pytest.approx(expected, abs=2e-5 * expected.max())


def test_no_photon_is_lost_but_in_the_sample():
    transparent = replace(SCENE, star=replace(SCENE.star, loss=0.0))
    place = 20 * SCENE.sampling
    assert patterns(transparent, [place], [0.0]).sum() == pytest.approx(SCENE.flux, rel=1e-4)
    assert patterns(SCENE, [place], [0.0]).sum() < 0.95 * SCENE.flux


def test_between_samples_hardly_a_photon_is_lost():
    """The object is linear there, which blurs its edges."""
    transparent = replace(SCENE, star=replace(SCENE.star, loss=0.0))
    place = 20.5 * SCENE.sampling
    assert 0.99 < patterns(transparent, [place], [0.5 * SCENE.sampling]).sum() / SCENE.flux < 1.0


def test_an_empty_sample_shows_the_cone_of_the_lens():
    empty = replace(SCENE, star=replace(SCENE.star, phase=0.0))
    (image,) = patterns(empty, [0.0], [0.0])
    y, x = np.indices(image.shape) - 128
    radius = SCENE.aperture * SCENE.distance / SCENE.pixel_size
    assert image[np.hypot(x, y) < radius - 2].sum() > 0.8 * SCENE.flux
    assert image[np.hypot(x, y) > radius + 3].sum() < 1e-3 * SCENE.flux


def test_defocus_widens_the_probe_as_rays_do():
    """A uniform disc of rays with half angle a is, at a distance, a disc of radius a times it: rms a d / 2 along x."""
    scene = replace(SCENE, defocus=8e-4)
    intensity = np.abs(scene.probe) ** 2
    x = (np.arange(128) - 64) * scene.sampling
    rms = np.sqrt((intensity.sum(axis=0) * x**2).sum() / intensity.sum())
    assert rms == pytest.approx(scene.aperture * scene.defocus * 1e6 / 2, rel=0.1)


def test_the_sample_delays_and_absorbs():
    star = Star(spokes=2, turn=0.0, phase=0.7, loss=0.2)
    in_spoke = star.transmission(np.array(0.5), np.array(0.5))
    assert in_spoke == pytest.approx(np.exp(-0.7j - 0.14))
    assert star.transmission(np.array(0.5), np.array(-0.5)) == pytest.approx(1.0)


def test_an_odd_detector_is_refused():
    with pytest.raises(ValueError, match="even and square"):
        replace(SCENE, shape=(255, 255))


def test_the_reducer_finds_what_the_scene_expects(RE):
    beamline = load("scenes", "ptychography")(seed=2)
    data = []

    def plan():
        for point in ({"sample_x": 0.4, "sample_y": -0.9}, {"sample_x": -1.2, "sample_y": 0.05}):
            yield from bps.mv(*[item for dof in beamline.dofs for item in (dof.movable, point[dof.name])])
            position = {dof.name: np.array([dof.movable.position]) for dof in beamline.dofs}
            yield from count(beamline.detectors())
            for name, values in beamline.scene.expected(position).items():
                assert data[-1][name] == pytest.approx(values[0], abs=5 * data[-1][f"{name}_sigma"])

    RE(plan(), lambda name, document: data.append(document["data"]) if name == "event" else None)
    assert data[0]["pattern_left"] != pytest.approx(data[1]["pattern_left"], rel=0.02)
