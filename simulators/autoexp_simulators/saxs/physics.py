"""Scattering of spheres, and rings of crystals.

References
----------
.. [1] Lord Rayleigh, Proc. R. Soc. A 90, 219 (1914); A. Guinier and G. Fournet, Small-Angle Scattering of X-rays
   (1955), section 2.1: form factor of a sphere.
.. [2] S. R. Aragon and R. Pecora, J. Chem. Phys. 64, 2395 (1976): Schulz distribution of sizes.
.. [3] N. W. Ashcroft and J. Lekner, Phys. Rev. 145, 83 (1966): structure factor of hard spheres in the
   approximation of J. K. Percus and G. J. Yevick, Phys. Rev. 110, 1 (1958).
.. [4] A. L. Patterson, Phys. Rev. 56, 978 (1939): width of rings, after P. Scherrer.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.stats import gamma

FloatArray = NDArray[np.float64]

_SIZES = 201


def sphere_amplitude(qr: FloatArray) -> FloatArray:
    """Return ``3 (sin x - x cos x) / x³`` of ``x = q R`` [1]_: 1 at 0."""
    x = np.asarray(qr, dtype=float)
    safe = np.maximum(x, 1e-2)
    exact = 3.0 * (np.sin(safe) - safe * np.cos(safe)) / safe**3
    return np.where(x < 1e-2, 1.0 - x**2 / 10.0, exact)


def form_factor(q: FloatArray, radius: float, spread: float) -> FloatArray:
    """Return the intensity of polydisperse spheres, relative to that at q = 0.

    Sizes have Schulz's distribution [2]_, a gamma distribution with ``z + 1 = spread**-2``; each weighs by the
    square of its volume, which makes it a gamma distribution with ``z + 7``, here at 201 sizes.

    Parameters
    ----------
    q
        In 1/Å.
    radius
        Mean in Å.
    spread
        Standard deviation of the radius over its mean; positive.
    """
    shape = spread**-2
    sizes = gamma(shape + 6.0, scale=radius / shape)
    radii = np.linspace(sizes.ppf(1e-8), sizes.isf(1e-8), _SIZES)
    weights = sizes.pdf(radii) / sizes.pdf(radii).sum()
    return np.asarray(sphere_amplitude(np.multiply.outer(np.asarray(q, dtype=float), radii)) ** 2 @ weights)


def hard_spheres(q: FloatArray, radius: float, fraction: float) -> FloatArray:
    """Return the structure factor of hard spheres after Percus and Yevick [3]_; 1 without neighbours.

    Parameters
    ----------
    q
        In 1/Å, positive.
    radius
        Of closest approach, in Å.
    fraction
        Of the volume; the approximation holds below about 0.45.
    """
    f = fraction
    alpha = (1 + 2 * f) ** 2 / (1 - f) ** 4
    beta, gamma_ = -6 * f * (1 + f / 2) ** 2 / (1 - f) ** 4, f * alpha / 2
    a = np.maximum(2.0 * radius * np.asarray(q, dtype=float), 0.05)
    sin, cos = np.sin(a), np.cos(a)
    g = alpha * (sin - a * cos) / a**2
    g = g + beta * (2 * a * sin + (2 - a**2) * cos - 2) / a**3
    g = g + gamma_ * (-(a**4) * cos + 4 * ((3 * a**2 - 6) * cos + (a**3 - 6 * a) * sin + 6)) / a**5
    return np.asarray(1.0 / (1.0 + 24.0 * f * g / a))


def ring(q: FloatArray, spacing: float, size: float) -> FloatArray:
    """Return a powder ring of height 1 at Bragg's ``q = 2 pi / d``.

    A Gaussian of full width ``2 pi 0.94 / size`` [4]_.

    Parameters
    ----------
    q
        In 1/Å.
    spacing, size
        Of lattice planes, and of the crystals, in Å.
    """
    sigma = 2.0 * math.pi * 0.94 / size / math.sqrt(8.0 * math.log(2.0))
    return np.asarray(np.exp(-0.5 * ((np.asarray(q, dtype=float) - 2.0 * math.pi / spacing) / sigma) ** 2))


def halo(q: FloatArray, middle: float, width: float) -> FloatArray:
    """Return the halo of a glass as a Gaussian of height 1, middle and standard deviation in 1/Å."""
    return np.asarray(np.exp(-0.5 * ((np.asarray(q, dtype=float) - middle) / width) ** 2))
