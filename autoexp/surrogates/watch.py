"""The posterior of many fixed points, kept current by a row per observation."""

import numpy as np

from autoexp.dofs import FloatArray


class Watch:
    """What a Gaussian process says at ``m`` fixed points, at ``O(n m)`` for one more observation.

    With ``V = L^-1 K(X, points)``, the variance explained is the sum of ``V**2`` over its rows and
    the mean follows from ``V^T L^-1 y``; a new observation adds one row to ``V`` and to both sums.

    Parameters
    ----------
    points
        Shape ``(m, d)``.
    rows
        ``V``, shape ``(n, m)``.
    solved
        ``L^-1 y`` and ``L^-1 1``, shape ``(n, 2)``.
    """

    def __init__(self, points: FloatArray, rows: FloatArray, solved: FloatArray) -> None:
        self.points = points
        self._n = len(rows)
        self._rows = np.empty((_room(self._n), len(points)))
        self._rows[: self._n] = rows
        self.explained = np.einsum("ij,ij->j", rows, rows)
        self.projected = solved.T @ rows

    def unexplained(self, covariance: FloatArray, row: FloatArray) -> FloatArray:
        """Return an observation's posterior covariance with the points, from the prior one and its row of ``L``."""
        return np.asarray(covariance - row @ self._rows[: self._n])

    def append(self, unexplained: FloatArray, pivot: float, solved: FloatArray) -> None:
        """Add an observation: what `unexplained` says of it, its pivot of ``L`` and its row of `solved`."""
        if self._n == len(self._rows):
            grown = np.empty((_room(self._n), len(self.points)))
            grown[: self._n] = self._rows
            self._rows = grown
        new = self._rows[self._n]
        np.multiply(unexplained, 1.0 / pivot, out=new)
        self.explained += new * new
        self.projected += solved[:, None] * new
        self._n += 1

    def mark(self) -> tuple[int, FloatArray, FloatArray]:
        """Return what `reset` takes to forget later observations."""
        return self._n, self.explained.copy(), self.projected.copy()

    def reset(self, mark: tuple[int, FloatArray, FloatArray]) -> None:
        """Forget every observation added since `mark`."""
        self._n, self.explained, self.projected = mark


def _room(count: int) -> int:
    """Return for how many observations to reserve memory; what is not used yet costs none."""
    return count + max(128, count // 2)
