"""X-ray absorption by two ion chambers: what comes in, and what the sample lets through."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction.records import FrameMeta, Frames, FrameSpec, Reduced, number
from autoexp.reduction.rehearsal import rehearse
from autoexp.reduction.sums import FrameSum


@dataclass(frozen=True, slots=True)
class Absorption:
    """Absorption ``mu = ln(I0 / It)`` of the sample, by Lambert and Beer, and both intensities per frame.

    A frame is one row of chambers. The sigmas are those of the counts; for the logarithm, to first
    order, ``sigma² = var(I0) / I0² + var(It) / It²``. Without counts in either chamber `mu` is NaN.

    Parameters
    ----------
    incident, transmitted
        Columns of the chambers before and after the sample.

    Raises
    ------
    ReductionError
        If they are one chamber, or a column is negative.
    """

    incident: int = 0
    transmitted: int = 1

    def __post_init__(self) -> None:
        if min(self.incident, self.transmitted) < 0 or self.incident == self.transmitted:
            raise ReductionError(
                f"incident and transmitted must be two columns, got {self.incident} and {self.transmitted}"
            )

    def init(self, spec: FrameSpec) -> FrameSum:
        """Return the sum of no frames."""
        return FrameSum.empty(spec)

    def update(self, state: FrameSum, frames: Tensor | Frames, meta: FrameMeta) -> FrameSum:
        """Add a batch, shape ``(n, 1, chambers)``.

        Raises
        ------
        ReductionError
            If a frame has more than one row, or no such columns.
        """
        rows, columns = state.shape
        if rows != 1 or columns <= max(self.incident, self.transmitted):
            raise ReductionError(
                f"frames must be one row with columns {self.incident} and {self.transmitted}, got shape {state.shape}"
            )
        return state.add(frames)

    def merge(self, a: FrameSum, b: FrameSum) -> FrameSum:
        """Join what two workers saw."""
        return a.merge(b)

    def warmup(self, spec: FrameSpec) -> None:
        """Allocate before beam."""
        rehearse(self, spec)

    def read(self, state: FrameSum) -> Mapping[str, Reduced]:
        """Return ``mu``, and ``i0`` and ``it`` in counts per frame."""
        (i0, i0_sigma), (it, it_sigma) = (_mean(state, at) for at in (self.incident, self.transmitted))
        flags = Flags.NO_FRAMES if state.n_frames == 0 else Flags.NONE
        flags |= Flags.NONE if state.missing is None else Flags.MASKED
        dark = state.n_frames > 0 and not (i0 > 0 and it > 0)
        mu = math.log(i0 / it) if i0 > 0 and it > 0 else math.nan
        sigma = math.hypot(i0_sigma / i0, it_sigma / it) if i0 > 0 and it > 0 else math.nan
        return {
            "mu": number(mu, sigma, "", state.n_frames, flags | (Flags.NO_SIGNAL if dark else Flags.NONE)),
            "i0": number(i0, i0_sigma, "count", state.n_frames, flags),
            "it": number(it, it_sigma, "count", state.n_frames, flags),
        }

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {"incident": self.incident, "transmitted": self.transmitted}


def _mean(state: FrameSum, column: int) -> tuple[float, float]:
    """Return the mean over the frames that had a count in a column, and its sigma."""
    seen = state.seen if isinstance(state.seen, int) else int(state.seen[0, column])
    if seen == 0:
        return math.nan, math.nan
    return float(state.total[0, column]) / seen, math.sqrt(float(state.variances[0, column])) / seen
