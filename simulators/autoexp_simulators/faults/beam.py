"""Bad habits of the beam."""

import bisect
import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from autoexp_simulators.faults import rules
from autoexp_simulators.faults.hooks import Kind, Record


@dataclass(frozen=True, slots=True)
class Decay:
    """A stored current that decays exponentially and is topped up in steps.

    Parameters
    ----------
    lifetime
        Seconds in which the current falls to ``1/e``.
    top_up
        Seconds between injections, each of which restores the full current.

    Raises
    ------
    AutoexpError
        If one of them is not positive and finite.
    """

    lifetime: float = 36_000.0
    top_up: float = 300.0
    device: ClassVar[None] = None
    acts_on: ClassVar[Kind] = "beam"

    def __post_init__(self) -> None:
        rules.positive(self, "lifetime", "top_up")

    def begin(self, generator: np.random.Generator, record: Record) -> "_Decaying":
        """Return the habit."""
        return _Decaying(self, record)


class _Decaying:
    def __init__(self, settings: Decay, record: Record) -> None:
        self._settings, self._record, self._injections = settings, record, 0

    def share(self, now: float) -> float:
        injections = int(now // self._settings.top_up)
        for number in range(self._injections + 1, injections + 1):
            self._record(number * self._settings.top_up, "top-up")
        self._injections = max(self._injections, injections)
        return math.exp(-(now % self._settings.top_up) / self._settings.lifetime)


@dataclass(frozen=True, slots=True)
class BeamDump:
    """Losses of the stored beam, each of the same length.

    Parameters
    ----------
    length
        Seconds without beam.
    start
        When the first begins, in beamline seconds; None draws that too, where `between` is finite.
    between
        Mean seconds from the end of one to the next, exponentially distributed; infinite for no other.

    Raises
    ------
    AutoexpError
        If `length` or `between` is not positive, `start` not finite, or the first dump never begins.
    """

    length: float
    start: float | None = None
    between: float = math.inf
    device: ClassVar[None] = None
    acts_on: ClassVar[Kind] = "beam"

    def __post_init__(self) -> None:
        rules.positive(self, "length")
        if self.start is not None:
            rules.finite(self, "start")
        if self.between != math.inf:
            rules.positive(self, "between")
        comes = self.start is not None or self.between != math.inf
        rules.require(self, comes, "start must be given where between is infinite", self.start)

    def begin(self, generator: np.random.Generator, record: Record) -> "_Dumping":
        """Return the habit."""
        return _Dumping(self, generator, record)


class _Dumping:
    def __init__(self, settings: BeamDump, generator: np.random.Generator, record: Record) -> None:
        self._settings, self._generator, self._record = settings, generator, record
        self._starts = [self._next(0.0) if settings.start is None else settings.start]
        self._told = 0

    def _next(self, after: float) -> float:
        between = self._settings.between
        return after + float(self._generator.exponential(between)) if math.isfinite(between) else math.inf

    def share(self, now: float) -> float:
        length = self._settings.length
        while self._starts[-1] + length <= now:
            self._starts.append(self._next(self._starts[-1] + length))
        begun = [start for start in self._starts if start <= now]
        for start in begun[self._told :]:
            self._record(start, f"no beam for {length:g} s")
        self._told = max(self._told, len(begun))
        return 0.0 if any(now < start + length for start in begun) else 1.0


@dataclass(frozen=True, slots=True)
class PositionDrift:
    """A beam that wanders over the detectors as a random walk (a Wiener process).

    Parameters
    ----------
    rate
        Standard deviation per axis after one hour, in pixels.

    Raises
    ------
    AutoexpError
        If it is negative or not finite.
    """

    rate: float
    device: ClassVar[None] = None
    acts_on: ClassVar[Kind] = "beam"

    def __post_init__(self) -> None:
        rules.not_negative(self, "rate")

    def begin(self, generator: np.random.Generator, record: Record) -> "_Walking":
        """Return the habit."""
        return _Walking(self.rate, generator, record)


class _Walking:
    def __init__(self, rate: float, generator: np.random.Generator, record: Record) -> None:
        self._rate, self._generator, self._record = rate, generator, record
        self._times, self._places = [0.0], [(0.0, 0.0)]

    def shift(self, now: float) -> tuple[float, float]:
        if now > self._times[-1]:
            self._walk(now)
        return self._places[max(0, bisect.bisect_right(self._times, now) - 1)]

    def _walk(self, now: float) -> None:
        step = self._rate * math.sqrt((now - self._times[-1]) / 3600.0)
        down, right = self._places[-1] + step * self._generator.standard_normal(2)
        self._times.append(now)
        self._places.append((float(down), float(right)))
        self._record(now, f"beam at {down:+.3g}, {right:+.3g} px")
