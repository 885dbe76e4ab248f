"""What the simulated devices of one beamline share, and how a frame comes about."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from autoexp_simulators.axis import Axis
from autoexp_simulators.clock import SimulatedClock
from autoexp_simulators.dice import Dice
from autoexp_simulators.specs import DetectorSpec, MotorSpec


class World:
    """Clock and axes of one beamline.

    Parameters
    ----------
    clock
        That all devices share.
    motors
        What can be moved.
    seed
        Of everything random about them.
    """

    def __init__(self, clock: SimulatedClock, motors: Sequence[MotorSpec], seed: int) -> None:
        self.clock = clock
        self._seeds = np.random.default_rng([seed, 1])
        self.axes: Mapping[str, Axis] = {spec.name: Axis(spec, self.new_seed()) for spec in motors}

    def new_seed(self) -> int:
        """Return the seed of one more part; the order in which parts ask is part of the result."""
        return int(self._seeds.integers(2**31))

    def positions(self) -> dict[str, float]:
        """Return where every motor truly is."""
        return {name: axis.position for name, axis in self.axes.items()}


class Imager:
    """A detector without a control layer: positions and beamline time to frames.

    Parameters
    ----------
    spec
        What it sees, and through which electronics.
    world
        In which it stands.
    device
        Where frames are made, as torch names it.
    """

    def __init__(self, spec: DetectorSpec, world: World, device: str = "cpu") -> None:
        self.spec = spec
        self._world, self._device = world, device
        self._dice = Dice(world.new_seed(), device)

    def expose(self, exposure: float) -> NDArray[np.unsignedinteger]:
        """Return what one trigger gives, shape ``(y, x)``, or ``(frames, y, x)`` where it gives several."""
        began, count = self._world.clock.now(), self.spec.frames
        period = exposure + self.spec.overhead
        times = began + period * torch.arange(count, dtype=torch.float64, device=self._device)
        positions = {
            name: torch.full((count,), value, dtype=torch.float64, device=self._device)
            for name, value in self._world.positions().items()
        }
        photons = self.spec.photons(positions, times)
        frames = self.spec.sensor.frames(photons, exposure, self._dice).cpu().numpy()
        return frames if count > 1 else frames[0]
