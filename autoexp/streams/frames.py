"""What a stream of frames is: a source that is opened, asked for the next frame, and closed."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from numpy.typing import NDArray

_NOWHERE: Mapping[str, float] = {}


@dataclass(frozen=True, slots=True, eq=False)
class StreamFrame:
    """One frame as it arrived.

    Parameters
    ----------
    values
        Shape ``(y, x)``, or ``(x,)`` as from a spectrum.
    number
        Its place in the stream as the source counts; a gap says that frames were lost on the way.
    timestamp
        Seconds since 1970 by the source's clock; NaN where it does not say.
    coordinates
        Where the beamline stood when it was taken, by name.
    """

    values: NDArray[Any]
    number: int
    timestamp: float = math.nan
    coordinates: Mapping[str, float] = field(default_factory=lambda: _NOWHERE)


@runtime_checkable
class KnowsShape(Protocol):
    """A source that may know what its frames look like before it gives one."""

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Shape of a frame's values; None where that is not known yet."""


@runtime_checkable
class FrameStream(Protocol):
    """A source of frames; one thread opens it, takes from it and closes it, and may do so again."""

    @property
    def live(self) -> bool:
        """Whether frames come although nobody wants one, as from a running detector; others wait to be read."""

    def open(self) -> None:
        """Connect, so that no later frame is missed."""

    def take(self, timeout: float) -> StreamFrame | None:
        """Return the next frame, or None if none comes within `timeout` seconds.

        Raises
        ------
        StreamEndError
            If no more will come.
        """

    def close(self) -> None:
        """Let go of the source; nothing where it is not open."""
