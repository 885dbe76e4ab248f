"""Frames that arrive by themselves: sources, a bounded queue with counters, reductions of what arrives."""

from autoexp.streams.accumulator import Accumulator, Beginning
from autoexp.streams.counters import StreamCounters
from autoexp.streams.frames import FrameStream, StreamFrame
from autoexp.streams.iterator import IteratedFrames
from autoexp.streams.reading import WholeReading
from autoexp.streams.reduction import StreamReduction

__all__ = [
    "Accumulator",
    "Beginning",
    "FrameStream",
    "IteratedFrames",
    "StreamCounters",
    "StreamFrame",
    "StreamReduction",
    "WholeReading",
]
