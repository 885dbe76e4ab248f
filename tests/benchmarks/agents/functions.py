"""Functions with a known minimum, over the unit cube.

Definitions: Surjanovic and Bingham, Virtual Library of Simulation Experiments (www.sfu.ca/~ssurjano).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Function:
    name: str
    width: int
    minimum: float
    at: Callable[[np.ndarray], float]


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


FUNCTIONS = (
    Function("Branin", 2, 0.39788735772973816, branin),
    Function("Hartmann6", 6, -3.322368011415515, hartmann6),
    Function("Ackley 4-D, shifted", 4, 0.0, ackley_shifted),
)
