"""The photon-correlation Scene."""

from dataclasses import replace

import bluesky.plan_stubs as bps
import numpy as np
import pytest
import torch
from bluesky.plans import count

from autoexp.plugins import load
from autoexp.reduction.geometry import Poni
from autoexp_simulators.xpcs import Suspension, XpcsScene
from autoexp_simulators.xpcs.scene import xpcs_scene

KELVIN = 290.0
PIXEL = 55e-6
SMALL = XpcsScene(
    geometry=Poni((256, 256), (PIXEL, PIXEL), 10.0, (-100 * PIXEL, 128 * PIXEL), wavelength=1.5e-10), brightness=1.0
)


def radial(scene):
    """q of each pixel in 1/Å from the angle to the direct beam, with the geometry's numbers."""
    rows, columns = scene.geometry.shape
    y, x = (np.arange(rows) + 0.5 + 100) * PIXEL, (np.arange(columns) + 0.5 - columns / 2) * PIXEL
    two_theta = np.arctan(np.hypot(y[:, None], x) / 10.0)
    return 4 * np.pi / 1.5 * np.sin(two_theta / 2)


def movies(scene, times, number):
    """Movies over the mean image, shape (number, n, y, x)."""
    clock = torch.tensor(times, dtype=torch.float64)
    where = {"temperature": torch.full_like(clock, KELVIN)}
    return np.stack([(scene.photons(where, clock) / scene._mean_image).numpy() for _ in range(number)])


def close(found, expected):
    """Whether the mean over movies is the expected value, by the movies' own spread."""
    return np.abs(found.mean(axis=0) - expected) <= 5 * found.std(axis=0, ddof=1) / np.sqrt(len(found))


@pytest.mark.parametrize(("stretch", "q"), [(1.0, 4e-3), (1.0, 6e-3), (0.6, 6e-3)])
def test_g2_of_the_movie_is_the_stated_one(stretch, q):
    """``1 + beta exp(-2 (D q² tau)^stretch)`` with the coefficient of Stokes and Einstein written out."""
    scene = replace(SMALL, suspension=Suspension(stretch=stretch))
    eta = 6.0 * np.exp(6e4 / 8.314462618 * (1 / KELVIN - 1 / 300))
    rate = 1.380649e-23 * KELVIN / (6 * np.pi * eta * 30e-9) * (q * 1e10) ** 2
    period, lags = 0.2 / rate, np.array([0, 1, 3, 6, 15])
    ring = np.abs(radial(scene) / q - 1) < 0.01
    pixels = movies(scene, period * np.arange(20), 20)[:, :, ring]
    g2 = np.stack([(pixels[:, : 20 - lag] * pixels[:, lag:]).mean(axis=(1, 2)) for lag in lags], axis=1)
    assert close(g2, 1 + 0.36 * np.exp(-2 * (rate * period * lags) ** stretch)).all()
    assert (g2.std(axis=0) / np.sqrt(len(g2)) < 0.02).all()


def test_an_ageing_sample_slows_down():
    """The two-time correlation of an old pair against a young one, with the integral of the rate in closed form."""
    suspension = Suspension(ageing=1.0, youth=2.0)
    scene = replace(SMALL, suspension=suspension)
    rate = float(suspension.diffusion(KELVIN)) * (5e-3 * 1e10) ** 2
    times = np.concatenate([np.linspace(0, 0.5, 9), np.linspace(20, 20.5, 9)])
    ring = np.abs(radial(scene) / 5e-3 - 1) < 0.02
    pixels = movies(scene, times, 10)[:, :, ring]
    found = np.stack([(pixels[:, a] * pixels[:, b]).mean(axis=1) for a, b in ((0, 8), (9, 17))], axis=1)
    passed = 2.0 * np.log([(2.0 + 0.5) / 2.0, (2.0 + 20.5) / (2.0 + 20.0)])
    assert close(found, 1 + 0.36 * np.exp(-2 * rate * passed)).all()
    assert found[:, 1].mean() > found[:, 0].mean()


def test_intensities_of_coherent_light_are_exponential():
    scene = replace(SMALL, coherent=1.0)
    image = movies(scene, [0.0], 8)[:, 0]
    for level in (0.1, 0.7, 2.0):
        assert close((image > level).mean(axis=(1, 2)), np.exp(-level))


@pytest.mark.parametrize("speckle", [1, 2, 4])
def test_a_speckle_is_as_large_as_stated(speckle):
    """Its area is the sum of the squared correlation of fields, which for points interpolated linearly is known."""
    images = movies(replace(SMALL, speckle=speckle, coherent=1.0), [0.0], 12)[:, 0] - 1
    shifted = {
        shift: (images[:, :, shift:] * images[:, :, : 256 - shift]).mean(axis=(1, 2)) for shift in (0, 2 * speckle)
    }
    assert close(shifted[0], 1.0)
    assert close(shifted[2 * speckle], 0.0)
    if speckle == 2:
        # inside a cell 9/10 and between cells 6/10 of the field are common
        assert close((images[:, :, 1:] * images[:, :, :-1]).mean(axis=(1, 2)), (128 * 0.81 + 127 * 0.36) / 255)


def test_each_trigger_shows_fresh_speckles_and_each_seed_the_same_ones():
    first, second = movies(replace(SMALL, movies=iter(range(9))), [0.0, 0.1], 2)
    (again,) = movies(replace(SMALL, movies=iter(range(9))), [0.0, 0.1], 1)
    assert (again == first).all()
    assert (second != first).mean() > 0.99


def test_the_truth_is_that_of_diffusion():
    truth = xpcs_scene(0).truth()
    times = truth.relaxation_time
    assert (times * truth.diffusion * (truth.q * 1e10) ** 2).values == pytest.approx(np.ones(times.shape))
    at = truth.isel(q=10, temperature=20)
    found = np.interp(float(at.relaxation_time), at.lag, at.g2)
    assert found == pytest.approx(1 + 0.36 * np.exp(-2), abs=2e-3)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="at most 2"):
        Suspension(stretch=2.5)
    with pytest.raises(ValueError, match="multiple of speckle"):
        replace(SMALL, speckle=3)


def test_the_reducer_finds_what_the_scene_expects(RE):
    beamline = load("scenes", "xpcs")(seed=1)
    data = []

    def plan():
        for temperature in (280.0, 310.0):
            yield from bps.mv(beamline.dofs[0].movable, temperature)
            yield from count(beamline.detectors())
            position = {"temperature": np.array([beamline.dofs[0].movable.position])}
            for name, values in beamline.scene.expected(position).items():
                assert data[-1][name] == pytest.approx(values[0], abs=5 * data[-1][f"{name}_sigma"])

    RE(plan(), lambda name, document: data.append(document["data"]) if name == "event" else None)
    assert data[0]["speckle_inner"] > 1.5 * data[1]["speckle_inner"]
