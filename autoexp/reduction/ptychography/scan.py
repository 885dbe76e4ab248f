"""The patterns of a scan: kept up to a number, in an order that does not depend on when they came."""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from struct import pack

import torch
from torch import Tensor

from autoexp.reduction.ptychography.engine import Corner
from autoexp.reduction.ptychography.shifts import Offset
from autoexp.reduction.records import Frames


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """One far-field pattern.

    Parameters
    ----------
    key
        Drawn from the position: what orders patterns, and halves them.
    corner
        Row and column of the object under the probe's first sample.
    offset
        By which share of a sample the probe is further on.
    amplitude
        Root of the counts, zero frequency first, float32, shape of the detector; -1 where unknown.
    """

    key: int
    corner: Corner
    offset: Offset
    amplitude: Tensor

    @property
    def half(self) -> int:
        """0 or 1: which half of the data it belongs to."""
        return self.key & 1


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """The patterns with the smallest keys, which are a sample at random of all, and how many there were.

    Parameters
    ----------
    capacity
        How many are kept at most.
    device
        Where they are.
    patterns
        In the order of their keys.
    n_frames
        Patterns seen.
    masked
        Whether any had unknown pixels.
    """

    capacity: int
    device: str = "cpu"
    patterns: tuple[Pattern, ...] = ()
    n_frames: int = 0
    masked: bool = False

    def add(self, patterns: Sequence[Pattern], masked: bool) -> "Scan":
        """Return the scan with more patterns."""
        kept = list(self.patterns)
        for pattern in patterns:
            insort(kept, pattern, key=_key)
        return replace(
            self,
            patterns=tuple(kept[: self.capacity]),
            n_frames=self.n_frames + len(patterns),
            masked=self.masked or (masked and len(patterns) > 0),
        )

    def merge(self, other: "Scan") -> "Scan":
        """Return the scan of both."""
        joined = self.add(other.patterns, other.masked)
        return replace(joined, n_frames=self.n_frames + other.n_frames)

    @property
    def dropped(self) -> int:
        """How many patterns were seen and are not kept."""
        return self.n_frames - len(self.patterns)

    def mean(self) -> Tensor:
        """Return the root of the mean counts, zero frequency first; zero where no pattern knows a pixel."""
        total, known = torch.zeros_like(self.patterns[0].amplitude), torch.zeros_like(self.patterns[0].amplitude)
        for pattern in self.patterns:
            total += pattern.amplitude.clamp(min=0.0).square()
            known += pattern.amplitude >= 0
        return (total / known.clamp(min=1.0)).sqrt()


def amplitudes_of(frames: Frames) -> Tensor:
    """Return roots of counts, zero frequency first, float32, shape ``(n, y, x)``; -1 where unknown."""
    roots = frames.values.clamp(min=0.0).sqrt().to(torch.float32)
    known = roots if frames.valid is None else torch.where(frames.valid, roots, -1.0)
    shifted: Tensor = torch.fft.ifftshift(known, dim=(1, 2))
    return shifted


def key_of(x: float, y: float, seed: int) -> int:
    """Return a number drawn from a position and a seed, the same on every machine."""
    return int.from_bytes(blake2b(pack("<ddq", x, y, seed), digest_size=8).digest(), "little")


def _key(pattern: Pattern) -> int:
    return pattern.key
