"""A probe moved by shares of a sample."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

Offset = tuple[float, float]
"""By which share of a sample along y and x the probe is further on than its corner."""


@dataclass(frozen=True, slots=True, eq=False)
class Shifts:
    """Moves a probe by shares of a sample, by phase ramps in its far field.

    Parameters
    ----------
    ramps
        Complex64, shape ``(n, y, x)``; None where nothing moves.
    """

    ramps: Tensor | None

    @classmethod
    def of(cls, probe: Tensor, offsets: Sequence[Offset]) -> "Shifts":
        """Return shifts of a probe, one for each offset; none where all are zero."""
        if not any(any(offset) for offset in offsets):
            return cls(None)
        y, x = (torch.fft.fftfreq(n, device=probe.device) for n in probe.shape)
        down, right = (
            torch.tensor([[offset[dim]] for offset in offsets], dtype=torch.float32, device=probe.device)
            for dim in (0, 1)
        )
        return cls(_turn(down * y)[:, :, None] * _turn(right * x)[:, None, :])

    def apply(self, probe: Tensor) -> Tensor:
        """Return the moved probes, shape ``(n, y, x)``; ``(1, y, x)`` where nothing moves."""
        if self.ramps is None:
            return probe[None]
        moved: Tensor = torch.fft.ifft2(torch.fft.fft2(probe) * self.ramps)
        return moved

    def undo(self, waves: Tensor) -> Tensor:
        """Return the sum of waves, shape ``(n, y, x)``, each moved back."""
        if self.ramps is None:
            return waves.sum(0)
        back: Tensor = torch.fft.ifft2((torch.fft.fft2(waves) * self.ramps.conj()).sum(0))
        return back


def _turn(cycles: Tensor) -> Tensor:
    return torch.polar(torch.ones_like(cycles), -2.0 * math.pi * cycles)
