"""Peaks of a curve that another reducer makes."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.protocols import Describes, Reducer, WarmsUp
from autoexp.reduction.merging import merged
from autoexp.reduction.peaks.fit import Peaks, fit_peaks
from autoexp.reduction.peaks.shapes import SHAPES, Shape
from autoexp.reduction.records import FrameMeta, Frames, FrameSpec, Reduced

S = TypeVar("S")

_FIELDS = ("position", "width", "area", "mixing", "misfit")


@dataclass(frozen=True, slots=True)
class PeakWindow:
    """Where to look for a peak.

    Parameters
    ----------
    name
        Of the fields, before ``_position``, ``_width``, ``_area`` and ``_misfit``.
    low, high
        In the unit of the curve's axis; points between them belong to it. It should hold some of the background on
        either side, and no other peak; wider than half the window a peak is not seen.
    shape
        ``"gaussian"``, ``"lorentzian"`` or ``"pseudo-voigt"``.

    Raises
    ------
    ReductionError
        If it is empty, or there is no such shape.
    """

    name: str
    low: float
    high: float
    shape: Shape = "gaussian"

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ReductionError(f"low must be below high, got low={self.low}, high={self.high} for {self.name!r}")
        if self.shape not in SHAPES:
            raise ReductionError(f"shape must be one of {', '.join(SHAPES)}, got {self.shape!r} for {self.name!r}")

    @property
    def fields(self) -> tuple[str, ...]:
        """What is read of it."""
        return _FIELDS if self.shape == "pseudo-voigt" else tuple(each for each in _FIELDS if each != "mixing")


@dataclass(frozen=True, slots=True)
class CurvePeaks(Generic[S]):
    """The fields of another reducer, and the peaks of one of them.

    Parameters
    ----------
    reducer
        Makes the curve, or several: of a field with more dimensions, such as sectors, every curve along the last one
        is fitted.
    curve
        Name of the field.
    windows
        One for each peak.

    Raises
    ------
    ReductionError
        If two windows have one name, or there is none.
    """

    reducer: Reducer[S]
    curve: str
    windows: tuple[PeakWindow, ...]

    def __post_init__(self) -> None:
        names = [window.name for window in self.windows]
        if not names or len(set(names)) < len(names):
            raise ReductionError(f"each peak needs a name of its own, got {names}")

    @property
    def parts(self) -> tuple[Reducer[S]]:
        """The reducer that makes the curve."""
        return (self.reducer,)

    def init(self, spec: FrameSpec) -> S:
        """Return the other reducer's state before any frame."""
        return self.reducer.init(spec)

    def update(self, state: S, frames: Tensor | Frames, meta: FrameMeta) -> S:
        """Return the other reducer's state after a batch, shape ``(n, y, x)``."""
        return self.reducer.update(state, frames, meta)

    def merge(self, a: S, b: S) -> S:
        """Join what two workers saw.

        Raises
        ------
        ReductionError
            If the other reducer cannot.
        """
        joined: S = merged(self.reducer, a, b)
        return joined

    def warmup(self, spec: FrameSpec) -> None:
        """Warm up the other reducer, and fit a curve of ones."""
        if isinstance(self.reducer, WarmsUp):
            self.reducer.warmup(spec)
        self.read(self.init(spec))
        for window in self.windows:
            ones = torch.ones((1, 16), dtype=torch.float64)
            fit_peaks(torch.linspace(window.low, window.high, 16, dtype=torch.float64), ones, ones, window.shape)

    def read(self, state: S) -> Mapping[str, Reduced]:
        """Return the other reducer's fields, and those of every peak.

        Raises
        ------
        ReductionError
            If the other reducer has no such curve, or a window holds too few of its points.
        """
        found = dict(self.reducer.read(state))
        curve = found.get(self.curve)
        if curve is None or not curve.dims or curve.dims[-1] not in curve.axes:
            raise ReductionError(f"peaks need a curve with an axis, got {self.curve!r} of {sorted(found)}")
        for window in self.windows:
            for name, reduced in _peak(curve, window):
                found[f"{window.name}_{name}"] = reduced
        return found

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        told = dict(self.reducer.settings()) if isinstance(self.reducer, Describes) else {}
        windows = {each.name: [each.low, each.high, each.shape] for each in self.windows}
        return {"reducer": type(self.reducer).__name__, "settings": told, "curve": self.curve, "peaks": windows}


def _peak(curve: Reduced, window: PeakWindow) -> Iterator[tuple[str, Reduced]]:
    axis = curve.axes[curve.dims[-1]]
    inside = (axis.values >= window.low) & (axis.values <= window.high)
    x = torch.from_numpy(axis.values[inside])
    values, sigmas = (torch.from_numpy(each[..., inside]).reshape(-1, len(x)) for each in (curve.value, curve.sigma))
    peaks = fit_peaks(x, values, sigmas**2, window.shape)
    known = torch.isfinite(values).sum(1) > len(x) // 2
    units = {
        "position": axis.unit,
        "width": axis.unit,
        "area": _times(curve.unit, axis.unit),
        "mixing": "",
        "misfit": "",
    }
    others = {name: each for name, each in curve.axes.items() if name != curve.dims[-1]}
    empty = replace(curve, dims=curve.dims[:-1], axes=others, flags=curve.flags | _flags(peaks, known, curve))
    for name in window.fields:
        value, sigma = (each.numpy().reshape(curve.value.shape[:-1]) for each in _column(peaks, name, known))
        yield name, replace(empty, value=value, sigma=sigma, unit=units[name])


def _times(unit: str, other: str) -> str:
    if not unit or not other:
        return unit or other
    return f"{unit}{other[1:]}" if other.startswith("1/") else f"{unit}*{other}"


def _column(peaks: Peaks, name: str, known: Tensor) -> tuple[Tensor, Tensor]:
    """Return values and sigmas; NaN where the curve is not known, or shows no peak whose place that could be."""
    value = getattr(peaks, name)
    sigma = torch.full_like(value, math.nan) if name == "misfit" else getattr(peaks, f"{name}_sigma")
    shown = known if name in ("area", "misfit") else known & peaks.visible
    return torch.where(shown, value, math.nan), torch.where(shown, sigma, math.nan)


def _flags(peaks: Peaks, known: Tensor, curve: Reduced) -> Flags:
    if curve.n_frames == 0:
        return Flags.NONE
    flags = Flags.NONE if bool(known.all()) else Flags.INCOMPLETE
    flags |= Flags.UNRESOLVED if bool((known & ~peaks.visible).any()) else Flags.NONE
    return flags | (Flags.NOT_CONVERGED if bool((peaks.visible & ~peaks.converged).any()) else Flags.NONE)
