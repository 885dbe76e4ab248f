"""Estimates as values with uncertainties."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from autoexp.flags import Flags
from autoexp.reduction.ptychography.correlation import RingCorrelation, ring_correlation
from autoexp.reduction.ptychography.engine import Estimate
from autoexp.reduction.ptychography.images import aligned, illumination, spread, upright
from autoexp.reduction.ptychography.misfit import misfits, r_factor
from autoexp.reduction.ptychography.optics import ObjectGrid
from autoexp.reduction.ptychography.scan import Scan
from autoexp.reduction.records import Axis, FloatArray, Reduced, number

_LIT = 0.05
_SMALLEST = 16


@dataclass(frozen=True, slots=True)
class Reader:
    """Makes values of the estimate by all patterns and, where there are, of those by both halves.

    ``r_factor`` is ``sum| |F| - A | / sum A``, with the spread among patterns as its sigma; ``resolution`` the half
    period in um at which the correlation of both halves, ``ring_correlation``, falls below the half-bit threshold.
    ``phase`` (rad) and ``amplitude`` of the object are those where the dose was a twentieth of the highest or more, to
    a common factor and phase ramp, which patterns do not tell; their sigma is that of the mean of both halves, and NaN
    without halves. ``probe`` is its photons per sample and frame.

    Parameters
    ----------
    grid
        Where the object is sampled.
    halves, maps
        Which fields there are.
    """

    grid: ObjectGrid
    halves: bool
    maps: bool

    def empty(self) -> dict[str, Reduced]:
        """Return the fields without numbers."""
        nothing = Scan(1)
        dark = Estimate(torch.full(self.grid.shape, math.nan), torch.full(self.grid.optics.shape, math.nan))
        found = {"r_factor": number(math.nan, math.nan, "", 0, Flags.NO_FRAMES)}
        if self.halves:
            found |= self._resolution(nothing, None)
        return found | (self._maps(nothing, dark, None, ()) if self.maps else {})

    def read(self, scan: Scan, estimates: Sequence[Estimate]) -> dict[str, Reduced]:
        """Return the fields."""
        whole = estimates[0]
        found = {"r_factor": number(*r_factor(misfits(whole, scan.patterns)), "", scan.n_frames, _flags(scan))}
        if not (self.halves or self.maps):
            return found
        dose = illumination(whole, [each.corner for each in scan.patterns])
        lit = (dose >= _LIT * dose.max()) & (dose > 0)
        weight = torch.where(lit, dose, 0.0)
        halves = [aligned(each.object, whole.object, weight) for each in estimates[1:]]
        if self.halves:
            found |= self._resolution(scan, self._correlation(scan, halves))
        return found | (self._maps(scan, whole, weight, halves) if self.maps else {})

    @property
    def _rings(self) -> int:
        return max(8, min(self.grid.shape) // 8)

    def _correlation(self, scan: Scan, halves: Sequence[Tensor]) -> RingCorrelation | None:
        """Correlate both halves where the middle of the probe went."""
        window = self._window(scan, halves[0].device)
        if window is None:
            return None
        return ring_correlation(halves[0], halves[1], window, self.grid.optics.sampling, self._rings)

    def _window(self, scan: Scan, device: torch.device) -> Tensor | None:
        """Return a Hann window over the smallest rectangle with all positions; None where that is too small."""
        window = torch.ones(self.grid.shape, dtype=torch.float64, device=device)
        for dim in (0, 1):
            places = [each.corner[dim] + self.grid.optics.shape[dim] // 2 for each in scan.patterns]
            low, high = min(places), max(places) + 1
            if high - low < _SMALLEST:
                return None
            side = torch.zeros(self.grid.shape[dim], dtype=torch.float64, device=device)
            side[low:high] = torch.hann_window(high - low + 2, periodic=False, dtype=torch.float64)[1:-1]
            window *= side[:, None] if dim == 0 else side
        return window

    def _resolution(self, scan: Scan, rings: RingCorrelation | None) -> dict[str, Reduced]:
        flags, n = _flags(scan), scan.n_frames
        frequency = (np.arange(self._rings, dtype=float) + 0.5) * 0.5 / max(self.grid.optics.sampling) / self._rings
        nothing = np.full(self._rings, math.nan)
        value, sigma = (nothing, nothing) if rings is None else (_array(rings.value), _array(rings.sigma))
        curve = Reduced(value, sigma, "", ("frequency",), {"frequency": Axis(frequency, "1/um")}, n, flags)
        at, spread = (math.nan, math.nan) if rings is None else rings.crossing()
        if not math.isfinite(at):
            flags |= Flags.UNRESOLVED
        half_period = max(self.grid.optics.sampling) if at == math.inf else 0.5 / at
        return {
            "resolution": number(half_period, half_period * spread / at, "um", n, flags),
            "ring_correlation": curve,
        }

    def _maps(self, scan: Scan, whole: Estimate, weight: Tensor | None, halves: Sequence[Tensor]) -> dict[str, Reduced]:
        nan = torch.full(self.grid.shape, math.nan)
        phase, amplitude, spreads = nan, nan, (nan, nan)
        if weight is not None:
            lit = weight > 0
            image = upright(whole.object, weight)
            phase, amplitude = torch.where(lit, image.angle(), math.nan), torch.where(lit, image.abs(), math.nan)
            spreads = _spreads(halves, lit) if halves else spreads
        around = tuple(
            step * (np.arange(n, dtype=float) - n // 2)
            for step, n in zip(self.grid.optics.sampling, self.grid.optics.shape, strict=True)
        )
        power, names = _array(whole.probe.abs().square()), ("probe_y", "probe_x")
        return {
            "phase": _map(scan, _array(phase), _array(spreads[0]), "rad", ("y", "x"), self.grid.axes),
            "amplitude": _map(scan, _array(amplitude), _array(spreads[1]), "", ("y", "x"), self.grid.axes),
            "probe": _map(scan, power, np.full_like(power, math.nan), "photon", names, around),
        }


def _map(
    scan: Scan, value: FloatArray, sigma: FloatArray, unit: str, dims: tuple[str, str], places: Sequence[FloatArray]
) -> Reduced:
    axes = {dim: Axis(values, "um") for dim, values in zip(dims, places, strict=True)}
    return Reduced(value, sigma, unit, dims, axes, scan.n_frames, _flags(scan))


def _spreads(halves: Sequence[Tensor], lit: Tensor) -> tuple[Tensor, Tensor]:
    """Return the sigma of the phase and of the amplitude of the mean of both halves; NaN where it is dark."""
    turn, ratio = (halves[0] * halves[1].conj()).angle(), halves[0].abs() - halves[1].abs()
    return torch.where(lit, spread(turn, lit), math.nan), torch.where(lit, spread(ratio, lit), math.nan)


def _flags(scan: Scan) -> Flags:
    if scan.n_frames == 0:
        return Flags.NO_FRAMES
    flags = Flags.MASKED if scan.masked else Flags.NONE
    return flags | (Flags.INCOMPLETE if scan.dropped else Flags.NONE)


def _array(values: Tensor) -> FloatArray:
    return np.asarray(values.cpu().numpy(), dtype=float)
