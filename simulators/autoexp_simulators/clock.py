"""Beamline time: it stands still unless a simulated device uses it."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Something that takes beamline time.

    Parameters
    ----------
    began, ended
        Beamline seconds.
    cancel
        Ends it early, without calling what was to be called at its end; in vain where it has ended.
    """

    began: float
    ended: float
    cancel: Callable[[], None]


class SimulatedClock:
    """Beamline seconds, shared by all devices of a Scene.

    Parameters
    ----------
    speed
        Beamline seconds per second of wall time; None takes no wall time at all.

    Notes
    -----
    Without wall time, whatever is begun before anybody looks at the clock is begun together, as the
    moves of one `bluesky.plan_stubs.mv` are; whoever looks has waited for all of it. What one device
    does takes place one after another.
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

    def spend(self, seconds: float, done: Callable[[Span], None], *, after: float = 0.0) -> Span:
        """Begin something that takes beamline time.

        Parameters
        ----------
        seconds
            How long it takes.
        done
            Called with what took the time when it ends; at once where the clock takes no wall time.
        after
            Beamline seconds before which it cannot begin, because its device is busy.
        """
        if self.speed is None:
            with self._lock:
                began = max(self._now, after)
                self._until = max(self._until, began + seconds)
            span = Span(began, began + seconds, _nothing)
            done(span)
            return span
        began = max(self.now(), after)
        timer = threading.Timer((began + seconds - self.now()) / self.speed, lambda: done(span))
        timer.daemon = True
        span = Span(began, began + seconds, timer.cancel)
        timer.start()
        return span


def _nothing() -> None:
    """Cancel what has happened already."""
