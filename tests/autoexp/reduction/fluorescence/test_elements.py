"""From elements and a calibration to what reducers of spectra need."""

import numpy as np
import pytest
import torch

from autoexp.errors import ReductionError
from autoexp.reduction import EnergyCalibration, Fluorescence, FrameMeta, FrameSpec, RegionSums, Scattering
from autoexp_simulators.xrf import xrf_scene
from autoexp_simulators.xrf.elements import ELEMENTS
from autoexp_simulators.xrf.scene import EXCITATION
from autoexp_simulators.xrf.spectrum import compton

pytest.importorskip("xraydb")
SCENE = xrf_scene(3)
SEEN = SCENE.detector
CALIBRATION = EnergyCalibration(SEEN.channels, 1e-3 * SEEN.width, 0.5e-3 * SEEN.width, 1e-3 * SEEN.noise)
XRF = Fluorescence(CALIBRATION, 1e-3 * EXCITATION)
NAMES = tuple(element.name for element in ELEMENTS)


def read(reducer, frames):
    batch = torch.from_numpy(np.asarray(frames))
    return reducer.read(reducer.update(reducer.init(FrameSpec(tuple(batch.shape[1:]))), batch, FrameMeta()))


def spectrum_of(rates):
    """Counts of one second without pile-up and dead time, which the fit does not know."""
    return np.random.default_rng(5).poisson(rates @ SCENE.shapes)[None, None]


@pytest.mark.parametrize("element", ELEMENTS, ids=lambda element: element.name)
def test_shapes_are_those_of_the_simulated_detector(element):
    """The Scene sums the lines of Kα and of Kβ, so peaks are the same but for the splitting of Kα."""
    assert XRF.shape(element.name) == pytest.approx(SEEN.lines(element), abs=0.02 * SEEN.lines(element).max())


def test_the_fit_of_a_simulated_spectrum_finds_its_elements():
    rates = SCENE.rates(np.array(10.0), np.array(-5.0))
    falling = {"background": SCENE.shapes[SCENE.components.index("background")]}
    fit = XRF.fit(*NAMES, scattering=Scattering(90.0), others=falling)
    found = read(fit, spectrum_of(rates))
    assert tuple(found) == SCENE.components
    for name, rate in zip(SCENE.components, rates, strict=True):
        error = float(found[name].value) - rate
        assert abs(error) < 4 * float(found[name].sigma) + 5e-3 * rate, name


def test_region_sums_find_their_share_of_a_line():
    rates = np.zeros(len(SCENE.components))
    rates[NAMES.index("Zn")] = 1e6
    (region,) = XRF.regions("Zn")
    zinc = ELEMENTS[NAMES.index("Zn")]
    found = read(RegionSums((region,)), spectrum_of(rates))["Zn"]
    alpha = (1.0 - zinc.beta_share) * 1e6
    assert 0.98 * alpha < float(found.value) < alpha


def test_a_wider_region_holds_a_narrower_one():
    (narrow,), (wide,) = XRF.regions("Fe", width=0.5), XRF.regions("Fe", width=1.5)
    assert wide.low < narrow.low < CALIBRATION.channel(6.4) < narrow.high < wide.high


def test_an_element_is_seen_by_the_lines_that_are_there():
    assert XRF.emission("Fe").family == "K"
    assert XRF.emission("Fe L").family == "L"
    assert XRF.emission("Mo").family == "L"
    assert XRF.regions("Au L")[0].name == "Au_L"


def test_compton_scattering_is_that_of_the_formula():
    assert Scattering(60.0).compton(12.0) == pytest.approx(1e-3 * compton(12_000.0, np.pi / 3))


def test_a_background_is_given_in_energy():
    assert XRF.fit("Fe", background=0.4).background == 40


def test_an_element_that_the_beam_does_not_excite_names_both_edges():
    with pytest.raises(ReductionError, match=r"edge of K, got 12 keV, edge 88.*edge of L3, got 12 keV, edge 13.*'Pb'"):
        XRF.emission("Pb")


def test_an_unknown_element_is_told_once():
    with pytest.raises(ReductionError, match=r"^an element must be a symbol that xraydb knows, got 'Qq'$"):
        XRF.regions("Fe", "Qq")


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda short: short.emission("Zn K"), r"lines must be in the spectrum, .* to 8.5\d* keV, got 8.* of Kα"),
        (lambda short: short.regions("Zn K", "Fe", width=-1), r"width must be positive, got -1"),
        (lambda short: short.regions("Cu K", width=4), r"regions must be in the spectrum, .* got .* for 'Cu K'"),
        (lambda short: short.fit("Fe", others={"dark": np.ones(3)}), r"must have 850 channels, got \(3,\) for 'dark'"),
        (lambda short: Fluorescence(short.calibration, 0.0), r"energy must be positive, got 0.0 keV"),
    ],
)
def test_what_is_outside_of_the_spectrum_or_makes_no_sense_is_refused(ask, told):
    with pytest.raises(ReductionError, match=told):
        ask(Fluorescence(EnergyCalibration(850, 0.01, 0.005), 12.0))
