"""The combinatorial wafer."""

from dataclasses import replace

import bluesky.plan_stubs as bps
import numpy as np
import pytest
import torch
from bluesky.plans import count
from hypothesis import given
from hypothesis import strategies as st

from autoexp import Space
from autoexp.plugins import load
from autoexp_simulators.wafer import Phase, wafer_scene
from autoexp_simulators.wafer.powder import multiplicities

SCENE = wafer_scene(0)
READBACK_NOISE = 0.005


def test_extinctions_and_multiplicities_are_those_of_the_text_books():
    """Body-centred 110, 200, 211, 220; face-centred 111, 200, 220, 311."""
    assert multiplicities("I", 8) == {2: 12, 4: 6, 6: 24, 8: 12}
    assert multiplicities("F", 11) == {3: 8, 4: 6, 8: 12, 11: 24}
    assert multiplicities("P", 5) == {1: 6, 2: 12, 3: 8, 4: 6, 5: 24}


def test_rings_stand_where_braggs_law_says():
    """By ``2 d sin(theta) = wavelength``, at the pixel of a frame where 2 theta falls."""
    scene = replace(SCENE, phases=(Phase("only", "I", 3.17),), corners=((0.0, 0.0),), glass=0.0, air=0.0)
    frame = scene.photons(
        {name: torch.zeros(1, dtype=torch.float64) for name in ("sample_x", "sample_y")}, torch.zeros(1)
    )
    profile = frame[0, 255, 256:].numpy()
    spacing, pixel = 3.17 / np.sqrt(2.0), 172e-6
    two_theta = 2.0 * np.arcsin(0.8 / (2.0 * spacing))
    assert abs(int(profile.argmax()) + 0.3 - 0.07 * np.tan(two_theta) / pixel) < 1.0


def test_a_ring_is_as_wide_as_scherrer_says():
    phase = Phase("only", "P", 2.5, size=100.0)
    q = np.linspace(2.4, 2.65, 20001)
    curve = phase.curve(q, 3.0)
    assert np.ptp(q[curve > curve.max() / 2]) == pytest.approx(2 * np.pi * 0.94 / 100.0, rel=1e-3)


@given(st.floats(-40, 40), st.floats(-40, 40), st.integers(0, 20))
def test_fractions_add_up_to_one(x, y, seed):
    fractions = wafer_scene(seed).fractions(np.array([x]), np.array([y]))
    assert fractions.sum() == pytest.approx(1.0)
    assert (fractions >= 0).all()


@pytest.mark.parametrize("seed", range(4))
def test_phases_are_nearly_pure_inside_and_mix_at_boundaries(seed):
    truth = wafer_scene(seed).truth()
    largest = truth.fraction.max("phase")
    assert set(np.unique(truth.label)) == {0, 1, 2}
    assert 0.05 < float(truth.boundary.mean()) < 0.4
    assert float(largest.max()) > 0.98
    beside = truth.label.values[:, 1:] != truth.label.values[:, :-1]
    assert truth.boundary.values[:, 1:][beside].all()


def test_a_phase_that_does_not_scatter_leaves_its_band_dark():
    centre = {"sample_x": np.array([SCENE.corners[0][0]]), "sample_y": np.array([SCENE.corners[0][1]])}
    phases = (replace(SCENE.phases[0], strength=0.0), *SCENE.phases[1:])
    assert replace(SCENE, phases=phases).expected(centre)["pattern_alpha"] < SCENE.expected(centre)["pattern_alpha"]


def test_texture_changes_a_pattern_and_not_the_mean_over_azimuth():
    place = {name: torch.zeros(1, dtype=torch.float64) for name in ("sample_x", "sample_y")}
    even, textured = (replace(SCENE, texture=texture).photons(place, torch.zeros(1)) for texture in (0.0, 0.8))
    assert not torch.allclose(even, textured)
    assert float(textured.mean()) == pytest.approx(float(even.mean()), rel=1e-2)


def test_the_reducer_finds_what_the_scene_expects(RE):
    beamline = load("scenes", "wafer")(seed=1)
    data = []

    def plan():
        for point in Space(beamline.dofs).sobol(3, seed=3):
            yield from bps.mv(*[item for dof in beamline.dofs for item in (dof.movable, point[dof.name])])
            x, y = (dof.movable.position for dof in beamline.dofs)
            yield from count(beamline.detectors())
            around = {"sample_x": x + READBACK_NOISE * np.array([0, 1, -1, 0, 0])}
            around["sample_y"] = y + READBACK_NOISE * np.array([0, 0, 0, 1, -1])
            for name, values in beamline.scene.expected(around).items():
                sigma = np.hypot(data[-1][f"{name}_sigma"], np.ptp(values))
                assert data[-1][name] == pytest.approx(values[0], abs=5 * sigma)

    RE(plan(), lambda name, document: data.append(document["data"]) if name == "event" else None)
    assert len(data) == 3


def test_the_same_seed_is_the_same_wafer():
    assert wafer_scene(3).corners == wafer_scene(3).corners != wafer_scene(4).corners
