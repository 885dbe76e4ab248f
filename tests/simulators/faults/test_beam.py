import numpy as np

from autoexp_simulators import SimulatedClock, World
from autoexp_simulators.faults import Habits, PositionDrift


def test_the_beam_was_where_it_was():
    world = World(SimulatedClock(), [], 0, Habits([PositionDrift(60.0)]))
    walked = [world.beam_shift(now) for now in np.arange(1.0, 20.0)]
    assert len(set(walked)) == 19
    assert [world.beam_shift(now) for now in np.arange(1.0, 20.0)] == walked
    assert world.beam_shift(7.5) == walked[6]
    assert world.beam_shift(0.0) == (0.0, 0.0)
    assert len(world.habits.happenings) == 19
