"""A motor's motion, without a control layer."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from autoexp.dofs import Dof
from autoexp_simulators.faults.hooks import Arrives, Misreads, Move, Wanders
from autoexp_simulators.specs import MotorSpec


class Axis:
    """Where one motor truly is, and what its encoder says.

    Parameters
    ----------
    spec
        What it can do.
    seed
        Of its accuracy and of the read-back's noise.
    habits
        Its bad habits.
    """

    def __init__(self, spec: MotorSpec, seed: int, habits: Sequence[object] = ()) -> None:
        self.spec = spec
        self.position = spec.start
        self.move = Move(spec.start, spec.start)
        self.way: Callable[[float], float] | None = None
        self._generator = np.random.default_rng(seed)
        self._arrives = [habit for habit in habits if isinstance(habit, Arrives)]
        self._wanders = [habit for habit in habits if isinstance(habit, Wanders)]
        self._misreads = [habit for habit in habits if isinstance(habit, Misreads)]

    @property
    def setpoint(self) -> float:
        """Where it was sent last."""
        return self.move.target

    def duration(self, target: float, velocity: float, acceleration: float, settle: float) -> float:
        """Return the seconds that a move from the setpoint to `target` takes."""
        low, high = self.spec.limits
        dof = Dof(self.spec.name, low, high, speed=velocity, acceleration=acceleration, settle=settle)
        return dof.travel_time(self.setpoint, target)

    def arrive(self, move: Move) -> None:
        """Be where `move` ends, as nearly as it can."""
        self.move, self.way = move, None
        missed = sum(habit.arrive(move) for habit in self._arrives)
        self.position = move.target + missed + self.spec.accuracy * float(self._generator.standard_normal())

    def true_position(self, now: float) -> float:
        """Return where it truly is, on its way too."""
        way = self.way
        here = self.position if way is None else way(now)
        return here + sum(habit.wander(self.move, now) for habit in self._wanders)

    def readback(self, now: float) -> float:
        """Return what the encoder says."""
        wrong = sum(habit.misread(self.move, now) for habit in self._misreads)
        noise = self.spec.readback_noise * float(self._generator.standard_normal())
        return self.true_position(now) + wrong + noise


def travelled(share: float, cruise: float, acceleration: float) -> float:
    """Return the share of the way after a share of the time, with a trapezoidal velocity profile.

    Parameters
    ----------
    share
        Of the time without settling, 0 to 1.
    cruise
        Seconds that the way takes at full velocity.
    acceleration
        Seconds to reach full velocity.
    """
    ramp = min(acceleration, math.sqrt(cruise * acceleration))
    whole = ramp + (cruise if cruise >= acceleration else ramp)
    if share > 0.5:
        return 1.0 - travelled(1.0 - share, cruise, acceleration)
    time = max(share, 0.0) * whole
    way = 0.5 * time**2 / ramp if time < ramp else time - 0.5 * ramp
    return way / (whole - ramp) if whole > ramp else 0.0
