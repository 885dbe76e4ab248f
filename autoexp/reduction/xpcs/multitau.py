"""Multiple-tau autocorrelation of each bin of q."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autoexp.flags import Flags
from autoexp.reduction.records import Axis, FloatArray, FrameMeta, Frames, FrameSpec, Reduced
from autoexp.reduction.rehearsal import rehearse
from autoexp.reduction.xpcs.correlator import Correlator, CorrelatorState
from autoexp.reduction.xpcs.lags import lag_steps
from autoexp.reduction.xpcs.pairs import PairSums, jackknife


@dataclass(frozen=True, slots=True)
class MultiTau:
    """The autocorrelation ``g2(q, tau)`` of frames in the order of time, with its sigma.

    ``<I(t) I(t + tau)> / (<I(t)> <I(t + tau)>)``, means over all pairs of frames and all pixels of a bin, at the delays
    of `autoexp.reduction.xpcs.lag_steps`: level by level, frames are averaged in pairs (K. Schätzel, Quantum Opt. 2,
    287 (1990)) and normalised symmetrically (D. Lumma et al., Rev. Sci. Instrum. 71, 3274 (2000)), as scikit-beam's
    ``multi_tau_auto_corr`` does. At delay 0 it holds the noise of counting too.

    Its sigma is the jackknife's over groups of neighbouring pixels, each of which has its own speckles.

    States do not merge: pairs of frames that two workers have one each of are in neither state.

    Parameters
    ----------
    correlator
        What to correlate, and how far.
    """

    correlator: Correlator

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
        """Return ``g2`` by bin and delay in seconds, and the ``intensity`` per pixel and frame by bin."""
        sums = self.correlator.sums(state).to("cpu")
        return {"g2": correlation(self.correlator, state, sums), "intensity": intensity(self.correlator, state, sums)}

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return self.correlator.settings()


def correlation(correlator: Correlator, state: CorrelatorState, sums: PairSums) -> Reduced:
    """Return g2, dimensions bin and delay, of sums on the CPU."""
    bins = len(correlator.bins.names)
    value, left_out = sums.correlation(bins), sums.without_each_group(bins)
    tau = Axis(np.asarray(lag_steps(correlator.levels, correlator.channels) * state.period), "s")
    axes = {"bin": correlator.bins.axis(), "tau": tau}
    flags = told(state, value[:, 0])
    return Reduced(value.numpy(), _spread(value, left_out), "", ("bin", "tau"), axes, state.n_frames, flags)


def intensity(correlator: Correlator, state: CorrelatorState, sums: PairSums) -> Reduced:
    """Return the mean value per pixel and frame of each bin."""
    bins = len(correlator.bins.names)
    total, weight = (each[0].view(bins, -1) for each in (sums.future, sums.weight))
    value = total.sum(-1) / weight.sum(-1)
    left = (total.sum(-1, keepdim=True) - total) / (weight.sum(-1, keepdim=True) - weight)
    axes = {"bin": correlator.bins.axis()}
    return Reduced(value.numpy(), _spread(value, left), "", ("bin",), axes, state.n_frames, told(state, value))


def told(state: CorrelatorState, first: Tensor) -> Flags:
    """Return what should be known of a state; `first` are values that there are wherever there was light."""
    if state.n_frames == 0:
        return Flags.NO_FRAMES
    dark = Flags.NONE if bool(torch.isfinite(first).all()) else Flags.NO_SIGNAL
    return dark | (Flags.MASKED if state.masks or state.steady is not None else Flags.NONE)


def _spread(value: Tensor, left_out: Tensor) -> FloatArray:
    """Return the jackknife's sigma where there is a value; estimates are along dimension 1."""
    return np.where(np.isfinite(value.numpy()), jackknife(left_out, 1).numpy(), np.nan)
