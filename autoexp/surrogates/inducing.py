"""Which few points stand for many."""

import numpy as np

from autoexp.dofs import FloatArray
from autoexp.surrogates.covariance import Covariance

_RESOLVED = 1e-6


def inducing_points(kernel: Covariance, x: FloatArray, count: int) -> FloatArray:
    """Return up to `count` of ``(n, d)`` points, each the one that those before it explain least.

    A partial Cholesky factorisation with pivoting of the kernel's matrix (Burt, Rasmussen and van der
    Wilk, J. Mach. Learn. Res. 21, 131, 2020); it ends where every point is explained but for a millionth.

    Parameters
    ----------
    kernel
        The prior covariance.
    x
        In the unit cube, shape ``(n, d)``.
    count
        At most so many; ``O(n count**2)`` operations.
    """
    columns = kernel.columns(x)
    left = np.array(np.broadcast_to(kernel.diagonal(x), len(x)))
    enough = _RESOLVED * float(left.max(initial=0.0))
    rows = np.empty((min(count, len(x)), len(x)))
    chosen = list[int]()
    while len(chosen) < len(rows):
        k, index = len(chosen), int(np.argmax(left))
        if left[index] <= enough:
            break
        cross = kernel.cross(x[index : index + 1], columns)[0]
        rows[k] = (cross - rows[:k, index] @ rows[:k]) / np.sqrt(left[index])
        left -= np.square(rows[k])
        left[index] = 0.0
        chosen.append(index)
    return x[chosen]
