"""What the frames of a stream are reduced into: one reading of all."""

import time
from collections.abc import Mapping, Sequence

from autoexp.reduction.records import Reduced
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
        self._accumulator = accumulator
        self.values: Mapping[str, Reduced] | None = None
        self.time = 0.0

    def absorb(self, arrivals: Sequence[Arrival]) -> Absorbed:
        """Reduce a batch."""
        self._accumulator.add(arrivals)
        return Absorbed(reduced=len(arrivals))

    def finish(self) -> None:
        """Read the values."""
        self.values, self.time = self._accumulator.read(), time.time()
