"""One reading of all frames, whatever the beamline does meanwhile."""

from collections.abc import Sequence

from autoexp.streams.accumulator import Accumulator
from autoexp.streams.buffer import Absorbed, Arrival


class WholeReading:
    """A sink for which every frame belongs to one reading.

    Parameters
    ----------
    accumulator
        Of the reading.
    """

    def __init__(self, accumulator: Accumulator) -> None:
        self.accumulator = accumulator

    def absorb(self, arrivals: Sequence[Arrival]) -> Absorbed:
        """Reduce a batch."""
        self.accumulator.add(arrivals)
        return Absorbed(reduced=len(arrivals))
