"""Peaks in curves."""

from autoexp.reduction.peaks.fit import Peaks, fit_peaks

__all__ = ["Peaks", "fit_peaks"]
