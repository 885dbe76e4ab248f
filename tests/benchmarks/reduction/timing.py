"""How a reducer and a peer are timed in turn: a case, its clocks, and the machine's own floors."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from autoexp.reduction import FrameMeta, FrameSpec


@dataclass(frozen=True)
class Case:
    """One reduction, here and elsewhere, on the same input.

    Parameters
    ----------
    name, peer_name
        As the table shows them.
    ours, peer
        Do the work once.
    wanted
        How many times faster it shall be.
    bytes_read
        That must be read from memory at least.
    operations
        Multiplications and additions that must be done at least.
    """

    name: str
    peer_name: str
    ours: Callable[[], Any]
    peer: Callable[[], Any]
    wanted: float
    bytes_read: int
    operations: float = 0.0


def cpu_seconds(call: Callable[[], Any], budget: float) -> float:
    """Return the least CPU time of a call among as many as the budget of wall seconds allows."""
    call()
    best, until = float("inf"), time.monotonic() + budget
    while time.monotonic() < until:
        began = time.process_time()
        call()
        best = min(best, time.process_time() - began)
    return best


def bandwidth() -> float:
    """Return bytes per second at which one thread reads memory."""
    block = torch.ones(32 * 2**20)
    return block.numel() * 4 / cpu_seconds(block.sum, 0.5)


def arithmetic() -> float:
    """Return multiplications and additions per second of a float32 matrix product on one thread."""
    a, b = torch.ones(512, 512), torch.ones(512, 512)
    return 2 * 512**3 / cpu_seconds(lambda: a @ b, 0.5)


def reduce_all(reducer: Any, frames: torch.Tensor, meta: FrameMeta | None = None) -> Callable[[], Any]:
    """Return a call that takes a fresh state through a batch to its values."""
    spec = FrameSpec((frames.shape[1], frames.shape[2]))
    empty = reducer.init(spec)
    known = FrameMeta() if meta is None else meta
    return lambda: reducer.read(reducer.update(empty, frames, known))
