"""Groups of curves, by their scores."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction.features.basis import Basis
from autoexp.reduction.features.reducer import numbers
from autoexp.reduction.features.scores import project
from autoexp.reduction.records import FloatArray, Reduced


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Gaussian groups of points.

    Parameters
    ----------
    weights
        Share of each group, shape ``(c,)``; the first is the largest.
    centres
        Shape ``(c, d)``.
    covariances
        Shape ``(c, d, d)``.
    """

    weights: FloatArray
    centres: FloatArray
    covariances: FloatArray

    def probabilities(self, points: FloatArray, covariance: FloatArray | None = None) -> FloatArray:
        """Return how probably each point belongs to each group.

        Parameters
        ----------
        points
            Shape ``(n, d)``.
        covariance
            Of each point's own uncertainty, shape ``(n, d, d)``; it widens the groups.

        Returns
        -------
            Shape ``(n, c)``, rows adding up to one.
        """
        wide = self.covariances[None] + (0.0 if covariance is None else covariance[:, None])
        off = points[:, None, :] - self.centres
        squares = np.einsum(
            "ncd,ncde,nce->nc", off, np.broadcast_to(np.linalg.inv(wide), (*off.shape, off.shape[-1])), off
        )
        logs = np.log(self.weights) - 0.5 * (squares + np.linalg.slogdet(wide)[1])
        shares = np.exp(logs - logs.max(1, keepdims=True))
        return np.asarray(shares / shares.sum(1, keepdims=True))

    def labels(self, points: FloatArray) -> Any:
        """Return the most probable group of each point, shape ``(n,)``."""
        return self.probabilities(points).argmax(1)


def find_clusters(points: FloatArray, most: int = 8, *, seed: int = 0) -> Clusters:
    """Find groups of points, as many as describe them best.

    Gaussian mixtures of scikit-learn with 1 to `most` groups; the one with the lowest Bayesian information
    criterion (G. Schwarz, Ann. Stat. 6, 461 (1978)) is taken.

    Parameters
    ----------
    points
        Scores of curves, shape ``(n, d)``.
    most
        Groups to try at most.
    seed
        Of the first guesses.

    Raises
    ------
    ReductionError
        If there are fewer points than a group needs.
    """
    from sklearn.mixture import GaussianMixture

    n, d = points.shape
    if most < 1 or n < d + 2:
        raise ReductionError(f"clusters need {d + 2} points or more, and most >= 1, got {n} points and most={most}")
    scale = np.maximum(points.std(0), np.finfo(float).tiny)
    groups = range(1, min(most, n // (d + 1)) + 1)
    tried = [GaussianMixture(count, n_init=5, random_state=seed).fit(points / scale) for count in groups]
    best = min(tried, key=lambda model: model.bic(points / scale))
    order = np.argsort(-best.weights_)
    covariances = best.covariances_ * np.outer(scale, scale)
    return Clusters(best.weights_[order], (best.means_ * scale)[order], covariances[order])


@dataclass(frozen=True, slots=True, eq=False)
class ClusterLabel:
    """Which group a curve belongs to, ``cluster``, and how surely, ``cluster_probability``.

    The uncertainty of the curve's scores widens the groups. The sigma of the label is zero: it is a name, and its
    doubt is one less the probability, whose own sigma is that of a yes or no, ``√(p (1 - p))``.

    Parameters
    ----------
    basis
        In which curves are written.
    clusters
        Groups of scores along its components.

    Raises
    ------
    ReductionError
        If the groups are of points with another number of scores.
    """

    basis: Basis
    clusters: Clusters

    def __post_init__(self) -> None:
        found, needed = self.clusters.centres.shape[1], len(self.basis.components)
        if found != needed:
            raise ReductionError(f"clusters must be of {needed} scores as the basis has, got {found}")

    def of(self, curve: Reduced) -> Mapping[str, Reduced]:
        """Return the label, counted from 0, and its probability."""
        scores, sigmas, _, known = project(self.basis, curve)
        flags = Flags.NONE if (known == self.basis.known).all() else Flags.INCOMPLETE
        shares = self.clusters.probabilities(scores[None], np.diag(sigmas**2)[None])[0]
        label, share = int(shares.argmax()), float(shares.max())
        doubt = np.sqrt(max(share * (1.0 - share), 0.0))
        names = ["cluster", "cluster_probability"]
        return numbers(names, np.array([label, share]), np.array([0.0, doubt]), curve, flags)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {"basis": self.basis.settings(), "clusters": self.clusters.centres.tolist()}
