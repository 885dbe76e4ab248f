"""What was counted at each point of a grid of positions: an additive state."""

from dataclasses import dataclass

import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.reduction.records import FrameMeta


@dataclass(frozen=True, slots=True, eq=False)
class GridSums:
    """Sums over the readings that belong to each point of a grid.

    Parameters
    ----------
    edges
        Where the readings of one point end and those of the next begin, shape ``(points + 1,)``.
    counts, variances
        Sums of the values and of their variances, float64, shape ``(points, columns)``.
    offsets
        Sum of the positions, from the lower edge of each, shape ``(points,)``.
    seen
        Readings of each point, shape ``(points,)``.
    left_out
        Readings beyond the grid, and readings with an invalid value, shape ``(2,)``.
    n_frames
        Frames seen.
    """

    edges: Tensor
    counts: Tensor
    variances: Tensor
    offsets: Tensor
    seen: Tensor
    left_out: Tensor
    n_frames: int

    @classmethod
    def empty(cls, grid: tuple[float, ...], columns: int, device: str) -> "GridSums":
        """Return the sums of no frames; a grid reaches half a step beyond its ends."""
        at = torch.tensor(grid, dtype=torch.float64, device=device)
        middles = (at[1:] + at[:-1]) / 2.0
        edges = torch.cat([2.0 * at[:1] - middles[:1], middles, 2.0 * at[-1:] - middles[-1:]])
        zeros = torch.zeros((len(grid), columns), dtype=torch.float64, device=device)
        return cls(edges, zeros, zeros, zeros[:, 0], zeros[:, 0], torch.zeros_like(edges[:2]), 0)

    def add(self, values: Tensor, variances: Tensor, valid: Tensor | None, at: Tensor) -> "GridSums":
        """Return the sums with a batch added; nothing waits for the device.

        Parameters
        ----------
        values, variances
            Shape ``(n, columns)`` each.
        valid
            Which readings may be used, boolean, shape ``(n,)``; None for all.
        at
            Their positions, shape ``(n,)``.
        """
        points, columns = self.counts.shape
        at = at.to(self.edges.device, torch.float64, non_blocking=True).contiguous()
        usable = torch.isfinite(at) if valid is None else torch.isfinite(at) & valid
        index = torch.bucketize(at, self.edges, right=True) - 1
        on_grid = (index >= 0) & (index < points)
        index = index.clamp(0, points - 1)
        used = (on_grid & usable)[:, None]
        offsets = (at - self.edges[index])[:, None]
        addends = torch.cat([values.double(), variances.double(), offsets, torch.ones_like(offsets)], 1)
        sums = torch.zeros((points, 2 * columns + 2), dtype=torch.float64, device=at.device)
        sums = sums.index_add_(0, index, torch.where(used, addends, 0.0))
        left_out = torch.stack([(usable & ~on_grid).sum(), (~usable).sum()]).double()
        counts, spread = sums[:, :columns], sums[:, columns:-2]
        return self.merge(GridSums(self.edges, counts, spread, sums[:, -2], sums[:, -1], left_out, len(at)))

    def merge(self, other: "GridSums") -> "GridSums":
        """Return the sums of the frames of both.

        Raises
        ------
        ReductionError
            If their grids differ in length.
        """
        if other.counts.shape != self.counts.shape:
            raise ReductionError(f"sums must have one grid to merge, got {len(self.seen)} and {len(other.seen)} points")
        return GridSums(
            self.edges,
            self.counts + other.counts,
            self.variances + other.variances,
            self.offsets + other.offsets,
            self.seen + other.seen,
            self.left_out + other.left_out,
            self.n_frames + other.n_frames,
        )

    def mean_positions(self) -> Tensor:
        """Return the mean position of the readings of each point, shape ``(points,)``; NaN without any."""
        return self.edges[:-1] + self.offsets / self.seen

    def cpu(self) -> "GridSums":
        """Return the sums on the CPU."""
        counts, variances, offsets = self.counts.cpu(), self.variances.cpu(), self.offsets.cpu()
        return GridSums(
            self.edges.cpu(), counts, variances, offsets, self.seen.cpu(), self.left_out.cpu(), self.n_frames
        )


def positions(meta: FrameMeta, name: str, n: int) -> Tensor:
    """Return the coordinate `name` of each of `n` frames, shape ``(n,)``.

    Raises
    ------
    ReductionError
        If it is not known, or not for every frame.
    """
    if name not in meta.coordinates:
        raise ReductionError(f"frames must come with the coordinate {name!r}, got {sorted(meta.coordinates)}")
    found = meta.coordinates[name].reshape(-1)
    if len(found) != n:
        raise ReductionError(f"each frame must come with its {name!r}, got {len(found)} for {n} frames")
    return found
