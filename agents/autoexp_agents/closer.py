"""Looks ever closer around the best points."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from autoexp.acquisition.search import Candidates
from autoexp.dofs import FloatArray
from autoexp_agents.memory import SAME, near


@dataclass(frozen=True, slots=True)
class Found:
    """A point that was chosen.

    Parameters
    ----------
    unit
        Where in the unit cube, shape ``(d,)``.
    score
        What it promises.
    rule
        Name of the score.
    """

    unit: FloatArray
    score: float
    rule: str


@dataclass(frozen=True, slots=True)
class Looks:
    """How often and how closely to look.

    Parameters
    ----------
    rounds
        How many looks.
    centres
        Around how many of the best points so far.
    each
        How many points around each.
    """

    rounds: int
    centres: int
    each: int

    def best(
        self,
        candidates: Candidates,
        values: FloatArray,
        score: Callable[[FloatArray], FloatArray],
        known: FloatArray,
        seed: tuple[int, ...],
        rule: str,
    ) -> Found | None:
        """Return the best point apart from the known ones; None if there is no other.

        Parameters
        ----------
        candidates
            To begin with.
        values
            Their scores, shape ``(m,)``.
        score
            Of ``(m, d)`` further points.
        known
            Points that do not count, shape ``(k, d)``.
        seed
            Of the further points.
        rule
            Name of the score.
        """
        unit = candidates.unit
        same = SAME if candidates.space.pool is None else 0.0
        values = np.where(near(unit, known, same), -np.inf, values)
        if not np.isfinite(values).any():
            return None
        for turn in range(self.rounds if candidates.free.any() else 0):
            rng = np.random.default_rng([*seed, turn])
            close = candidates.near(unit[np.argsort(-values, kind="stable")[: self.centres]], rng, self.each)
            close = close[~near(close, known, same)]
            if len(close):
                unit, values = np.vstack([unit, close]), np.concatenate([values, score(close)])
        best = int(np.argmax(values))
        return Found(unit[best], float(values[best]), rule)

    def answer(
        self, candidates: Candidates, measured: FloatArray, score: Callable[[FloatArray], FloatArray], seed: int
    ) -> FloatArray:
        """Return the best of the measured points, shape ``(n, d)``, and of those around the best of them, ``(d,)``."""
        pool = candidates.space.pool is not None
        places = candidates.nearest(measured) if pool else candidates.snap(measured)
        places = places[candidates.allowed(places)]
        places = places if len(places) else candidates.unit
        for turn in range(self.rounds):
            order = np.argsort(-score(places), kind="stable")[: self.centres]
            rng = np.random.default_rng([seed, turn, 7])
            places = np.vstack([places[order], candidates.near(places[order], rng, self.each)])
        return np.asarray(places[int(np.argmax(score(places)))])
