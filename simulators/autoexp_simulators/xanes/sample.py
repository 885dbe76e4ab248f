"""A film with particles in it, each of its own mixture of species."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Particle:
    """A Gaussian mound of absorber, in which one species is favoured.

    Parameters
    ----------
    x, y
        Its middle in mm.
    radius
        Standard deviation in mm.
    absorption
        Edge step at its middle, over that of the film.
    favours
        Which species, by its place among them.
    preference
        Logarithm of how much that species is favoured at the middle.
    """

    x: float
    y: float
    radius: float
    absorption: float
    favours: int
    preference: float

    def presence(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Return how much of it there is, 1 at its middle."""
        return np.asarray(np.exp(-0.5 * ((x - self.x) ** 2 + (y - self.y) ** 2) / self.radius**2))


def edge_steps(particles: tuple[Particle, ...], film: float, x: FloatArray, y: FloatArray) -> FloatArray:
    """Return the edge step ``mu d`` at places in mm, any shape: the film's and that of each particle."""
    return film + sum((each.absorption * each.presence(x, y) for each in particles), np.zeros(np.shape(x)))


def species_fractions(particles: tuple[Particle, ...], count: int, x: FloatArray, y: FloatArray) -> FloatArray:
    """Return the fraction of each of `count` species at places in mm, shape ``(count, ...)``.

    The preferences add and their exponentials are normalised, so that fractions lie between 0 and 1 and
    add up to 1 everywhere.
    """
    logits = np.zeros((count, *np.shape(x)))
    for each in particles:
        logits[each.favours] += each.preference * each.presence(x, y)
    weights = np.exp(logits - logits.max(axis=0))
    return np.asarray(weights / weights.sum(axis=0))


def random_particles(generator: np.random.Generator, count: int, species: int, half: float) -> tuple[Particle, ...]:
    """Return particles at random places within `half` mm of the middle; species take turns."""
    return tuple(
        Particle(
            x=float(generator.uniform(-half, half)),
            y=float(generator.uniform(-half, half)),
            radius=float(generator.uniform(0.12, 0.3)) * half,
            absorption=float(generator.uniform(0.3, 0.9)),
            favours=index % species,
            preference=float(generator.uniform(2.0, 4.0)),
        )
        for index in range(count)
    )
