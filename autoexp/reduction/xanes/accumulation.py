"""What two chambers counted at each energy: an additive state."""

from dataclasses import dataclass

import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.reduction.frames import lift
from autoexp.reduction.records import FrameMeta, Frames


@dataclass(frozen=True, slots=True, eq=False)
class EnergySums:
    """Sums over the readings that belong to each energy of a grid.

    Parameters
    ----------
    edges
        Where the readings of one energy end and those of the next begin, in eV, shape ``(points + 1,)``.
    counts, variances
        Sums of both columns and of their variances, float64, shape ``(points, 2)``.
    energy
        Sum of the energies, from the lower edge of each, shape ``(points,)``.
    seen
        Readings of each energy, shape ``(points,)``.
    left_out
        Readings beyond the grid, and readings with an invalid value, shape ``(2,)``.
    n_frames
        Frames seen.
    """

    edges: Tensor
    counts: Tensor
    variances: Tensor
    energy: Tensor
    seen: Tensor
    left_out: Tensor
    n_frames: int

    @classmethod
    def empty(cls, grid: tuple[float, ...], device: str) -> "EnergySums":
        """Return the sums of no frames; ends reach half a step beyond the grid."""
        at = torch.tensor(grid, dtype=torch.float64, device=device)
        middles = (at[1:] + at[:-1]) / 2.0
        edges = torch.cat([2.0 * at[:1] - middles[:1], middles, 2.0 * at[-1:] - middles[-1:]])
        zeros = torch.zeros((len(grid), 2), dtype=torch.float64, device=device)
        return cls(edges, zeros, zeros, zeros[:, 0], zeros[:, 0], zeros[0], 0)

    def add(self, frames: Tensor | Frames, meta: FrameMeta, columns: tuple[int, int]) -> "EnergySums":
        """Return the sums with a batch, shape ``(n, 1, chambers)``, added.

        Raises
        ------
        ReductionError
            If a frame has more than one row or no such columns, or no energy is known for each.
        """
        device = self.counts.device
        lifted = lift(frames, device)
        n, rows, width = lifted.values.shape
        if rows != 1 or width <= max(columns):
            raise ReductionError(
                f"frames must be one row with columns {columns[0]} and {columns[1]}, got shape {(rows, width)}"
            )
        if n == 0:
            return self
        energy = _energies(meta, n).to(device, torch.float64, non_blocking=True).contiguous()
        index = torch.bucketize(energy, self.edges, right=True) - 1
        on_grid = (index >= 0) & (index < len(self.seen))
        valid = torch.isfinite(energy)
        if lifted.valid is not None:
            valid = valid & lifted.valid.expand_as(lifted.values)[:, 0, list(columns)].all(-1)
        used = (on_grid & valid).to(torch.float64)
        index = index.clamp(0, len(self.seen) - 1)
        counts, variances = (each[:, 0, list(columns)].double() for each in (lifted.values, lifted.variances))
        offset = torch.where(used > 0, energy - self.edges[index], 0.0)
        addends = torch.cat([counts * used[:, None], variances * used[:, None], offset[:, None], used[:, None]], 1)
        added = torch.zeros((len(self.seen), 6), dtype=torch.float64, device=device).index_add_(0, index, addends)
        left_out = torch.stack([(valid & ~on_grid).sum(), (~valid).sum()]).double()
        sums = (added[:, :2], added[:, 2:4], added[:, 4], added[:, 5])
        return self.merge(EnergySums(self.edges, *sums, left_out, n))

    def merge(self, other: "EnergySums") -> "EnergySums":
        """Return the sums of the frames of both.

        Raises
        ------
        ReductionError
            If their grids differ in length.
        """
        if len(other.seen) != len(self.seen):
            raise ReductionError(f"sums must have one grid to merge, got {len(self.seen)} and {len(other.seen)} points")
        names = ("counts", "variances", "energy", "seen", "left_out")
        sums = (getattr(self, name) + getattr(other, name) for name in names)
        return EnergySums(self.edges, *sums, self.n_frames + other.n_frames)

    def mean_energies(self) -> Tensor:
        """Return the mean energy of the readings of each point, in eV, shape ``(points,)``; NaN without any."""
        return self.edges[:-1] + self.energy / self.seen


def _energies(meta: FrameMeta, n: int) -> Tensor:
    if "energy" not in meta.coordinates:
        raise ReductionError(f"frames must come with the coordinate 'energy', got {sorted(meta.coordinates)}")
    energy = meta.coordinates["energy"].reshape(-1)
    if len(energy) != n:
        raise ReductionError(f"each frame must come with its energy, got {len(energy)} for {n} frames")
    return energy
