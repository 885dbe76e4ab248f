"""Features of curves and maps: components, patterns, fingerprints, clusters, novelty."""

from autoexp.reduction.features.basis import Basis, learn_basis, principal
from autoexp.reduction.features.clusters import ClusterLabel, Clusters, find_clusters
from autoexp.reduction.features.components import PrincipalComponents
from autoexp.reduction.features.covariance import CurveCovariance
from autoexp.reduction.features.fingerprint import Fingerprint
from autoexp.reduction.features.patterns import Patterns, PatternScores, learn_patterns
from autoexp.reduction.features.reducer import CurveFeature, CurveFeatures, MeanCurve
from autoexp.reduction.features.scores import ComponentScores, Novelty

__all__ = [
    "Basis",
    "ClusterLabel",
    "Clusters",
    "ComponentScores",
    "CurveCovariance",
    "CurveFeature",
    "CurveFeatures",
    "Fingerprint",
    "MeanCurve",
    "Novelty",
    "PatternScores",
    "Patterns",
    "PrincipalComponents",
    "find_clusters",
    "learn_basis",
    "learn_patterns",
    "principal",
]
