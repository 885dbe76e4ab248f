"""Factors and solves in double precision, quick for small matrices and kind to other threads for large ones.

SciPy's LAPACK wrappers hold Python's interpreter lock while they work. From `LARGE` rows on, and where there is much
else to do, NumPy factorises, and triangles are halved down to `_BLOCK` rows, so that nearly all the work is products of
matrices by NumPy, which let the thread that answers the beamline go on.
"""

import numpy as np
from scipy.linalg import lapack

from autoexp.dofs import FloatArray

LARGE = 200
_BLOCK = 64
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
    undone, squared = np.zeros(factor.shape), np.empty(factor.shape)
    _undo(factor, undone)
    _square(undone, squared)
    return squared


def solve(factor: FloatArray, right: FloatArray, *, transposed: bool = False) -> FloatArray:
    """Return ``L^-1 right`` or ``L^-T right``; `factor` may have more rows than columns."""
    solved, _ = lapack.dtrtrs(factor, right, lower=1, trans=int(transposed))
    return np.asarray(solved)


def solve_many(factor: FloatArray, right: FloatArray) -> FloatArray:
    """Return ``L^-1 right`` for a square factor and ``(n, m)`` right-hand sides, m large."""
    solved = np.empty((len(factor), right.shape[1]))
    _solve(factor, right, solved)
    return solved


def _undone(factor: FloatArray) -> FloatArray:
    """Return ``L^-1`` of a small factor."""
    lower, _ = lapack.dtrtri(factor, lower=1)
    return np.tril(lower)


def _solve(factor: FloatArray, right: FloatArray, out: FloatArray) -> None:
    """Write ``L^-1 right`` to `out`."""
    count = len(factor)
    if count <= _BLOCK:
        np.matmul(_undone(factor), right, out=out)
        return
    half = count // 2
    _solve(factor[:half, :half], right[:half], out[:half])
    _solve(factor[half:, half:], right[half:] - factor[half:, :half] @ out[:half], out[half:])


def _undo(factor: FloatArray, out: FloatArray) -> None:
    """Write ``L^-1`` to the lower triangle of `out`."""
    count = len(factor)
    if count <= _BLOCK:
        out[:] = _undone(factor)
        return
    half = count // 2
    _undo(factor[:half, :half], out[:half, :half])
    _undo(factor[half:, half:], out[half:, half:])
    np.matmul(out[half:, half:], -(factor[half:, :half] @ out[:half, :half]), out=out[half:, :half])


def _square(lower: FloatArray, out: FloatArray) -> None:
    """Write ``W^T W`` of a lower triangle W, shape ``(n, n)``, to `out`."""
    count = len(lower)
    if count <= _BLOCK:
        np.matmul(lower.T, lower, out=out)
        return
    half = count // 2
    _square(lower[:half, :half], out[:half, :half])
    _square(lower[half:, half:], out[half:, half:])
    below = lower[half:, :half]
    out[:half, :half] += below.T @ below
    np.matmul(lower[half:, half:].T, below, out=out[half:, :half])
    out[:half, half:] = out[half:, :half].T
