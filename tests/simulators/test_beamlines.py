import bluesky.plan_stubs as bps
import numpy as np
import pytest
import torch
from bluesky.plans import count

from autoexp import Space
from autoexp.detectors import ReducedDetector
from autoexp.reduction.beam import BeamStatistics
from autoexp_simulators import mirrors_beamline


@pytest.fixture(params=range(4))
def beamline(request):
    return mirrors_beamline(seed=request.param)


def truth(beamline, points):
    return beamline.scene.expected(Space(beamline.dofs).columns(points))


def picture(scene, point):
    positions = {name: torch.tensor([value], dtype=torch.float64) for name, value in point.items()}
    return scene.photons(positions, torch.zeros(1))[0].numpy().astype(float)


def test_the_optimum_is_allowed_and_off_centre(beamline):
    space = Space(beamline.dofs)
    unit = space.to_unit([space.check(beamline.scene.optimum())])
    assert (np.abs(unit - 0.5) > 0.02).all()


def test_no_point_has_a_smaller_spot_than_the_optimum(beamline):
    optimum = truth(beamline, [beamline.scene.optimum()])["spot_size"][0]
    sizes = truth(beamline, Space(beamline.dofs).sobol(4096, seed=1))["spot_size"]
    assert optimum <= np.nanmin(sizes)


def test_the_frame_has_the_expected_moments(beamline):
    point = beamline.scene.optimum()
    expected = {name: values[0] for name, values in truth(beamline, [point]).items()}
    image = picture(beamline.scene, point)
    y, x = np.indices(image.shape)
    total = image.sum()
    mean_x, mean_y = (image * x).sum() / total, (image * y).sum() / total
    assert expected["spot_centroid_x"] == pytest.approx(mean_x)
    assert expected["spot_centroid_y"] == pytest.approx(mean_y)
    assert expected["spot_width_x"] == pytest.approx(4 * np.sqrt((image * (x - mean_x) ** 2).sum() / total), rel=1e-3)
    assert expected["spot_width_y"] == pytest.approx(4 * np.sqrt((image * (y - mean_y) ** 2).sum() / total), rel=1e-3)


def test_the_reducer_finds_what_the_scene_expects(beamline, RE):
    point = beamline.scene.optimum()
    detector = ReducedDetector(beamline.detector, BeamStatistics(), name="spot")
    documents = []
    moves = [item for dof in beamline.dofs for item in (dof.movable, point[dof.name])]

    def plan():
        yield from bps.mv(*moves)
        yield from count([detector])

    RE(plan(), lambda name, document: documents.append(document["data"]) if name == "event" else None)
    (data,) = documents
    at = {dof.name: dof.movable.position for dof in beamline.dofs}
    expected = {name: values[0] for name, values in truth(beamline, [at]).items()}
    for name in ("spot_sum", "spot_width_x", "spot_width_y", "spot_centroid_x", "spot_centroid_y"):
        assert data[name] == pytest.approx(expected[name], abs=5 * data[f"{name}_sigma"], rel=0)


def test_the_expected_sum_is_that_of_the_frame(beamline):
    point = beamline.scene.optimum() | {"v_pitch": 35.0}
    photons = picture(beamline.scene, point).sum() * beamline.detector.exposure.get()
    assert truth(beamline, [point])["spot_sum"][0] == pytest.approx(photons)


def test_a_beam_beside_the_camera_leaves_only_background():
    scene = mirrors_beamline().scene
    point = {name: np.array([value]) for name, value in (scene.optimum() | {"v_pitch": 120.0}).items()}
    expected = scene.expected(point)
    assert np.isnan(expected["spot_size"][0])
    assert expected["spot_sum"][0] < 1.0


def test_the_edge_of_the_camera_cuts_the_beam_at_extreme_pitches(beamline):
    space = Space(beamline.dofs)
    shares = truth(beamline, space.grid(2))["spot_share"]
    assert shares.min() < 0.9
    assert shares.max() == pytest.approx(1.0)


def test_the_same_seed_gives_the_same_beamline(RE):
    frames = []
    for _ in range(2):
        beamline = mirrors_beamline(seed=3)
        RE(count([beamline.detector]))
        frames.append(beamline.detector.image.get())
    assert (frames[0] == frames[1]).all()
