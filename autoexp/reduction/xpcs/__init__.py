"""Photon correlation: how fast speckles change."""

from autoexp.reduction.xpcs.bins import Bins, LabelledBins, RadialBins
from autoexp.reduction.xpcs.lags import lag_steps

__all__ = ["Bins", "LabelledBins", "RadialBins", "lag_steps"]
