"""A stage that makes counts rates."""

from dataclasses import dataclass

from autoexp.errors import ReductionError
from autoexp.reduction.records import FrameMeta, Frames


@dataclass(frozen=True, slots=True)
class PerSecond:
    """Divide frames by the exposure of `FrameMeta.exposure`, so that short and long ones compare."""

    def __call__(self, frames: Frames, meta: FrameMeta) -> Frames:
        """Return the frames per second, their variances with them.

        Raises
        ------
        ReductionError
            If the exposure is not positive.
        """
        if not meta.exposure > 0:
            raise ReductionError(f"exposure must be positive to divide by it, got {meta.exposure} s")
        return Frames(frames.values / meta.exposure, frames.variances / meta.exposure**2, frames.valid)
