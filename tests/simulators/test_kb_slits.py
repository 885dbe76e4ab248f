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


@pytest.mark.parametrize("needed", [5e4, 1.74e5])
def test_no_point_around_the_optimum_is_better(needed):
    scene = SlitScene(mirror_scene(1), (2e-5, -1e-5), photons_needed=needed)
    best, dofs = scene.optimum(), kb_beamline().dofs
    at = {name: np.array([value]) for name, value in best.items()}
    least, photons = (scene.expected(at)[name][0] for name in ("spot_size", "spot_sum"))
    assert photons >= needed * (1 - 1e-6)
    low, high = (np.array([getattr(dof, end) for dof in dofs]) for end in ("low", "high"))
    near = np.random.default_rng(0).normal([*best.values()], 0.1 * (high - low), (20_000, len(dofs))).clip(low, high)
    found = scene.expected(dict(zip(best, near.T, strict=True)))
    assert np.nanmin(found["spot_size"][found["spot_sum"] >= needed]) > least
    assert scene.truth().spot_size == least


def test_more_photons_than_there_are():
    with pytest.raises(ValueError, match="photons_needed must be what the mirrors can pass, got 2e"):
        SlitScene(mirror_scene(1), photons_needed=2e6).optimum()


def test_the_beamline_has_ten_motors():
    assert len(kb_beamline(seed=1).dofs) == 10
