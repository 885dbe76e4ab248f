"""Whether frames can be trusted: saturation, bad pixels, missing beam, unsteadiness."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction.background import Blocks
from autoexp.reduction.frames import lift
from autoexp.reduction.images import MeanImage
from autoexp.reduction.records import FrameMeta, Frames, FrameSpec, Reduced, number
from autoexp.reduction.rehearsal import rehearse
from autoexp.reduction.sums import FrameSum

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
    squares
        Sum of the squared values, float64, shape ``(y, x)``.
    saturated
        Saturated pixels of all frames.
    zeros
        Frames without a single count.
    """

    frames: FrameSum
    squares: Tensor
    saturated: Tensor
    zeros: Tensor


@dataclass(frozen=True, slots=True)
class DataQuality:
    """Numbers about the frames themselves, and one word of flags.

    ``total`` counts per frame; ``saturated`` pixels per frame; the share of ``zero_frames``; ``hot``
    pixels, which hold more than ten times the median of their 3 x 3 surroundings and stand out of it by
    `threshold` standard deviations; ``dead`` pixels, which hold nothing where that median is `threshold`
    squared counts or more; ``signal_to_noise`` of the part of the frame that stands out most; and
    ``dispersion``, the variance of pixels from frame to frame over their mean, 1 for steady light
    (Poisson) and more where the beam, or the sample, changes.

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
        none = torch.zeros((), dtype=torch.int64, device=spec.device)
        frames = FrameSum.empty(spec)
        return QualityState(frames, torch.zeros_like(frames.total), none, none)

    def update(self, state: QualityState, frames: Tensor | Frames, meta: FrameMeta) -> QualityState:
        """Add a batch, shape ``(n, y, x)``."""
        lifted = lift(frames, state.squares.device)
        values = lifted.values if lifted.valid is None else torch.where(lifted.valid, lifted.values, 0.0)
        saturated = state.saturated + (values >= self.saturation).sum()
        zeros = state.zeros + (values == 0).all(2).all(1).sum()
        return QualityState(
            state.frames.add(replace(lifted, values=values)),
            state.squares + (values.double() ** 2).sum(0),
            saturated,
            zeros,
        )

    def merge(self, a: QualityState, b: QualityState) -> QualityState:
        """Join what two workers saw."""
        return QualityState(
            a.frames.merge(b.frames), a.squares + b.squares, a.saturated + b.saturated, a.zeros + b.zeros
        )

    def warmup(self, spec: FrameSpec) -> None:
        """Allocate before beam."""
        rehearse(self, spec)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {"saturation": self.saturation, "threshold": self.threshold}

    def read(self, state: QualityState) -> Mapping[str, Reduced]:
        """Return the numbers; their flags say what is wrong."""
        n = state.frames.n_frames
        if n == 0:
            return {name: number(math.nan, math.nan, unit, 0, Flags.NO_FRAMES) for name, unit in _UNITS.items()}
        total, seen = state.frames.total, state.frames.seen
        valid = None if isinstance(seen, int) else seen > 0
        blocks = Blocks.of(MeanImage.of(state.frames))
        significance = float(blocks.significance(blocks.corners()).max())
        hot, dead = (float(each.sum()) for each in self._bad_pixels(total, valid))
        saturated, zeros = float(state.saturated), float(state.zeros)
        found = {
            "total": (float(total.sum()) / n, math.sqrt(float(state.frames.variances.sum())) / n),
            "saturated": (saturated / n, math.sqrt(saturated) / n),
            "zero_frames": (zeros / n, math.sqrt(zeros * (n - zeros) / n) / n),
            "hot": (hot, 0.0),
            "dead": (dead, 0.0),
            "signal_to_noise": (significance, 1.0),
            "dispersion": _dispersion(state, valid),
        }
        flags = self._flags(found)
        return {name: number(*found[name], unit, n, flags) for name, unit in _UNITS.items()}

    def _bad_pixels(self, total: Tensor, valid: Tensor | None) -> tuple[Tensor, Tensor]:
        around = _median_around(total)
        usable = torch.ones_like(total, dtype=torch.bool) if valid is None else valid
        level = around.clamp(min=0.0)
        hot = (total > 10.0 * level) & (total - level > self.threshold * (level + self.threshold).sqrt())
        return hot & usable, (total == 0) & (level >= self.threshold**2) & usable

    def _flags(self, found: Mapping[str, tuple[float, float]]) -> Flags:
        flags = Flags.NONE
        raised = {"saturated": Flags.SATURATED, "hot": Flags.HOT_PIXELS, "dead": Flags.DEAD_PIXELS}
        for name, flag in raised.items():
            flags |= flag if found[name][0] > 0 else Flags.NONE
        flags |= Flags.NO_SIGNAL if found["signal_to_noise"][0] < self.threshold else Flags.NONE
        value, sigma = found["dispersion"]
        return flags | (Flags.CHANGED if value - 1.0 > self.threshold * sigma else Flags.NONE)


def _median_around(image: Tensor) -> Tensor:
    """Return the median of the eight neighbours of each pixel, the lower of the middle two."""
    padded = pad(image[None, None], (1, 1, 1, 1), mode="replicate")[0, 0]
    rows, columns = image.shape
    shifts = [(dy, dx) for dy in range(3) for dx in range(3) if (dy, dx) != (1, 1)]
    return torch.stack([padded[dy : dy + rows, dx : dx + columns] for dy, dx in shifts]).median(0).values


def _dispersion(state: QualityState, valid: Tensor | None) -> tuple[float, float]:
    """Return the index of dispersion, pooled over all pixels that were always valid, and its sigma.

    The sum of squared deviations over the mean follows chi squared with n - 1 degrees of freedom per
    pixel (R. A. Fisher, Biometrics 6, 17 (1950)), so a ratio of pooled sums has a relative variance of
    ``2 / dof`` times ``sum(m²) / sum(m)² * pixels``, to which ``1 / sum(m)`` adds for few counts.
    """
    n, total = state.frames.n_frames, state.frames.total
    if n < 2:
        return math.nan, math.nan
    use = torch.ones_like(total, dtype=torch.bool) if state.frames.missing is None else state.frames.missing == 0
    total, squares = total[use], state.squares[use]
    counted = float(total.sum())
    if not counted > 0:
        return math.nan, math.nan
    within = float((squares - total**2 / n).sum()) / (n - 1)
    spread = 2.0 / (n - 1) * float((total / n).square().sum()) + counted / n**2
    return within / (counted / n), math.sqrt(spread) / (counted / n)
