"""Mirrors with heights behind slits."""

import numpy as np
import pytest
import torch
from scipy.stats import truncnorm

from autoexp_simulators.kb import mirror_scene
from autoexp_simulators.kb_slits import SlitScene, kb_beamline

SCENE = SlitScene(mirror_scene(0))


def at(**changes):
    best = SCENE.mirrors.optimum()
    slits = {f"{name}_{key}": value for name in "vh" for key, value in (("height", 0.0), ("low", 1500), ("high", 1500))}
    return {name: np.array([float(value)]) for name, value in (best | slits | changes).items()}


def test_what_passes_is_a_truncated_normal_distribution():
    mirror = SCENE.mirrors.vertical
    axis = {"pitch": np.zeros(1), "height": np.zeros(1), "low": np.array([1e-4]), "high": np.array([3e-4])}
    share, mean, sigma = SCENE.beam(mirror, 0.0, axis)
    size = mirror.size_at_mirror()
    law = truncnorm(-1e-4 / size, 3e-4 / size, scale=size)
    assert (mean[0], sigma[0]) == (pytest.approx(law.mean()), pytest.approx(law.std()))
    assert 0 < share[0] < 1


def test_slits_cost_flux_and_narrow_ones_diffract():
    sizes, sums = zip(
        *(
            (e["spot_size"][0], e["spot_sum"][0])
            for e in (SCENE.expected(at(v_low=w, v_high=w)) for w in (1500, 200, 20))
        ),
        strict=True,
    )
    assert sums[0] > sums[1] > sums[2]
    assert sizes[2] > sizes[1]


def test_a_mirror_that_moves_takes_the_spot_with_it_and_loses_beam():
    still, moved = (SCENE.along("v", at(v_height=height)) for height in (0.0, 100.0))
    mirror = SCENE.mirrors.vertical
    ratio = 1.0 + mirror.image_distance / mirror.source_distance
    assert moved[0] - still[0] == pytest.approx(100e-6 * ratio / 2e-6, abs=1.0)
    assert moved[2] < still[2]


def test_the_frame_holds_the_expected_photons():
    point = at(v_height=20.0, h_low=300)
    positions = {name: torch.from_numpy(values) for name, values in point.items()}
    seen = float(SCENE.photons(positions, torch.zeros(1)).sum()) * SCENE.mirrors.exposure
    assert SCENE.expected(point)["spot_sum"][0] == pytest.approx(seen, rel=1e-4)


def test_the_beamline_has_ten_motors():
    assert len(kb_beamline(seed=1).dofs) == 10
