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
from torch.nn.functional import interpolate


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
        norm = self._norm.to(fields.device)
        movie = torch.empty((len(fields), *norm.shape), device=fields.device)
        for frame, field in zip(movie, fields, strict=True):
            real, imaginary = self._between(field.index_select(0, self._where.to(fields.device)))
            torch.square(real, out=frame).addcmul_(imaginary, imaginary).mul_(norm)
        return movie

    def _fields(self, roots: Tensor, generator: torch.Generator) -> Tensor:
        """Return parts of variance 1/2, ring by ring: its real ones, then its imaginary ones, shape ``(n, parts)``."""
        noise = torch.randn((roots.shape[1], 2 * self.rings.size), generator=generator, device=roots.device)
        moving = torch.empty_like(noise)
        for root, (first, last) in zip(roots * math.sqrt(0.5), self._spans, strict=True):
            moving[:, 2 * first : 2 * last] = root @ noise[:, 2 * first : 2 * last]
        return moving

    def _between(self, field: Tensor) -> tuple[Tensor, Tensor]:
        """Interpolate real and imaginary parts, row by row of the grid, to the pixels."""
        grid = field.view(1, 2, *self.rings.shape)
        pixels = interpolate(grid, scale_factor=float(self.speckle), mode="bilinear", align_corners=False)
        inner = slice(self.speckle, -self.speckle)
        return pixels[0, 0, inner, inner], pixels[0, 1, inner, inner]

    @cached_property
    def _norm(self) -> Tensor:
        """What keeps the mean of ``|E|²`` where fields are averaged, shape ``(rows * speckle, columns * speckle)``."""
        far = ((torch.arange(self.speckle) + 0.5) / self.speckle - 0.5).abs()
        along = 1.0 / (far.square() + (1.0 - far).square())
        rows, columns = (along.repeat(size - 2) for size in self.rings.shape)
        return torch.outer(rows, columns)

    @cached_property
    def _spans(self) -> list[tuple[int, int]]:
        """First point and one past the last of each ring, sorted by ring."""
        ends = np.cumsum(np.bincount(self.rings.reshape(-1))).tolist()
        return list(zip([0, *ends[:-1]], ends, strict=True))

    @cached_property
    def _where(self) -> Tensor:
        """Where in `_fields` the real part of each point of the grid stands, then where the imaginary one does."""
        ring = self.rings.reshape(-1)
        first, size = np.array([(first, last - first) for first, last in self._spans]).T
        place = np.argsort(np.argsort(ring, kind="stable"), kind="stable") + first[ring]
        return torch.from_numpy(np.concatenate([place, place + size[ring]]).astype(np.int32))


def _roots(correlations: Tensor) -> Tensor:
    """Return matrices whose squares are the correlations; rounding may have made some barely not positive."""
    values, vectors = torch.linalg.eigh(correlations)
    return torch.matmul(vectors * values.clamp(min=0.0).sqrt()[:, None, :], vectors.mT)
