"""Where a beamline's habits act: one method each; a habit has those that it needs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from torch import Tensor

Kind: TypeAlias = Literal["motor", "beam", "detector", "sample"]
Record: TypeAlias = Callable[[float, str], None]
"""Called with beamline seconds and words whenever a habit does something."""


@dataclass(frozen=True, slots=True)
class Move:
    """A motor's latest move, in its unit and in beamline seconds."""

    start: float = 0.0
    target: float = 0.0
    began: float = 0.0
    ended: float = 0.0
    velocity: float = 1.0


class Fault(Protocol):
    """The settings of a habit."""

    acts_on: ClassVar[Kind]

    @property
    def device(self) -> str | None:
        """Which device has it; None where all of its kind do."""

    def begin(self, generator: np.random.Generator, record: Record) -> object:
        """Return the habit itself: an object with one or more of the methods below."""


@runtime_checkable
class FollowsMotors(Protocol):
    """The settings of a habit that depends on where motors stand."""

    @property
    def motors(self) -> Sequence[str]:
        """Names of the motors."""


@runtime_checkable
class Arrives(Protocol):
    """Stops a motor beside its target."""

    def arrive(self, move: Move) -> float:
        """Return by how much the true position misses the target until the next move."""


@runtime_checkable
class Wanders(Protocol):
    """Moves a motor that should stand still."""

    def wander(self, move: Move, now: float) -> float:
        """Return the displacement of the true position."""


@runtime_checkable
class Misreads(Protocol):
    """Falsifies an encoder."""

    def misread(self, move: Move, now: float) -> float:
        """Return by how much the encoder is wrong."""


@runtime_checkable
class Shines(Protocol):
    """Changes the beam's intensity."""

    def share(self, now: float) -> float:
        """Return the share of the full beam, 0 to 1."""


@runtime_checkable
class Shifts(Protocol):
    """Moves the beam across detectors."""

    def shift(self, now: float) -> tuple[float, float]:
        """Return by how many pixels, down and to the right."""


@runtime_checkable
class Hits(Protocol):
    """Moves the sample out of the beam."""

    def hit(self, began: float, exposure: float) -> float:
        """Return the share of the beam that hits the sample in an exposure."""


@runtime_checkable
class Remains(Protocol):
    """Changes what the sample gives."""

    def remaining(self, positions: Mapping[str, float], began: float, exposure: float, beam: float) -> float:
        """Return the share of the signal that is left.

        Parameters
        ----------
        positions
            Where every motor truly is.
        began, exposure
            When the exposure began, and its length, in seconds.
        beam
            Share of the full beam that hits the sample meanwhile.
        """


@runtime_checkable
class Fails(Protocol):
    """Makes triggers raise."""

    def fail(self, now: float, number: int) -> None:
        """Let the trigger with this number, from 0, pass.

        Raises
        ------
        SimulatedFaultError
            Where it fails.
        """


@runtime_checkable
class Loses(Protocol):
    """Makes triggers never return; asked where none fails."""

    def lose(self, now: float, number: int) -> bool:
        """Return whether the trigger with this number, from 0, never returns."""


@runtime_checkable
class Delays(Protocol):
    """Makes triggers late; asked where they neither fail nor get lost."""

    def delay(self, now: float) -> float:
        """Return the seconds by which a trigger is late."""


@runtime_checkable
class Spoils(Protocol):
    """Changes what pixels give."""

    def spoil(self, frames: Tensor, now: float) -> Tensor:
        """Return what they give instead of `frames`, shape ``(n, y, x)``, digital units."""


@runtime_checkable
class Clips(Protocol):
    """Changes what the read-out makes of the pixels, spoilt ones too."""

    def clip(self, frames: Tensor, now: float) -> Tensor:
        """Return what it makes of `frames`, shape ``(n, y, x)``, digital units."""


@runtime_checkable
class Drops(Protocol):
    """Loses frames after the read-out."""

    def drop(self, frames: Tensor, now: float) -> Tensor:
        """Return what the driver gets instead of `frames`, shape ``(n, y, x)``, digital units."""
