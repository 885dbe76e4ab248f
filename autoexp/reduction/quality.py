"""Whether frames can be trusted: saturation, bad pixels, missing beam, unsteadiness."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction.background import Blocks
from autoexp.reduction.counts import IntArray, raw_counts
from autoexp.reduction.frames import lift
from autoexp.reduction.images import MeanImage
from autoexp.reduction.records import FrameMeta, Frames, FrameSpec, Reduced, number
from autoexp.reduction.rehearsal import rehearse
from autoexp.reduction.sums import FrameSum
from autoexp.reduction.tally import TOGETHER, Tally, tally

_UNITS = {
    "total": "count",
    "saturated": "px",
    "zero_frames": "",
    "hot": "px",
    "dead": "px",
    "signal_to_noise": "",
    "dispersion": "",
}


@dataclass(frozen=True, slots=True, eq=False)
class QualityState:
    """Sums that the answers follow from; all of them add.

    Parameters
    ----------
    frames
        Sums of the frames.
    tallies
        Sum of the squared valid values of all frames and pixels, saturated pixels of all frames, frames without a
        single count, and frames without a single valid pixel, float64, shape ``(4,)``.
    """

    frames: FrameSum
    tallies: Tensor

    def merge(self, other: "QualityState") -> "QualityState":
        """Return the sums over the frames of both."""
        frames = self.frames.merge(other.frames)
        return other if frames is other.frames else QualityState(frames, self.tallies + other.tallies)


@dataclass(frozen=True, slots=True)
class DataQuality:
    """Numbers about the frames themselves, and one word of flags.

    ``total`` counts per frame, each pixel's over the frames in which it was valid; ``saturated`` pixels per frame; the
    share of ``zero_frames``, all of whose valid pixels hold nothing, both of the frames with a valid pixel; ``hot``
    pixels, which hold more than ten times the median of their 3 x 3 surroundings and stand out of it by
    `threshold` standard deviations; ``dead`` pixels, which hold nothing where that median is `threshold`
    squared counts or more; ``signal_to_noise`` of the part of the frame that stands out most; and
    ``dispersion``, the variance of pixels from frame to frame over their mean, 1 for steady light
    (Poisson) and more where the beam, or the sample, changes. Masked pixels enter none of them, and are nobody's
    surroundings.

    Parameters
    ----------
    saturation
        Value from which a pixel is saturated, in the unit of the frames.
    threshold
        Standard deviations from which something stands out.

    Raises
    ------
    ReductionError
        If one of them is not positive.
    """

    saturation: float = 60000.0
    threshold: float = 6.0

    def __post_init__(self) -> None:
        for rule in ("saturation", "threshold"):
            if not 0 < getattr(self, rule) < math.inf:
                raise ReductionError(f"{rule} must be positive, got {getattr(self, rule)}")

    def init(self, spec: FrameSpec) -> QualityState:
        """Return the sums of no frames."""
        return QualityState(FrameSum.empty(spec), torch.zeros(4, dtype=torch.float64, device=spec.device))

    def update(self, state: QualityState, frames: Tensor | Frames, meta: FrameMeta) -> QualityState:
        """Add a batch, shape ``(n, y, x)``.

        Raises
        ------
        ReductionError
            If the frames have another shape than the state.
        """
        device = state.frames.values.device
        if isinstance(frames, Frames) or len(frames) <= TOGETHER:
            return state.merge(self._added(frames, device))
        for start in range(0, len(frames), TOGETHER):
            state = state.merge(self._added(frames[start : start + TOGETHER], device))
        return state

    def _added(self, frames: Tensor | Frames, device: torch.device) -> QualityState:
        raw = raw_counts(frames, device) if isinstance(frames, Tensor) else None
        found = None if raw is None else tally(raw)
        return self._lifted(lift(frames, device)) if found is None or raw is None else self._counted(raw, found)

    def _counted(self, raw: IntArray, found: Tally) -> QualityState:
        saturated = int((raw >= self.saturation).sum()) if found.highest >= self.saturation else 0
        tallies = torch.from_numpy(np.array([found.squares, saturated, found.zeros, 0], np.float64))
        return QualityState(FrameSum(torch.from_numpy(found.sums), None, None, len(raw), found.bound), tallies)

    def _lifted(self, frames: Frames) -> QualityState:
        values = frames.values if frames.valid is None else torch.where(frames.valid, frames.values, 0.0)
        summed = FrameSum.of(replace(frames, values=values), values.device)
        saturated, empty = (values >= self.saturation).sum(), (values == 0).all(2).all(1)
        blind = torch.zeros_like(empty) if frames.valid is None else ~frames.valid.expand_as(values).any(2).any(1)
        found = (values.double().square().sum(), saturated, (empty & ~blind).sum(), blind.sum())
        return QualityState(summed, torch.stack([each.double() for each in found]))

    def merge(self, a: QualityState, b: QualityState) -> QualityState:
        """Join what two workers saw."""
        return a.merge(b)

    def warmup(self, spec: FrameSpec) -> None:
        """Allocate before beam."""
        rehearse(self, spec)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {"saturation": self.saturation, "threshold": self.threshold}

    def read(self, state: QualityState) -> Mapping[str, Reduced]:
        """Return the numbers; their flags say what is wrong."""
        n = state.frames.n_frames
        squares, saturated, zeros, blind = state.tallies.tolist()
        lit = n - blind
        if lit == 0:
            flags = Flags.MASKED | Flags.NO_SIGNAL if n else Flags.NO_FRAMES
            return {name: number(math.nan, math.nan, unit, n, flags) for name, unit in _UNITS.items()}
        blocks = Blocks.of(MeanImage.of(state.frames))
        significance = float(blocks.significance(blocks.corners()).max())
        hot, dead = (float(each.sum()) for each in self._bad_pixels(state.frames))
        found = {
            "total": _total(state.frames),
            "saturated": (saturated / lit, math.sqrt(saturated) / lit),
            "zero_frames": (zeros / lit, math.sqrt(zeros * (lit - zeros) / lit) / lit),
            "hot": (hot, 0.0),
            "dead": (dead, 0.0),
            "signal_to_noise": (significance, 1.0),
            "dispersion": _dispersion(state.frames, squares),
        }
        flags = self._flags(found) | _masked(state.frames)
        return {name: number(*found[name], unit, n, flags) for name, unit in _UNITS.items()}

    def _bad_pixels(self, frames: FrameSum) -> tuple[Tensor, Tensor]:
        """Return where pixels are hot and where they are dead, by what as many frames of their surroundings hold."""
        total, seen = frames.total, frames.seen
        around = _median_around(total) if isinstance(seen, int) else _median_around(total / seen) * seen
        level = around.clamp(min=0.0)
        hot = (total > 10.0 * level) & (total - level > self.threshold * (level + self.threshold).sqrt())
        return hot, (total == 0) & (level >= self.threshold**2)

    def _flags(self, found: Mapping[str, tuple[float, float]]) -> Flags:
        flags = Flags.NONE
        raised = {"saturated": Flags.SATURATED, "hot": Flags.HOT_PIXELS, "dead": Flags.DEAD_PIXELS}
        for name, flag in raised.items():
            flags |= flag if found[name][0] > 0 else Flags.NONE
        flags |= Flags.NO_SIGNAL if found["signal_to_noise"][0] < self.threshold else Flags.NONE
        value, sigma = found["dispersion"]
        return flags | (Flags.CHANGED if value - 1.0 > self.threshold * sigma else Flags.NONE)


def _total(frames: FrameSum) -> tuple[float, float]:
    """Return the counts per frame, each pixel's over the frames in which it was valid, and their sigma."""
    if isinstance(frames.seen, int):
        return float(frames.total.sum()) / frames.seen, math.sqrt(float(frames.variances.sum())) / frames.seen
    often = frames.seen.clamp(min=1)
    return float((frames.total / often).sum()), math.sqrt(float((frames.variances / often**2).sum()))


def _masked(frames: FrameSum) -> Flags:
    return Flags.MASKED if frames.missing is not None and bool(frames.missing.any()) else Flags.NONE


def _median_around(image: Tensor) -> Tensor:
    """Return the median of the eight neighbours of each pixel but NaN, the lower of the middle two."""
    padded = pad(image[None, None], (1, 1, 1, 1), mode="replicate")[0, 0]
    rows, columns = image.shape
    shifts = [(dy, dx) for dy in range(3) for dx in range(3) if (dy, dx) != (1, 1)]
    return torch.stack([padded[dy : dy + rows, dx : dx + columns] for dy, dx in shifts]).nanmedian(0).values


def _dispersion(frames: FrameSum, squares: float) -> tuple[float, float]:
    """Return the index of dispersion, pooled over all pixels, and its sigma.

    A pixel that was seen ``n`` times adds the sum of its squared deviations to the numerator and ``n - 1`` times
    its mean ``m`` to the denominator. For Poisson counts a sample variance has the variance
    ``2 m² / (n - 1) + m / n`` (R. A. Fisher, Biometrics 6, 17 (1950), gives the index).
    """
    total, seen = frames.total, frames.seen
    n = torch.full_like(total, seen) if isinstance(seen, int) else seen.double()
    mean, free = total / n.clamp(min=1.0), (n - 1.0).clamp(min=0.0)
    expected = float((free * mean).sum())
    if not expected > 0:
        return math.nan, math.nan
    within = squares - float((total * mean).sum())
    spread = (2.0 * free * mean.square() + free.square() * mean.clamp(min=0.0) / n.clamp(min=1.0)).sum()
    return within / expected, math.sqrt(float(spread)) / expected
