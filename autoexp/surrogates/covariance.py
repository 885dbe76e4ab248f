"""What a Gaussian process needs to know of a kernel."""

from typing import Protocol

from autoexp.dofs import FloatArray
from autoexp.surrogates.kernels import Jet


class Covariance(Protocol):
    """A kernel whose points are prepared once, as columns, and asked about many times.

    What a column holds is the kernel's own affair; ``f`` is its length.
    """

    def columns(self, points: FloatArray) -> FloatArray:
        """Return ``(n, d)`` points prepared for `cross` and `jet`, shape ``(f, n)``, each by itself."""

    def cross(self, x: FloatArray, columns: FloatArray) -> FloatArray:
        """Return the covariance of ``(m, d)`` points and ``(f, n)`` columns, shape ``(m, n)``."""

    def diagonal(self, x: FloatArray) -> FloatArray | float:
        """Return the variance at ``(m, d)`` points, shape ``(m,)``, or a number where it is the same everywhere."""

    def jet(self, x: FloatArray, columns: FloatArray) -> Jet:
        """Return what `cross` returns, and what its gradient in `x` follows from."""
