"""An exact Gaussian process whose factor grows by a row per observation."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from autoexp.dofs import FloatArray
from autoexp.surrogates.covariance import Covariance
from autoexp.surrogates.linalg import inverse, solve, solve_many, sturdy_cholesky
from autoexp.surrogates.parameters import ENOUGH, Data, Parameters, fewer
from autoexp.surrogates.watch import Watch

_TINY = 1e-10
_SURE = 0.9999


@dataclass(frozen=True, slots=True)
class _Step:
    """What conditioning on one more point takes, whatever its value.

    Parameters
    ----------
    point
        Shape ``(1, d)``.
    column
        The point as the kernel prepares it, shape ``(f,)``.
    row
        Its row of the factor, shape ``(n,)``.
    variance
        Of the noise-free value there.
    unexplained
        Covariances with the watched points, shape ``(m,)``; None where none are watched.
    watch
        Of which points.
    """

    point: FloatArray
    column: FloatArray
    row: FloatArray
    variance: float
    unexplained: FloatArray | None
    watch: Watch | None


class ExactGP:
    """An exact Gaussian process with a constant mean, at given hyper-parameters.

    One more observation costs ``O(n**2)``: a row of the Cholesky factor ``L`` in preallocated
    memory, and an entry each of ``L^-1 y`` and ``L^-1 1``.

    Parameters
    ----------
    parameters
        Hyper-parameters; see `autoexp.surrogates.fit`.
    data
        What it is conditioned on at first; may be empty.
    mean
        The constant mean, standardised; by default the most probable under a standard normal prior.
    kernel
        The covariance, in units of ``scale**2``; by default the one that `parameters` describe.
    """

    def __init__(
        self, parameters: Parameters, data: Data, mean: float | None = None, kernel: Covariance | None = None
    ) -> None:
        self.parameters = parameters
        self._given_mean = mean
        self._kernel = parameters.kernel if kernel is None else kernel
        self._n = 0
        self._x, self._y, self._noise = np.empty((0, data.x.shape[1])), np.empty(0), np.empty(0)
        self._factor, self._solved = np.empty((0, 0), order="F"), np.empty((0, 2))
        self._columns = self._kernel.columns(self._x)
        self._known_mean: float | None = None
        self._known_weights: FloatArray | None = None
        self._known_fitted: FloatArray | None = None
        self._watch: Watch | None = None
        self._next: _Step | None = None
        self._watched, self._watched_prior = self._columns, self._kernel.diagonal(self._x)
        self._reserve(len(data) + max(64, len(data) // 4))
        self._condition(data)

    def __len__(self) -> int:
        return self._n

    @property
    def kind(self) -> str:
        """What it is, in the record."""
        return "exact"

    @property
    def data(self) -> Data:
        """What it is conditioned on."""
        scale = self.parameters.scale
        n = self._n
        y = self._y[:n] * scale + self.parameters.offset
        return Data(self._x[:n].copy(), y, self._noise[:n] * scale**2)

    def _reserve(self, capacity: int) -> None:
        """Move what is known into memory for `capacity` observations."""
        n = self._n
        self._x = _grown(self._x[:n], (capacity, self._x.shape[1]))
        self._y = _grown(self._y[:n], (capacity,))
        self._noise = _grown(self._noise[:n], (capacity,))
        self._columns = np.ascontiguousarray(_grown(self._columns[:, :n], (len(self._columns), capacity)))
        self._solved = _grown(self._solved[:n], (capacity, 2))
        self._factor = _grown(self._factor[:n, :n], (capacity, capacity))

    def _condition(self, data: Data) -> None:
        n = len(data)
        if not n:
            return
        scale = self.parameters.scale
        self._x[:n] = data.x
        self._columns[:, :n] = self._kernel.columns(data.x)
        self._y[:n] = (data.y - self.parameters.offset) / scale
        self._noise[:n] = data.variance / scale**2
        factor = sturdy_cholesky(
            self._kernel.cross(data.x, self._columns[:, :n]), self._noise[:n] + self.parameters.noise
        )
        self._factor[:n, :n] = factor
        self._n = n
        self._solved[:n] = self._solve(np.column_stack([self._y[:n], np.ones(n)]))

    @property
    def _known(self) -> FloatArray:
        return self._columns[:, : self._n]

    def _solve(self, right: FloatArray, *, transposed: bool = False) -> FloatArray:
        """Return ``L^-1 right`` or ``L^-T right``."""
        return solve(self._factor[:, : self._n], right, transposed=transposed) if self._n else right

    def update(self, x: FloatArray, y: float, variance: float = 0.0) -> float:
        """Condition on one more observation.

        Parameters
        ----------
        x
            Its point in the unit cube, shape ``(d,)``.
        y, variance
            Its value, in the field's unit, and the value's known variance; zero if not known.

        Returns
        -------
            By how many standard deviations the value differs from what was predicted.
        """
        n = self._n
        step = self._step(x)
        standard = (y - self.parameters.offset) / self.parameters.scale
        noise = variance / self.parameters.scale**2
        pivot = math.sqrt(max(step.variance + self.parameters.noise + noise, _TINY))
        solved = (np.array([standard, 1.0]) - step.row @ self._solved[:n]) / pivot
        surprise = abs(float(solved[0] - self._mean() * solved[1]))
        self._x[n], self._y[n], self._noise[n] = x, standard, noise
        self._columns[:, n] = step.column
        self._factor[n, :n], self._factor[n, n], self._solved[n] = step.row, pivot, solved
        self._n = n + 1
        self._forget()
        if self._watch is not None and step.unexplained is not None:
            self._watch.append(step.unexplained, pivot, solved)
        return surprise

    def prepare(self, x: FloatArray) -> None:
        """Work out all of an `update` at a point, shape ``(d,)``, that does not depend on the value there."""
        self._next = self._step(x)

    def _step(self, x: FloatArray) -> _Step:
        """Return what conditioning on a point takes: as prepared, if nothing was learnt since."""
        n, known = self._n, self._next
        if known is not None and len(known.row) == n and known.watch is self._watch and (known.point[0] == x).all():
            return known
        if n == len(self._y):
            self._reserve(n + max(64, n // 4))
        point = x[None, :].copy()
        row = self._solve(self._kernel.cross(point, self._known)[0])
        variance = float(np.max(self._kernel.diagonal(point))) - float(row @ row)
        unexplained = None
        if self._watch is not None:
            unexplained = self._watch.unexplained(self._kernel.cross(point, self._watched)[0], row)
        return _Step(point, self._kernel.columns(point)[:, 0], row, variance, unexplained, self._watch)

    def imagine(self, x: FloatArray, y: float) -> None:
        """Condition on the value `y` itself at a point, shape ``(d,)``: all but free of noise; see `imagining`."""
        self.update(x, y, -_SURE * self.parameters.noise * self.parameters.scale**2)

    def watch(self, points: FloatArray) -> None:
        """Keep the posterior at ``(m, d)`` points current from now on; see `watched`."""
        n = self._n
        self._watched = self._kernel.columns(points)
        self._watched_prior = self._kernel.diagonal(points)
        rows = solve_many(self._factor[:n, :n], self._kernel.cross(self._x[:n], self._watched))
        self._watch = Watch(points, rows, self._solved[:n])

    @property
    def watched_points(self) -> FloatArray:
        """Points whose posterior is kept current, shape ``(m, d)``."""
        return self._x[:0] if self._watch is None else self._watch.points

    def watched(self) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation at the watched points, shape ``(m,)`` each."""
        assert self._watch is not None
        mean = self._mean()
        y, ones = self._watch.projected
        means = y - mean * ones
        means += mean
        return self._natural(means, _root(self._watched_prior - self._watch.explained))

    @contextmanager
    def imagining(self) -> Iterator[None]:
        """Forget, at the end of the block, every observation added within it."""
        n, mark = self._n, None if self._watch is None else self._watch.mark()
        try:
            yield
        finally:
            if self._n != n:
                self._n = n
                self._forget()
            if self._watch is not None and mark is not None:
                self._watch.reset(mark)

    def _forget(self) -> None:
        """Forget what followed from the data as they were."""
        self._known_mean = self._known_weights = self._known_fitted = None

    def _mean(self) -> float:
        """Return the constant mean, standardised."""
        if self._given_mean is not None:
            return self._given_mean
        if self._known_mean is None:
            y, ones = self._solved[: self._n, 0], self._solved[: self._n, 1]
            self._known_mean = float(ones @ y) / (float(ones @ ones) + 1.0)
        return self._known_mean

    def _weights(self) -> FloatArray:
        """Return ``K^-1 (y - mean)``, kept until the data change."""
        if self._known_weights is None:
            solved = self._solved[: self._n]
            self._known_weights = self._solve(solved[:, 0] - self._mean() * solved[:, 1], transposed=True)
        return self._known_weights

    def fitted(self) -> FloatArray:
        """Return the posterior mean at the observed points, shape ``(n,)``: each value less its share of noise."""
        if self._known_fitted is None:
            n = self._n
            noise = self._noise[:n] + self.parameters.noise
            means = self._y[:n] - noise * self._weights()
            self._known_fitted = np.asarray(means * self.parameters.scale + self.parameters.offset)
        return self._known_fitted

    def left_out(self) -> FloatArray:
        """Return by how many standard deviations each value differs from what all the others predict, shape ``(n,)``.

        From one inverse (C. E. Rasmussen and C. K. I. Williams, Gaussian Processes for Machine Learning, 2006, section
        5.4.2), at the same hyper-parameters; of more than a thousand observations, among a random thousand.
        """
        if self._n > ENOUGH:
            return ExactGP(self.parameters, fewer(self.data, seed=0), kernel=self._kernel).left_out()
        n = self._n
        precision = np.diagonal(inverse(np.asfortranarray(self._factor[:n, :n])))
        return np.asarray(self._weights() / np.sqrt(np.maximum(precision, _TINY)))

    def posterior(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation of the noise-free value at ``(m, d)`` points, ``(m,)`` each."""
        cross = self._kernel.cross(x, self._known)
        half = self._solve(cross.T)
        explained = np.vecdot(half.T, half.T)
        return self._natural(self._mean() + cross @ self._weights(), _root(self._kernel.diagonal(x) - explained))

    def covariance(self, a: FloatArray, b: FloatArray) -> FloatArray:
        """Return the posterior covariance of the noise-free values at ``(m, d)`` and ``(k, d)`` points, ``(m, k)``."""
        left, right = (self._solve(self._kernel.cross(points, self._known).T) for points in (a, b))
        prior = self._kernel.cross(a, self._kernel.columns(b))
        return np.asarray((prior - left.T @ right) * self.parameters.scale**2)

    def posterior_and_gradient(self, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return mean, sigma, shape ``(m,)``, and their gradients in the unit cube, shape ``(m, d)``."""
        jet, weights, scale = self._kernel.jet(x, self._known), self._weights(), self.parameters.scale
        half = self._solve(jet.cross.T)
        sigma = _root(jet.prior - np.vecdot(half.T, half.T))
        both = np.empty((2, *jet.cross.shape))
        both[0], both[1] = weights, self._solve(half, transposed=True).T
        pulls = jet.contract(both)
        sigma_gradient = (0.5 * jet.prior_gradient - pulls[1]) * (scale / sigma)[:, None]
        mean, deviation = self._natural(self._mean() + jet.cross @ weights, sigma)
        return mean, deviation, pulls[0] * scale, sigma_gradient

    def nearby(self, x: FloatArray, count: int) -> "ExactGP":
        """Return the model that knows only the `count` observations most akin to a point, shape ``(d,)``.

        Close to the point the two agree, for whatever is far is screened by what is near (Vecchia, J. R.
        Statist. Soc. B 50, 297, 1988); itself where it knows no more than that.
        """
        n = self._n
        if n <= count:
            return self
        kinship = self._kernel.cross(x[None, :], self._known)[0]
        nearest = np.argpartition(-np.abs(kinship), count)[:count]
        data = self.data
        known = Data(data.x[nearest], data.y[nearest], data.variance[nearest])
        return ExactGP(self.parameters, known, self._mean(), self._kernel)

    def _natural(self, means: FloatArray, sigmas: FloatArray) -> tuple[FloatArray, FloatArray]:
        return means * self.parameters.scale + self.parameters.offset, sigmas * self.parameters.scale


def _root(variance: FloatArray) -> FloatArray:
    """Return standard deviations; in place."""
    np.maximum(variance, _TINY, out=variance)
    return np.sqrt(variance, out=variance)


def _grown(known: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """Return zeros of `shape`, column by column in memory, that begin with `known`."""
    grown = np.zeros(shape, order="F")
    grown[tuple(slice(size) for size in known.shape)] = known
    return grown
