"""What goes into a reducer and what comes out: frozen records over tensors and arrays."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from autoexp.flags import Flags

FloatArray = NDArray[np.float64]

SENTINELS = (-1, 2**16 - 1, 2**32 - 1)
"""Raw values that detectors write where they have no count; they never enter a result."""


@dataclass(frozen=True, slots=True)
class FrameSpec:
    """What the frames will look like.

    Parameters
    ----------
    shape
        Rows and columns, (y, x).
    device
        Where the state lives, as torch names it.
    exposure
        Seconds that each frame will be exposed; NaN where that is not known yet.
    """

    shape: tuple[int, int]
    device: str = "cpu"
    exposure: float = math.nan


@dataclass(frozen=True, slots=True)
class FrameMeta:
    """What was known of a batch when it was taken.

    Parameters
    ----------
    exposure
        Seconds that each frame was exposed.
    monitor
        Incoming flux during each frame (I0), in the monitor's own counts.
    coordinates
        What varied from frame to frame, by name, shape ``(n,)`` or ``(n, k)`` each: the angle of a
        projection, the position of a probe.
    """

    exposure: float = 1.0
    monitor: float = 1.0
    coordinates: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """A batch of frames on its way through the stages.

    Parameters
    ----------
    values
        Shape ``(n, y, x)``, floating point.
    variance
        Variance of each value, shape ``(n, y, x)``; None where it is the value itself, as for raw
        Poisson counts.
    valid
        Where a value may be used, boolean, shape ``(n, y, x)`` or ``(y, x)``; None for everywhere.
    """

    values: Tensor
    variance: Tensor | None = None
    valid: Tensor | None = None

    @property
    def variances(self) -> Tensor:
        """Variance of each value, shape ``(n, y, x)``."""
        return self.values.clamp(min=0.0) if self.variance is None else self.variance


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """The coordinate along one dimension of a reduced array.

    Parameters
    ----------
    values
        Shape ``(length,)``.
    unit
        Unit of the values.
    """

    values: FloatArray
    unit: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """A reduced value with its uncertainty.

    Parameters
    ----------
    value, sigma
        The value and its standard deviation, shape by `dims`; NaN where there is none.
    unit
        Unit of both.
    dims
        Names of the dimensions; empty for a number.
    axes
        Coordinates of those dimensions that have one.
    n_frames
        Number of frames behind it.
    flags
        What should be known before it is believed.
    """

    value: FloatArray
    sigma: FloatArray
    unit: str = ""
    dims: tuple[str, ...] = ()
    axes: Mapping[str, Axis] = field(default_factory=dict)
    n_frames: int = 0
    flags: Flags = Flags.NONE


def number(value: float, sigma: float, unit: str, n_frames: int, flags: Flags) -> Reduced:
    """Return a reduced value without dimensions."""
    return Reduced(np.array(value, dtype=float), np.array(sigma, dtype=float), unit, n_frames=n_frames, flags=flags)


def numbers(
    names: Sequence[str],
    values: FloatArray,
    sigmas: FloatArray,
    unit: str,
    n_frames: int,
    flags: Sequence[Flags],
) -> dict[str, Reduced]:
    """Return reduced values without dimensions by name, as views of two arrays, shape ``(n,)`` each."""
    return {
        name: Reduced(values[i, ...], sigmas[i, ...], unit, n_frames=n_frames, flags=flags[i])
        for i, name in enumerate(names)
    }
