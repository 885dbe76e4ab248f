"""Relaxation times with their sigmas."""

import numpy as np
import pytest
import torch

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction import Band, FrameMeta, FrameSpec, Poni
from autoexp.reduction.xpcs import Correlator, LabelledBins, RadialBins, RelaxationModel, RelaxationTime
from autoexp.testing.reducers import ReducerContract
from autoexp_simulators.xpcs import XpcsScene

PONI = Poni((48, 64), (1e-3, 1e-3), 0.1, (0.024, 0.032))
RINGS = RadialBins(PONI, (Band("inner", 0.2, 0.5), Band("outer", 0.6, 1.1)))
ONE = LabelledBins(torch.ones((32, 32), dtype=torch.int64))


class TestContract(ReducerContract):
    @pytest.fixture
    def reducer(self):
        return RelaxationTime(Correlator(RINGS, levels=2, channels=8, groups=4))

    @pytest.fixture
    def frames(self, spec):
        return torch.from_numpy(movie(30, 4.0, shape=spec.shape)).to(torch.int32)


def movie(n, frames_to_relax, seed=0, shape=(32, 32), brightness=4.0):
    """Counts of fields that forget, ``g1 = exp(-n / frames_to_relax)`` from frame to frame."""
    rng = np.random.default_rng(seed)
    memory = np.exp(-1 / frames_to_relax)
    field = rng.normal(size=(2, *shape))
    frames = np.empty((n, *shape))
    for frame in frames:
        frame[:] = rng.poisson(brightness * (field**2).sum(0) / 2)
        field = memory * field + np.sqrt(1 - memory**2) * rng.normal(size=field.shape)
    return frames


def reading(frames, model=None, **options):
    reducer = RelaxationTime(Correlator(ONE, **options), RelaxationModel() if model is None else model)
    state = reducer.update(reducer.init(FrameSpec((32, 32))), torch.as_tensor(frames), FrameMeta(exposure=0.5))
    return reducer.read(state)


@pytest.fixture(scope="module")
def samples():
    """A movie of 32 patches that have nothing to do with each other, each a bin."""
    labels = torch.arange(1, 33).repeat_interleave(32 * 24).reshape(32 * 32, 24)
    correlator = Correlator(LabelledBins(labels), levels=3)
    frames = torch.from_numpy(movie(64, 4.0, shape=labels.shape))
    return correlator, correlator.update(correlator.init(FrameSpec(labels.shape)), frames, FrameMeta(exposure=0.5))


@pytest.mark.parametrize("model", [RelaxationModel(), RelaxationModel(1.0), RelaxationModel(None, None)])
def test_sigmas_cover_the_truth_as_often_as_they_say(samples, model):
    """Pulls of 32 samples have unit variance, for every parameter."""
    truth = {"tau": 2.0, "rate": 0.5, "contrast": 1.0, "baseline": 1.0, "stretch": 1.0}
    correlator, state = samples
    found = RelaxationTime(correlator, model).read(state)
    for name in {field.split("_")[0] for field in found} - {"g2"}:
        each = [found[f"{name}_{place}"] for place in range(1, 33)]
        pulls = [(float(one.value) - truth[name]) / float(one.sigma) for one in each]
        assert abs(np.mean(pulls)) < 0.8, name
        assert 0.6 < np.std(pulls) < 1.5, name
        assert {one.flags for one in each} == {Flags.NONE}


def test_units_and_fields_follow_the_model():
    frames = movie(20, 4.0)
    assert list(reading(frames)) == ["rate_1", "tau_1", "contrast_1", "baseline_1", "g2"]
    found = reading(frames, RelaxationModel(1.0, None))
    assert list(found) == ["rate_1", "tau_1", "contrast_1", "stretch_1", "g2"]
    assert (found["rate_1"].unit, found["tau_1"].unit) == ("1/s", "s")
    assert float(found["rate_1"].value * found["tau_1"].value) == pytest.approx(1.0)


def test_what_is_too_slow_or_too_fast_is_flagged():
    still = reading(np.tile(movie(1, 4.0), (40, 1, 1)), RelaxationModel(1.0))
    assert still["tau_1"].flags & Flags.UNRESOLVED
    gone = reading(movie(60, 0.05))
    assert gone["tau_1"].flags & Flags.UNRESOLVED


def test_too_few_frames_are_too_few():
    found = reading(movie(3, 4.0))
    assert np.isnan(found["tau_1"].value)
    assert found["tau_1"].flags == Flags.INCOMPLETE
    with pytest.raises(ReductionError, match="4 free parameters need more delays"):
        RelaxationTime(Correlator(ONE, levels=1, channels=4), RelaxationModel(None, None))


def one_ring(scene, q):
    """The ring of the Scene's in which q is, and its q."""
    edges, centres = scene._ring_edges, scene._ring_q
    place = int(np.searchsorted(edges, q)) - 1
    return Band("ring", edges[place], edges[place + 1]), centres[place]


def test_the_scene_has_the_relaxation_time_that_it_states():
    kelvin = 290.0
    pixel = 55e-6
    geometry = Poni((256, 256), (pixel, pixel), 10.0, (-100 * pixel, 128 * pixel), wavelength=1.5e-10)
    scene = XpcsScene(seed=3, brightness=50.0, geometry=geometry)
    band, q = one_ring(scene, 6e-3)
    times = torch.arange(48, dtype=torch.float64) * 0.05
    reducer = RelaxationTime(
        Correlator(RadialBins(scene.geometry, (band,)), period=0.05), RelaxationModel(baseline=None)
    )
    photons = scene.photons({"temperature": torch.full_like(times, kelvin)}, times)
    counts = torch.poisson(photons * 0.05, generator=torch.Generator().manual_seed(1)).to(torch.int32)
    found = reducer.read(reducer.update(reducer.init(FrameSpec(scene.geometry.shape)), counts, FrameMeta()))
    time = float(scene.suspension.relaxation_time(q, np.array(kelvin)))
    assert found["tau_ring"].flags == Flags.NONE
    assert float(found["tau_ring"].value) == pytest.approx(time, abs=4 * float(found["tau_ring"].sigma))
    assert float(found["tau_ring"].sigma) < 0.1 * time
    assert float(found["contrast_ring"].value) == pytest.approx(scene.beta, abs=4 * float(found["contrast_ring"].sigma))
    g2 = found["g2"]
    stated = 1 + scene.beta * np.exp(-2 * g2.axes["tau"].values / time)
    known = np.isfinite(g2.value[0])
    pulls = ((g2.value[0] - stated) / g2.sigma[0])[known][1:]
    assert np.abs(pulls).max() < 5


def test_a_dark_bin_does_not_harm_the_others():
    labels = torch.ones((32, 32), dtype=torch.int64)
    labels[:8] = 2
    frames = movie(40, 4.0)
    frames[:, :8] = 0.0
    reducer = RelaxationTime(Correlator(LabelledBins(labels), levels=2))
    found = reducer.read(reducer.update(reducer.init(FrameSpec((32, 32))), torch.from_numpy(frames), FrameMeta()))
    assert np.isnan(found["tau_2"].value)
    assert np.isnan(found["tau_2"].sigma)
    assert found["tau_2"].flags & Flags.NO_SIGNAL
    assert float(found["tau_1"].value) == pytest.approx(4.0, abs=4 * float(found["tau_1"].sigma))
