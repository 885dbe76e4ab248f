"""Movies of complex Gaussian speckles with a given correlation in time.

References
----------
.. [1] J. W. Goodman, Speckle Phenomena in Optics (2007), section 3.2: fields of many scatterers are complex Gaussian.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True, eq=False)
class SpeckleGrid:
    """A coarse grid of independent fields, one per speckle, interpolated linearly to pixels.

    Parameters
    ----------
    rings
        To which ring of q each point of the grid belongs, shape ``(rows + 2, columns + 2)``: a point to each side
        is beyond the detector.
    speckle
        Pixels from point to point.
    """

    rings: NDArray[np.int64]
    speckle: int

    def intensities(self, correlations: Tensor, generator: torch.Generator) -> Tensor:
        """Return a movie of mean 1 in each pixel, float32, shape ``(n, rows * speckle, columns * speckle)``.

        Its field at each point of the grid is Gaussian [1]_ with exactly the correlation of the point's ring: a root
        of that matrix times white noise. Pixels between two rings have a correlation between theirs.

        Parameters
        ----------
        correlations
            Of the field, between all pairs of frames, float64, shape ``(rings, n, n)``.
        generator
            Source of the noise, on the device of the correlations.
        """
        fields = self._fields(_roots(correlations).to(torch.float32), generator)
        rows, columns = (size - 2 for size in self.rings.shape)
        movie = torch.empty((len(fields), rows, self.speckle, columns, self.speckle), device=fields.device)
        for frame, field in zip(movie, fields, strict=True):
            self._brighten(frame, field)
        return movie.reshape(len(fields), rows * self.speckle, columns * self.speckle)

    def _fields(self, roots: Tensor, generator: torch.Generator) -> Tensor:
        """Return real and imaginary parts, each of variance 1/2, shape ``(n, 2, rows + 2, columns + 2)``."""
        n, points = roots.shape[1], self.rings.size
        noise = torch.randn((n, 2, points), generator=generator, device=roots.device)
        moving = torch.empty_like(noise)
        for root, (first, last) in zip(roots * math.sqrt(0.5), self._spans, strict=True):
            for part in range(2):
                moving[:, part, first:last] = root @ noise[:, part, first:last]
        where = torch.from_numpy(self._where).to(roots.device)
        return moving.index_select(2, where).reshape(n, 2, *self.rings.shape)

    def _brighten(self, frame: Tensor, field: Tensor) -> None:
        """Write ``|E|²`` between the points of one field into a frame, shape ``(rows, speckle, columns, speckle)``."""
        for i in range(self.speckle):
            rows = _between(field, 1, i, self.speckle)
            for j in range(self.speckle):
                real, imaginary = _between(rows, 2, j, self.speckle)
                frame[:, i, :, j] = torch.addcmul(real * real, imaginary, imaginary)

    @cached_property
    def _spans(self) -> list[tuple[int, int]]:
        """First point and one past the last of each ring, sorted by ring."""
        ends = np.cumsum(np.bincount(self.rings.reshape(-1))).tolist()
        return list(zip([0, *ends[:-1]], ends, strict=True))

    @cached_property
    def _where(self) -> NDArray[np.int64]:
        """Where each point of the grid stands among those sorted by ring."""
        return np.argsort(np.argsort(self.rings.reshape(-1), kind="stable"), kind="stable")


def _between(field: Tensor, dim: int, phase: int, speckle: int) -> Tensor:
    """Interpolate along one dimension to one of the pixels around each inner point, and keep the variance."""
    offset = (phase + 0.5) / speckle - 0.5
    inner = field.shape[dim] - 2
    here, there = field.narrow(dim, 1, inner), field.narrow(dim, 2 if offset > 0 else 0, inner)
    near, far = 1.0 - abs(offset), abs(offset)
    norm = math.hypot(near, far)
    return torch.add(here * (near / norm), there, alpha=far / norm)


def _roots(correlations: Tensor) -> Tensor:
    """Return matrices whose squares are the correlations; rounding may have made some barely not positive."""
    values, vectors = torch.linalg.eigh(correlations)
    return torch.matmul(vectors * values.clamp(min=0.0).sqrt()[:, None, :], vectors.mT)
