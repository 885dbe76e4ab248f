"""One sample, two detectors."""

from dataclasses import replace

import bluesky.plan_stubs as bps
import numpy as np
import pytest
from bluesky.plans import count

from autoexp.plugins import load
from autoexp_simulators.multimodal import multimodal_scene
from autoexp_simulators.multimodal.scene import RING

SCENE = multimodal_scene(0)
READBACK_NOISE = 0.02


def middles(scene):
    cells = scene.fluorescence.cells
    return {"sample_x": np.array([each.x for each in cells]), "sample_y": np.array([each.y for each in cells])}


def test_the_ring_stands_where_bragg_says():
    spacing = 2.8665 / np.sqrt(2.0)
    assert RING[0] < 2 * np.pi / spacing < RING[1]


def test_crystalline_iron_is_the_stated_share_of_a_cells_iron():
    places = middles(SCENE)
    of_cells = SCENE.iron(**rename(places)) - SCENE.fluorescence.film[3]
    assert SCENE.crystalline(**rename(places)) / of_cells == pytest.approx(np.array(SCENE.crystallinity), rel=1e-6)


def rename(places):
    return {"x": places["sample_x"], "y": places["sample_y"]}


@pytest.mark.parametrize("seed", range(4))
def test_the_maps_correlate_but_do_not_agree(seed):
    truth = multimodal_scene(seed).truth()
    iron, crystalline = truth.iron.values.ravel(), truth.crystalline_iron.values.ravel()
    covariance = ((iron - iron.mean()) * (crystalline - crystalline.mean())).mean()
    assert truth.attrs["correlation"] == pytest.approx(covariance / iron.std() / crystalline.std())
    assert 0.2 < truth.attrs["correlation"] < 0.99
    assert (crystalline <= iron).all()


def test_a_twin_without_crystals_has_the_same_fluorescence_and_a_dark_ring():
    twin = replace(SCENE, crystallinity=(0.0,) * len(SCENE.crystallinity))
    true, wrong = SCENE.expected(middles(SCENE)), twin.expected(middles(SCENE))
    assert (true["xrf_Fe"] == wrong["xrf_Fe"]).all()
    assert (true["pattern_ring"] > wrong["pattern_ring"]).all()


def test_both_reducers_find_what_the_scene_expects(RE):
    beamline = load("scenes", "multimodal")(seed=1)
    cell, data = beamline.scene.fluorescence.cells[0], []

    def plan():
        for x, y in ((cell.x, cell.y), (cell.x + 30.0 * (-1) ** (cell.x > 0), 0.0)):
            yield from bps.mv(beamline.dofs[0].movable, x, beamline.dofs[1].movable, y)
            x, y = (dof.movable.position for dof in beamline.dofs)
            yield from count(beamline.detectors())
            around = {"sample_x": x + READBACK_NOISE * np.array([0, 1, -1, 0, 0])}
            around["sample_y"] = y + READBACK_NOISE * np.array([0, 0, 0, 1, -1])
            expected = beamline.scene.expected(around)
            for name in ("xrf_Fe", "xrf_K", "pattern_ring"):
                sigma = np.hypot(data[-1][f"{name}_sigma"], np.ptp(expected[name]))
                assert data[-1][name] == pytest.approx(expected[name][0], abs=5 * sigma)

    RE(plan(), lambda name, document: data.append(document["data"]) if name == "event" else None)
    assert len(data) == 2


def test_diffraction_costs_more_beam_time_than_fluorescence(RE):
    beamline = load("scenes", "multimodal")(seed=0)
    spent = []
    for detector in beamline.detectors():
        began = beamline.clock.now()
        RE(count([detector]))
        spent.append(beamline.clock.now() - began)
    assert spent[1] > 10 * spent[0]


def test_the_same_seed_is_the_same_sample():
    assert multimodal_scene(3).crystallinity == multimodal_scene(3).crystallinity
    assert multimodal_scene(3).crystallinity != multimodal_scene(4).crystallinity
