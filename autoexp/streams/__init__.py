"""Frames that arrive by themselves: sources, a bounded queue with counters, reductions of what arrives."""

from autoexp.streams.accumulator import Accumulator, Beginning
from autoexp.streams.balance import CountersReading
from autoexp.streams.counters import StreamCounters
from autoexp.streams.detector import StreamDetector
from autoexp.streams.flight import BinnedReading, BinReading, Flight
from autoexp.streams.frames import FrameStream, KnowsShape, StreamFrame
from autoexp.streams.iterator import IteratedFrames
from autoexp.streams.positions import PositionedFrames
from autoexp.streams.pva import PvaFrames
from autoexp.streams.reading import WholeReading
from autoexp.streams.reduction import StreamReduction
from autoexp.streams.swmr import SwmrFrames
from autoexp.streams.zeromq import ZmqFrames

__all__ = [
    "Accumulator",
    "Beginning",
    "BinReading",
    "BinnedReading",
    "CountersReading",
    "Flight",
    "FrameStream",
    "IteratedFrames",
    "KnowsShape",
    "PositionedFrames",
    "PvaFrames",
    "StreamCounters",
    "StreamDetector",
    "StreamFrame",
    "StreamReduction",
    "SwmrFrames",
    "WholeReading",
    "ZmqFrames",
]
