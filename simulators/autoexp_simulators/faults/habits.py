"""The habits of one beamline, and what they did."""

from collections.abc import Mapping, Sequence

import numpy as np

from autoexp.beamline import Happening
from autoexp.errors import PluginError, listed
from autoexp_simulators.faults.hooks import Fault, FollowsMotors, Kind, Record


class Habits:
    """Begins each fault once for each device that has it, with a generator of its own.

    Parameters
    ----------
    faults
        Settings of the bad habits.
    devices
        Name of each motor and detector to its kind; to refuse a fault of a device that is not there.
    seed
        Of everything random about them.

    Raises
    ------
    PluginError
        If a fault names a device that is not there.
    """

    def __init__(self, faults: Sequence[Fault] = (), devices: Mapping[str, Kind] | None = None, seed: int = 0) -> None:
        self.happenings: list[Happening] = []
        self._faults = tuple(faults)
        self._seed = seed
        for fault in self._faults:
            if fault.device is not None:
                _check_name(fault, fault.acts_on, fault.device, devices or {})
            for name in fault.motors if isinstance(fault, FollowsMotors) else ():
                _check_name(fault, "motor", name, devices or {})

    def of(self, kind: Kind, name: str, number: int = 0) -> tuple[object, ...]:
        """Return the habits of a device.

        Parameters
        ----------
        kind, name
            Which device.
        number
            Its place among the devices of its kind, which chooses its random numbers.
        """
        found = []
        for place, fault in enumerate(self._faults):
            if fault.acts_on == kind and fault.device in (None, name):
                generator = np.random.default_rng([self._seed, 2, place, number])
                found.append(fault.begin(generator, self._record(name, type(fault).__name__)))
        return tuple(found)

    def _record(self, device: str, fault: str) -> Record:
        def record(time: float, detail: str) -> None:
            self.happenings.append(Happening(time, device, fault, detail))

        return record


def _check_name(fault: Fault, kind: Kind, name: str, devices: Mapping[str, Kind]) -> None:
    known = [device for device, its_kind in devices.items() if its_kind == kind]
    if name not in known:
        raise PluginError(f"{type(fault).__name__} must name a {kind} ({listed(known)}), got {name!r}")
