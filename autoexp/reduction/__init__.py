"""Reducers: frames in, numbers with uncertainties out."""

from autoexp.flags import Flags
from autoexp.reduction.absorption import Absorption
from autoexp.reduction.azimuthal import AzimuthalIntegration
from autoexp.reduction.bands import Band, BandIntensities
from autoexp.reduction.beam import BeamStatistics
from autoexp.reduction.chain import Chain, Stage, chain
from autoexp.reduction.corrections import Dark, DeadTime, Flat, Gain, Mask, Monitor
from autoexp.reduction.drift import Drift
from autoexp.reduction.fluorescence import EnergyCalibration, Fluorescence, Scattering
from autoexp.reduction.frames import lift
from autoexp.reduction.geometry import Poni
from autoexp.reduction.knife_edge import KnifeEdge
from autoexp.reduction.nonnegative import nonnegative_least_squares
from autoexp.reduction.peaks import CurvePeaks, PeakWindow
from autoexp.reduction.phases import Pattern, PhaseFractions
from autoexp.reduction.ptychography import FarField, ObjectGrid, Ptychography, RunningPtychography
from autoexp.reduction.quality import DataQuality
from autoexp.reduction.rates import PerSecond
from autoexp.reduction.records import SENTINELS, Axis, FrameMeta, Frames, FrameSpec, Reduced
from autoexp.reduction.rehearsal import rehearse
from autoexp.reduction.snip import snip
from autoexp.reduction.speckle import SpeckleContrast
from autoexp.reduction.spectra import Region, RegionSums, SpectrumFit
from autoexp.reduction.together import Latest, Together
from autoexp.reduction.tomography import Iterative, Tomography
from autoexp.reduction.xanes import References, Windows, Xanes
from autoexp.reduction.xpcs import MultiTau, RelaxationTime, TwoTime

__all__ = [
    "SENTINELS",
    "Absorption",
    "Axis",
    "AzimuthalIntegration",
    "Band",
    "BandIntensities",
    "BeamStatistics",
    "Chain",
    "CurvePeaks",
    "Dark",
    "DataQuality",
    "DeadTime",
    "Drift",
    "EnergyCalibration",
    "FarField",
    "Flags",
    "Flat",
    "Fluorescence",
    "FrameMeta",
    "FrameSpec",
    "Frames",
    "Gain",
    "Iterative",
    "KnifeEdge",
    "Latest",
    "Mask",
    "Monitor",
    "MultiTau",
    "ObjectGrid",
    "PeakWindow",
    "Pattern",
    "PerSecond",
    "PhaseFractions",
    "Poni",
    "Ptychography",
    "Reduced",
    "References",
    "Region",
    "RegionSums",
    "RelaxationTime",
    "RunningPtychography",
    "Scattering",
    "SpeckleContrast",
    "SpectrumFit",
    "Stage",
    "Together",
    "Tomography",
    "TwoTime",
    "Windows",
    "Xanes",
    "chain",
    "lift",
    "nonnegative_least_squares",
    "rehearse",
    "snip",
]
