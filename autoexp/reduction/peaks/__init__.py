"""Peaks in curves."""

from autoexp.reduction.peaks.fit import Peaks, fit_peaks
from autoexp.reduction.peaks.reducer import CurvePeaks, PeakWindow

__all__ = ["CurvePeaks", "PeakWindow", "Peaks", "fit_peaks"]
