import functools

import numpy as np
import pytest
import torch
from scipy.optimize import nnls

from autoexp.bench import PhasesKnown
from autoexp.bench.defaults import default_goal
from autoexp.campaign import Campaign
from autoexp.errors import ReductionError
from autoexp.objectives import Classify
from autoexp.reduction import AzimuthalIntegration, FrameMeta, FrameSpec, Pattern, PhaseFractions, Poni
from autoexp.space import Space
from autoexp.testing.reducers import ReducerContract
from autoexp_agents import PhaseAgent
from autoexp_plans import adaptive_scan
from autoexp_simulators.wafer import wafer_beamline

SHAPE = (48, 64)
GEOMETRY = Poni(SHAPE, (1e-3, 1e-3), 0.1, (0.024, 0.032), wavelength=1e-10)
CURVE = AzimuthalIntegration(GEOMETRY, bins=20)
AWAY = np.hypot(*(np.indices(SHAPE) - np.array([23.5, 31.5])[:, None, None]))
IMAGES = {name: 1e3 * np.exp(-0.5 * ((AWAY - radius) / 2) ** 2) for name, radius in (("a", 8), ("b", 18))}
IMAGES["glass"] = np.full(SHAPE, 100.0)


def read(reducer, frames):
    state = reducer.update(reducer.init(FrameSpec(SHAPE)), torch.as_tensor(frames), FrameMeta())
    return reducer.read(state)


PATTERNS = tuple(
    Pattern(name, read(CURVE, image[None].astype(np.int32))["intensity"].value, name != "glass")
    for name, image in IMAGES.items()
)


class TestContract(ReducerContract):
    @pytest.fixture
    def reducer(self):
        return PhaseFractions(CURVE, PATTERNS)


def test_amounts_are_those_of_scipy():
    mean = 0.03 * IMAGES["a"] + 0.05 * IMAGES["b"] + 0.1 * IMAGES["glass"]
    found = read(PhaseFractions(CURVE, PATTERNS), np.random.default_rng(3).poisson(mean)[None].astype(np.int32))
    amounts, _ = nnls(np.stack([pattern.values for pattern in PATTERNS], axis=1), found["intensity"].value)
    share = found["a_fraction"]
    assert share.value == pytest.approx(amounts[0] / amounts[:2].sum(), abs=1e-9)
    assert share.value == pytest.approx(0.375, abs=5 * share.sigma)
    assert found["phase"].value == 1.0


def test_the_sigma_is_the_spread_of_many_measurements():
    beamline = wafer_beamline()
    reducer, scene = beamline.readouts[0].reducer, beamline.scene
    (x0, y0), (x1, y1) = scene.corners[:2]
    along = np.linspace(0, 1, 101)
    way = {"sample_x": x0 + along * (x1 - x0), "sample_y": y0 + along * (y1 - y0)}
    middle = np.abs(scene.expected(way)["pattern_alpha_fraction"] - 0.5).argmin()
    x, y = (float(values[middle]) for values in way.values())
    positions = {"sample_x": torch.tensor([x]).double(), "sample_y": torch.tensor([y]).double()}
    mean = scene.photons(positions, torch.zeros(1)) * scene.exposure
    counts = torch.poisson(mean.expand(40, *scene.geometry.shape), generator=torch.Generator().manual_seed(1)).int()
    empty = reducer.init(FrameSpec(scene.geometry.shape))
    found = [reducer.read(reducer.update(empty, frame[None], FrameMeta()))["alpha_fraction"] for frame in counts]
    values, told = np.array([float(each.value) for each in found]), np.array([float(each.sigma) for each in found])
    truth = scene.expected({"sample_x": np.array([x]), "sample_y": np.array([y])})["pattern_alpha_fraction"][0]
    assert truth == pytest.approx(0.5, abs=0.1)
    assert values.mean() == pytest.approx(truth, abs=4 * told.mean() / np.sqrt(len(found)))
    assert values.std(ddof=1) == pytest.approx(told.mean(), rel=4 / np.sqrt(2 * len(found)))


def test_refuses_patterns_that_say_the_same():
    with pytest.raises(ReductionError, match="independent curves"):
        PhaseFractions(CURVE, (PATTERNS[0], Pattern("b", 2 * PATTERNS[0].values)))
    with pytest.raises(ReductionError, match="a phase among them"):
        PhaseFractions(CURVE, PATTERNS[2:])
    with pytest.raises(ReductionError, match="as many points as the curve, got 19"):
        read(PhaseFractions(CURVE, (Pattern("a", PATTERNS[0].values[1:]),)), torch.ones((1, *SHAPE), dtype=torch.int32))


@pytest.mark.slow
def test_drives_a_scan_for_the_phase_map(RE):
    beamline = wafer_beamline(seed=2, objective=Classify("pattern_phase"))
    agent = PhaseAgent(Space(beamline.dofs), beamline.objectives, seed=0)
    campaign = Campaign(agent, clock=beamline.clock.now, think="inline")
    RE(adaptive_scan(beamline.detectors(), campaign, num=25))
    points = Space(beamline.dofs).sobol(400, seed=5)
    truth = beamline.scene.expected(Space(beamline.dofs).columns(points))["pattern_phase"]
    likely = agent.probabilities(Space(beamline.dofs).to_unit(points))
    most_common = np.unique(truth, return_counts=True)[1].max() / len(truth)
    assert np.mean(agent.classes[likely.argmax(axis=1)] == truth) > most_common + 0.25


def test_a_scene_for_labels_is_judged_by_its_phase_map():
    make = functools.partial(wafer_beamline, objective=Classify("pattern_phase"))
    assert default_goal(make().objectives[0]) == PhasesKnown()
