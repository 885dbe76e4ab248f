"""Features of curves and maps: components, patterns, fingerprints, clusters, novelty."""

from autoexp.reduction.features.basis import Basis, learn_basis, principal
from autoexp.reduction.features.components import PrincipalComponents
from autoexp.reduction.features.covariance import CurveCovariance

__all__ = ["Basis", "CurveCovariance", "PrincipalComponents", "learn_basis", "principal"]
