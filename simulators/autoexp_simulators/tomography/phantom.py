"""A sample of ellipsoids, and its projections in closed form.

References
----------
.. [1] A. C. Kak and M. Slaney, Principles of Computerized Tomographic Imaging (1988), section 3.1.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """An ellipsoid with one axis along the axis of rotation, z.

    Parameters
    ----------
    centre
        Its x, y and z in mm; the axis of rotation is x = y = 0.
    half_axes
        In mm, the first two before the turn.
    turn
        About z, in rad, from x towards y.
    attenuation
        What it adds to the attenuation coefficient inside, in 1/mm.
    """

    centre: tuple[float, float, float]
    half_axes: tuple[float, float, float]
    turn: float
    attenuation: float

    def holds(self, x: FloatArray, y: FloatArray, z: FloatArray) -> NDArray[np.bool_]:
        """Return whether points, in mm, are inside."""
        dx, dy, dz = x - self.centre[0], y - self.centre[1], z - self.centre[2]
        along, across = (
            dx * math.cos(self.turn) + dy * math.sin(self.turn),
            dy * math.cos(self.turn) - dx * math.sin(self.turn),
        )
        a, b, c = self.half_axes
        return np.asarray((along / a) ** 2 + (across / b) ** 2 + (dz / c) ** 2 <= 1.0)


def projections(ellipsoids: tuple[Ellipsoid, ...], angle: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """Return the line integrals of attenuation through ellipsoids, float32, shape ``(n, rows, columns)``.

    A ray at ``u`` from the axis and height ``v`` in the direction ``(-sin, cos)`` of an angle crosses an
    ellipsoid of half axes ``a, b, c``, turned by ``phi``, over the length [1]_ ::

        2 a b / s sqrt(1 - ((u - u0) / s)² - ((v - v0) / c)²)

    with ``s² = a² cos²(angle - phi) + b² sin²(angle - phi)`` and ``u0`` the projection of its middle.

    Parameters
    ----------
    ellipsoids
        The sample; where they overlap their attenuations add.
    angle
        In rad, shape ``(n,)``, float64.
    u, v
        Of the pixels from the axis and the middle of the sample, in mm, ascending, shapes ``(columns,)`` and
        ``(rows,)``, float64.
    """
    x, y, z, a, b, c, turn, attenuation = _table(ellipsoids, angle.device)[:, :, None]
    middle = x * torch.cos(angle) + y * torch.sin(angle)
    reach = torch.hypot(a * torch.cos(angle - turn), b * torch.sin(angle - turn))
    square = ((2.0 * a * b * attenuation / reach) ** 2)[..., None]
    across = (square * (1.0 - ((u - middle[..., None]) / reach[..., None]) ** 2)).to(torch.float32)
    along = (square * (((v - z) / c) ** 2)[:, None, :]).to(torch.float32)
    columns = _covered(u, (middle - reach).amin(1), (middle + reach).amax(1))
    rows = _covered(v, (z - c)[:, 0], (z + c)[:, 0])
    paths = torch.zeros((len(angle), len(v), len(u)), dtype=torch.float32, device=angle.device)
    for each, (i, j) in enumerate(zip(rows, columns, strict=True)):
        chord = (across[each, :, None, j] - along[each, :, i, None]).clamp_(min=0.0).sqrt_()
        paths[:, i, j].add_(chord, alpha=math.copysign(1.0, ellipsoids[each].attenuation))
    return paths


def _table(ellipsoids: tuple[Ellipsoid, ...], device: torch.device) -> Tensor:
    """Return centre, half axes, turn and attenuation, shape ``(8, ellipsoids)``."""
    rows = [(*each.centre, *each.half_axes, each.turn, each.attenuation) for each in ellipsoids]
    return torch.tensor(rows, dtype=torch.float64, device=device).T


def _covered(ascending: Tensor, low: Tensor, high: Tensor) -> list[slice]:
    first, last = (torch.searchsorted(ascending, each.contiguous()).tolist() for each in (low, high))
    return [slice(*ends) for ends in zip(first, last, strict=True)]


def voxels(ellipsoids: tuple[Ellipsoid, ...], x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
    """Return the attenuation coefficient at points in mm, broadcast together, in 1/mm."""
    volume = np.zeros(np.broadcast_shapes(np.shape(x), np.shape(y), np.shape(z)))
    for each in ellipsoids:
        volume += each.attenuation * each.holds(x, y, z)
    return volume


def random_phantom(generator: np.random.Generator, inclusions: int = 10) -> tuple[Ellipsoid, ...]:
    """Return a body of 1 /mm with denser and emptier inclusions that do not reach its surface."""
    body = Ellipsoid((0.05, -0.04, 0.0), (0.8, 0.65, 0.9), 0.4, 1.0)
    return (body, *(_inclusion(generator, body) for _ in range(inclusions)))


def _inclusion(generator: np.random.Generator, body: Ellipsoid) -> Ellipsoid:
    half_axes = generator.uniform(0.05, 0.2, 3)
    direction = generator.standard_normal(3)
    distance = float(generator.uniform(0.0, 1.0)) ** (1 / 3)
    room = min(body.half_axes) - half_axes.max()
    x, y, z = np.array(body.centre) + direction / np.linalg.norm(direction) * distance * room
    attenuation = float(generator.choice([-0.8, -0.4, 0.6, 1.2]))
    a, b, c = (float(half) for half in half_axes)
    return Ellipsoid((float(x), float(y), float(z)), (a, b, c), float(generator.uniform(0.0, math.pi)), attenuation)
