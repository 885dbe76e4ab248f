"""How a stream is doing: what came, what was made of it, and how long that took."""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

_REMEMBERED = 8192


@dataclass(frozen=True, slots=True)
class StreamCounters:
    """The balance of a stream: at any moment ``seen = reduced + dropped + skipped + waiting``.

    Parameters
    ----------
    seen
        Frames that arrived.
    reduced
        Of these, frames that entered a reading.
    dropped
        Frames that were wanted and given up: there was no room, or the reading ended before their turn.
    skipped
        Frames that came while nobody wanted one.
    waiting
        Frames that wait, those being reduced included.
    missed
        Frames that never arrived, by the gaps in the source's numbering; not part of `seen`.
    high_water
        The most frames that waited at once.
    latency_p50, latency_p99
        Seconds from a frame's arrival until it was reduced, median and 99th percentile of the latest 8192; NaN
        before any.
    """

    seen: int = 0
    reduced: int = 0
    dropped: int = 0
    skipped: int = 0
    waiting: int = 0
    missed: int = 0
    high_water: int = 0
    latency_p50: float = math.nan
    latency_p99: float = math.nan


class Latencies:
    """The latest latencies in seconds, and their percentiles."""

    def __init__(self) -> None:
        self._latest: deque[float] = deque(maxlen=_REMEMBERED)

    def add(self, seconds: float) -> None:
        """Remember one."""
        self._latest.append(seconds)

    def percentiles(self) -> tuple[float, float]:
        """Return median and 99th percentile; NaN before any."""
        if not self._latest:
            return math.nan, math.nan
        median, late = np.percentile(self._latest, (50, 99))
        return float(median), float(late)
