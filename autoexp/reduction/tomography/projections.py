"""What a tomograph has seen: an additive state from which any slice can be made."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.reduction.records import Frames


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """Projections and their angles.

    Parameters
    ----------
    angles
        In rad, shape ``(n,)``, float64.
    lines, variances
        Line integrals and their variances, float32, shape ``(n, rows, columns)``.
    found
        Valid columns of each row, int32, shape ``(n, rows)``.
    profiles, profile_variances
        Sums over the rows of whole frames, float64, shape ``(n, columns)``.
    """

    angles: Tensor
    lines: Tensor
    variances: Tensor
    found: Tensor
    profiles: Tensor
    profile_variances: Tensor

    def __len__(self) -> int:
        """Return how many projections there are."""
        return len(self.angles)

    def __getitem__(self, chosen: Tensor | slice) -> "Views":
        """Return some of the projections."""
        return Views(*(each[chosen] for each in self.parts()))

    def parts(self) -> tuple[Tensor, ...]:
        """Return its arrays, in order."""
        sums = self.profiles, self.profile_variances
        return self.angles, self.lines, self.variances, self.found, *sums

    def only(self, rows: Sequence[int]) -> "Views":
        """Return some of the rows."""
        chosen = torch.tensor(rows, device=self.lines.device)
        lines, variances, found = (each.index_select(1, chosen) for each in (self.lines, self.variances, self.found))
        return Views(self.angles, lines, variances, found, self.profiles, self.profile_variances)

    @classmethod
    def joined(cls, views: "Sequence[Views]") -> "Views":
        """Return all as one, by ascending angle modulo 360 degrees."""
        whole = cls(*(torch.cat(parts) for parts in zip(*(each.parts() for each in views), strict=True)))
        return whole[torch.argsort(whole.angles, stable=True)]


@dataclass(frozen=True, slots=True, eq=False)
class Projections:
    """All projections so far, batch by batch.

    Parameters
    ----------
    shape
        Rows and columns of a frame.
    views
        The batches.
    device
        Where they are.
    """

    shape: tuple[int, int]
    views: tuple[Views, ...]
    device: str

    @property
    def n_frames(self) -> int:
        """How many there are."""
        return sum(len(each) for each in self.views)

    def add(self, views: Views) -> "Projections":
        """Return these and more."""
        return Projections(self.shape, (*self.views, views), self.device)

    def merge(self, other: "Projections") -> "Projections":
        """Return the projections of both.

        Raises
        ------
        ReductionError
            If frames are of different shapes.
        """
        if other.shape != self.shape:
            raise ReductionError(f"projections must have one shape to merge, got {self.shape} and {other.shape}")
        return Projections(self.shape, self.views + other.views, self.device)

    def rows(self, *rows: int) -> Views:
        """Return some rows of all projections, by number of those kept, by ascending angle.

        Raises
        ------
        ReductionError
            If there is no projection.
        """
        if not self.views:
            raise ReductionError("there must be a projection to make a slice of, got none")
        return Views.joined([each.only(rows) for each in self.views])


def views_of(lines: Frames, angles: Tensor, kept: slice) -> Views:
    """Return a batch of line integrals, shape ``(n, y, x)``, of which some rows are kept.

    Parameters
    ----------
    lines
        Line integrals.
    angles
        In degrees, shape ``(n,)``.
    kept
        Which rows.
    """
    n, rows, columns = lines.values.shape
    valid = None if lines.valid is None else lines.valid.expand_as(lines.values)
    counts = lines.values.new_full((n, rows), columns) if valid is None else valid.sum(-1)
    return Views(
        torch.deg2rad(angles.to(lines.values.device, torch.float64).remainder(360.0)),
        _own(lines.values, kept),
        _own(lines.variances, kept),
        _own(counts.to(torch.int32), kept),
        lines.values.sum(1, dtype=torch.float64),
        lines.variances.sum(1, dtype=torch.float64),
    )


def _own(values: Tensor, kept: slice) -> Tensor:
    """Return some rows in memory of their own, so that the others can be let go."""
    return values if kept == slice(None) else values[:, kept].clone()
