"""A Gaussian process of many observations, by way of exact ones that each know a neighbourhood."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
from numpy.typing import NDArray

from autoexp.dofs import FloatArray
from autoexp.surrogates.covariance import Covariance
from autoexp.surrogates.exact import ExactGP
from autoexp.surrogates.parameters import Data, Parameters, fewer
from autoexp.surrogates.told import Told


class Cells:
    """Boxes that share the whole of space among them, each with as many of the given points: the leaves of a k-d tree.

    Parameters
    ----------
    x
        Points, shape ``(n, d)``.
    lengths
        Unit of distance along each coordinate, shape ``(d,)``; boxes are halved where they are longest in it.
    most
        How many points a box holds at most, unless more lie at one place.
    """

    def __init__(self, x: FloatArray, lengths: FloatArray, most: int) -> None:
        self._lengths = lengths
        ends = np.full(x.shape[1], np.inf)
        boxes = list(_halved(x / lengths, -ends, ends, most))
        self._low, self._high = (np.array(corners) for corners in zip(*boxes, strict=True))

    def __len__(self) -> int:
        return len(self._low)

    def of(self, x: FloatArray) -> NDArray[np.intp]:
        """Return the box that each of ``(m, d)`` points lies in, shape ``(m,)``."""
        return np.asarray(self.distances(x).argmin(axis=0))

    def distances(self, x: FloatArray) -> FloatArray:
        """Return how far ``(m, d)`` points lie outside each of ``b`` boxes, shape ``(b, m)``."""
        scaled = (x / self._lengths)[None]
        outside = np.maximum(self._low[:, None] - scaled, scaled - self._high[:, None])
        return np.asarray(np.sqrt(np.square(np.maximum(outside, 0.0)).sum(axis=2)))


def _halved(x: FloatArray, low: FloatArray, high: FloatArray, most: int) -> Iterator[tuple[FloatArray, FloatArray]]:
    axis = int(np.argmax(np.ptp(x, axis=0))) if len(x) else 0
    if len(x) <= most or not np.ptp(x[:, axis]) > 0.0:
        yield low, high
        return
    median = np.median(x[:, axis])
    below = x[:, axis] < median
    if not below.any():
        below = x[:, axis] <= median
    cut = 0.5 * (x[below, axis].max() + x[~below, axis].min())
    middle = np.arange(len(low)) == axis
    yield from _halved(x[below], low, np.where(middle, cut, high), most)
    yield from _halved(x[~below], np.where(middle, cut, low), high, most)


class PartitionedGP:
    """Exact Gaussian processes side by side, each of the observations in its box and of those nearest around it.

    What lies farther off than the nearest few hundred observations says next to nothing, for what is near screens
    it (Vecchia, J. R. Statist. Soc. B 50, 297, 1988); the margin that neighbours share keeps them from parting at
    the border. One more observation costs ``O(k**2)`` for each box that it is near, where a box knows ``k``. The values
    in different boxes count as independent of each other, given what was observed. Rough fields with many
    features are kept, which few inducing points would smooth away.

    Parameters
    ----------
    parameters
        Hyper-parameters; see `autoexp.surrogates.fit`.
    data
        What it is conditioned on at first.
    block
        How many observations lie in a box at most; half as many around it are known there as well.
    kernel
        The covariance, in units of ``scale**2``; by default the one that `parameters` describe.
    """

    def __init__(self, parameters: Parameters, data: Data, block: int = 512, kernel: Covariance | None = None) -> None:
        self.parameters = parameters
        self._kernel: Covariance = parameters.kernel if kernel is None else kernel
        width = data.x.shape[1]
        lengths = parameters.lengthscales if len(parameters.lengthscales) == width else (1.0,) * width
        self._cells = Cells(data.x, np.array(lengths), block)
        self._told = Told(data)
        distances = self._cells.distances(data.x)
        self._homes = distances.argmin(axis=0).tolist()
        self._models, self._reach = list[ExactGP](), list[float]()
        self._places = [0] * len(data)
        for box, away in enumerate(distances):
            own = np.flatnonzero(np.array(self._homes) == box)
            around = np.argsort(np.where(np.array(self._homes) == box, np.inf, away), kind="stable")
            around = around[: min(block // 2, len(data) - len(own))]
            known = np.concatenate([own, around])
            part = Data(data.x[known], data.y[known], data.variance[known])
            self._models.append(ExactGP(parameters, part, kernel=self._kernel))
            self._reach.append(float(away[around].max(initial=0.0)))
            for place, index in enumerate(own):
                self._places[index] = place
        self._watched: tuple[FloatArray, NDArray[np.intp]] | None = None

    def __len__(self) -> int:
        return len(self._homes)

    @property
    def kind(self) -> str:
        """What it is, in the record."""
        return f"partitioned, {len(self._models)} boxes"

    @property
    def data(self) -> Data:
        """What it is conditioned on."""
        return self._told.data()

    def update(self, x: FloatArray, y: float, variance: float = 0.0) -> float:
        """Condition on one more observation; see `ExactGP.update`."""
        return self._enter(x, y, variance, imagined=False)

    def imagine(self, x: FloatArray, y: float) -> None:
        """Condition on the value `y` itself at a point, shape ``(d,)``: all but free of noise; see `imagining`."""
        self._enter(x, y, 0.0, imagined=True)

    def _enter(self, x: FloatArray, y: float, variance: float, *, imagined: bool) -> float:
        away = self._cells.distances(x[None, :])[:, 0]
        home, surprise = int(away.argmin()), 0.0
        self._homes.append(home)
        self._places.append(len(self._models[home]))
        self._told.add(np.array([[*x, y, variance]]))
        for box in np.flatnonzero(away <= self._reach):
            if imagined:
                self._models[box].imagine(x, y)
            else:
                found = self._models[box].update(x, y, variance)
                surprise = found if box == home else surprise
        return surprise

    @contextmanager
    def imagining(self) -> Iterator[None]:
        """Forget, at the end of the block, every observation added within it."""
        n, table = len(self), self._told.table()
        try:
            with ExitStack() as stack:
                for model in self._models:
                    stack.enter_context(model.imagining())
                yield
        finally:
            del self._homes[n:], self._places[n:]
            self._told.reset(table)

    def _shared(self, homes: NDArray[np.intp]) -> Iterator[tuple[ExactGP, NDArray[np.bool_]]]:
        """Return each model that is asked, and which of the points in boxes `homes`, shape ``(m,)``, are its own."""
        for box in np.unique(homes):
            yield self._models[box], homes == box

    def watch(self, points: FloatArray) -> None:
        """Keep the posterior at ``(m, d)`` points current from now on; see `watched`."""
        homes = self._cells.of(points)
        for model, own in self._shared(homes):
            model.watch(points[own])
        self._watched = points, homes

    @property
    def watched_points(self) -> FloatArray:
        """Points whose posterior is kept current, shape ``(m, d)``."""
        return self._told.table()[:0, :-2] if self._watched is None else self._watched[0]

    def watched(self) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation at the watched points, shape ``(m,)`` each."""
        assert self._watched is not None
        points, homes = self._watched
        found = np.empty((2, len(points)))
        for model, own in self._shared(homes):
            found[:, own] = model.watched()
        return found[0], found[1]

    def fitted(self) -> FloatArray:
        """Return the posterior mean at the observed points, shape ``(n,)``."""
        homes, places, found = np.array(self._homes), np.array(self._places), np.empty(len(self))
        for model, own in self._shared(homes):
            found[own] = model.fitted()[places[own]]
        return found

    def left_out(self) -> FloatArray:
        """Return what an exact model of a random thousand observations returns; see `ExactGP.left_out`."""
        return ExactGP(self.parameters, fewer(self.data, seed=0), kernel=self._kernel).left_out()

    def posterior(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation of the noise-free value at ``(m, d)`` points, ``(m,)`` each."""
        found = np.empty((2, len(x)))
        for model, own in self._shared(self._cells.of(x)):
            found[:, own] = model.posterior(x[own])
        return found[0], found[1]

    def covariance(self, a: FloatArray, b: FloatArray) -> FloatArray:
        """Return the posterior covariance of the noise-free values at ``(m, d)`` and ``(k, d)`` points, ``(m, k)``.

        Zero between boxes.
        """
        found, left, right = np.zeros((len(a), len(b))), self._cells.of(a), self._cells.of(b)
        for box in np.intersect1d(left, right):
            own, others = left == box, right == box
            found[np.ix_(own, others)] = self._models[box].covariance(a[own], b[others])
        return found

    def posterior_and_gradient(self, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return mean, sigma, shape ``(m,)``, and their gradients in the unit cube, shape ``(m, d)``."""
        moments, slopes = np.empty((2, len(x))), np.empty((2, *x.shape))
        for model, own in self._shared(self._cells.of(x)):
            moments[0, own], moments[1, own], slopes[0, own], slopes[1, own] = model.posterior_and_gradient(x[own])
        return moments[0], moments[1], slopes[0], slopes[1]

    def nearby(self, x: FloatArray, count: int) -> ExactGP:
        """Return the exact model of the `count` observations of its box most akin to a point, shape ``(d,)``."""
        return self._models[int(self._cells.of(x[None, :])[0])].nearby(x, count)
