"""Beamline time: it stands still unless a simulated device uses it."""

import threading
import time
from collections.abc import Callable


class SimulatedClock:
    """Beamline seconds, shared by all devices of a Scene.

    Parameters
    ----------
    speed
        Beamline seconds per second of wall time; None takes no wall time at all.

    Notes
    -----
    Without wall time, whatever is begun before anybody looks at the clock is begun together, as the
    moves of one `bluesky.plan_stubs.mv` are; whoever looks has waited for all of it.
    """

    def __init__(self, speed: float | None = None) -> None:
        if speed is not None and not speed > 0:
            raise ValueError(f"speed must be positive, got {speed}")
        self.speed = speed
        self._now = 0.0
        self._until = 0.0
        self._wall = time.monotonic()
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the beamline seconds that have passed, all that was begun included."""
        if self.speed is not None:
            return (time.monotonic() - self._wall) * self.speed
        with self._lock:
            self._now = self._until
            return self._now

    def spend(self, seconds: float, done: Callable[[], None]) -> None:
        """Begin something that takes `seconds` of beamline time, and call `done` when it ends."""
        if self.speed is None:
            with self._lock:
                self._until = max(self._until, self._now + seconds)
            done()
        else:
            timer = threading.Timer(seconds / self.speed, done)
            timer.daemon = True
            timer.start()
