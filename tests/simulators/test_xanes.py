"""The absorption Scene."""

from dataclasses import replace

import bluesky.plan_stubs as bps
import numpy as np
import pytest
import torch
from bluesky.plans import count
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from autoexp import Space
from autoexp.plugins import load
from autoexp_simulators.xanes import Species, xanes_beamline
from autoexp_simulators.xanes.scene import xanes_scene

SCENE = xanes_scene(0)


def at(energy, x=0.1, y=-0.2):
    energy = np.atleast_1d(np.asarray(energy, dtype=float))
    return {"energy": energy, "sample_x": np.full_like(energy, x), "sample_y": np.full_like(energy, y)}


@given(st.floats(-60.0, 60.0))
def test_the_step_is_a_sharp_one_convolved_with_a_lorentzian(from_edge):
    """By numerical integration of the core hole's line over all energies at which the sharp step is open."""
    width = 2.5

    def line(energy):
        return width / 2 / np.pi / (energy**2 + width**2 / 4)

    opened = quad(line, -np.inf, 0.0)[0] + np.sign(from_edge) * quad(line, 0.0, abs(from_edge), limit=200)[0]
    assert Species("", 7112.0, 0.0).step(7112.0 + from_edge, width) == pytest.approx(opened, abs=1e-8)


def test_a_white_line_has_its_height_and_width():
    with_line, without = Species("", 7112.0, 0.7, 4.0, 5.0), Species("", 7112.0, 0.0)
    energy = np.array([7116.0 - 2.5, 7116.0, 7116.0 + 2.5])
    line = with_line.step(energy, 2.5) - without.step(energy, 2.5)
    assert line == pytest.approx([0.35, 0.7, 0.35])


def test_fractions_add_up_and_vary():
    truth = SCENE.truth()
    assert truth.fraction.sum("species").values == pytest.approx(np.ones((101, 101)))
    assert (truth.fraction.max(("sample_x", "sample_y")) - truth.fraction.min(("sample_x", "sample_y")) > 0.3).all()


def test_a_linear_combination_fit_finds_the_fractions():
    """Least squares with the true spectra, as people do it, at one place."""
    energy = np.linspace(7090, 7170, 200)
    truth = SCENE.truth().interp(energy=energy).sel(sample_x=0.1, sample_y=-0.2, method="nearest")
    background = (energy / 7112.0) ** -3.0
    model = np.column_stack([*[each.step(energy, SCENE.width) for each in SCENE.species], background])
    found = np.linalg.lstsq(model, SCENE.expected(at(energy))["absorption_mu"], rcond=None)[0]
    assert found[:3] / found[:3].sum() == pytest.approx(truth.fraction.values)
    assert found[:3].sum() == pytest.approx(float(truth.edge_step))
    assert found[3] == pytest.approx(SCENE.matrix)


def test_the_edge_energy_is_the_mean_over_the_species():
    truth = SCENE.truth()
    edges = [truth.attrs[f"edge_energy_{name}"] for name in truth.species.values]
    place = truth.isel(sample_x=70, sample_y=20)
    assert float(place.edge_energy) == pytest.approx(np.dot(edges, place.fraction.values))


def test_the_drift_of_i0_cancels():
    positions = {name: torch.from_numpy(value) for name, value in at(np.full(3, 7130.0)).items()}
    rates = SCENE.photons(positions, torch.tensor([0.0, 200.0, 30_000.0]))
    assert rates[1, 0, 0] != rates[0, 0, 0]
    assert float(rates[2, 0, 0] / rates[0, 0, 0]) == pytest.approx(np.exp(-30 / 36), rel=0.04)
    mu = torch.log(rates[:, 0, 0] / rates[:, 0, 1])
    assert mu.numpy() == pytest.approx(SCENE.expected(at(np.full(3, 7130.0)))["absorption_mu"], rel=1e-5)


def test_unequal_chambers_shift_mu():
    twin = replace(SCENE, shares=(0.1, 0.9))
    shift = twin.expected(at(7130.0))["absorption_mu"] - SCENE.expected(at(7130.0))["absorption_mu"]
    assert shift == pytest.approx(np.log(0.1 / 0.81))


def test_a_wrong_monochromator_shifts_the_spectrum():
    twin = replace(SCENE, energy_offset=3.0)
    assert twin.expected(at(7115.0)) == SCENE.expected(at(7118.0))


@pytest.mark.parametrize("seed", [0, 1])
def test_the_reducer_finds_what_the_scene_expects(seed, RE):
    beamline = load("scenes", "xanes")(seed=seed)
    data = []

    def plan():
        for point in Space(beamline.dofs).sobol(3, seed=seed):
            yield from bps.mv(*[item for dof in beamline.dofs for item in (dof.movable, point[dof.name])])
            position = {dof.name: np.array([dof.movable.position]) for dof in beamline.dofs}
            yield from count(beamline.detectors())
            expected = beamline.scene.expected(position)["absorption_mu"][0]
            assert data[-1]["absorption_mu"] == pytest.approx(expected, abs=5 * data[-1]["absorption_mu_sigma"])
            assert 0 < data[-1]["absorption_mu_sigma"] < 0.01

    RE(plan(), lambda name, document: data.append(document["data"]) if name == "event" else None)
    assert len(data) == 3


def test_the_same_seed_is_the_same_sample():
    assert xanes_beamline(seed=4).scene == xanes_beamline(seed=4).scene
    assert xanes_beamline(seed=4).scene != xanes_beamline(seed=5).scene
