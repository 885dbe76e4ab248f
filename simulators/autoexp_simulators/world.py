"""What the simulated devices of one beamline share, and how a frame comes about."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from autoexp_simulators.axis import Axis
from autoexp_simulators.clock import SimulatedClock
from autoexp_simulators.dice import Dice
from autoexp_simulators.faults.habits import Habits
from autoexp_simulators.faults.hooks import (
    Clips,
    Delays,
    Drops,
    Fails,
    Hits,
    Loses,
    Remains,
    Shifts,
    Shines,
    Spoils,
)
from autoexp_simulators.shift import shifted
from autoexp_simulators.specs import DetectorSpec, MotorSpec


class World:
    """Clock, axes, beam and sample of one beamline.

    Parameters
    ----------
    clock
        That all devices share.
    motors
        What can be moved.
    seed
        Of everything random about them.
    habits
        The beamline's bad habits.
    """

    def __init__(
        self, clock: SimulatedClock, motors: Sequence[MotorSpec], seed: int, habits: Habits | None = None
    ) -> None:
        self.clock = clock
        self.habits = habits or Habits()
        self._seeds = np.random.default_rng([seed, 1])
        self.axes: Mapping[str, Axis] = {
            spec.name: Axis(spec, self.new_seed(), self.habits.of("motor", spec.name, number))
            for number, spec in enumerate(motors)
        }
        beam = self.habits.of("beam", "beam")
        self._shines = [habit for habit in beam if isinstance(habit, Shines)]
        self._shifts = [habit for habit in beam if isinstance(habit, Shifts)]
        sample = self.habits.of("sample", "sample")
        self._hits = [habit for habit in sample if isinstance(habit, Hits)]
        self._remains = [habit for habit in sample if isinstance(habit, Remains)]

    def new_seed(self) -> int:
        """Return the seed of one more part; the order in which parts ask is part of the result."""
        return int(self._seeds.integers(2**31))

    def positions(self, now: float) -> dict[str, float]:
        """Return where every motor truly is."""
        return {name: axis.true_position(now) for name, axis in self.axes.items()}

    def current(self, now: float) -> float:
        """Return the beam's share of its full intensity."""
        share = 1.0
        for habit in self._shines:
            share *= habit.share(now)
        return share

    def beam_shift(self, now: float) -> tuple[float, float]:
        """Return by how many pixels the beam is off, down and to the right."""
        shifts = [habit.shift(now) for habit in self._shifts]
        return sum(down for down, _ in shifts), sum(right for _, right in shifts)

    def light(self, positions: Mapping[str, float], began: float, exposure: float) -> float:
        """Return the share of a fresh sample's signal at full beam that an exposure gives.

        Parameters
        ----------
        positions
            Where every motor truly is.
        began, exposure
            When it begins, and its length, in beamline seconds.
        """
        beam = self.current(began)
        for habit in self._hits:
            beam *= habit.hit(began, exposure) if beam else 1.0
        if not beam:
            return 0.0
        return beam * math.prod(habit.remaining(positions, began, exposure, beam) for habit in self._remains)


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
    habits
        Its bad habits.
    """

    def __init__(self, spec: DetectorSpec, world: World, device: str = "cpu", habits: Sequence[object] = ()) -> None:
        self.spec = spec
        self._world, self._device = world, device
        self._dice = Dice(world.new_seed(), device)
        self._triggers = 0
        self._fails = [habit for habit in habits if isinstance(habit, Fails)]
        self._loses = [habit for habit in habits if isinstance(habit, Loses)]
        self._delays = [habit for habit in habits if isinstance(habit, Delays)]
        self._changes = [habit.spoil for habit in habits if isinstance(habit, Spoils)]
        self._changes += [habit.clip for habit in habits if isinstance(habit, Clips)]
        self._changes += [habit.drop for habit in habits if isinstance(habit, Drops)]

    def beside(self) -> "Imager":
        """Return another detector that sees the same, with noise of its own and no bad habits."""
        return Imager(self.spec, self._world, self._device)

    def delay(self, now: float) -> float:
        """Return the seconds by which one more exposure begins late; infinite where it never does.

        Raises
        ------
        SimulatedFaultError
            Where the trigger is to fail.
        """
        number, self._triggers = self._triggers, self._triggers + 1
        for habit in self._fails:
            habit.fail(now, number)
        if any(habit.lose(now, number) for habit in self._loses):
            return math.inf
        return sum(habit.delay(now) for habit in self._delays)

    def expose(self, exposure: float, began: float | None = None) -> NDArray[np.unsignedinteger]:
        """Return what one trigger gives, shape ``(y, x)``, or ``(frames, y, x)`` where it gives several.

        Parameters
        ----------
        exposure
            Seconds per frame.
        began
            When the first frame begins, in beamline seconds; now by default.
        """
        began = self._world.clock.now() if began is None else began
        times = [began + number * (exposure + self.spec.overhead) for number in range(self.spec.frames)]
        photons = self._photons(times, exposure)
        frames = self.spec.sensor.frames(photons, exposure, self._dice)
        for change in self._changes:
            frames = change(frames, began)
        counts: NDArray[np.unsignedinteger] = frames.cpu().numpy()
        return counts if len(times) > 1 else counts[0]

    def _photons(self, times: list[float], exposure: float) -> Tensor:
        places = [self._world.positions(time) for time in times]
        tensors = {name: self._tensor([place[name] for place in places]) for name in self._world.axes}
        photons = self.spec.photons(tensors, self._tensor(times))
        shares, shifts = [], []
        for place, time in zip(places, times, strict=True):
            shares.append(self._world.light(place, time, exposure))
            shifts.append(self._world.beam_shift(time))
        if any(share != 1.0 for share in shares):
            photons = photons * self._tensor(shares).to(photons.dtype)[:, None, None]
        return shifted(photons, shifts)

    def _tensor(self, values: list[float]) -> Tensor:
        return torch.tensor(values, dtype=torch.float64, device=self._device)
