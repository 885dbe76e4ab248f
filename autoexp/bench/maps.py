"""Maps, edges, phases and transitions: what the same reconstruction makes of each agent's points."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from autoexp.bench.evidence import Evidence
from autoexp.bench.images import boundary, boundary_f1, structural_similarity
from autoexp.dofs import FloatArray
from autoexp.errors import AutoexpError
from autoexp.objectives import Contour
from autoexp.records import Point

_SHARES = (0.25, 0.5, 0.75, 1.0)
_ALONG_ONE, _ALONG_TWO, _SCATTERED = 200, 40, 1024


def places(evidence: Evidence) -> tuple[list[Point], tuple[int, ...]]:
    """Return where maps are compared, and the shape of the map.

    That is an even grid of 200 points or of 40 by 40, 1024 Sobol points with more than two Dofs, or the points
    of a pool; the shape is one number where the places are no grid.
    """
    space = evidence.space
    if space.pool is not None:
        return list(space.pool), (len(space.pool),)
    if space.width > 2 or len(space.dofs) > 2:
        scattered = space.sobol(_SCATTERED, seed=0)
        return scattered, (len(scattered),)
    per_dof = _ALONG_ONE if len(space.dofs) == 1 else _ALONG_TWO
    ticks = [dof.decode(np.linspace(0.0, 1.0, per_dof)[:, None]) for dof in space.dofs]
    mesh = np.meshgrid(*(np.arange(len(each)) for each in ticks), indexing="ij")
    points: list[Point] = [
        {dof.name: tick[i] for dof, tick, i in zip(space.dofs, ticks, index, strict=True)}
        for index in zip(*(part.ravel() for part in mesh), strict=True)
    ]
    keep = space.allowed(points)
    if not keep.all():
        allowed = [point for point, good in zip(points, keep, strict=True) if good]
        return allowed, (len(allowed),)
    return points, mesh[0].shape


def reconstruct(evidence: Evidence, count: int, points: list[Point]) -> FloatArray | None:
    """Return the map that the first `count` observations give at `points`, shape ``(m,)``; None from nothing.

    It is the same for every agent: the posterior mean of an exact Gaussian process (Matérn 5/2, one length
    scale per Dof, hyper-parameters of greatest posterior density), with each value's own sigma.
    """
    from autoexp.surrogates import Data, ExactGP, fit

    name, values = evidence.objective.name, evidence.measured()[:count]
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return None
    rows = [evidence.observations[index] for index in known]
    sigmas = np.nan_to_num([row.sigmas.get(name, 0.0) for row in rows], nan=0.0, posinf=0.0)
    data = Data(evidence.space.to_unit([row.point for row in rows]), values[known], np.square(sigmas))
    mean, _ = ExactGP(fit(data, seed=0), data).posterior(evidence.space.to_unit(points))
    return mean


def at_shares(count: int, shares: tuple[float, ...], judge: Callable[[int], float]) -> FloatArray:
    """Return what `judge` says after some shares of the points, shape ``(n,)``; NaN between."""
    judged = np.full(count, np.nan)
    for share in shares:
        points = max(1, round(share * count))
        judged[points - 1] = judge(points)
    return judged


def map_at_shares(
    evidence: Evidence, points: list[Point], shares: tuple[float, ...], judge: Callable[[FloatArray], float]
) -> FloatArray:
    """Return what `judge` says of the maps at `points` after some shares of the points, shape ``(n,)``; NaN between."""

    def judged(count: int) -> float:
        guess = reconstruct(evidence, count, points)
        return float("nan") if guess is None else judge(guess)

    return at_shares(len(evidence.observations), shares, judged)


@dataclass(frozen=True, slots=True)
class MapKnown:
    """The whole map is known: root mean square error over the range of the true values.

    Parameters
    ----------
    shares
        After which shares of the points it is judged.
    """

    shares: tuple[float, ...] = _SHARES
    name: str = "map error"
    lower_is_better: bool = True
    in_field_unit: bool = False

    def judge(self, evidence: Evidence) -> FloatArray:
        """Return the normalised error, at `shares` of the points."""
        points, _ = places(evidence)
        truth = evidence.truth(points)
        span = float(np.ptp(truth)) or 1.0

        def error(guess: FloatArray) -> float:
            return float(np.sqrt(np.mean((guess - truth) ** 2)) / span)

        return map_at_shares(evidence, points, self.shares, error)


@dataclass(frozen=True, slots=True)
class MapSimilar:
    """The map looks right: structural similarity to the truth, one for the same picture; two Dofs only.

    Parameters
    ----------
    shares
        After which shares of the points it is judged.
    """

    shares: tuple[float, ...] = _SHARES
    name: str = "structural similarity"
    lower_is_better: bool = False
    in_field_unit: bool = False

    def judge(self, evidence: Evidence) -> FloatArray:
        """Return the similarity, at `shares` of the points.

        Raises
        ------
        AutoexpError
            If the Space is not a full one of two Dofs.
        """
        points, shape = _plane(evidence, self.name)
        truth = evidence.truth(points).reshape(shape)

        def similarity(guess: FloatArray) -> float:
            return structural_similarity(truth, guess.reshape(shape))

        return map_at_shares(evidence, points, self.shares, similarity)


@dataclass(frozen=True, slots=True)
class EdgesFound:
    """The edges of where a field exceeds a level are found: F1 of their grid cells, within one cell.

    Parameters
    ----------
    level
        In the field's unit; by default that of a Contour, or else the middle of the true values' range.
    shares
        After which shares of the points it is judged.
    """

    level: float | None = None
    shares: tuple[float, ...] = _SHARES
    name: str = "edge F1"
    lower_is_better: bool = False
    in_field_unit: bool = False

    def judge(self, evidence: Evidence) -> FloatArray:
        """Return F1, at `shares` of the points.

        Raises
        ------
        AutoexpError
            If the places are no grid.
        """
        points, shape = places(evidence)
        if evidence.space.pool is not None or len(shape) != len(evidence.space.dofs):
            raise AutoexpError(f"{self.name} needs a full Space of one or two Dofs, got {evidence.space!r}")
        truth = evidence.truth(points).reshape(shape)
        level = self._level(evidence, truth)
        edges = boundary(truth > level)

        def agreement(guess: FloatArray) -> float:
            return boundary_f1(edges, boundary(guess.reshape(shape) > level))

        return map_at_shares(evidence, points, self.shares, agreement)

    def _level(self, evidence: Evidence, truth: FloatArray) -> float:
        if self.level is not None:
            return self.level
        objective = evidence.objective
        return objective.level if isinstance(objective, Contour) else float(truth.min() + truth.max()) / 2.0


@dataclass(frozen=True, slots=True)
class PhasesKnown:
    """The class of every place is known: F1 averaged over the true classes.

    Every agent's map is the same reconstruction: each place has the class of the nearest measured point.

    Parameters
    ----------
    shares
        After which shares of the points it is judged.
    """

    shares: tuple[float, ...] = _SHARES
    name: str = "macro F1"
    lower_is_better: bool = False
    in_field_unit: bool = False

    def judge(self, evidence: Evidence) -> FloatArray:
        """Return macro-F1, at `shares` of the points."""
        from scipy.spatial import cKDTree
        from sklearn.metrics import f1_score

        points, _ = places(evidence)
        truth, unit = np.rint(evidence.truth(points)).astype(int), evidence.space.to_unit(points)
        values, classes = evidence.measured(), np.unique(truth)

        def agreement(count: int) -> float:
            known = np.flatnonzero(np.isfinite(values[:count]))
            if not len(known):
                return float("nan")
            measured = evidence.space.to_unit([evidence.observations[index].point for index in known])
            _, nearest = cKDTree(measured).query(unit)
            guess = np.rint(values[known][nearest]).astype(int)
            return float(f1_score(truth, guess, labels=classes, average="macro", zero_division=0.0))

        return at_shares(len(evidence.observations), self.shares, agreement)


@dataclass(frozen=True, slots=True)
class TransitionLocated:
    """The place of a transition along one Dof is known: its distance from the truth.

    Every agent's estimate is the same: where the reconstructed curve is steepest. Use
    `Comparison.time_to` for when it was within a tolerance.

    Parameters
    ----------
    attribute
        Of the Scene's truth, the true place in the Dof's unit.
    shares
        After which shares of the points it is judged.
    """

    attribute: str = "transition_temperature"
    shares: tuple[float, ...] = tuple(step / 10 for step in range(1, 11))
    name: str = "distance from the transition"
    lower_is_better: bool = True
    in_field_unit: bool = False

    def judge(self, evidence: Evidence) -> FloatArray:
        """Return the distance in the Dof's unit, at `shares` of the points.

        Raises
        ------
        AutoexpError
            If there are more Dofs, or the truth has no such attribute.
        """
        true = self._truth(evidence)
        points, _ = places(evidence)
        at = np.array([float(point[evidence.space.names[0]]) for point in points])

        def distance(guess: FloatArray) -> float:
            return abs(float(at[np.argmax(np.abs(np.gradient(guess, at)))]) - true)

        return map_at_shares(evidence, points, self.shares, distance)

    def judge_answer(self, evidence: Evidence) -> float:
        """Return the distance of the agent's answer."""
        if evidence.answer is None:
            return float("nan")
        return abs(float(evidence.answer[evidence.space.names[0]]) - self._truth(evidence))

    def _truth(self, evidence: Evidence) -> float:
        known = evidence.beamline.scene.truth().attrs
        if len(evidence.space.dofs) != 1 or self.attribute not in known:
            raise AutoexpError(
                f"a transition needs one Dof and {self.attribute!r} in the truth, "
                f"got {evidence.space.names} and {sorted(known)}"
            )
        return float(known[self.attribute])


def _plane(evidence: Evidence, name: str) -> tuple[list[Point], tuple[int, ...]]:
    points, shape = places(evidence)
    if len(shape) != 2:
        raise AutoexpError(f"{name} needs a full Space of two Dofs, got {evidence.space!r}")
    return points, shape
