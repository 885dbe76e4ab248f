"""What fits to measured correlations find, with the jackknife's sigmas."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from autoexp.flags import Flags
from autoexp.reduction.records import FloatArray, Reduced
from autoexp.reduction.xpcs.pairs import jackknife
from autoexp.reduction.xpcs.relaxation_fit import RelaxationModel, Relaxations

UNITS = {"rate": "1/s", "tau": "s", "contrast": "", "baseline": "", "stretch": ""}
"""Of what is found, by name."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """What was found of each bin.

    Parameters
    ----------
    values, sigmas
        By the names of `UNITS`, shape ``(bins,)`` each; NaN for a bin with fewer delays than free parameters.
    flags
        One word for each bin.
    """

    values: dict[str, FloatArray]
    sigmas: dict[str, FloatArray]
    flags: list[Flags]


def fitted(model: RelaxationModel, g2: Reduced, left_out: Tensor) -> Fitted:
    """Fit the correlation of each bin, all at once, at all delays but 0.

    Parameters
    ----------
    model
        Which parameters are free.
    g2
        Dimensions bin and delay.
    left_out
        The same with one group of pixels left out, shape ``(bins, groups, delays)``.
    """
    tau = torch.from_numpy(g2.axes["tau"].values[1:])
    curves = torch.cat([torch.from_numpy(g2.value)[:, None], left_out], dim=1)[..., 1:]
    known = torch.isfinite(curves).all(1)
    enough = known.sum(1) >= model.n_free
    if not bool(enough.any()):
        nothing = {name: np.full(len(curves), np.nan) for name in UNITS}
        return Fitted(nothing, nothing, [Flags.INCOMPLETE if g2.n_frames else Flags.NONE] * len(curves))
    weights = torch.where(enough[:, None], _weights(torch.from_numpy(g2.sigma[:, 1:]), known), 1.0)
    found, again = _fits(model, tau, curves.nan_to_num(0.0), weights)
    values = {name: each[:, 0] for name, each in _quantities(found).items()}
    sigmas = {name: jackknife(each, 1) for name, each in _quantities(again).items()}
    resolved = _within(tau, known, found.time[:, 0]) & (values["contrast"] > 2 * sigmas["contrast"])
    values["tau"], values["rate"] = found.time[:, 0], 1.0 / found.time[:, 0]
    sigmas |= {name: values[name] * sigmas["tau"] for name in ("rate", "tau")}
    flags = [
        _flags(*each) for each in zip(enough.tolist(), found.converged[:, 0].tolist(), resolved.tolist(), strict=True)
    ]
    return Fitted(_where(enough, values), _where(enough, sigmas), flags)


def _fits(model: RelaxationModel, tau: Tensor, curves: Tensor, weights: Tensor) -> tuple[Relaxations, Relaxations]:
    """Return fits to the first curve of each bin, and from there to its others: shapes ``(bins, 1)``, ``(bins, k)``."""
    bins, n, delays = curves.shape
    found = model.fit(tau, curves[:, 0], weights)
    start = found.map(lambda each: each.repeat_interleave(n - 1))
    others = curves[:, 1:].reshape(-1, delays)
    again = model.fit(tau, others, weights.repeat_interleave(n - 1, dim=0), start)
    return found.map(lambda each: each[:, None]), again.map(lambda each: each.view(bins, n - 1))


def _quantities(found: Relaxations) -> dict[str, Tensor]:
    """Return what is fitted by name; of the time its logarithm, whose errors are the more symmetric."""
    return {
        "tau": found.time.log(),
        "contrast": found.contrast,
        "baseline": found.baseline,
        "stretch": found.stretch,
    }


def _weights(sigma: Tensor, known: Tensor) -> Tensor:
    """Return inverse variances, relative to a bin's largest; of sigmas from few groups none may outweigh all."""
    floor = 0.1 * torch.where(known, sigma, torch.nan).nanmedian(1, keepdim=True).values
    relative = torch.where(floor > 0, floor / torch.maximum(sigma, floor), 1.0).square()
    return torch.where(known, relative, 0.0)


def _within(tau: Tensor, known: Tensor, time: Tensor) -> Tensor:
    first = torch.where(known, tau, torch.inf).amin(1)
    return (time >= first) & (time <= torch.where(known, tau, 0.0).amax(1))


def _flags(enough: bool, converged: bool, resolved: bool) -> Flags:
    if not enough:
        return Flags.INCOMPLETE
    return (Flags.NONE if converged else Flags.NOT_CONVERGED) | (Flags.NONE if resolved else Flags.UNRESOLVED)


def _where(enough: Tensor, found: dict[str, Tensor]) -> dict[str, FloatArray]:
    return {name: torch.where(enough, each, torch.nan).numpy() for name, each in found.items()}
