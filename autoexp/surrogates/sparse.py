"""A Gaussian process of many observations, by way of a few inducing points."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import blas

from autoexp.dofs import FloatArray
from autoexp.surrogates.covariance import Covariance
from autoexp.surrogates.exact import ExactGP
from autoexp.surrogates.linalg import cholesky, inverse, solve, solve_many, sturdy_cholesky
from autoexp.surrogates.parameters import Data, Parameters, fewer
from autoexp.surrogates.told import Told

_TINY = 1e-10
_JITTER = 1e-8
_SURE = 0.9999
_BLOCK, _ROOM = 2048, 256


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is kept of the observations: sums over them, by feature.

    Parameters
    ----------
    spread
        Posterior covariance ``P`` of the features' weights, shape ``(k, k)``, column by column in memory.
    weights
        ``P c``, shape ``(k, 2)``: what values and ones give.
    sums
        ``c``: features over noise, times values and ones, shape ``(k, 2)``.
    totals
        Values and ones over noise, shape ``(2,)``.
    """

    spread: FloatArray
    weights: FloatArray
    sums: FloatArray
    totals: FloatArray

    @property
    def mean(self) -> float:
        """The constant mean, standardised, most probable under a standard normal prior."""
        y, ones = self.totals - self.sums[:, 1] @ self.weights
        return float(y / (ones + 1.0))


@dataclass(frozen=True, slots=True)
class _Watched:
    """Watched points, ``(m, d)``, their features, ``(k, m)``, their means for values and ones, and their variance."""

    points: FloatArray
    features: FloatArray
    projected: FloatArray
    variance: FloatArray


class SparseGP:
    """A Gaussian process in which the values at ``k`` inducing points stand for everything else.

    The fully independent training conditional (Snelson and Ghahramani, Sparse Gaussian processes using
    pseudo-inputs, 2006; Quiñonero-Candela and Rasmussen, J. Mach. Learn. Res. 6, 1939, 2005): what the
    inducing points leave open at an observation counts as noise of its own. One more observation
    costs ``O(k**2)``, whatever their number, and ``O(k m)`` where ``m`` points are watched.

    Parameters
    ----------
    parameters
        Hyper-parameters; see `autoexp.surrogates.fit`.
    data
        What it is conditioned on at first.
    inducing
        Inducing points in the unit cube, shape ``(k, d)``; see `autoexp.surrogates.inducing_points`.
    kernel
        The covariance, in units of ``scale**2``; by default the one that `parameters` describe.

    Attributes
    ----------
    unresolved
        Share of the prior variance at the first observations that the inducing points leave open.
    """

    def __init__(
        self, parameters: Parameters, data: Data, inducing: FloatArray, kernel: Covariance | None = None
    ) -> None:
        self.parameters = parameters
        self.inducing = inducing
        self._kernel: Covariance = parameters.kernel if kernel is None else kernel
        self._columns = self._kernel.columns(inducing)
        own = self._kernel.cross(inducing, self._columns)
        self._factor = np.asfortranarray(sturdy_cholesky(own, np.full(len(own), _JITTER * float(own.max()))))
        self._told = Told(data)
        self._cross = np.empty((len(data) + _ROOM, len(inducing)))
        self._n = len(data)
        self._watched: _Watched | None = None
        self.unresolved = 0.0
        self._seen = self._condition(data)

    def __len__(self) -> int:
        return self._n

    @property
    def kind(self) -> str:
        """What it is, in the record."""
        return f"sparse, {len(self.inducing)} inducing points"

    @property
    def data(self) -> Data:
        """What it is conditioned on."""
        return self._told.data()

    def _features(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return features, shape ``(k, m)``, and the variance that they leave open, ``(m,)``, at ``(m, d)`` points."""
        return self._features_of(x, self._kernel.cross(x, self._columns))

    def _features_of(self, x: FloatArray, cross: FloatArray) -> tuple[FloatArray, FloatArray]:
        features = solve_many(self._factor, cross.T)
        left = self._kernel.diagonal(x) - np.einsum("ij,ij->j", features, features)
        return features, np.maximum(left, 0.0)

    def _condition(self, data: Data) -> _Seen:
        size, scale = len(self.inducing), self.parameters.scale
        precision, sums, totals = np.eye(size), np.zeros((size, 2)), np.zeros(2)
        right = np.column_stack([(data.y - self.parameters.offset) / scale, np.ones(len(data))])
        for start in range(0, len(data), _BLOCK):
            block = slice(start, start + _BLOCK)
            cross = self._cross[block][: len(data) - start]
            cross[:] = self._kernel.cross(data.x[block], self._columns)
            features, left = self._features_of(data.x[block], cross)
            self.unresolved += float(np.sum(left / self._kernel.diagonal(data.x[block]))) / len(data)
            noise = data.variance[block] / scale**2 + self.parameters.noise + left
            weighted = features / noise
            precision += weighted @ features.T
            sums += weighted @ right[block]
            totals += (right[block] / noise[:, None]).sum(axis=0)
        factor = cholesky(precision)
        assert factor is not None
        spread = np.asfortranarray(inverse(factor))
        return _Seen(spread, spread @ sums, sums, totals)

    def update(self, x: FloatArray, y: float, variance: float = 0.0) -> float:
        """Condition on one more observation; see `ExactGP.update`."""
        cross = self._kernel.cross(x[None, :], self._columns)[0]
        row, seen, scale = solve(self._factor, cross), self._seen, self.parameters.scale
        left = float(np.max(self._kernel.diagonal(x[None, :]))) - float(row @ row)
        right = np.array([(y - self.parameters.offset) / scale, 1.0])
        noise = max(variance / scale**2 + self.parameters.noise + max(left, 0.0), _TINY)
        turned = seen.spread @ row
        total = noise + float(row @ turned)
        innovation = right - row @ seen.weights
        surprise = abs(float(innovation[0] - seen.mean * innovation[1])) / float(np.sqrt(total))
        if self._watched is not None:
            pull = turned @ self._watched.features
            projected = self._watched.projected + np.outer(innovation, pull / total)
            self._watched = replace(
                self._watched, projected=projected, variance=self._watched.variance - pull * pull / total
            )
        self._seen = _Seen(
            blas.dger(-1.0 / total, turned, turned, a=seen.spread, overwrite_a=1),
            seen.weights + np.outer(turned / total, innovation),
            seen.sums + np.outer(row, right / noise),
            seen.totals + right / noise,
        )
        self._remember(np.array([[*x, y, variance]]), cross)
        return surprise

    def _remember(self, row: FloatArray, cross: FloatArray) -> None:
        if self._n == len(self._cross):
            grown = np.empty((self._n + self._n // 4 + _ROOM, len(cross)))
            grown[: self._n] = self._cross
            self._cross = grown
        self._cross[self._n] = cross
        self._told.add(row)
        self._n += 1

    def imagine(self, x: FloatArray, y: float) -> None:
        """Condition on the value `y` itself at a point, shape ``(d,)``: all but free of noise; see `imagining`."""
        self.update(x, y, -_SURE * self.parameters.noise * self.parameters.scale**2)

    @contextmanager
    def imagining(self) -> Iterator[None]:
        """Forget, at the end of the block, every observation added within it."""
        n, table, watched, seen = self._n, self._told.table(), self._watched, self._seen
        self._seen = replace(seen, spread=seen.spread.copy(order="F"))
        try:
            yield
        finally:
            self._n, self._watched, self._seen = n, watched, seen
            self._told.reset(table)

    def watch(self, points: FloatArray) -> None:
        """Keep the posterior at ``(m, d)`` points current from now on; see `watched`."""
        features, variance = self._features(points)
        for start in range(0, len(points), _BLOCK):
            block = features[:, start : start + _BLOCK]
            variance[start : start + _BLOCK] += np.einsum("ij,ij->j", block, self._seen.spread @ block)
        self._watched = _Watched(points, features, self._seen.weights.T @ features, variance)

    @property
    def watched_points(self) -> FloatArray:
        """Points whose posterior is kept current, shape ``(m, d)``."""
        return np.empty((0, self.inducing.shape[1])) if self._watched is None else self._watched.points

    def watched(self) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation at the watched points, shape ``(m,)`` each."""
        assert self._watched is not None
        y, ones = self._watched.projected
        mean = self._seen.mean
        return self._natural(mean + y - mean * ones, self._watched.variance)

    def _weights(self) -> FloatArray:
        """Return the features' weights for values less their mean, shape ``(k,)``."""
        return np.asarray(self._seen.weights[:, 0] - self._seen.mean * self._seen.weights[:, 1])

    def fitted(self) -> FloatArray:
        """Return the posterior mean at the observed points, shape ``(n,)``."""
        inner = solve(self._factor, self._weights(), transposed=True)
        means = self._seen.mean + self._cross[: self._n] @ inner
        return np.asarray(means * self.parameters.scale + self.parameters.offset)

    def left_out(self) -> FloatArray:
        """Return what an exact model of a random thousand observations returns; see `ExactGP.left_out`."""
        return ExactGP(self.parameters, fewer(self.data, seed=0), kernel=self._kernel).left_out()

    def posterior(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation of the noise-free value at ``(m, d)`` points, ``(m,)`` each."""
        features, variance = self._features(x)
        variance += np.einsum("ij,ij->j", features, self._seen.spread @ features)
        return self._natural(self._seen.mean + self._weights() @ features, variance)

    def covariance(self, a: FloatArray, b: FloatArray) -> FloatArray:
        """Return the posterior covariance of the noise-free values at ``(m, d)`` and ``(k, d)`` points, ``(m, k)``."""
        left, right = self._features(a)[0], self._features(b)[0]
        prior = self._kernel.cross(a, self._kernel.columns(b)) - left.T @ right
        return np.asarray((prior + left.T @ (self._seen.spread @ right)) * self.parameters.scale**2)

    def posterior_and_gradient(self, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return mean, sigma, shape ``(m,)``, and their gradients in the unit cube, shape ``(m, d)``."""
        jet, weights, scale = self._kernel.jet(x, self._columns), self._weights(), self.parameters.scale
        features = solve(self._factor, jet.cross.T)
        shrunk = features - self._seen.spread @ features
        variance = np.maximum(jet.prior - np.einsum("ij,ij->j", features, shrunk), _TINY)
        both = np.empty((2, *jet.cross.shape))
        both[0], both[1] = (
            solve(self._factor, weights, transposed=True),
            solve(self._factor, shrunk, transposed=True).T,
        )
        pulls = jet.contract(both)
        mean, sigma = self._natural(self._seen.mean + weights @ features, variance)
        sigma_gradient = (0.5 * jet.prior_gradient - pulls[1]) * (scale**2 / sigma)[:, None]
        return mean, sigma, pulls[0] * scale, sigma_gradient

    def nearby(self, x: FloatArray, count: int) -> ExactGP:
        """Return the exact model of the `count` observations most akin to a point, shape ``(d,)``."""
        table = self._told.table()
        kinship = np.abs(self._kernel.cross(x[None, :], self._kernel.columns(table[:, :-2]))[0])
        nearest = table[np.argpartition(-kinship, count)[:count]] if len(table) > count else table
        known = Data(nearest[:, :-2], nearest[:, -2], nearest[:, -1])
        return ExactGP(self.parameters, known, self._seen.mean, self._kernel)

    def _natural(self, means: FloatArray, variances: FloatArray) -> tuple[FloatArray, FloatArray]:
        sigmas = np.sqrt(np.maximum(variances, _TINY))
        return means * self.parameters.scale + self.parameters.offset, sigmas * self.parameters.scale
