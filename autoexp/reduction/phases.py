"""How much of each phase is in a diffraction curve, and which prevails."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.protocols import Describes, Reducer
from autoexp.reduction.merging import merged
from autoexp.reduction.nonnegative import nonnegative_least_squares
from autoexp.reduction.records import FloatArray, FrameMeta, Frames, FrameSpec, Reduced, number
from autoexp.reduction.rehearsal import rehearse


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """The curve of something pure.

    Parameters
    ----------
    name
        Of a phase; its field is ``{name}_fraction``.
    values
        At the points of the measured curve, in any unit that all patterns share, shape ``(points,)``.
    phase
        False for what scatters beside the phases, a substrate or air: fitted, but no phase.
    """

    name: str
    values: FloatArray
    phase: bool = True


@dataclass(frozen=True, slots=True)
class PhaseFractions:
    """Fractions of phases by a non-negative linear fit of patterns to a curve, and the phase that prevails.

    With amounts ``w >= 0`` that minimise ``|A w - y|²`` the fraction of a phase is its share of the sum of all
    phases' amounts. Its sigma is that of the curve's points, taken as independent, carried through ``(A^T A)^-1 A^T``
    and through the share to first order: that of the fit without the bound at zero, so that an absent phase has one
    too. The field ``phase`` is the number of the phase with the greatest amount, from zero in the order of the
    patterns; a number that names something has no sigma. All fields of the curve's own reducer are handed on.

    Parameters
    ----------
    curve
        A reducer that gives the curve.
    patterns
        Linearly independent.
    field
        Of the curve.

    Raises
    ------
    ReductionError
        If there is no phase, two patterns have one name, or they are not independent.
    """

    curve: Reducer[Any]
    patterns: tuple[Pattern, ...]
    field: str = "intensity"

    def __post_init__(self) -> None:
        names = [pattern.name for pattern in self.patterns]
        if len(set(names)) < len(names) or not any(pattern.phase for pattern in self.patterns):
            raise ReductionError(f"patterns need names of their own and a phase among them, got {names}")
        lengths = {len(pattern.values) for pattern in self.patterns}
        if len(lengths) > 1 or np.linalg.matrix_rank(self._matrix()) < len(names):
            raise ReductionError(f"patterns must be independent curves of one length, got {names} of {sorted(lengths)}")

    def _matrix(self) -> FloatArray:
        return np.stack([np.asarray(pattern.values, dtype=float) for pattern in self.patterns], axis=1)

    @property
    def parts(self) -> tuple[Reducer[Any]]:
        """The reducer that makes the curve."""
        return (self.curve,)

    def init(self, spec: FrameSpec) -> Any:
        """Return the state before any frame."""
        return self.curve.init(spec)

    def update(self, state: Any, frames: Tensor | Frames, meta: FrameMeta) -> Any:
        """Add a batch, shape ``(n, y, x)``."""
        return self.curve.update(state, frames, meta)

    def merge(self, a: Any, b: Any) -> Any:
        """Join what two workers saw.

        Raises
        ------
        ReductionError
            If the states of the curve's reducer do not add.
        """
        return merged(self.curve, a, b)

    def warmup(self, spec: FrameSpec) -> None:
        """Compute what is needed and allocate before beam."""
        rehearse(self, spec)

    def read(self, state: Any) -> Mapping[str, Reduced]:
        """Return the curve's fields, a fraction for each phase, and ``phase``.

        Raises
        ------
        ReductionError
            If the patterns are not as long as the curve.
        """
        fields = dict(self.curve.read(state))
        curve = fields[self.field]
        if curve.value.shape != (len(self.patterns[0].values),):
            raise ReductionError(
                f"patterns must have as many points as the curve, got {len(self.patterns[0].values)} "
                f"for {curve.value.shape}"
            )
        phases = [pattern.name for pattern in self.patterns if pattern.phase]
        shares, sigmas, label = self._shares(curve)
        flags = curve.flags
        if curve.n_frames and math.isnan(label):
            flags |= Flags.NO_SIGNAL
        found = {
            f"{name}_fraction": number(share, sigma, "", curve.n_frames, flags)
            for name, share, sigma in zip(phases, shares, sigmas, strict=True)
        }
        return fields | found | {"phase": number(label, math.nan, "", curve.n_frames, flags)}

    def _shares(self, curve: Reduced) -> tuple[list[float], list[float], float]:
        """Return fractions, their sigmas, and the number of the phase that prevails; NaN where there is none."""
        phases = np.array([pattern.phase for pattern in self.patterns])
        known = np.isfinite(curve.value)
        matrix = self._matrix()[known]
        unknown = [math.nan] * int(phases.sum())
        if not len(matrix) or np.linalg.matrix_rank(matrix) < len(self.patterns):
            return unknown, unknown, math.nan
        gram = matrix.T @ matrix
        projections = torch.from_numpy(matrix.T @ curve.value[known])[None]
        amounts = nonnegative_least_squares(torch.from_numpy(gram), projections)[0].numpy()
        total = float(amounts[phases].sum())
        if not total > 0:
            return unknown, unknown, math.nan
        spread, shares = (np.linalg.solve(gram, matrix.T) * curve.sigma[known])[phases], amounts[phases] / total
        sigmas = np.sqrt(np.square(spread - shares[:, None] * spread.sum(axis=0)).sum(axis=1)) / total
        return shares.tolist(), sigmas.tolist(), float(amounts[phases].argmax())

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        own = dict(self.curve.settings()) if isinstance(self.curve, Describes) else {}
        patterns = [[each.name, "phase" if each.phase else "background"] for each in self.patterns]
        return own | {"patterns": patterns, "field": self.field}
