"""Bad habits of samples."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from autoexp_simulators.faults import rules
from autoexp_simulators.faults.hooks import Kind, Record


@dataclass(frozen=True, slots=True)
class BeamDamage:
    """A signal that fades with the dose at a spot, as ``exp(-dose / critical)``.

    The first-order fading of diffraction with dose; R. L. Owen et al., PNAS 103, 4912 (2006), measure
    its scale for cryo-cooled crystals. All light that reaches a detector fades, a direct beam too.

    Parameters
    ----------
    critical
        Seconds of full beam after which ``1/e`` of the signal is left.
    motors
        Which motors move the sample; without any, it is hit on one spot always.
    spot
        Standard deviation of the Gaussian beam on the sample, in the motors' unit.

    Raises
    ------
    AutoexpError
        If `critical` or `spot` is not positive and finite, or `motors` are no names.
    """

    critical: float
    motors: tuple[str, ...] = ()
    spot: float = 1.0
    device: ClassVar[None] = None
    acts_on: ClassVar[Kind] = "sample"

    def __post_init__(self) -> None:
        rules.positive(self, "critical", "spot")
        rules.named(self, "motors")

    def begin(self, generator: np.random.Generator, record: Record) -> "_Fading":
        """Return the habit."""
        return _Fading(self, record)


class _Fading:
    def __init__(self, settings: BeamDamage, record: Record) -> None:
        self._settings, self._record = settings, record
        self._places: list[list[float]] = []
        self._doses: list[float] = []

    def remaining(self, positions: Mapping[str, float], began: float, dose: float) -> float:
        place = [positions[name] for name in self._settings.motors]
        earlier = self._dose_at(place)
        self._places.append(place)
        self._doses.append(dose)
        left = math.exp(-earlier / self._settings.critical)
        if earlier > 1e-3 * self._settings.critical:
            self._record(began, f"{left:.4f} of the signal is left after {earlier:.4g} s of full beam")
        return left

    def _dose_at(self, place: list[float]) -> float:
        if not self._doses:
            return 0.0
        distance = np.asarray(self._places) - np.asarray(place)
        near = np.exp(-0.5 * (distance**2).sum(axis=1) / self._settings.spot**2)
        return float(near @ np.asarray(self._doses))


@dataclass(frozen=True, slots=True)
class Outliers:
    """Exposures in which the beam misses the sample: no light, only the detector's own noise.

    Parameters
    ----------
    chance
        That an exposure is one, 0 to 1.

    Raises
    ------
    AutoexpError
        If it is not from 0 to 1.
    """

    chance: float
    device: ClassVar[None] = None
    acts_on: ClassVar[Kind] = "sample"

    def __post_init__(self) -> None:
        rules.share(self, "chance")

    def begin(self, generator: np.random.Generator, record: Record) -> "_Missing":
        """Return the habit."""
        return _Missing(self.chance, generator, record)


class _Missing:
    def __init__(self, chance: float, generator: np.random.Generator, record: Record) -> None:
        self._chance, self._generator, self._record = chance, generator, record

    def remaining(self, positions: Mapping[str, float], began: float, dose: float) -> float:
        if self._generator.random() >= self._chance:
            return 1.0
        self._record(began, "beam off the sample")
        return 0.0
