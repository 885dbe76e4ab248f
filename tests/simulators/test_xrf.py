"""The fluorescence Scene."""

from dataclasses import replace

import bluesky.plan_stubs as bps
import numpy as np
import pytest
from bluesky.plans import count
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import label

from autoexp import Space
from autoexp.campaign import Campaign
from autoexp.plugins import load
from autoexp.records import Status
from autoexp_agents import SobolAgent
from autoexp_plans import adaptive_scan
from autoexp_simulators.xrf import EnergyDispersive, xrf_scene
from autoexp_simulators.xrf.elements import ELEMENTS, IRON
from autoexp_simulators.xrf.spectrum import compton

SCENE = xrf_scene(0)
DETECTOR = EnergyDispersive()
READBACK_NOISE = 0.02


@pytest.mark.parametrize("element", ELEMENTS, ids=lambda element: element.name)
def test_lines_and_cross_sections_are_those_of_xraydb(element):
    xraydb = pytest.importorskip("xraydb")
    lines = xraydb.xray_lines(element.name, "K").items()
    alpha, beta = ([line for name, line in lines if name.startswith(start)] for start in ("Ka", "Kb"))
    for energy, family in ((element.alpha, alpha), (element.beta, beta)):
        mean = np.average([line.energy for line in family], weights=[line.intensity for line in family])
        assert energy == pytest.approx(mean, abs=0.1)
    assert element.beta_share == pytest.approx(sum(line.intensity for line in beta), abs=1e-3)
    edge = xraydb.xray_edge(element.name, "K")
    photo = xraydb.mu_elam(element.name, 12_000.0, kind="photo")
    assert element.production == pytest.approx(photo * (1 - 1 / edge.jump_ratio) * edge.fyield, rel=2e-3)


def test_the_resolution_is_that_of_a_silicon_drift_detector():
    """Manganese Kα at about 130 eV, as makers of these detectors state it."""
    assert 2.355 * DETECTOR.sigma(5895.0) == pytest.approx(131.0, abs=3.0)


def test_compton_scattering_by_ninety_degrees_adds_the_compton_wavelength():
    wavelength = 12_398.42 / 12_000.0 + 0.0242631
    assert compton(12_000.0, np.pi / 2) == pytest.approx(12_398.42 / wavelength, rel=1e-6)


@given(st.floats(1e2, 2e5))
def test_pile_up_and_dead_time_are_those_of_a_simulated_train_of_pulses(rate):
    """Counts by the formula of the text book; single pulses survive with the probability that none follows."""
    spectrum = np.zeros((1, 2048))
    spectrum[0, 500] = rate
    recorded = DETECTOR.record(spectrum)[0]
    output = rate / (1.0 + rate * DETECTOR.dead)
    assert recorded[500] == pytest.approx(output * np.exp(-rate * DETECTOR.resolving))
    assert recorded[1000] == pytest.approx(recorded[500] * rate * DETECTOR.resolving, abs=1e-6)
    assert recorded.sum() == pytest.approx(output, rel=1e-4)


def test_pile_up_agrees_with_pulses_drawn_one_by_one():
    generator, rate, slow = np.random.default_rng(0), 5e5, replace(DETECTOR, resolving=2e-7, dead=2e-7)
    times = np.cumsum(generator.exponential(1 / rate, 400_000))
    groups, end = [], -1.0
    for time in times:
        if time > end:
            groups.append(1)
            end = time + slow.resolving
        else:
            groups[-1] += 1
    spectrum = np.zeros((1, 2048))
    spectrum[0, 300] = rate
    recorded = slow.record(spectrum)[0] * times[-1]
    for size in (1, 2, 3):
        found = groups.count(size)
        assert recorded[300 * size] == pytest.approx(found, abs=5 * found**0.5)


def test_no_photon_is_counted_where_none_comes():
    assert not DETECTOR.record(np.zeros((1, 2048))).any()


def test_a_fit_of_a_quiet_detector_finds_the_rates():
    quiet = replace(SCENE, detector=replace(DETECTOR, resolving=0.0, dead=0.0))
    x, y = np.linspace(-40, 40, 7), np.linspace(30, -20, 7)
    expected = quiet.expected({"sample_x": x, "sample_y": y})
    rates = quiet.rates(x, y)
    for index, name in enumerate(quiet.components):
        assert expected[f"xrf_{name}"] == pytest.approx(rates[index], rel=1e-6)


def test_iron_gives_the_counts_of_a_thin_sample():
    x = np.array([SCENE.cells[0].x])
    y = np.array([SCENE.cells[0].y])
    density = SCENE.densities(x, y)[ELEMENTS.index(IRON), 0]
    by_hand = 1e10 * 0.02 * 31.76 * density * 1e-6
    assert SCENE.rates(x, y)[ELEMENTS.index(IRON), 0] == pytest.approx(by_hand)
    assert SCENE.expected({"sample_x": x, "sample_y": y})["xrf_Fe"][0] == pytest.approx(by_hand, rel=0.1)


@pytest.mark.parametrize("seed", range(4))
def test_cells_are_regions_of_their_own(seed):
    truth = xrf_scene(seed).truth()
    assert label(truth.cell.values > 0)[1] == truth.attrs["cells"] >= 5
    potassium = truth.areal_density.sel(element="K")
    assert potassium.where(truth.cell > 0).mean() > 10 * potassium.where(truth.cell == 0).mean()


def test_the_reducer_finds_what_the_scene_expects_at_any_dwell(RE):
    beamline = load("scenes", "xrf")(seed=1)
    data = []

    def plan():
        for point in Space(beamline.dofs).sobol(4, seed=3):
            yield from bps.mv(*[item for dof in beamline.dofs for item in (dof.movable, point[dof.name])])
            x, y = (dof.movable.position for dof in beamline.dofs[:2])
            yield from count(beamline.detectors())
            around = {"sample_x": x + READBACK_NOISE * np.array([0, 1, -1, 0, 0])}
            around["sample_y"] = y + READBACK_NOISE * np.array([0, 0, 0, 1, -1])
            expected = beamline.scene.expected(around)
            for name in ("xrf_K", "xrf_Fe", "xrf_Zn", "xrf_elastic"):
                sigma = np.hypot(data[-1][f"{name}_sigma"], np.ptp(expected[name]))
                assert data[-1][name] == pytest.approx(expected[name][0], abs=5 * sigma)

    RE(plan(), lambda name, document: data.append(document["data"]) if name == "event" else None)
    assert len(data) == 4


def test_the_same_seed_is_the_same_sample():
    assert xrf_scene(3).cells == xrf_scene(3).cells != xrf_scene(4).cells


def test_the_dwell_time_is_a_dof_of_a_scan(RE):
    beamline = load("scenes", "xrf")(seed=0)
    campaign = Campaign(SobolAgent(Space(beamline.dofs), beamline.objectives, seed=0), think="inline")
    RE(adaptive_scan(beamline.detectors(), campaign, num=3))
    asked = [suggestion.point["spectrum_exposure"] for suggestion in campaign.suggestions]
    assert [row.point["spectrum_exposure"] for row in campaign.observations] == asked
    assert all(row.status is Status.OK for row in campaign.observations)
