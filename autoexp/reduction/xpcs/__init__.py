"""Photon correlation: how fast speckles change."""

from autoexp.reduction.xpcs.bins import Bins, LabelledBins, RadialBins
from autoexp.reduction.xpcs.correlator import Correlator
from autoexp.reduction.xpcs.lags import lag_steps
from autoexp.reduction.xpcs.multitau import MultiTau
from autoexp.reduction.xpcs.relaxation import RelaxationTime
from autoexp.reduction.xpcs.relaxation_fit import RelaxationModel, Relaxations
from autoexp.reduction.xpcs.twotime import TwoTime

__all__ = [
    "Bins",
    "Correlator",
    "LabelledBins",
    "MultiTau",
    "RadialBins",
    "RelaxationModel",
    "RelaxationTime",
    "Relaxations",
    "TwoTime",
    "lag_steps",
]
