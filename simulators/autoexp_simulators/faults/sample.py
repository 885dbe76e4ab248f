"""Bad habits of samples."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from autoexp.dofs import FloatArray
from autoexp_simulators.faults import rules
from autoexp_simulators.faults.hooks import Kind, Record


@dataclass(frozen=True, slots=True)
class BeamDamage:
    """A signal that fades with the dose at a spot, as ``exp(-dose / critical)``.

    The first-order fading of diffraction with dose; R. L. Owen et al., PNAS 103, 4912 (2006), measure
    its scale for cryo-cooled crystals. All light that reaches a detector fades, a direct beam too. The
    dose is of the beam that hits the sample while a detector exposes, once where several do.

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
        self._spans: list[tuple[float, float, float]] = []

    def remaining(self, positions: Mapping[str, float], began: float, exposure: float, beam: float) -> float:
        place = [positions[name] for name in self._settings.motors]
        spans = np.asarray(self._spans).reshape(-1, 3)
        dose = self._dose(place, spans, began)
        for start, end in _uncovered(began, began + exposure, spans):
            self._places.append(place)
            self._spans.append((start, end, beam))
        left = math.exp(-dose / self._settings.critical)
        if dose > 1e-3 * self._settings.critical:
            self._record(began, f"{left:.4f} of the signal is left after {dose:.4g} s of full beam")
        return left

    def _dose(self, place: list[float], spans: FloatArray, until: float) -> float:
        distance = np.asarray(self._places).reshape(len(spans), len(place)) - np.asarray(place)
        near = np.exp(-0.5 * (distance**2).sum(axis=1) / self._settings.spot**2)
        start, end, beam = spans.T
        return float(near @ (beam * np.clip(until - start, 0.0, end - start)))


def _uncovered(began: float, ended: float, spans: FloatArray) -> list[tuple[float, float]]:
    """Return the parts of a time that lie in none of the spans, whose rows begin with their start and end."""
    parts = [(began, ended)]
    for start, end, *_ in spans[(spans[:, 0] < ended) & (spans[:, 1] > began)].tolist():
        halves = [half for low, high in parts for half in ((low, min(high, start)), (max(low, end), high))]
        parts = [(low, high) for low, high in halves if low < high]
    return parts


@dataclass(frozen=True, slots=True)
class Outliers:
    """Exposures in which the beam misses the sample: no light, only the detector's own noise.

    Exposures of several detectors that coincide for more than half of the shorter one miss together.

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
        self._spans: list[tuple[float, float, float]] = []
        self._until = -math.inf

    def hit(self, began: float, exposure: float) -> float:
        ended = began + exposure
        known = self._spans if began < self._until else []
        for start, end, share in known:
            if 2.0 * (min(end, ended) - max(start, began)) > min(end - start, exposure):
                return share
        self._until = max(self._until, ended)
        self._spans.append((began, ended, self._draw(began)))
        return self._spans[-1][-1]

    def _draw(self, began: float) -> float:
        if self._generator.random() >= self._chance:
            return 1.0
        self._record(began, "beam off the sample")
        return 0.0
