"""Principal components of a stream of curves, learnt as they come."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction.features.basis import Basis, principal
from autoexp.reduction.features.covariance import CurveCovariance
from autoexp.reduction.frames import lift
from autoexp.reduction.records import FloatArray, FrameMeta, Frames, FrameSpec, Reduced
from autoexp.reduction.rehearsal import rehearse


@dataclass(frozen=True, slots=True, eq=False)
class ComponentsState:
    """Sums over the frames, each of them one curve.

    Parameters
    ----------
    seen
        The sums.
    shape
        Rows and columns of a frame; its curve has them in one row.
    """

    seen: CurveCovariance
    shape: tuple[int, int]


@dataclass(frozen=True, slots=True)
class PrincipalComponents:
    """Mean, principal components and their variances of all frames so far, each frame taken as one curve.

    The sums are additive, so the result does not depend on order or batches. Sigmas are the asymptotic ones for
    Gaussian curves (T. W. Anderson, Ann. Math. Stat. 34, 122 (1963)): ``λ √(2 / (n - 1))`` for a variance, and
    ``λ_k / (n - 1) Σ_j λ_j / (λ_j - λ_k)² v_j²`` for the squares of a component's entries. Variances of different
    components are independent there, so to first order a share ``s_k = λ_k / Σ_j λ_j``, whose slopes are
    ``(1 - s_k) / Σ_j λ_j`` along its own variance and ``-s_k / Σ_j λ_j`` along another's, has the sigma
    ``s_k √(2 / (n - 1) ((1 - s_k)² + Σ_{j≠k} s_j²))``.

    Parameters
    ----------
    components
        How many.

    Raises
    ------
    ReductionError
        If there are none.
    """

    components: int = 3

    def __post_init__(self) -> None:
        if self.components < 1:
            raise ReductionError(f"components must be one or more, got {self.components}")

    def init(self, spec: FrameSpec) -> ComponentsState:
        """Return the sums over no frame."""
        return ComponentsState(CurveCovariance.empty(spec.shape[0] * spec.shape[1], spec.device), spec.shape)

    def update(self, state: ComponentsState, frames: Tensor | Frames, meta: FrameMeta) -> ComponentsState:
        """Add a batch, shape ``(n, y, x)``.

        Raises
        ------
        ReductionError
            If the frames have another shape.
        """
        lifted = lift(frames, state.seen.mean.device)
        if lifted.values.shape[1:] != state.shape:
            raise ReductionError(f"frames must be {state.shape} as the state is, got {tuple(lifted.values.shape[1:])}")
        values = lifted.values.flatten(1)
        valid = None if lifted.valid is None else lifted.valid.expand_as(lifted.values).flatten(1)
        return replace(state, seen=state.seen.add(values, valid))

    def merge(self, a: ComponentsState, b: ComponentsState) -> ComponentsState:
        """Join what two workers saw."""
        return ComponentsState(a.seen.merge(b.seen), a.shape)

    def warmup(self, spec: FrameSpec) -> None:
        """Allocate before beam."""
        rehearse(self, spec)

    def basis(self, state: ComponentsState) -> Basis:
        """Return the components so far, to write other curves in.

        Raises
        ------
        ReductionError
            If there were too few frames.
        """
        return principal(state.seen, self.components)

    def read(self, state: ComponentsState) -> Mapping[str, Reduced]:
        """Return ``mean``, ``component``, ``variance`` and ``share`` of the whole variance."""
        n, length = state.seen.n, len(state.seen.mean)
        known = (state.seen.missing == 0).cpu()
        flags = (Flags.NONE if n else Flags.NO_FRAMES) | (Flags.NONE if bool(known.all()) else Flags.MASKED)
        empty = np.full(length, np.nan), np.full((self.components, length), np.nan), np.full(self.components, np.nan)
        mean = mean_sigma = empty[0]
        component = component_sigma = empty[1]
        variance = variance_sigma = share = share_sigma = empty[2]
        if n:
            mean = torch.where(known, state.seen.mean.cpu(), torch.nan).numpy()
        if min(n - 1, int(known.sum())) >= self.components:
            basis = self.basis(state)
            scatter = state.seen.scatter.cpu()[known][:, known] / (n - 1)
            values, vectors = (each.numpy() for each in torch.linalg.eigh(scatter))
            mean_sigma = _spread(np.sqrt(np.diagonal(scatter.numpy()).clip(0) / n), known.numpy())
            component, variance = basis.components, basis.variances
            component = np.where(known.numpy(), component, np.nan)
            component_sigma = _component_sigma(values, vectors, self.components, n, known.numpy())
            variance_sigma = variance * math.sqrt(2 / (n - 1))
            share, share_sigma = _shares(values, self.components, n)
        elif n:
            flags |= Flags.UNRESOLVED
        dims = ("component", "point")
        return {
            "mean": Reduced(mean, mean_sigma, "count", dims[1:], n_frames=n, flags=flags),
            "component": Reduced(component, component_sigma, "", dims, n_frames=n, flags=flags),
            "variance": Reduced(variance, variance_sigma, "count^2", dims[:1], n_frames=n, flags=flags),
            "share": Reduced(share, share_sigma, "", dims[:1], n_frames=n, flags=flags),
        }

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {"components": self.components}


def _component_sigma(values: FloatArray, vectors: FloatArray, k: int, n: int, known: FloatArray) -> FloatArray:
    """Return the sigma of each entry of the leading components, shape ``(k, x)``; infinite where two are degenerate."""
    found = []
    for place in range(len(values) - 1, len(values) - 1 - k, -1):
        others = np.arange(len(values)) != place
        with np.errstate(divide="ignore", invalid="ignore"):
            weights = values[place] * values[others].clip(0) / (values[others] - values[place]) ** 2 / (n - 1)
            found.append(_spread(np.sqrt(vectors[:, others] ** 2 @ weights), known))
    return np.stack(found)


def _shares(values: FloatArray, k: int, n: int) -> tuple[FloatArray, FloatArray]:
    """Return the shares of the `k` largest of all variances, which ascend, in their sum, and their sigmas."""
    kept = values.clip(0)[::-1]
    shares = kept / max(float(kept.sum()), math.ulp(0.0))
    squares = shares**2
    share, others = shares[:k], squares.sum() - squares[:k]
    return share, share * np.sqrt(2 / (n - 1) * ((1 - share) ** 2 + others))


def _spread(values: FloatArray, known: FloatArray) -> FloatArray:
    full = np.full(len(known), np.nan)
    full[known] = values
    return full
