"""Factors and solves in double precision, quick for small matrices and kind to other threads for large ones.

SciPy's LAPACK wrappers hold Python's interpreter lock while they work; from `LARGE` rows on, and where
there is much else to do, NumPy or torch do it and let the thread that answers the beamline go on.
"""

import numpy as np
from scipy.linalg import lapack

from autoexp.dofs import FloatArray

LARGE = 200
_JITTER = 1e-10


def cholesky(matrix: FloatArray) -> FloatArray | None:
    """Return the lower factor of a symmetric ``(n, n)`` matrix; None if it is not positive definite."""
    if len(matrix) < LARGE:
        factor, failed = lapack.dpotrf(matrix, lower=1, clean=1)
        return None if failed else np.asarray(factor)
    try:
        return np.asfortranarray(np.linalg.cholesky(matrix))
    except np.linalg.LinAlgError:
        return None


def sturdy_cholesky(covariance: FloatArray, noise: FloatArray) -> FloatArray:
    """Return the factor of `covariance` with `noise`, and as little more on the diagonal as makes it exist."""
    jitter = 0.0
    while True:
        total = covariance.copy()
        total.flat[:: len(noise) + 1] += noise + jitter
        factor = cholesky(total)
        if factor is not None:
            return factor
        jitter = max(_JITTER, 10.0 * jitter)


def inverse(factor: FloatArray) -> FloatArray:
    """Return the inverse of the matrix whose lower factor, shape ``(n, n)``, is given."""
    if len(factor) < LARGE:
        lower, _ = lapack.dpotri(factor, lower=1)
        return np.asarray(np.tril(lower) + np.tril(lower, -1).T)
    import torch

    return np.asarray(torch.cholesky_inverse(torch.from_numpy(factor)).numpy())


def solve(factor: FloatArray, right: FloatArray, *, transposed: bool = False) -> FloatArray:
    """Return ``L^-1 right`` or ``L^-T right``; `factor` may have more rows than columns."""
    solved, _ = lapack.dtrtrs(factor, right, lower=1, trans=int(transposed))
    return np.asarray(solved)


def solve_many(factor: FloatArray, right: FloatArray) -> FloatArray:
    """Return ``L^-1 right`` for a square factor and ``(n, m)`` right-hand sides, m large."""
    if not len(factor):
        return right
    if len(factor) < LARGE // 2:
        undone, _ = lapack.dtrtri(factor, lower=1)
        return np.asarray(np.tril(undone) @ right)
    import torch

    left, wide = torch.from_numpy(np.ascontiguousarray(factor)), torch.from_numpy(np.ascontiguousarray(right))
    return np.asarray(torch.linalg.solve_triangular(left, wide, upper=False).numpy())
