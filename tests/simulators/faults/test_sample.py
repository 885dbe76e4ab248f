import itertools
import math

import numpy as np
import pytest
import torch

from autoexp_simulators import DetectorSpec, Imager, SimulatedClock, World
from autoexp_simulators.faults import BeamDamage, BeamDump, Decay, Habits, Outliers


def flat(positions, time):
    return torch.full((len(time), 16, 16), 1e4)


def build(*faults, names=("camera",), **settings):
    world = World(SimulatedClock(), [], 0, Habits(faults, dict.fromkeys(names, "detector"), 0))
    specs = [DetectorSpec(name, (16, 16), flat, None, name, overhead=0.0, **settings) for name in names]
    return [Imager(spec, world) for spec in specs], world.habits.happenings


def left(happening):
    return float(happening.detail.split()[0])


@pytest.mark.parametrize("order", [1, -1])
def test_beam_that_misses_the_sample_damages_nothing(order):
    (imager,), happened = build(*[BeamDamage(1.0), Outliers(1.0)][::order])
    frames = [imager.expose(0.2, began) for began in np.arange(5.0)]
    assert not any(frame.any() for frame in frames)
    assert {item.fault for item in happened} == {"Outliers"}


@pytest.mark.parametrize("faults", [*itertools.permutations([BeamDamage(5.0), Outliers(0.5), Decay(3.0, 10.0)])])
def test_the_dose_is_of_the_beam_on_the_sample_whatever_the_order(faults):
    (imager,), happened = build(*faults)
    dose = 0.0
    for began in np.arange(40.0):
        before = len(happened)
        image = imager.expose(0.5, began)
        beam = math.exp(-(began % 10.0) / 3.0)
        told = {item.fault: item for item in happened[before:]}
        assert ("Outliers" in told) == (not image.any())
        if image.any():
            expected = 5000 * beam * math.exp(-dose / 5.0)
            assert image.mean() == pytest.approx(expected, abs=5 * math.sqrt(expected) / 16)
            assert dose == 0.0 or left(told["BeamDamage"]) == pytest.approx(math.exp(-dose / 5.0), abs=1e-4)
            dose += 0.5 * beam
        else:
            assert "BeamDamage" not in told
    assert dose > 2.0


def test_without_beam_none_misses_the_sample_and_nothing_is_damaged():
    (imager,), happened = build(Outliers(1.0), BeamDamage(1.0), BeamDump(10.0, start=0.0))
    assert not any(imager.expose(1.0, began).any() for began in np.arange(5.0))
    assert [item.fault for item in happened] == ["BeamDump"]


def test_detectors_that_expose_together_dose_the_sample_once():
    (one, other), happened = build(BeamDamage(5.0), names=("one", "other"))
    for began in np.arange(4.0):
        one.expose(0.5, began)
        other.expose(1.0, began)
    doses = [0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0]
    assert [left(item) for item in happened] == pytest.approx(np.exp(-np.array(doses[2:]) / 5.0), abs=1e-4)


def test_a_dose_of_exposures_out_of_turn():
    (one, other), happened = build(BeamDamage(5.0), names=("one", "other"))
    one.expose(1.0, 3.0)
    other.expose(6.0, 0.0)
    one.expose(1.0, 10.0)
    other.expose(1.0, 4.5)
    assert [left(item) for item in happened] == pytest.approx(np.exp([-6.0 / 5.0, -4.5 / 5.0]), abs=1e-4)


def test_detectors_that_expose_together_miss_together():
    (one, other), happened = build(Outliers(0.5), names=("one", "other"))
    dark = [(not one.expose(0.5, began).any(), not other.expose(2.0, began).any()) for began in np.arange(0.0, 90.0, 3)]
    assert all(first == second for first, second in dark)
    assert 5 < len(happened) == sum(first for first, _ in dark) < 25


def test_frames_of_one_movie_miss_one_by_one():
    (imager,), happened = build(Outliers(0.5), frames=40)
    dark = [number for number, frame in enumerate(imager.expose(0.1, 0.7)) if not frame.any()]
    assert [round((item.time - 0.7) / 0.1) for item in happened] == dark
    assert 8 < len(dark) < 32
