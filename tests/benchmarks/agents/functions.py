"""Functions with a known minimum or front, over the unit cube.

Definitions: Surjanovic and Bingham, Virtual Library of Simulation Experiments (www.sfu.ca/~ssurjano); for `gramacy`
R. B. Gramacy et al., Modeling an Augmented Lagrangian for Blackbox Constrained Optimization (2016); for `branin_currin`
and `dtlz2` botorch.test_functions.
"""

import math

import numpy as np


def branin(u):
    x, y = 15.0 * u[0] - 5.0, 15.0 * u[1]
    bowl = y - 5.1 / (4.0 * math.pi**2) * x**2 + 5.0 / math.pi * x - 6.0
    return bowl**2 + 10.0 * (1.0 - 1.0 / (8.0 * math.pi)) * math.cos(x) + 10.0


_ALPHA = np.array([1.0, 1.2, 3.0, 3.2])
_A = np.array(
    [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
)
_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def hartmann6(u):
    return float(-_ALPHA @ np.exp(-(_A * np.square(u - _P)).sum(axis=1)))


_SHIFT = np.array([0.31, 0.64, 0.22, 0.57])


def ackley_shifted(u):
    x = 65.536 * (u - _SHIFT)
    return float(
        20.0 + math.e - 20.0 * np.exp(-0.2 * np.sqrt(np.mean(x**2))) - np.exp(np.mean(np.cos(2.0 * math.pi * x)))
    )


def levy(u):
    w = 1.0 + (20.0 * np.asarray(u) - 11.0) / 4.0
    middle = np.square(w[:-1] - 1.0) * (1.0 + 10.0 * np.square(np.sin(math.pi * w[:-1] + 1.0)))
    last = (w[-1] - 1.0) ** 2 * (1.0 + math.sin(2.0 * math.pi * w[-1]) ** 2)
    return float(math.sin(math.pi * w[0]) ** 2 + middle.sum() + last)


def rosenbrock(u):
    x = 15.0 * np.asarray(u) - 5.0
    return float((100.0 * np.square(x[1:] - np.square(x[:-1])) + np.square(x[:-1] - 1.0)).sum())


def gramacy(u):
    """Return the value, and two fields that must not be above zero."""
    x, y = u
    wave = 1.5 - x - 2.0 * y - 0.5 * math.sin(2.0 * math.pi * (x**2 - 2.0 * y))
    return float(x + y), float(wave), float(x**2 + y**2 - 1.5)


def branin_currin(u):
    x, y = u
    factor = 1.0 - math.exp(-1.0 / (2.0 * y)) if y > 0 else 1.0
    currin = factor * (2300 * x**3 + 1900 * x**2 + 2092 * x + 60) / (100 * x**3 + 500 * x**2 + 4 * x + 20)
    return branin(u), float(currin)


def dtlz2(u):
    away = float(np.square(np.asarray(u[1:]) - 0.5).sum())
    angle = 0.5 * math.pi * float(u[0])
    return (1.0 + away) * math.cos(angle), (1.0 + away) * math.sin(angle)
