"""What counts as an answer, and how far from it a scan is after each point."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from autoexp.beamline import HasOptimum
from autoexp.bench.evidence import Evidence
from autoexp.dofs import FloatArray
from autoexp.errors import AutoexpError
from autoexp.objectives import Maximize, Objective, Target

_PROBES = 8192


@runtime_checkable
class Goal(Protocol):
    """Judges a finished scan."""

    @property
    def name(self) -> str:
        """What `judge` returns, in a word or two."""

    @property
    def lower_is_better(self) -> bool:
        """Whether small numbers are good."""

    @property
    def in_field_unit(self) -> bool:
        """Whether they are in the unit of the objective's field; pure numbers if not."""

    def judge(self, evidence: Evidence) -> FloatArray:
        """Return a number for each point, from the observations up to it, shape ``(n,)``; NaN where it is not known."""


@runtime_checkable
class JudgesAnswers(Protocol):
    """A goal that the agent's own answer can be held against."""

    def judge_answer(self, evidence: Evidence) -> float:
        """Return the number that the answer at the end deserves; NaN without an answer."""


@dataclass(frozen=True, slots=True)
class OptimumFound:
    """The best point is found.

    After each point it judges the one that measured best so far, by its true value: the regret is how much
    worse that is than the best there is. A lucky draw of a bad point counts as the bad point that it is.
    Points that broke a Bound as measured do not count. Where the Scene does not tell its optimum, the best of 8192
    Sobol points (of a pool: of all its points) that keep every Bound stands for it.
    """

    name: str = "regret"
    lower_is_better: bool = True
    in_field_unit: bool = True

    def judge(self, evidence: Evidence) -> FloatArray:
        """Return the regret of the best measured point, in the field's unit."""
        true = cost(evidence.objective, evidence.truth([row.point for row in evidence.observations]))
        measured = cost(evidence.objective, evidence.measured())
        measured = np.where(evidence.measured_within(), measured, np.nan)
        leader, regrets = -1, np.full(len(true), np.nan)
        least = ideal(evidence)
        for index, value in enumerate(measured):
            if np.isfinite(value) and (leader < 0 or value < measured[leader]):
                leader = index
            if leader >= 0:
                regrets[index] = max(0.0, true[leader] - least)
        return regrets

    def judge_answer(self, evidence: Evidence) -> float:
        """Return the regret of the agent's answer; NaN if it breaks a Bound in truth."""
        if evidence.answer is None or not evidence.keeps_bounds([evidence.answer])[0]:
            return float("nan")
        true = cost(evidence.objective, evidence.truth([evidence.answer]))
        return max(0.0, float(true[0]) - ideal(evidence))


def ideal(evidence: Evidence) -> float:
    """Return the least cost that there is, within the Bounds."""
    scene, pool = evidence.beamline.scene, evidence.space.pool
    if pool is None and isinstance(scene, HasOptimum):
        return float(cost(evidence.objective, evidence.truth([scene.optimum()]))[0])
    points = list(pool) if pool is not None else evidence.space.sobol(_PROBES, seed=0)
    costs = cost(evidence.objective, evidence.truth(points))
    return float(np.nanmin(np.where(evidence.keeps_bounds(points), costs, np.nan)))


def cost(objective: Objective, values: FloatArray) -> FloatArray:
    """Return `values` as something to minimise, shape ``(n,)``."""
    if isinstance(objective, Maximize):
        return -values
    if isinstance(objective, Target):
        return np.abs(values - objective.value)
    return values


@dataclass(frozen=True, slots=True)
class TopFound:
    """A share of the best candidates of a pool is found.

    Parameters
    ----------
    share
        Which candidates count: 0.01 for the top 1 %, by their true values; at least one.
    """

    share: float = 0.01
    name: str = "top candidates found"
    lower_is_better: bool = False
    in_field_unit: bool = False

    def judge(self, evidence: Evidence) -> FloatArray:
        """Return which share of them was measured.

        Raises
        ------
        AutoexpError
            If the Space is no pool.
        """
        pool = evidence.space.pool
        if pool is None:
            raise AutoexpError(f"the top of a pool needs a pool, got {evidence.space!r}")
        top = np.argsort(cost(evidence.objective, evidence.truth(pool)), kind="stable")[
            : good_count(len(pool), self.share)
        ]
        tree = evidence.space.to_unit([pool[int(index)] for index in top])
        found, shares = np.zeros(len(top), dtype=bool), list[float]()
        nearest = evidence.space.from_unit(evidence.space.to_unit([row.point for row in evidence.observations]))
        for unit in evidence.space.to_unit(nearest):
            found |= np.all(np.isclose(tree, unit, atol=1e-12), axis=1)
            shares.append(float(found.mean()))
        return np.array(shares)


def good_count(size: int, share: float) -> int:
    """Return how many of `size` candidates are the top `share`; at least one."""
    return max(1, round(share * size))
