"""The stored current, as a beamline sees it."""

import math
import threading
from typing import Any

from ophyd import Signal
from ophyd.status import DeviceStatus

from autoexp_simulators.world import World

FULL = 400.0
"""Full current in mA."""

_STEP = 1.0
"""Beamline seconds after which somebody who waits for beam looks again."""

_PERIOD = 0.02
"""Wall seconds between looks, where time passes by itself."""


class RingCurrent(Signal):
    """A signal of the stored current in mA.

    Its trigger is done when the current is above `floor`, so a plan that triggers it before a point
    waits until there is beam. Where beamline time passes by itself, subscribers hear of changes, so a
    `bluesky.suspenders.SuspendFloor` suspends plans; where it takes no wall time it stands still while
    a plan is suspended, and only the trigger lets a dump pass.

    Parameters
    ----------
    world
        Whose beam it is.
    floor
        Current in mA below which there is no beam worth measuring with.
    """

    def __init__(self, world: World, floor: float = 0.5 * FULL) -> None:
        super().__init__(name="ring_current", value=FULL)
        self.floor = floor
        self._world = world
        self._watching: threading.Event | None = None

    def get(self, **kwargs: Any) -> float:
        """Return the current now."""
        self._readback = self._current()
        return float(self._readback)

    def describe(self) -> dict[str, dict[str, Any]]:
        """Return the data key, with its unit."""
        key = {"source": "SIM:ring_current", "dtype": "number", "dtype_numpy": "<f8", "shape": [], "units": "mA"}
        return {self.name: key}

    def trigger(self) -> DeviceStatus:
        """Return a status that is done when there is beam."""
        self._world.clock.now()
        status = DeviceStatus(self)
        self._look(status)
        return status

    def _look(self, status: DeviceStatus) -> None:
        while self.get() < self.floor:
            if self._world.clock.speed is not None:
                self._world.clock.spend(_STEP, lambda span: self._look(status))
                return
            self._world.clock.spend(_STEP, lambda span: None)
        status.set_finished()

    def subscribe(self, *args: Any, **kwargs: Any) -> int:
        """Call back at changes, as any ophyd signal does."""
        number = int(super().subscribe(*args, **kwargs))
        if self._world.clock.speed is not None and self._watching is None:
            self._watching = threading.Event()
            threading.Thread(target=self._watch, args=(self._watching,), name="ring-current", daemon=True).start()
        return number

    def clear_sub(self, *args: Any, **kwargs: Any) -> None:
        """Forget a subscriber, and stop watching the beam."""
        super().clear_sub(*args, **kwargs)
        if self._watching is not None:
            self._watching.set()
            self._watching = None

    def _current(self) -> float:
        return FULL * self._world.current(self._world.clock.now())

    def _watch(self, ended: threading.Event) -> None:
        last = math.nan
        while not ended.wait(_PERIOD):
            current = self._current()
            if current != last:
                self.put(current)
                last = current
