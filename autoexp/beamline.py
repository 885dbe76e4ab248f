"""What a simulated beamline hands to whoever wants to drive it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from autoexp.constraints import Columns
from autoexp.dofs import Dof, FloatArray
from autoexp.objectives import Objective
from autoexp.records import Point

if TYPE_CHECKING:
    import xarray as xr

    from autoexp.detectors import ReducedDetector
    from autoexp.protocols import Reducer
    from autoexp.reduction.records import FrameMeta


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

    def truth(self) -> "xr.Dataset":
        """Return what there is to find out: maps, curves, a volume, with dims and units; numbers as its attrs."""


@runtime_checkable
class HasOptimum(Protocol):
    """A Scene whose own objective has a best point."""

    def optimum(self) -> Point:
        """Return the true best point."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that a beamline's bad habits did.

    Parameters
    ----------
    time
        Beamline seconds.
    device
        To which, by name; ``"beam"`` and ``"sample"`` are devices here.
    fault
        Which habit, by name.
    detail
        What, in words and numbers.
    """

    time: float
    device: str
    fault: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Readout:
    """A detector and what is made of its frames.

    Parameters
    ----------
    detector
        A Readable and Triggerable with an ``image``.
    reducer
        Makes the objectives' fields of its frames.
    name
        Of the reduced detector, the prefix of its fields.
    exposure
        Says for how many seconds the detector exposes, where something in the reducer needs to know.
    """

    detector: Any
    reducer: "Reducer[Any]"
    name: str
    exposure: Callable[[], float] | None = None

    def meta(self) -> "FrameMeta":
        """Return what is known of the frames that the detector takes now."""
        from autoexp.reduction.records import FrameMeta

        return FrameMeta() if self.exposure is None else FrameMeta(exposure=float(self.exposure()))


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
    readouts
        Its detectors.
    objectives
        What is wanted.
    happenings
        What its bad habits did so far; it grows while the beamline runs.
    ring_current
        A Readable of the stored current, field ``ring_current`` in mA; its trigger is done when there is beam.
    """

    name: str
    scene: Scene
    clock: Clock
    dofs: tuple[Dof, ...]
    readouts: tuple[Readout, ...]
    objectives: tuple[Objective, ...]
    happenings: Sequence[Happening] = ()
    ring_current: Any = None

    @property
    def detector(self) -> Any:
        """The raw detector; the first of several."""
        return self.readouts[0].detector

    def detectors(self, *, raw: bool = False) -> "list[ReducedDetector]":
        """Return its detectors with their reducers, to be read in a plan.

        Parameters
        ----------
        raw
            Whether frames stand in the event too.
        """
        from autoexp.detectors import ReducedDetector

        return [
            ReducedDetector(item.detector, item.reducer, name=item.name, meta=item.meta, raw=raw)
            for item in self.readouts
        ]
