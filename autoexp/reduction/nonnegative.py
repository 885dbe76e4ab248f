"""Least squares with weights that are not negative, many problems of one model at a time."""

import torch
from torch import Tensor


def nonnegative_least_squares(gram: Tensor, projections: Tensor, *, rounds: int = 100) -> Tensor:
    """Return the ``w >= 0`` that minimises ``|A w - y|²`` for each of ``n`` problems.

    Where no weight of the least-squares solution is negative, that is it. For the others, block principal
    pivoting (J. Kim and H. Park, SIAM J. Sci. Comput. 33, 3261 (2011)): all wrong signs are exchanged at
    once, and one at a time where that does not make them fewer.

    Parameters
    ----------
    gram
        ``A^T A``, positive definite, shape ``(k, k)``.
    projections
        ``A^T y`` of each problem, shape ``(n, k)``.
    rounds
        Exchanges after which the solution is taken as it is, clipped at zero.

    Returns
    -------
        Shape ``(n, k)``.
    """
    weights = torch.cholesky_solve(projections.T, torch.linalg.cholesky(gram)).T
    negative = (weights < 0).any(1).nonzero().squeeze(1)
    if len(negative):
        weights[negative] = _pivot(gram, projections[negative], weights[negative] > 0, rounds)
    return weights


def _pivot(gram: Tensor, projections: Tensor, free: Tensor, rounds: int) -> Tensor:
    """Exchange weights between free and zero, from a first guess, until all signs are right."""
    n, k = projections.shape
    fewest = torch.full((n,), k + 1, device=projections.device)
    patience = torch.full((n,), 3, device=projections.device)
    tolerance = 1e-12 * projections.abs().amax(1, keepdim=True)
    scale = gram.diagonal()
    for _ in range(rounds):
        weights = _solve(gram, projections, free)
        slopes = torch.where(free, 0.0, weights @ gram - projections)
        wrong = (free & (weights * scale < -tolerance)) | (~free & (slopes < -tolerance))
        count = wrong.sum(1)
        if not bool(count.any()):
            break
        better = count < fewest
        fewest = torch.where(better, count, fewest)
        patience = torch.where(better, 3, patience - 1)
        free = free ^ torch.where((patience >= 0)[:, None], wrong, _last(wrong))
    return weights.clamp(min=0.0)


def _last(wrong: Tensor) -> Tensor:
    """Keep only the last true entry of each row, shape ``(n, k)``."""
    return wrong & (wrong.flip(1).cumsum(1).flip(1) == 1)


def _solve(gram: Tensor, projections: Tensor, free: Tensor) -> Tensor:
    """Solve for the free weights of each problem with all others at zero, shape ``(n, k)``."""
    both = free[:, :, None] & free[:, None, :]
    diagonal = torch.diag_embed(gram.diagonal(dim1=-2, dim2=-1))
    system = torch.where(both, gram, torch.where(free[:, :, None], 0.0, diagonal))
    solved: Tensor = torch.linalg.solve(system, torch.where(free, projections, 0.0))
    return solved
