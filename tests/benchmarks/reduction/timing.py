"""How a reducer and a peer are timed in turn: a case, its clocks, and the machine's own floors."""

import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import torch

from autoexp.reduction import FrameMeta, FrameSpec
from autoexp.reduction.upload import Upload

Call = Callable[[], Any]


@dataclass(frozen=True)
class Case:
    """One reduction, here and elsewhere, on the same input.

    Parameters
    ----------
    name, peer_name
        As the table shows them.
    ours
        Does the work once, on the device.
    peer
        Sets the peer up, and returns what does the work once; raises `ImportError` where it is not installed.
    wanted
        How many times faster it shall be.
    bytes_read
        That must be read from memory at least.
    operations
        Multiplications and additions that must be done at least.
    """

    name: str
    peer_name: str
    ours: Call
    peer: Callable[[], Call]
    wanted: float
    bytes_read: int
    operations: float = 0.0


class Clock(Protocol):
    """Measures calls."""

    def seconds(self, call: Call) -> float:
        """Return how long one call takes."""


class CpuClock:
    """CPU time of this process."""

    def seconds(self, call: Call) -> float:
        """Return how long one call takes."""
        began = time.process_time()
        call()
        return time.process_time() - began


class DeviceClock:
    """Time between two events on a CUDA device, from the first that a call sends there to the last.

    Parameters
    ----------
    device
        As torch names it.
    """

    def __init__(self, device: str) -> None:
        self._device = torch.device(device)

    def seconds(self, call: Call) -> float:
        """Return how long one call takes."""
        with torch.cuda.device(self._device):
            torch.cuda.synchronize()
            begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            begin.record()
            call()
            end.record()
            end.synchronize()
            return begin.elapsed_time(end) * 1e-3


def clock_of(device: str) -> Clock:
    """Return what measures work on a device."""
    return DeviceClock(device) if torch.device(device).type == "cuda" else CpuClock()


def least(call: Call, budget: float, clock: Clock) -> float:
    """Return the least time of a call among as many as the budget of wall seconds allows, one at least."""
    call()
    best, until = clock.seconds(call), time.monotonic() + budget
    while time.monotonic() < until:
        best = min(best, clock.seconds(call))
    return best


@dataclass(frozen=True)
class Machine:
    """What a device can do at most.

    Parameters
    ----------
    name
        Of the device.
    bandwidth
        Bytes per second that are read from its memory, on a CPU by one thread.
    arithmetic
        Multiplications and additions per second of a float32 matrix product, on a CPU on one thread.
    link
        Bytes per second that come to it from pinned memory; None on a CPU.
    """

    name: str
    bandwidth: float
    arithmetic: float
    link: float | None

    @classmethod
    def of(cls, device: str, budget: float = 0.5) -> "Machine":
        """Measure a device for three times `budget` wall seconds."""
        clock, remote = clock_of(device), torch.device(device).type == "cuda"
        # larger than what caches hold, and than what a launch takes
        block = torch.ones(2**28 if remote else 2**25, device=device)
        bandwidth = block.numel() * 4 / least(block.sum, budget, clock)
        side = 4096 if remote else 512
        a, b = torch.ones((side, side), device=device), torch.ones((side, side), device=device)
        arithmetic = 2 * side**3 / least(lambda: a @ b, budget, clock)
        link = None
        if remote:
            host = torch.ones(2**26).pin_memory()
            link = host.numel() * 4 / least(lambda: host.to(device, non_blocking=True), budget, clock)
        return cls(device_name(device), bandwidth, arithmetic, link)

    def floor(self, case: Case) -> float:
        """Return the seconds that a case must take."""
        return max(case.bytes_read / self.bandwidth, case.operations / self.arithmetic)


def device_name(device: str) -> str:
    """Return what a device calls itself."""
    if torch.device(device).type == "cuda":
        return torch.cuda.get_device_name(device)
    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(names), platform.processor() or platform.machine())


def reduce_all(
    reducer: Any, frames: torch.Tensor, meta: FrameMeta | None = None, device: str = "cpu"
) -> Callable[[], Any]:
    """Return a call that takes a fresh state through a batch to its values.

    To a GPU the batch goes from pinned memory in two halves, the second of them while the first is reduced.
    """
    empty = reducer.init(FrameSpec((frames.shape[1], frames.shape[2]), device))
    remote = torch.device(device).type == "cuda"
    size = (len(frames) + 1) // 2 if remote else len(frames)
    batches = list(_batches(frames.pin_memory() if remote else frames, meta or FrameMeta(), size))
    upload = Upload(device)

    def run() -> Any:
        state = empty
        for batch, known in batches:
            state = reducer.update(state, upload(batch), known)
        return reducer.read(state)

    return run


def _batches(frames: torch.Tensor, meta: FrameMeta, size: int) -> Iterator[tuple[torch.Tensor, FrameMeta]]:
    for begin in range(0, len(frames), size):
        part = slice(begin, begin + size)
        coordinates = {name: each[part] for name, each in meta.coordinates.items()}
        yield frames[part], replace(meta, coordinates=coordinates)
