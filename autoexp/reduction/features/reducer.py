"""A reducer that reads features of another reducer's curve or map."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from torch import Tensor

from autoexp.errors import ReductionError, listed
from autoexp.flags import Flags
from autoexp.protocols import Describes, Reducer, WarmsUp
from autoexp.reduction.merging import merged
from autoexp.reduction.records import Axis, FloatArray, FrameMeta, Frames, FrameSpec, Reduced
from autoexp.reduction.sums import FrameSum


@runtime_checkable
class CurveFeature(Protocol):
    """Makes numbers of a curve."""

    def of(self, curve: Reduced) -> Mapping[str, Reduced]:
        """Return the same fields whatever the curve; NaN, with a flag, where nothing is known."""


@dataclass(frozen=True, slots=True)
class MeanCurve:
    """The mean frame as a curve: what detectors give that have one row, such as a spectrum.

    Its sigma is that of the mean by the frames' variances, by default their counts.
    """

    def init(self, spec: FrameSpec) -> FrameSum:
        """Return the sum of no frames."""
        return FrameSum.empty(spec)

    def update(self, state: FrameSum, frames: Tensor | Frames, meta: FrameMeta) -> FrameSum:
        """Add a batch, shape ``(n, y, x)``."""
        return state.add(frames)

    def merge(self, a: FrameSum, b: FrameSum) -> FrameSum:
        """Join what two workers saw."""
        return a.merge(b)

    def read(self, state: FrameSum) -> Mapping[str, Reduced]:
        """Return ``curve``, shape ``(point,)``: the frame's rows one after another."""
        n = state.n_frames
        total, variances = (each.cpu().numpy().reshape(-1) for each in (state.total, state.variances))
        seen = np.full(total.shape, n) if state.missing is None else n - state.missing.cpu().numpy().reshape(-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            value, sigma = (np.where(seen > 0, each / seen, np.nan) for each in (total, np.sqrt(variances)))
        flags = (Flags.NONE if n else Flags.NO_FRAMES) | (Flags.NONE if state.missing is None else Flags.MASKED)
        axis = {"point": Axis(np.arange(len(total), dtype=float))}
        return {"curve": Reduced(value, sigma, "count", ("point",), axis, n, flags)}

    def settings(self) -> Mapping[str, Any]:
        """Return nothing: there is nothing to choose."""
        return {}


@dataclass(frozen=True, slots=True)
class CurveFeatures:
    """A reducer's fields, and features of one of them.

    Parameters
    ----------
    curve
        Makes the curve or map; its states, and how they are fed, are those of this reducer.
    field
        Which of its fields that is.
    features
        What to make of it.
    keep
        Whether the fields of `curve` are read too.

    Raises
    ------
    ReductionError
        If there is no feature.
    """

    curve: Reducer[Any]
    field: str
    features: tuple[CurveFeature, ...]
    keep: bool = False

    def __post_init__(self) -> None:
        if not self.features:
            raise ReductionError(f"features of {self.field!r} must be one or more, got none")

    @property
    def parts(self) -> tuple[Reducer[Any]]:
        """The reducer that makes the curve."""
        return (self.curve,)

    def init(self, spec: FrameSpec) -> Any:
        """Return the state before any frame."""
        return self.curve.init(spec)

    def update(self, state: Any, frames: Tensor | Frames, meta: FrameMeta) -> Any:
        """Add a batch, shape ``(n, y, x)``."""
        return self.curve.update(state, frames, meta)

    def merge(self, a: Any, b: Any) -> Any:
        """Join what two workers saw.

        Raises
        ------
        ReductionError
            If states of `curve` do not add.
        """
        return merged(self.curve, a, b)

    def warmup(self, spec: FrameSpec) -> None:
        """Warm up `curve`, where it can be."""
        if isinstance(self.curve, WarmsUp):
            self.curve.warmup(spec)

    def read(self, state: Any) -> Mapping[str, Reduced]:
        """Return the fields of all features.

        Raises
        ------
        ReductionError
            If `curve` has no such field, or two fields have one name.
        """
        fields = self.curve.read(state)
        if self.field not in fields:
            raise ReductionError(f"field must be one of {listed(fields)}, got {self.field!r}")
        found = dict(fields) if self.keep else {}
        for feature in self.features:
            more = feature.of(fields[self.field])
            if twice := sorted(set(more) & set(found)):
                raise ReductionError(f"each field needs a name of its own, got {listed(twice)} twice")
            found.update(more)
        return found

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        features = [{"feature": type(each).__name__, **_settings(each)} for each in self.features]
        return {"curve": _settings(self.curve), "field": self.field, "features": features, "keep": self.keep}


def numbers(
    names: Sequence[str], values: FloatArray, sigmas: FloatArray, curve: Reduced, flags: Flags, unit: str = ""
) -> dict[str, Reduced]:
    """Return one field without dimensions for each name; NaN where the curve is of no frame."""
    flags = flags | curve.flags
    if curve.n_frames == 0:
        values = sigmas = np.full(len(names), np.nan)
    both = zip(names, np.asarray(values, float), np.asarray(sigmas, float), strict=True)
    return {name: Reduced(np.array(v), np.array(s), unit, n_frames=curve.n_frames, flags=flags) for name, v, s in both}


def _settings(part: Any) -> Mapping[str, Any]:
    return part.settings() if isinstance(part, Describes) else {}
