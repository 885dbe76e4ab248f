"""Self-driving scans that see reduced values only, judged by what the scene knows."""

import bluesky.plan_stubs as bps
import numpy as np
import pytest
import torch

from autoexp import Bound, Maximize, Minimize, Space, Target
from autoexp.campaign import Campaign
from autoexp.detectors import ReducedDetector
from autoexp.reduction import (
    AzimuthalIntegration,
    Band,
    BandIntensities,
    BeamStatistics,
    Dark,
    DataQuality,
    DeadTime,
    EnergyCalibration,
    Fluorescence,
    FrameMeta,
    FrameSpec,
    Gain,
    Mask,
    Monitor,
    PerSecond,
    RegionSums,
    SpectrumFit,
    chain,
)
from autoexp_agents import BayesianAgent
from autoexp_plans import adaptive_scan
from autoexp_simulators import DetectorSpec, MotorSpec, assemble, mirrors_beamline
from autoexp_simulators.faults import BadPixels
from autoexp_simulators.kb import mirror_scene
from autoexp_simulators.noise import Sensor
from autoexp_simulators.saxs.beamline import saxs_beamline
from autoexp_simulators.xrf.beamline import xrf_beamline

pytestmark = pytest.mark.slow

HOT = 50_000


def dofs(beamline, *names):
    return Space([dof for dof in beamline.dofs if dof.name in names])


def drive(RE, beamline, detector, agent, num):
    """Return the best point after a scan."""
    RE(adaptive_scan([detector], Campaign(agent, think="inline", clock=beamline.clock.now), num=num))
    return agent.best().point


def parked_at(RE, beamline, place):
    for dof in beamline.dofs:
        RE(bps.mv(dof.movable, place[dof.name]))


def expected(beamline, place, field):
    return float(beamline.scene.expected({name: np.array([at]) for name, at in place.items()})[f"spot_{field}"][0])


def exposure_of(beamline):
    return lambda: FrameMeta(exposure=beamline.detector.exposure.get())


def test_an_agent_focuses_the_beam(RE):
    beamline = mirrors_beamline(seed=4)
    optimum = beamline.scene.optimum()
    parked_at(RE, beamline, optimum | {"v_bend": -1.0, "h_bend": 1.0})
    spot = ReducedDetector(beamline.detector, BeamStatistics(), name="spot", device="cpu")
    agent = BayesianAgent(dofs(beamline, "v_bend", "h_bend"), Minimize("spot_size"), seed=1)
    best = drive(RE, beamline, spot, agent, 20)
    assert expected(beamline, optimum | best, "size") < 1.1 * expected(beamline, optimum, "size")


def test_an_agent_focuses_by_corrected_frames(RE):
    """A share of the pixels is hot; a reducer of raw frames sees these, and no beam."""
    beamline = mirrors_beamline(seed=4, faults=[BadPixels(hot=0.001, value=HOT)])
    optimum, camera = beamline.scene.optimum(), beamline.detector
    parked_at(RE, beamline, optimum | {"v_bend": -1.0})
    RE(bps.trigger(camera, wait=True))
    image = torch.as_tensor(camera.image.get().astype(np.int64))
    dark = torch.full(image.shape, 5.0 * camera.exposure.get())
    reducer = chain(
        Gain(1.0, offset=10.0, read_noise=1.0), Mask(image == HOT), Dark(dark), Monitor(2.0), BeamStatistics()
    )
    spot = ReducedDetector(camera, reducer, name="spot", device="cpu", meta=lambda: FrameMeta(monitor=2.0))
    agent = BayesianAgent(dofs(beamline, "v_bend"), Minimize("spot_width_y"), initial=4, seed=1)
    best = drive(RE, beamline, spot, agent, 8)
    assert expected(beamline, optimum | best, "width_y") < 1.1 * expected(beamline, optimum, "width_y")
    raw = BeamStatistics()
    seen = raw.read(raw.update(raw.init(FrameSpec(image.shape)), image[None], FrameMeta()))["width_y"]
    assert float(seen.value) != pytest.approx(agent.best().mean, rel=1.0)


def test_an_agent_finds_the_longest_exposure_that_does_not_saturate(RE):
    scene = mirror_scene(4)
    optimum = scene.optimum()
    beamline = assemble(
        "mirrors",
        scene,
        motors=[MotorSpec(name, (-50, 50), "", start=optimum[name]) for name in scene.names],
        detectors=[
            DetectorSpec(
                "camera",
                scene.shape,
                scene.photons,
                DataQuality(),
                "frames",
                exposures=(0.002, 2.0),
                sensor=Sensor(saturation=60_000),
            )
        ],
        objectives=[Maximize("frames_signal_to_noise")],
        seed=1,
    )
    detector = ReducedDetector(beamline.detector, DataQuality(), name="frames", device="cpu")
    agent = BayesianAgent(
        dofs(beamline, "camera_exposure"), [Maximize("frames_total"), Bound("frames_saturated", high=0.5)], seed=1
    )
    best = drive(RE, beamline, detector, agent, 10)["camera_exposure"]
    peak = float(scene.photons({k: torch.tensor([v]) for k, v in optimum.items()}, torch.zeros(1)).max())
    assert 0.6 < best * peak / 60_000 < 1.0


def test_an_agent_finds_the_iron_by_the_region_of_its_line(RE):
    pytest.importorskip("xraydb")
    beamline = xrf_beamline(seed=3)
    scene = beamline.scene
    regions = Fluorescence(EnergyCalibration(2048, gain=0.010, offset=0.005), incident=12.0).regions("Fe")
    reducer = chain(DeadTime(scene.detector.dead, shared=True), PerSecond(), RegionSums(regions))
    detector = ReducedDetector(beamline.detector, reducer, name="line", device="cpu", meta=exposure_of(beamline))
    agent = BayesianAgent(dofs(beamline, "sample_x", "sample_y"), Maximize("line_Fe"), initial=8, seed=2)
    rate = scene.truth().rate.sel(element="Fe")
    best = drive(RE, beamline, detector, agent, 30)
    assert float(rate.sel(best, method="nearest")) > float(rate.quantile(0.9))


def test_an_agent_finds_the_zinc_by_a_fit_above_a_background(RE):
    beamline = xrf_beamline(seed=3)
    scene = beamline.scene
    lines = torch.from_numpy(scene.shapes.T.copy())[:, :6]
    elements = scene.components[:6]
    reducer = chain(PerSecond(), SpectrumFit(lines, elements, unit="1/s", background=40))
    detector = ReducedDetector(beamline.detector, reducer, name="fit", device="cpu", meta=exposure_of(beamline))
    agent = BayesianAgent(dofs(beamline, "sample_x", "sample_y"), Maximize("fit_Zn"), initial=12, seed=2)
    rate = scene.truth().rate.sel(element="Zn")
    best = drive(RE, beamline, detector, agent, 30)
    assert float(rate.sel(best, method="nearest")) > float(rate.quantile(0.9))


def test_an_agent_finds_the_hold_that_crystallises_half(RE):
    beamline = saxs_beamline(seed=1)
    scene = beamline.scene
    parked_at(RE, beamline, {"temperature": 340.0, "hold": 0.0})
    curve = AzimuthalIntegration(scene.geometry, bins=200, range=(0.1, 1.65), polarisation=0.99)
    reducer = BandIntensities(curve, (Band("ring", 1.46, 1.54),))
    detector = ReducedDetector(beamline.detector, reducer, name="curve", device="cpu")
    holds = np.linspace(0.0, 600.0, 201)
    truth = scene.expected({"temperature": np.full(201, 340.0), "hold": holds})["pattern_ring"]
    half = 0.5 * (truth[0] + truth[-1])
    agent = BayesianAgent(dofs(beamline, "hold"), Target("curve_ring", half), seed=1)
    best = drive(RE, beamline, detector, agent, 10)["hold"]
    assert np.interp(best, holds, truth) == pytest.approx(half, rel=0.05)
