"""The running reconstruction."""

import numpy as np
import pytest
import torch

from autoexp.errors import ReductionError
from autoexp.reduction import FrameMeta, FrameSpec
from autoexp.reduction.ptychography import FarField, ObjectGrid, Ptychography, RunningPtychography
from autoexp.testing.reducers import ReducerContract

GRID = ObjectGrid(FarField((24, 32), 400e-6, 2.0, 1.5e-10), (-0.4, 0.4), (-0.5, 0.5))
PLACES = np.random.default_rng(3).uniform(-0.4, 0.4, (6, 2))


class TestContract(ReducerContract):
    @pytest.fixture
    def spec(self):
        return FrameSpec((24, 32))

    def meta(self, start, stop):
        return FrameMeta(coordinates=dict(zip("xy", torch.from_numpy(PLACES[start:stop].T), strict=True)))

    @pytest.fixture(params=["at once", "to the end"])
    def reducer(self, request):
        finish = {"at once": 0, "to the end": 1}[request.param]
        return RunningPtychography(Ptychography(GRID, halves=finish > 0), block=2, sweeps=1, finish=finish)


@pytest.fixture
def running(simulated):
    return RunningPtychography(Ptychography(simulated.grid, defocus=simulated.scene.defocus))


def readings(running, simulated, counts, every=7):
    state = running.init(simulated.spec)
    for start in range(0, len(counts), every):
        stop = min(start + every, len(counts))
        state = running.update(state, counts[start:stop], simulated.meta(start, stop))
        yield running.read(state)


def test_the_object_appears_while_patterns_come(simulated, running):
    found = list(readings(running, simulated, simulated.photons * 0.1))
    errors = [float(each["r_factor"].value) for each in found]
    assert errors[-1] < 0.4 * errors[0]
    assert simulated.phase_error(found[-1]) < 0.05


def test_finishing_goes_on_from_there(simulated, running):
    finishing = RunningPtychography(running.ptychography, finish=10)
    counts = simulated.photons * 0.1
    state = finishing.update(finishing.init(simulated.spec), counts, simulated.meta(0, len(counts)))
    finished, plain = finishing.read(state), running.read(state)
    assert float(finished["r_factor"].value) < 0.6 * float(plain["r_factor"].value)
    assert simulated.phase_error(finished) < 0.8 * simulated.phase_error(plain)


def test_a_known_place_surprises_less_than_a_new_one(simulated, running):
    """After the left half of the scan, one more pattern of the left and one of the right."""
    left, counts = simulated.x < 0, simulated.counts(0.1)

    def after(state, chosen):
        meta = FrameMeta(coordinates={"x": simulated.x[chosen], "y": simulated.y[chosen]})
        return running.update(state, counts[chosen], meta)

    known = after(running.init(simulated.spec), left)
    surprise = {
        name: running.read(after(known, each))["surprise"]
        for name, each in (("old", left.nonzero()[3]), ("new", (simulated.x == simulated.x.max()).nonzero()[0]))
    }
    assert float(surprise["new"].value) > 1.5 * float(surprise["old"].value)
    assert 0 < float(surprise["new"].sigma) < 0.05


def test_the_work_for_a_frame_is_bounded(simulated, running, monkeypatch):
    """No sweep has more than `window` patterns, however long the scan is."""
    seen = []
    plain = Ptychography.improved

    def counting(self, estimates, patterns, epochs):
        seen.append(len(patterns) * len(epochs))
        return plain(self, estimates, patterns, epochs)

    monkeypatch.setattr(Ptychography, "improved", counting)
    counts = simulated.counts(0.1)
    running.update(running.init(simulated.spec), counts, simulated.meta(0, len(counts)))
    assert max(seen) == running.window * running.sweeps
    assert len(seen) == len(counts) // running.block


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ReductionError, match="block=8, window=4"):
        RunningPtychography(Ptychography(GRID), block=8, window=4)
