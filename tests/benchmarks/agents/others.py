"""Thirteen more functions in five and ten dimensions, without noise, beside those of `problems`.

Definitions of the named ones: Surjanovic and Bingham, Virtual Library of Simulation Experiments (www.sfu.ca/~ssurjano).
The seed of a centre or a rotation is the dimension.
"""

import math

import numpy as np
from problems import Problem, Truth


def _zakharov(x):
    weighted = 0.5 * float(np.arange(1, len(x) + 1) @ x)
    return float(x @ x) + weighted**2 + weighted**4


def _styblinski_tang(x):
    return 0.5 * float((x**4 - 16.0 * x**2 + 5.0 * x).sum())


def _rastrigin(x):
    return 10.0 * len(x) + float((x**2 - 10.0 * np.cos(2.0 * math.pi * x)).sum())


def _griewank(x):
    return 1.0 + float(x @ x) / 4000.0 - float(np.prod(np.cos(x / np.sqrt(np.arange(1, len(x) + 1)))))


def _dixon_price(x):
    return (x[0] - 1.0) ** 2 + float(np.arange(2, len(x) + 1) @ (2.0 * x[1:] ** 2 - x[:-1]) ** 2)


def _ackley(x):
    mean, waves = float(np.mean(x**2)), float(np.mean(np.cos(2.0 * math.pi * x)))
    return 20.0 + math.e - 20.0 * math.exp(-0.2 * math.sqrt(mean)) - math.exp(waves)


def _schaffer(x):
    """Return the sum of Schaffer's second function F6 over neighbouring coordinates."""
    squared = x[:-1] ** 2 + x[1:] ** 2
    return float((0.5 + (np.sin(np.sqrt(squared)) ** 2 - 0.5) / (1.0 + 0.001 * squared) ** 2).sum())


def _trid(x):
    return float(((x - 1.0) ** 2).sum() - x[1:] @ x[:-1])


def _over(function, low, high):
    return lambda unit: function(low + (high - low) * np.asarray(unit))


def _around(width):
    """Return functions of the distance from a centre: a cone, two bowls, a focused beam, and several peaks."""
    rng = np.random.default_rng(width)
    centre, peaks = 0.2 + 0.6 * rng.random(width), rng.random((5, width))
    rotation, _ = np.linalg.qr(rng.standard_normal((width, width)))
    heights, order = np.array([1.0, 0.8, 0.7, 0.6, 0.5]), np.arange(width) / (width - 1)
    return {
        "cone": (lambda u: float(np.linalg.norm(u - centre)), 0.0),
        "bowl": (lambda u: float(100.0**order @ (u - centre) ** 2), 0.0),
        "turned bowl": (lambda u: float(30.0**order @ (rotation @ (u - centre)) ** 2), 0.0),
        "beam": (lambda u: -math.exp(-3.0 * float(((u - centre) ** 2).sum())), -1.0),
        "peaks": (lambda u: -float((heights * np.exp(-4.0 * ((u - peaks) ** 2).sum(axis=1))).max()), -1.0),
    }


def _functions(width):
    """Return name to function over the unit cube and its least value."""
    extent = float(width**2)
    return {
        "Zakharov": (_over(_zakharov, -5.0, 10.0), 0.0),
        "Styblinski-Tang": (_over(_styblinski_tang, -5.0, 5.0), -39.16616570377142 * width),
        "Rastrigin": (_over(_rastrigin, -2.0, 3.0), 0.0),
        "Griewank": (_over(_griewank, -200.0, 300.0), 0.0),
        "Dixon-Price": (_over(_dixon_price, -10.0, 10.0), 0.0),
        "Ackley": (_over(_ackley, -10.0, 15.0), 0.0),
        "Schaffer": (_over(_schaffer, -20.0, 30.0), 0.0),
        "Trid": (_over(_trid, -extent, extent), -width * (width + 4.0) * (width - 1.0) / 6.0),
        **_around(width),
    }


def _problem(name, width, points, at, ideal):
    return Problem(f"{name} {width}-D", width, points, lambda seed: Truth(lambda unit: {"f": at(unit)}, ideal))


OTHERS = tuple(
    _problem(name, width, points, at, ideal)
    for width, points in ((5, 30), (10, 40))
    for name, (at, ideal) in _functions(width).items()
)
