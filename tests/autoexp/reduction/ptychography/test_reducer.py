"""The reducer of patterns: its contract, and the Scene's object."""

import numpy as np
import pytest
import torch

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction import FrameMeta, FrameSpec
from autoexp.reduction.ptychography import Engine, FarField, ObjectGrid, Ptychography, engine
from autoexp.testing.reducers import ReducerContract

OPTICS = FarField((24, 32), 400e-6, 2.0, 1.5e-10)
GRID = ObjectGrid(OPTICS, (-0.4, 0.4), (-0.5, 0.5))
PLACES = np.random.default_rng(3).uniform(-0.4, 0.4, (6, 2))


class TestContract(ReducerContract):
    @pytest.fixture
    def spec(self):
        return FrameSpec((24, 32))

    def meta(self, start, stop):
        return FrameMeta(coordinates=dict(zip("xy", torch.from_numpy(PLACES[start:stop].T), strict=True)))

    @pytest.fixture(params=["numbers", "maps", "halves", "subsample"])
    def reducer(self, request):
        return Ptychography(
            GRID,
            epochs=2,
            maps=request.param != "numbers",
            halves=request.param == "halves",
            subsample=request.param == "subsample",
        )


@pytest.mark.parametrize("method", ["ePIE", "rPIE"])
def test_the_scenes_object_is_found(simulated, method):
    """Without noise and after 30 epochs to 0.03 rad, of a sample that delays by one."""
    reducer = Ptychography(simulated.grid, defocus=simulated.scene.defocus, engine=engine(method), epochs=30)
    found = reducer.read(simulated.state(reducer, simulated.photons * 0.1))
    assert simulated.phase_error(found) < 0.03
    assert float(found["r_factor"].value) < 0.03


def test_the_scenes_probe_is_found_from_a_wrong_defocus(simulated):
    scene = simulated.scene
    reducer = Ptychography(simulated.grid, defocus=0.8 * scene.defocus, epochs=40)
    found = reducer.read(simulated.state(reducer, simulated.photons * 0.1))["probe"].value
    truth = np.zeros(scene.shape)
    truth[16:48, 16:48] = np.abs(scene.probe) ** 2
    assert np.corrcoef(found.ravel(), truth.ravel())[0, 1] > 0.99


def between_samples(simulated, x, y):
    """Return patterns in numpy, of a probe that is moved by shares of a sample in its far field."""
    axes, size = simulated.grid.axes, simulated.scene.shape[0]
    whole = simulated.scene.star.transmission(axes[1][None, :], axes[0][:, None])
    far, frequency = np.fft.fft2(np.pad(simulated.scene.probe, size // 4)), np.fft.fftfreq(size)
    patterns = []
    for at in zip(y.tolist(), x.tolist(), strict=True):
        place = [(p - axis[size // 2]) / simulated.scene.sampling for p, axis in zip(at, axes, strict=True)]
        row, column = (int(np.floor(p)) for p in place)
        ramp = np.exp(-2j * np.pi * (frequency[:, None] * (place[0] - row) + frequency * (place[1] - column)))
        exit_wave = whole[row : row + size, column : column + size] * np.fft.ifft2(far * ramp)
        patterns.append(np.abs(np.fft.fftshift(np.fft.fft2(exit_wave, norm="ortho"))) ** 2)
    return torch.from_numpy(np.stack(patterns))


@pytest.mark.slow
def test_positions_between_samples_count(simulated):
    """A third of the error goes; the rest is what 20 epochs leave."""
    shares = torch.from_numpy(np.random.default_rng(1).uniform(-0.5, 0.5, (2, len(simulated.x))))
    x, y = (torch.stack([simulated.x, simulated.y]) * 0.95) + shares * simulated.scene.sampling
    photons, meta = 0.1 * between_samples(simulated, x, y), FrameMeta(coordinates={"x": x, "y": y})

    def error(subsample):
        reducer = Ptychography(
            simulated.grid, defocus=simulated.scene.defocus, epochs=20, maps=False, subsample=subsample
        )
        found = reducer.read(reducer.update(reducer.init(simulated.spec), photons, meta))
        return float(found["r_factor"].value)

    assert error(True) < 0.67 * error(False)


def test_the_error_falls_with_the_epochs_and_with_the_exposure(simulated):
    def error(epochs, exposure):
        reducer = Ptychography(simulated.grid, defocus=simulated.scene.defocus, epochs=epochs)
        found = reducer.read(simulated.state(reducer, simulated.counts(exposure)))
        return float(found["r_factor"].value), simulated.phase_error(found)

    one, few, many = error(1, 0.1), error(4, 0.1), error(16, 0.1)
    assert one[0] > few[0] > many[0]
    assert one[1] > few[1] > many[1]
    assert error(16, 0.01)[1] > many[1]


@pytest.mark.slow
def test_halves_tell_the_resolution_and_the_noise(simulated):
    """The less light, the coarser; sigmas of the phase are those of scans that were counted again."""
    defocus = simulated.scene.defocus
    reducer = Ptychography(simulated.grid, defocus=defocus, epochs=8, halves=True)
    bright, dim = (reducer.read(simulated.state(reducer, simulated.counts(t))) for t in (0.1, 0.003))
    assert float(bright["resolution"].value) < float(dim["resolution"].value)
    assert float(dim["resolution"].sigma) > 0
    assert (np.isfinite(bright["phase"].sigma) == np.isfinite(bright["phase"].value)).all()
    alone = Ptychography(simulated.grid, defocus=defocus, epochs=8)
    again = [alone.read(simulated.state(alone, simulated.counts(0.003, seed)))["phase"].value for seed in range(1, 6)]
    middle = (slice(40, 72), slice(40, 72))
    spread = np.sqrt(np.var([each[middle] for each in again], axis=0, ddof=1).mean())
    assert np.sqrt(np.mean(dim["phase"].sigma[middle] ** 2)) == pytest.approx(spread, rel=0.5)


def test_axes_are_places_on_the_sample(simulated):
    """The middle of the illuminated part is that of the positions."""
    reducer = Ptychography(simulated.grid, defocus=simulated.scene.defocus, epochs=1)
    some = simulated.x > 0
    meta = FrameMeta(coordinates={"x": simulated.x[some], "y": simulated.y[some]})
    found = reducer.read(reducer.update(reducer.init(simulated.spec), simulated.counts(0.1)[some], meta))["phase"]
    rows, columns = np.nonzero(np.isfinite(found.value))
    assert found.axes["x"].values[columns].mean() == pytest.approx(float(simulated.x[some].mean()), abs=0.03)
    assert found.axes["y"].values[rows].mean() == pytest.approx(float(simulated.y[some].mean()), abs=0.03)


def test_what_is_not_kept_is_counted_and_flagged(simulated):
    reducer = Ptychography(simulated.grid, epochs=1, maps=False, capacity=5)
    state = simulated.state(reducer, simulated.counts(0.1))
    assert (len(state.patterns), state.dropped) == (5, 44)
    found = reducer.read(state)["r_factor"]
    assert found.n_frames == 49
    assert found.flags & Flags.INCOMPLETE


def test_darkness_is_finite_or_nan(simulated):
    reducer = Ptychography(simulated.grid, epochs=1, halves=True)
    found = reducer.read(simulated.state(reducer, torch.zeros((3, 64, 64))))
    assert np.isnan(found["r_factor"].value)
    assert found["resolution"].flags & Flags.UNRESOLVED


def test_what_makes_no_sense_is_refused(simulated):
    reducer = Ptychography(GRID)
    frames, empty = torch.zeros((2, 24, 32)), reducer.init(FrameSpec((24, 32)))
    with pytest.raises(ReductionError, match="'x' must come with the frames, got none"):
        reducer.update(empty, frames, FrameMeta())
    with pytest.raises(ReductionError, match="one value per frame, got 1 for 2"):
        reducer.update(empty, frames, FrameMeta(coordinates={"x": torch.zeros(1), "y": torch.zeros(2)}))
    with pytest.raises(ReductionError, match="as the detector is"):
        reducer.update(empty, torch.zeros((1, 32, 24)), simulated.meta(0, 1))
    with pytest.raises(ReductionError, match="probe must be"):
        Ptychography(GRID, probe=torch.zeros((3, 3)))
    with pytest.raises(ReductionError, match="epochs must be one or more"):
        Ptychography(GRID, epochs=0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_reads_the_same(simulated):
    reducer = Ptychography(simulated.grid, defocus=simulated.scene.defocus, engine=Engine(batch=8), epochs=5)
    counts = simulated.counts(0.1)
    here = reducer.read(simulated.state(reducer, counts))
    there = reducer.read(
        reducer.update(reducer.init(FrameSpec((64, 64), "cuda")), counts, simulated.meta(0, len(counts)))
    )
    assert float(there["r_factor"].value) == pytest.approx(float(here["r_factor"].value), rel=1e-3)
    assert np.nanmax(np.abs(there["phase"].value - here["phase"].value)) < 0.02
