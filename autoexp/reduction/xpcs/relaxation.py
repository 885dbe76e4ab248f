"""How fast the speckles of each bin of q change: one number with its sigma."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.reduction.records import FrameMeta, Frames, FrameSpec, Reduced, number
from autoexp.reduction.rehearsal import rehearse
from autoexp.reduction.xpcs.correlator import Correlator, CorrelatorState
from autoexp.reduction.xpcs.fitted import UNITS, fitted
from autoexp.reduction.xpcs.lags import lag_steps
from autoexp.reduction.xpcs.multitau import correlation
from autoexp.reduction.xpcs.relaxation_fit import RelaxationModel


@dataclass(frozen=True, slots=True)
class RelaxationTime:
    """Relaxation time and rate, contrast and baseline of each bin, from a fit to its g2.

    ``g2 = baseline + contrast exp(-2 (tau / time)**stretch)``, fitted to all delays but 0, each weighted by its sigma;
    the rate is ``1 / time``.

    Sigmas are the jackknife's: the fit is done once more without each group of pixels. Values of g2 at different
    delays come from the same speckles and err together, which the residuals of a fit do not show and this does.

    Parameters
    ----------
    correlator
        What to correlate, and how far.
    model
        Which parameters are free.
    """

    correlator: Correlator
    model: RelaxationModel = field(default_factory=RelaxationModel)

    def __post_init__(self) -> None:
        if len(lag_steps(self.correlator.levels, self.correlator.channels)) <= self.model.n_free:
            raise ReductionError(f"{self.model.n_free} free parameters need more delays, got {self.correlator}")

    def init(self, spec: FrameSpec) -> CorrelatorState:
        """Lay out the pixels, and return the state before any frame."""
        return self.correlator.init(spec)

    def update(self, state: CorrelatorState, frames: Tensor | Frames, meta: FrameMeta) -> CorrelatorState:
        """Add a batch, shape ``(n, y, x)``, the next in time.

        Raises
        ------
        ReductionError
            If the frames are of another shape than the detector.
        """
        return self.correlator.update(state, frames, meta)

    def warmup(self, spec: FrameSpec) -> None:
        """Lay out the pixels and allocate before beam."""
        rehearse(self, spec)

    def read(self, state: CorrelatorState) -> Mapping[str, Reduced]:
        """Return ``rate_NAME`` (1/s), ``tau_NAME`` (s), ``contrast_NAME`` and so on of each bin, and ``g2``.

        A time shorter than the first delay or longer than the last is flagged ``UNRESOLVED``, and so is a contrast
        below twice its sigma.
        """
        sums = self.correlator.sums(state).to("cpu")
        g2 = correlation(self.correlator, state, sums)
        names = self.correlator.bins.names
        found = fitted(self.model, g2, sums.without_each_group(len(names)))
        fields: dict[str, Reduced] = {}
        for place, bin_ in enumerate(names):
            flags = g2.flags | found.flags[place]
            for name in self._names():
                value, sigma = found.values[name][place], found.sigmas[name][place]
                fields[f"{name}_{bin_}"] = number(value, sigma, UNITS[name], g2.n_frames, flags)
        return fields | {"g2": g2}

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        own = {"baseline": self.model.baseline, "stretch": self.model.stretch}
        return own | dict(self.correlator.settings())

    def _names(self) -> list[str]:
        fixed = [name for name in ("baseline", "stretch") if getattr(self.model, name) is not None]
        return [name for name in UNITS if name not in fixed]
