"""Reducers: frames in, numbers with uncertainties out."""

from autoexp.flags import Flags
from autoexp.reduction.beam import BeamStatistics
from autoexp.reduction.chain import Chain, Stage, chain
from autoexp.reduction.corrections import Dark, DeadTime, Flat, Gain, Mask, Monitor
from autoexp.reduction.frames import lift
from autoexp.reduction.records import SENTINELS, Axis, FrameMeta, Frames, FrameSpec, Reduced
from autoexp.reduction.rehearsal import rehearse

__all__ = [
    "SENTINELS",
    "Axis",
    "BeamStatistics",
    "Chain",
    "Dark",
    "DeadTime",
    "Flags",
    "Flat",
    "FrameMeta",
    "FrameSpec",
    "Frames",
    "Gain",
    "Mask",
    "Monitor",
    "Reduced",
    "Stage",
    "chain",
    "lift",
    "rehearse",
]
