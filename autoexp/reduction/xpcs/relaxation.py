"""How fast the speckles of each bin of q change: one number with its sigma."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from autoexp.errors import ReductionError
from autoexp.flags import Flags
from autoexp.reduction.records import FrameMeta, Frames, FrameSpec, Reduced, number
from autoexp.reduction.rehearsal import rehearse
from autoexp.reduction.xpcs.correlator import Correlator, CorrelatorState
from autoexp.reduction.xpcs.lags import lag_steps
from autoexp.reduction.xpcs.multitau import correlation
from autoexp.reduction.xpcs.pairs import jackknife
from autoexp.reduction.xpcs.relaxation_fit import RelaxationModel, Relaxations

_FIELDS = {"rate": "1/s", "tau": "s", "contrast": "", "baseline": "", "stretch": ""}


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
        tau = torch.from_numpy(g2.axes["tau"].values[1:])
        left_out = sums.without_each_group(len(self.correlator.bins.names))
        fields: dict[str, Reduced] = {}
        for place, name in enumerate(self.correlator.bins.names):
            value, sigma = (torch.from_numpy(each[place, 1:]) for each in (g2.value, g2.sigma))
            known = torch.isfinite(value) & torch.isfinite(left_out[place, :, 1:]).all(0)
            # a NaN period, before any frame, leaves no delay known either
            curves = torch.cat([value[None], left_out[place, :, 1:]])[:, known]
            fields |= self._fields(name, tau[known], curves, sigma[known], g2)
        return fields | {"g2": g2}

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        own = {"baseline": self.model.baseline, "stretch": self.model.stretch}
        return own | dict(self.correlator.settings())

    def _names(self) -> Iterator[str]:
        for name in _FIELDS:
            if name not in ("baseline", "stretch") or getattr(self.model, name) is None:
                yield name

    def _fields(self, bin_: str, tau: Tensor, curves: Tensor, sigma: Tensor, g2: Reduced) -> dict[str, Reduced]:
        """Return the fields of one bin; of the curves, the first is that of all pixels."""
        if len(tau) < self.model.n_free:
            flags = g2.flags | (Flags.INCOMPLETE if g2.n_frames else Flags.NONE)
            return {
                f"{name}_{bin_}": number(math.nan, math.nan, _FIELDS[name], g2.n_frames, flags)
                for name in self._names()
            }
        values, errors, converged = _fitted(self.model, tau, curves, sigma)
        flags = g2.flags | (Flags.NONE if converged else Flags.NOT_CONVERGED)
        seen = float(tau[0]) <= values["tau"] <= float(tau[-1]) and values["contrast"] > 2 * errors["contrast"]
        flags |= Flags.NONE if seen else Flags.UNRESOLVED
        return {
            f"{name}_{bin_}": number(values[name], errors[name], _FIELDS[name], g2.n_frames, flags)
            for name in self._names()
        }


def _fitted(
    model: RelaxationModel, tau: Tensor, curves: Tensor, sigma: Tensor
) -> tuple[dict[str, float], dict[str, float], bool]:
    """Return values and sigmas by name, and whether the fit of all pixels came to rest."""
    weights = _weights(sigma)
    found = model.fit(tau, curves[:1], weights[None])
    again = model.fit(tau, curves[1:], weights.expand(len(curves) - 1, -1), _repeated(found, len(curves) - 1))
    spread = {name: float(jackknife(each, 0)) for name, each in _quantities(again).items()}
    values = {name: float(each[0]) for name, each in _quantities(found).items()}
    values["tau"], values["rate"] = math.exp(values["tau"]), math.exp(-values["tau"])
    errors = spread | {name: values[name] * spread["tau"] for name in ("tau", "rate")}
    return values, errors, bool(found.converged[0])


def _quantities(found: Relaxations) -> dict[str, Tensor]:
    """Return what is fitted by name; of the time its logarithm, whose errors are the more symmetric."""
    return {
        "tau": found.time.log(),
        "contrast": found.contrast,
        "baseline": found.baseline,
        "stretch": found.stretch,
    }


def _repeated(found: Relaxations, n: int) -> Relaxations:
    return Relaxations(*(getattr(found, name).expand(n) for name in found.__slots__))


def _weights(sigma: Tensor) -> Tensor:
    """Return the inverse variances, in units of their largest; of sigmas from few groups none may outweigh all."""
    floor = 0.1 * float(sigma.median())
    return torch.ones_like(sigma) if floor == 0.0 else (floor / sigma.clamp(min=floor)).square()
