"""What a beamline's devices are, whatever control layer they are reached by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from torch import Tensor

from autoexp_simulators.noise import Sensor

Photons: TypeAlias = Callable[[Mapping[str, Tensor], Tensor], Tensor]
"""True positions, shape ``(n,)`` each, and beamline seconds, shape ``(n,)``, to the expected photons per
second of each pixel at full beam, float32, shape ``(n, y, x)``, on the device of the positions."""


@dataclass(frozen=True, slots=True)
class MotorSpec:
    """A motor, or whatever else takes time to get where it is sent.

    Parameters
    ----------
    name
        Of the device and of its read-back field.
    limits
        Lowest and highest position.
    unit
        Of positions.
    velocity
        Units per second.
    acceleration
        Seconds to reach `velocity`, as in the EPICS motor record.
    settle
        Seconds after a move until the motor is done.
    accuracy
        Standard deviation of the true position around the setpoint.
    readback_noise
        Standard deviation of a reading around the true position.
    start
        Where it stands at first.
    """

    name: str
    limits: tuple[float, float]
    unit: str
    velocity: float = 1.0
    acceleration: float = 0.0
    settle: float = 0.0
    accuracy: float = 0.0
    readback_noise: float = 0.0
    start: float = 0.0


@dataclass(frozen=True, slots=True)
class DetectorSpec:
    """A detector, and what is made of its frames.

    Parameters
    ----------
    name
        Of the device.
    shape
        Rows and columns of a frame; a spectrum has one row.
    photons
        The Scene as this detector sees it.
    reducer
        Makes the objectives' fields of its frames.
    readout
        Name of the reduced detector, the prefix of its fields.
    exposure
        Seconds per frame.
    exposures
        Shortest and longest exposure, where it is a Dof, named ``{name}_exposure``.
    overhead
        Seconds beside the exposure until a frame is there.
    frames
        Number of frames per trigger; more than one gives images of shape ``(frames, y, x)``.
    sensor
        Its electronics.
    """

    name: str
    shape: tuple[int, int]
    photons: Photons
    reducer: Any
    readout: str
    exposure: float = 0.1
    exposures: tuple[float, float] | None = None
    overhead: float = 0.02
    frames: int = 1
    sensor: Sensor = field(default_factory=Sensor)
