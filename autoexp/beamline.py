"""What a simulated beamline hands to whoever wants to drive it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from autoexp.constraints import Columns
from autoexp.dofs import Dof, FloatArray
from autoexp.objectives import Objective
from autoexp.records import Point


@runtime_checkable
class Clock(Protocol):
    """Beamline time."""

    def now(self) -> float:
        """Return the beamline seconds that have passed."""


@runtime_checkable
class Scene(Protocol):
    """The physics and the truth behind simulated devices."""

    def expected(self, points: Columns) -> Mapping[str, FloatArray]:
        """Return the noise-free value of each reduced field at ``n`` points, shape ``(n,)`` each."""

    def optimum(self) -> Point:
        """Return the true best point of the Scene's own objective."""


@dataclass(frozen=True, slots=True)
class Beamline:
    """A Scene and the devices that act on it.

    Parameters
    ----------
    name
        The Scene's registered name.
    scene, clock
        The physics, and the clock that its devices share.
    dofs
        Degrees of freedom, each with its device and what its moves cost.
    detector
        The raw detector: a Readable and Triggerable with an ``image`` signal.
    reducer
        Registered name of the reducer that makes the objectives' fields of its frames.
    readout
        Name of the reduced detector, the prefix of its fields.
    objectives
        What is wanted.
    """

    name: str
    scene: Scene
    clock: Clock
    dofs: tuple[Dof, ...]
    detector: Any
    reducer: str
    readout: str
    objectives: tuple[Objective, ...]
