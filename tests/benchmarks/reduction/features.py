"""Principal components of curves beside scikit-learn's incremental ones, and amounts of patterns beside its NMF."""

from functools import partial

import numpy as np
import torch
from timing import Call, Case

from autoexp.reduction.features import (
    ComponentScores,
    CurveCovariance,
    PatternScores,
    learn_basis,
    learn_patterns,
    principal,
)
from autoexp.reduction.records import Reduced

_BATCH, _POINTS, _COMPONENTS = 32, 500, 3


def cases(device: str) -> list[Case]:
    """Return what is compared."""
    table = _curves(10 * _BATCH)
    seen = CurveCovariance.of(torch.from_numpy(table).to(device))
    batch = torch.from_numpy(table[:_BATCH]).to(device)
    scores, amounts = (
        ComponentScores(learn_basis(table, _COMPONENTS)),
        PatternScores(learn_patterns(table, _COMPONENTS)),
    )
    curve = Reduced(table[0], np.full(_POINTS, 0.1), "count", ("q",), n_frames=1)

    read = batch.numel() * 8 + 2 * _POINTS**2 * 8
    name = f"of {_POINTS} points"
    return [
        Case(
            f"components, {_BATCH} more curves {name}",
            "IncrementalPCA.partial_fit",
            lambda: seen.add(batch),
            partial(_incremental, table),
            1.0,
            read,
            2 * _BATCH * _POINTS**2,
        ),
        Case(
            f"components, {_BATCH} more curves {name}, and read",
            "IncrementalPCA.partial_fit",
            lambda: principal(seen.add(batch), _COMPONENTS),
            partial(_incremental, table),
            1.0,
            read,
            2 * _BATCH * _POINTS**2 + 9 * _POINTS**3,
        ),
        Case(
            f"scores with sigma, a curve {name}",
            "PCA.transform, without sigma",
            lambda: scores.of(curve),
            partial(_pca, table),
            1.0,
            _COMPONENTS * _POINTS * 8,
        ),
        Case(
            f"amounts with sigma, a curve {name}",
            "NMF.transform, without sigma",
            lambda: amounts.of(curve),
            partial(_nmf, table),
            1.0,
            _COMPONENTS * _POINTS * 8,
        ),
    ]


def _incremental(table: np.ndarray) -> Call:
    from sklearn.decomposition import IncrementalPCA

    model = IncrementalPCA(_COMPONENTS).fit(table)
    return lambda: model.partial_fit(table[:_BATCH])


def _pca(table: np.ndarray) -> Call:
    from sklearn.decomposition import PCA

    model = PCA(_COMPONENTS).fit(table)
    return lambda: model.transform(table[:1])


def _nmf(table: np.ndarray) -> Call:
    from sklearn.decomposition import NMF

    model = NMF(_COMPONENTS, init="nndsvda", max_iter=2000).fit(table)
    return lambda: model.transform(table[:1])


def _curves(n: int) -> np.ndarray:
    generator, x = np.random.default_rng(0), np.linspace(0, 1, _POINTS)
    shapes = np.stack([np.exp(-(((x - at) / 0.05) ** 2)) for at in (0.2, 0.5, 0.8)])
    return generator.dirichlet((1, 1, 1), n) @ shapes * 10 + generator.gamma(1.0, 0.1, (n, _POINTS))
