"""A motor's motion, without a control layer."""

import numpy as np

from autoexp.dofs import Dof
from autoexp_simulators.specs import MotorSpec


class Axis:
    """Where one motor truly is, and what its encoder says.

    Parameters
    ----------
    spec
        What it can do.
    seed
        Of its accuracy and of the read-back's noise.
    """

    def __init__(self, spec: MotorSpec, seed: int) -> None:
        self.spec = spec
        self.position = spec.start
        self.setpoint = spec.start
        self._generator = np.random.default_rng(seed)

    def duration(self, target: float, velocity: float, acceleration: float, settle: float) -> float:
        """Return the seconds that a move from the setpoint to `target` takes."""
        low, high = self.spec.limits
        dof = Dof(self.spec.name, low, high, speed=velocity, acceleration=acceleration, settle=settle)
        return dof.travel_time(self.setpoint, target)

    def arrive(self, target: float) -> None:
        """Be where it was sent, as nearly as it can."""
        self.setpoint = target
        self.position = target + self.spec.accuracy * float(self._generator.standard_normal())

    def readback(self) -> float:
        """Return what the encoder says now."""
        return self.position + self.spec.readback_noise * float(self._generator.standard_normal())
