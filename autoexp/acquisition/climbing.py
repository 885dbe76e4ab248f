"""Many independent climbs in the unit cube at once, by a projected quasi-Newton method."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from autoexp.dofs import FloatArray

Landscape = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""Unit-cube points, shape ``(k, d)``, to scores, shape ``(k,)``, and gradients, shape ``(k, d)``."""

_Places = tuple[FloatArray, FloatArray, FloatArray]
"""Where ``k`` climbs are, shape ``(k, d)``, how high, shape ``(k,)``, and the gradients there."""

_LONGEST_STEP = 0.25
_SHORTEST_STEP = 1e-7
_ENOUGH = 1e-4
_SHRINK = 0.3
_STILL = 1e-9


def climb(
    landscape: Landscape,
    starts: FloatArray,
    free: NDArray[np.bool_],
    evaluations: int,
    *,
    first_step: float = 0.05,
    tolerance: float = 0.0,
    lengths: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Return where the climbs from `starts`, shape ``(k, d)``, got, and how high; none ends lower than it began.

    Parameters
    ----------
    landscape
        What to climb; asked for all climbs at once.
    starts
        In the unit cube, where the climbs stay.
    free
        Which coordinates may change, shape ``(d,)``.
    evaluations
        How often the landscape is asked at most.
    first_step
        Length of the first step's greatest coordinate.
    tolerance
        A climb ends where the next step promises less than this, or where twice its promise would not
        reach the highest of the others. The promise is the slope times the step.
    lengths
        Over which the landscape bends along each coordinate, shape ``(d,)``; only their ratios matter,
        and beyond the cube's own length they do not. The first steps follow them.

    Notes
    -----
    Each climb keeps its own approximation of the inverse curvature (BFGS: Nocedal and Wright,
    Numerical Optimization, 2006, equation 6.17), restricted to the coordinates that are not held by
    a face of the cube, and its own step length, shortened until Armijo's condition holds.
    """
    ask = landscape if free.all() else _restricted(landscape, free)
    metric = _metric(lengths, starts.shape[1])
    at = (starts.copy(), *ask(starts))
    inverse, length = _fresh(at[2], first_step, metric), None
    for _ in range(evaluations - 1):
        x, value, gradient = at
        direction = _direction(inverse, _inward(x, gradient), first_step, metric)
        trial = _within(x + (direction if length is None else length * direction))
        step = trial - x
        slope = np.vecdot(gradient, step)
        moving = (slope > tolerance) & (value + 2.0 * slope >= max(value.tolist()))
        if True not in moving.tolist() or _within_reach(step, _SHORTEST_STEP):
            break
        new = (trial, *ask(trial))
        higher = moving & (new[1] >= value + _ENOUGH * slope)
        _learn(inverse, step, gradient, new[2], higher)
        if False not in higher.tolist():
            at, length = new, None
        else:
            at = _partly(higher, new, at)
            length = np.where(higher[:, None], 1.0, _SHRINK if length is None else _SHRINK * length)
    return at[0], at[1]


def _restricted(landscape: Landscape, free: NDArray[np.bool_]) -> Landscape:
    """Return a landscape that is level along the coordinates that may not change."""

    def level(x: FloatArray) -> tuple[FloatArray, FloatArray]:
        value, gradient = landscape(x)
        return value, gradient * free

    return level


def _metric(lengths: FloatArray | None, width: int) -> FloatArray:
    """Return how far to go along each coordinate in the first steps, one at most, shape ``(d,)``."""
    metric = np.ones(width) if lengths is None else np.minimum(lengths, 1.0)
    return np.asarray(metric / metric.max())


def _within(x: FloatArray) -> FloatArray:
    """Return the points of the cube nearest to `x`; in place."""
    return np.asarray(np.minimum(np.maximum(x, 0.0, out=x), 1.0, out=x))


def _partly(which: NDArray[np.bool_], new: _Places, old: _Places) -> _Places:
    """Return the new places of some climbs, and the old ones of the others."""
    rows = which[:, None]
    return np.where(rows, new[0], old[0]), np.where(which, new[1], old[1]), np.where(rows, new[2], old[2])


def _fresh(gradient: FloatArray, first_step: float, metric: FloatArray) -> FloatArray:
    """Return inverse curvatures, shape ``(k, d, d)``, that make the first steps short."""
    steepest = np.maximum(np.abs(gradient * metric).max(axis=1), 1e-300)
    return np.asarray((first_step / steepest)[:, None, None] * np.diag(metric * metric))


def _inward(x: FloatArray, gradient: FloatArray) -> FloatArray:
    """Return the gradient along the coordinates that are not held by a face of the cube."""
    places = x.ravel().tolist()
    if min(places) > 0.0 and max(places) < 1.0:
        return gradient
    low, high = x <= 0.0, x >= 1.0
    return np.where((low & (gradient < 0.0)) | (high & (gradient > 0.0)), 0.0, gradient)


def _direction(inverse: FloatArray, gradient: FloatArray, first_step: float, metric: FloatArray) -> FloatArray:
    """Return uphill steps, none longer than is wise, that move no held coordinate, shape ``(k, d)``."""
    direction: FloatArray = np.matmul(inverse, gradient[:, :, None])[:, :, 0]
    if 0.0 in gradient.ravel().tolist():
        direction[gradient == 0.0] = 0.0
    uphill = np.vecdot(direction, gradient) > 0.0
    if False in uphill.tolist():
        down = gradient[~uphill]
        direction[~uphill] = np.matmul(_fresh(down, first_step, metric), down[:, :, None])[:, :, 0]
    if not _within_reach(direction, _LONGEST_STEP):
        longest = np.abs(direction).max(axis=1)
        direction *= np.minimum(1.0, _LONGEST_STEP / np.maximum(longest, 1e-300))[:, None]
    return direction


def _within_reach(steps: FloatArray, reach: float) -> bool:
    """Return whether no coordinate of any step is longer than `reach`; of a few steps sooner than NumPy does."""
    lengths = steps.ravel().tolist()
    return max(lengths) <= reach and min(lengths) >= -reach


def _learn(
    inverse: FloatArray, step: FloatArray, before: FloatArray, after: FloatArray, which: NDArray[np.bool_]
) -> None:
    """Correct the inverse curvatures by how much the gradient fell along the steps taken; in place."""
    change = before - after
    bend = np.vecdot(step, change)
    usable = which & (bend > _STILL * np.abs(step).max(axis=1) * np.abs(before).max(axis=1))
    rho = np.zeros(len(bend))
    np.divide(1.0, bend, out=rho, where=usable)
    turned = np.matmul(inverse, change[:, :, None])[:, :, 0]
    stretch = 0.5 * rho * (1.0 + rho * np.vecdot(change, turned))
    half = step[:, :, None] * (stretch[:, None] * step - rho[:, None] * turned)[:, None, :]
    inverse += half
    inverse += half.swapaxes(1, 2)
