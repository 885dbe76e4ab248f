"""Photon correlation: how fast speckles change."""

from autoexp.reduction.xpcs.bins import Bins, LabelledBins, RadialBins
from autoexp.reduction.xpcs.correlator import Correlator
from autoexp.reduction.xpcs.lags import lag_steps
from autoexp.reduction.xpcs.multitau import MultiTau

__all__ = ["Bins", "Correlator", "LabelledBins", "MultiTau", "RadialBins", "lag_steps"]
