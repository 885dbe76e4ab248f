"""Frames on their way to a GPU: from pinned memory, beside the work on those before them."""

from collections import deque
from typing import Protocol

import torch
from torch import Tensor


class Mark(Protocol):
    """A place in the work of a device, such as `torch.cuda.Event`."""

    def synchronize(self) -> None:
        """Wait until the device has come to it."""


class Lead:
    """Lets the host run ahead of a device by so many batches, and no more.

    Parameters
    ----------
    batches
        How many.
    """

    def __init__(self, batches: int) -> None:
        self._batches = batches
        self._marks: deque[Mark] = deque()

    def take(self, mark: Mark) -> None:
        """Go on from a mark; waits for the device where the host is too far ahead."""
        self._marks.append(mark)
        if len(self._marks) > self._batches:
            self._marks.popleft().synchronize()


class Upload:
    """Takes batches to where they are reduced.

    To a CUDA device they go from pinned memory on a stream of their own, so that one batch is copied while the
    device still works on the one before; whatever is put on the current stream afterwards waits for the copy. The
    host waits only where it is more than `ahead` batches before the device, so that neither memory fills up.

    Parameters
    ----------
    device
        As torch names it; on ``"cpu"`` batches are handed through.
    ahead
        How many batches may be under way.
    """

    def __init__(self, device: str = "cpu", *, ahead: int = 2) -> None:
        self.device = device
        self._lead = Lead(ahead)
        self._beside: torch.cuda.Stream | None = None

    def __call__(self, batch: Tensor) -> Tensor:
        """Return a batch on the device."""
        if torch.device(self.device).type != "cuda":
            return batch.to(self.device)
        if self._beside is None:
            self._beside = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]
        work = torch.cuda.current_stream(self.device)
        self._lead.take(work.record_event())
        with torch.cuda.stream(self._beside):
            there = batch.pin_memory().to(self.device, non_blocking=True)
        work.wait_stream(self._beside)
        # its memory was taken on the other stream, and must outlast the work on this one
        there.record_stream(work)
        return there
