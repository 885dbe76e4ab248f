"""What the frames of a continuous motion are reduced into: one reading for each bin of the position."""

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from autoexp.errors import ReductionError
from autoexp.reduction.records import Reduced
from autoexp.streams.accumulator import Accumulator
from autoexp.streams.buffer import Absorbed, Arrival


@dataclass(frozen=True, slots=True)
class Flight:
    """A continuous motion, and the bins that frames are sorted into.

    Parameters
    ----------
    coordinate
        Name of the position that each frame carries.
    start, stop
        Where the first bin begins and the last one ends; `stop` may be the lower one.
    bins
        How many, of equal width.
    unit
        Of the position.

    Raises
    ------
    ReductionError
        If there is no bin, or no way to go.
    """

    coordinate: str
    start: float
    stop: float
    bins: int
    unit: str = ""

    def __post_init__(self) -> None:
        if self.bins < 1:
            raise ReductionError(f"a flight must have one bin or more, got {self.bins}")
        if not (math.isfinite(self.start) and math.isfinite(self.stop)) or self.start == self.stop:
            raise ReductionError(f"a flight must lead somewhere, got {self.start} to {self.stop} {self.unit}")

    def bin_of(self, position: float) -> int:
        """Return the bin of a position: 0 to ``bins - 1``, less before the start, more beyond the end."""
        share = (position - self.start) / (self.stop - self.start)
        return self.bins - 1 if share == 1.0 else math.floor(share * self.bins)

    def centre(self, number: int) -> float:
        """Return the middle of a bin."""
        return self.start + (number + 0.5) * (self.stop - self.start) / self.bins


@dataclass(frozen=True, slots=True, eq=False)
class BinReading:
    """What was measured in one bin.

    Parameters
    ----------
    position
        Mean position of its frames; the bin's middle where there were none.
    spread
        Standard deviation of the positions; NaN where there were none.
    n_frames
        How many.
    values
        Of the reducer.
    time
        Seconds since 1970 when the last of them was reduced.
    """

    position: float
    spread: float
    n_frames: int
    values: Mapping[str, Reduced]
    time: float


class BinnedReading:
    """A sink that makes one reading for each bin of a flight, in the order of the motion.

    A bin is read when the motion has left the one after it, so that a read-back that jitters by less than a bin loses
    nothing, and only the bins around the present position are held in memory. A frame of a bin that was read already
    is dropped, and counted; one outside of the flight is skipped.

    Parameters
    ----------
    flight
        Its bins.
    accumulator
        Makes the reading of a bin.
    """

    def __init__(self, flight: Flight, accumulator: Callable[[], Accumulator]) -> None:
        self._flight = flight
        self._accumulator = accumulator
        self._open: dict[int, _Bin] = {}
        self._next = 0
        self._ready: deque[BinReading] = deque()

    def absorb(self, arrivals: Sequence[Arrival]) -> Absorbed:
        """Reduce a batch, bin by bin.

        Raises
        ------
        ReductionError
            If a frame does not say where it was taken.
        """
        reduced = dropped = 0
        for number, members in _grouped(arrivals, self._bin_of):
            if not 0 <= number < self._flight.bins:
                continue
            if number < self._next:
                dropped += len(members)
                continue
            self._open.setdefault(number, _Bin(self._accumulator())).add(members, self._flight.coordinate)
            reduced += len(members)
            self._read_until(number - 1)
        return Absorbed(reduced, len(arrivals) - reduced - dropped, dropped)

    def finish(self) -> None:
        """Read the bins that are left, empty ones too."""
        self._read_until(self._flight.bins)

    def ready(self) -> Iterator[BinReading]:
        """Yield the readings that were made since the last time."""
        while self._ready:
            yield self._ready.popleft()

    def _bin_of(self, arrival: Arrival) -> int:
        name, coordinates = self._flight.coordinate, arrival.frame.coordinates
        if name not in coordinates:
            raise ReductionError(f"a frame must carry {name!r} to be binned by it, got {sorted(coordinates)}")
        return self._flight.bin_of(coordinates[name])

    def _read_until(self, end: int) -> None:
        for number in range(self._next, end):
            found = self._open.pop(number, None) or _Bin(self._accumulator())
            self._ready.append(found.reading(self._flight.centre(number)))
        self._next = max(self._next, end)


class _Bin:
    """A bin while frames come into it."""

    def __init__(self, accumulator: Accumulator) -> None:
        self._accumulator = accumulator
        self._positions: list[float] = []

    def add(self, arrivals: Sequence[Arrival], coordinate: str) -> None:
        self._accumulator.add(arrivals)
        self._positions += [arrival.frame.coordinates[coordinate] for arrival in arrivals]

    def reading(self, centre: float) -> BinReading:
        at = np.array(self._positions)
        where = (float(at.mean()), float(at.std())) if len(at) else (centre, math.nan)
        return BinReading(*where, len(at), self._accumulator.read(), time.time())


def _grouped(arrivals: Sequence[Arrival], key: Callable[[Arrival], int]) -> Iterator[tuple[int, Sequence[Arrival]]]:
    """Yield runs of frames that belong together, in the order in which they came."""
    run: list[Arrival] = []
    for arrival in arrivals:
        if run and key(arrival) != key(run[0]):
            yield key(run[0]), run
            run = []
        run.append(arrival)
    if run:
        yield key(run[0]), run
