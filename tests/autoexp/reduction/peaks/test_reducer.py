"""Peaks of curves that other reducers make."""

import numpy as np
import pytest
import torch

from autoexp import Maximize, Space
from autoexp.detectors import ReducedDetector
from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.plugins import load
from autoexp.reduction import Absorption, AzimuthalIntegration, FrameMeta, FrameSpec, Poni, Xanes
from autoexp.reduction.peaks import CurvePeaks, PeakWindow
from autoexp.testing.reducers import ReducerContract
from autoexp_agents import BayesianAgent
from autoexp_plans import adaptive_scan
from autoexp_simulators.wafer.beamline import wafer_beamline

PONI = Poni((48, 64), (1e-3, 1e-3), 0.1, (0.024, 0.032))
RING = PeakWindow("ring", 0.9, 1.7)


def ring(sectors=1, shape="gaussian"):
    integration = AzimuthalIntegration(PONI, bins=60, range=(0.2, 2.0), sectors=sectors, solid_angle=False)
    return CurvePeaks(integration, "intensity", (PeakWindow("ring", 0.9, 1.7, shape),))


def frames(n, background=5.0, height=40.0, position=1.3, sigma=0.08, seed=0):
    two_theta, _ = PONI.directions(*PONI.centres())
    q = PONI.radial(two_theta, "q_A^-1")
    mean = background + height * torch.exp(-((q - position) ** 2) / (2 * sigma**2))
    return torch.poisson(mean.expand(n, -1, -1), generator=torch.Generator().manual_seed(seed)).to(torch.int32)


def read(reducer, taken):
    return reducer.read(reducer.update(reducer.init(FrameSpec(tuple(taken.shape[1:]))), taken, FrameMeta()))


class TestContract(ReducerContract):
    rtol = 1e-6

    @pytest.fixture
    def reducer(self):
        return ring()

    @pytest.fixture
    def frames(self, spec):
        return frames(6)


class TestContractOfSectors(TestContract):
    @pytest.fixture
    def reducer(self):
        return ring(sectors=2, shape="pseudo-voigt")


def test_a_ring_has_its_position_width_and_area():
    found = read(ring(), frames(30))
    full = 0.08 * np.sqrt(8 * np.log(2))
    for name, expected in (("position", 1.3), ("width", full), ("area", 40.0 * 0.08 * np.sqrt(2 * np.pi))):
        field = found[f"ring_{name}"]
        assert float(field.value) == pytest.approx(expected, rel=0.02)
        assert 0 < float(field.sigma) < 0.02 * expected
        assert field.flags == Flags.NONE
    assert found["ring_position"].unit == found["intensity"].axes["q"].unit
    assert (found["ring_position"].unit, found["ring_area"].unit) == ("1/angstrom", "count/angstrom")


def test_each_sector_has_a_peak():
    found = read(ring(sectors=3), frames(30))
    assert found["ring_position"].dims == ("chi",)
    assert found["ring_position"].value == pytest.approx(np.full(3, 1.3), abs=0.02)
    assert set(found["ring_position"].axes) == {"chi"}


def test_where_there_is_no_ring_there_is_an_area_but_no_position():
    found = read(ring(), frames(10, height=0.0))
    assert np.isnan(found["ring_position"].value)
    assert abs(float(found["ring_area"].value)) < 5 * float(found["ring_area"].sigma) < 0.5
    assert found["ring_area"].flags == Flags.UNRESOLVED


def test_a_spectrum_has_peaks_too():
    energy = np.linspace(7100.0, 7140.0, 81)
    mu = 0.5 + 0.8 * np.exp(-(((energy - 7120.0) / 3.0) ** 2))
    counts = torch.tensor(np.stack([np.full(81, 1e6), 1e6 * np.exp(-mu)], 1))[:, None].round().to(torch.int32)
    reducer = CurvePeaks(Xanes(tuple(energy)), "mu", (PeakWindow("line", 7105.0, 7135.0),))
    state = reducer.init(FrameSpec((1, 2)))
    found = reducer.read(reducer.update(state, counts, FrameMeta(coordinates={"energy": torch.from_numpy(energy)})))
    assert float(found["line_position"].value) == pytest.approx(7120.0, abs=4 * float(found["line_position"].sigma))
    assert float(found["line_width"].value) == pytest.approx(6.0 * np.sqrt(np.log(2)), rel=0.01)
    assert found["line_area"].unit == "eV"


@pytest.mark.slow
def test_an_agent_finds_where_a_phase_prevails(RE):
    """It sees the area of the phase's first ring, with its sigma; the truth is the scene's map."""
    beamline = wafer_beamline(seed=0)
    scene = beamline.scene
    phase = scene.phases[2]
    q = float(phase.rings(4.2)[0][0])
    integration = AzimuthalIntegration(scene.geometry, bins=400, range=(1.0, 4.2))
    reducer = CurvePeaks(integration, "intensity", (PeakWindow("gamma", q - 0.11, q + 0.11),))
    detector = ReducedDetector(beamline.detector, reducer, name="pattern", device="cpu")
    agent = BayesianAgent(Space(beamline.dofs), Maximize("pattern_gamma_area"), seed=1)
    RE(adaptive_scan([detector], agent, num=15))
    fraction = scene.truth().fraction.sel(phase=phase.name)
    best = float(fraction.sel(**agent.best().point, method="nearest"))
    assert best > 0.9 * float(fraction.max())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_reads_the_same():
    reducer, taken = ring(), frames(20)
    there = reducer.read(reducer.update(reducer.init(FrameSpec((48, 64), "cuda")), taken, FrameMeta()))
    assert float(there["ring_position"].value) == pytest.approx(float(read(reducer, taken)["ring_position"].value))


def test_it_is_found_by_name():
    assert load("reducers", "peaks") is CurvePeaks


@pytest.mark.parametrize(
    ("build", "rule"),
    [
        (lambda: PeakWindow("a", 2.0, 1.0), "low must be below high"),
        (lambda: PeakWindow("a", 1.0, 2.0, "square"), "shape must be one of"),
        (lambda: CurvePeaks(Absorption(), "mu", ()), "name of its own"),
        (lambda: CurvePeaks(Absorption(), "mu", (RING, RING)), "name of its own"),
        (lambda: read(CurvePeaks(Absorption(), "mu", (RING,)), torch.ones((1, 1, 2))), "curve with an axis, got 'mu'"),
        (lambda: read(CurvePeaks(ring().reducer, "x", (RING,)), frames(1)), "got 'x'"),
        (lambda: read(CurvePeaks(ring().reducer, "intensity", (PeakWindow("a", 1, 1.1),)), frames(1)), "more than 5"),
    ],
)
def test_what_makes_no_sense_is_refused(build, rule):
    with pytest.raises(ReductionError, match=rule):
        build()
