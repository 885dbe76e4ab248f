"""Absorption spectra from counts."""

import numpy as np
import pytest
import torch

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.plugins import load
from autoexp.reduction import FrameMeta, FrameSpec, Mask, chain
from autoexp.reduction.xanes import References, Windows, Xanes
from autoexp.testing.reducers import ReducerContract, assert_same
from autoexp_simulators.xanes.scene import xanes_scene

ENERGY = np.linspace(7080.0, 7180.0, 201)
SCENE = xanes_scene(0)
SPEC = FrameSpec((1, 2))
PLACE = {"sample_x": 0.1, "sample_y": -0.2}


def references(**settings):
    spectra = np.stack([each.step(ENERGY, SCENE.width) for each in SCENE.species])
    return References(tuple(each.name for each in SCENE.species), ENERGY, spectra, **settings)


def xanes(**settings):
    return Xanes(tuple(ENERGY), **{"references": references(), "windows": Windows(pre2=-15.0)} | settings)


def expected_rates(energy=ENERGY, seconds=0.5):
    points = {"energy": energy} | {name: np.full(len(energy), at) for name, at in PLACE.items()}
    positions = {name: torch.from_numpy(at) for name, at in points.items()}
    return seconds * SCENE.photons(positions, torch.zeros(len(energy), dtype=torch.float64)).double()


def counts(seed=0, **settings):
    generator = torch.Generator().manual_seed(seed)
    return torch.poisson(expected_rates(**settings), generator=generator).to(torch.int32)


def at(energy):
    return FrameMeta(coordinates={"energy": torch.as_tensor(energy)})


def read(reducer, frames, energy=ENERGY, device="cpu"):
    state = reducer.update(reducer.init(FrameSpec((1, 2), device)), frames, at(energy))
    return reducer.read(state)


class TestContract(ReducerContract):
    @pytest.fixture
    def reducer(self):
        return xanes()

    @pytest.fixture
    def spec(self):
        return FrameSpec((1, 2))

    @pytest.fixture
    def frames(self, spec):
        return counts()

    def meta(self, start, stop):
        return at(ENERGY[start:stop])


def test_the_axis_is_the_grid_however_uneven():
    grid = np.concatenate(
        [np.arange(7080.0, 7110.0, 6.0), np.arange(7110.0, 7130.0, 0.5), np.arange(7130.0, 7181.0, 4.0)]
    )
    found = read(Xanes(tuple(grid)), counts(energy=grid), grid)
    for name in ("mu", "spectrum"):
        np.testing.assert_array_equal(found[name].axes["energy"].values, grid)


def test_the_axis_of_whole_energies_is_in_floating_point():
    found = read(Xanes(tuple(range(7080, 7180))), counts())
    assert found["mu"].axes["energy"].values.dtype == np.float64


def test_species_are_those_of_the_scene():
    truth = SCENE.truth().sel(**PLACE, method="nearest").fraction
    draws = [read(xanes(), counts(seed)) for seed in range(12)]
    for species in truth.species.values:
        found = [each[f"fraction_{species}"] for each in draws]
        sigma = float(np.mean([each.sigma for each in found]))
        mean = float(np.mean([each.value for each in found]))
        assert mean == pytest.approx(float(truth.sel(species=species)), abs=4 * sigma / np.sqrt(12))
        assert not any(each.flags for each in found)


def test_the_edge_energy_is_that_of_the_scene():
    """The scene's is the mean over the species, by fraction."""
    found = read(xanes(), counts())
    edges = {each.name: each.edge for each in SCENE.species}
    mean = sum(float(found[f"fraction_{name}"].value) * edge for name, edge in edges.items())
    truth = float(SCENE.truth().sel(**PLACE, method="nearest").edge_energy)
    spread = np.hypot.reduce([float(found[f"fraction_{name}"].sigma) * (edges[name] - truth) for name in edges])
    assert mean == pytest.approx(truth, abs=4 * float(spread))


def test_numbers_are_those_of_the_spectrum_without_noise():
    exact, noisy = (
        read(xanes(e0=7121.0), expected_rates(seconds=1e6)),
        [read(xanes(e0=7121.0), counts(n)) for n in range(20)],
    )
    for name in ("edge_step", "edge", "inflection", "white_line", "white_line_energy"):
        values, sigmas = (np.array([float(getattr(each[name], kind)) for each in noisy]) for kind in ("value", "sigma"))
        assert values.mean() == pytest.approx(float(exact[name].value), abs=4 * sigmas.mean() / np.sqrt(20))
        assert values.std() == pytest.approx(sigmas.mean(), rel=4 / np.sqrt(40))
        assert 0 < float(exact[name].sigma) < 0.01 * sigmas.mean()


def test_energies_may_come_in_any_order_and_again():
    frames, order = torch.cat([counts(1), counts(2)]), np.random.default_rng(0).permutation(2 * len(ENERGY))
    twice = np.concatenate([ENERGY, ENERGY])
    assert_same(read(xanes(), frames[order], twice[order]), read(xanes(), frames, twice))


def test_readings_between_the_points_are_taken_where_they_were():
    """A fly scan of four readings to the point that begins off the grid."""
    fine = np.linspace(7080.0, 7179.9, 800)
    found = read(xanes(), expected_rates(fine, seconds=1e4), fine)
    exact = read(xanes(), expected_rates(seconds=1e4))
    for name in ("edge", "white_line_energy"):
        assert float(found[name].value) == pytest.approx(float(exact[name].value), abs=0.02)


def test_an_unfinished_spectrum_says_so():
    few = read(xanes(), counts()[:5], ENERGY[:5])
    assert np.isnan(few["edge"].value)
    assert few["edge"].flags == Flags.INCOMPLETE | Flags.UNRESOLVED
    assert np.isfinite(few["mu"].value[:5]).all()
    assert np.isnan(few["mu"].value[5:]).all()
    most = read(xanes(), counts()[::2], ENERGY[::2])
    assert most["edge"].flags == Flags.INCOMPLETE
    assert float(most["edge"].value) == pytest.approx(float(read(xanes(), counts())["edge"].value), abs=0.1)


def test_readings_beyond_the_grid_do_not_enter_and_are_told():
    frames, energy = torch.cat([counts(), counts()[:1]]), np.append(ENERGY, 7300.0)
    found = read(xanes(), frames, energy)
    assert float(found["edge"].value) == float(read(xanes(), counts())["edge"].value)
    assert found["edge"].flags == Flags.INCOMPLETE


def test_a_dark_chamber_is_told():
    frames = counts()
    frames[7] = 0
    found = read(xanes(), frames)
    assert np.isnan(found["mu"].value[7])
    assert found["edge"].flags == Flags.NO_SIGNAL | Flags.INCOMPLETE


def test_fluorescence_is_the_ratio():
    rates = expected_rates()
    rates[:, 0, 1] = 0.01 * rates[:, 0, 0] * torch.log(rates[:, 0, 0] / rates[:, 0, 1])
    found = read(xanes(mode="fluorescence"), rates)
    exact = read(xanes(), expected_rates())
    assert found["spectrum"].value == pytest.approx(exact["spectrum"].value, abs=1e-6)
    relative = 1 / rates[:, 0, 0] + 1 / rates[:, 0, 1]
    assert (found["mu"].sigma / found["mu"].value) ** 2 == pytest.approx(relative.numpy())


@pytest.mark.parametrize("nnorm", [0, 1, 2])
def test_larch_agrees(nnorm):
    """Ends of windows lie where both take the same points."""
    larch = pytest.importorskip("larch")
    from larch.xafs import find_e0, pre_edge

    window = {"pre1": -40.0, "pre2": -14.6, "norm1": 10.0, "norm2": 50.4, "nnorm": nnorm}
    for seed in range(3):
        found = read(xanes(e0=7121.0, windows=Windows(**window)), counts(seed))
        theirs = larch.Group()
        pre_edge(ENERGY, found["mu"].value, group=theirs, e0=7121.0, **window)
        assert float(found["edge_step"].value) == pytest.approx(theirs.edge_step, rel=1e-9)
        assert found["spectrum"].value == pytest.approx(theirs.norm, abs=1e-9)
        assert find_e0(ENERGY, found["mu"].value) == pytest.approx(float(found["inflection"].value), abs=1.0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_reads_the_same():
    assert_same(read(xanes(), counts(), device="cuda"), read(xanes(), counts()))


def test_it_warms_up_behind_stages():
    reducer = chain(Mask(torch.zeros((1, 2), dtype=torch.bool)), xanes())
    reducer.warmup(SPEC)
    assert_same(read(reducer, counts()), read(xanes(), counts()))


def test_it_is_found_by_name():
    assert load("reducers", "xanes") is Xanes


@pytest.mark.parametrize(
    ("build", "rule"),
    [
        (lambda: Xanes((1.0, 2.0)), "8 or more, got 2"),
        (lambda: Xanes(tuple(ENERGY[::-1])), "must ascend"),
        (lambda: xanes(incident=1), "two columns"),
        (lambda: xanes(smooth=0.0), "smooth must be positive"),
        (lambda: xanes(mode="Transmission"), "one of 'transmission', 'fluorescence', got 'Transmission'"),
        (lambda: read(xanes(), counts()[:, :, :1]), "columns 0 and 1"),
        (lambda: read(xanes(), counts(), ENERGY[1:]), "got 200 for 201"),
        (lambda: xanes().update(xanes().init(SPEC), counts(), FrameMeta()), "coordinate 'energy'"),
        (lambda: xanes().merge(xanes().init(SPEC), Xanes(tuple(range(9))).init(SPEC)), "one grid"),
    ],
)
def test_what_makes_no_sense_is_refused(build, rule):
    with pytest.raises(ReductionError, match=rule):
        build()
