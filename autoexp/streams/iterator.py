"""Frames from anything that can be iterated over: a stored stack, a generator."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from autoexp.errors import StreamEndError
from autoexp.streams.frames import StreamFrame


class IteratedFrames:
    """A stream over frames in this process; opened again, it begins anew where the iterable can.

    Parameters
    ----------
    frames
        Arrays of shape ``(y, x)``, which are numbered from 0, or `StreamFrame` records, which stay as they are.
    clock
        Gives arrays their timestamp.
    live
        Whether frames come although nobody wants one, as where the iterable exposes a detector.
    """

    def __init__(
        self,
        frames: Iterable[ArrayLike | StreamFrame],
        clock: Callable[[], float] = time.time,
        *,
        live: bool = False,
    ) -> None:
        self.live = live
        self._frames = frames
        self._clock = clock
        self._rest: Iterator[tuple[int, ArrayLike | StreamFrame]] = iter(())

    def open(self) -> None:
        """Begin."""
        self._rest = enumerate(self._frames)

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Shape of the first frame of a sequence or an array; a generator's is not known."""
        if not isinstance(self._frames, Sequence | np.ndarray) or len(self._frames) == 0:
            return None
        first = self._frames[0]
        return np.shape(first.values if isinstance(first, StreamFrame) else first)

    def take(self, timeout: float) -> StreamFrame | None:
        """Return the next frame, whatever time it takes.

        Raises
        ------
        StreamEndError
            If there is no next one.
        """
        try:
            number, frame = next(self._rest)
        except StopIteration:
            raise StreamEndError("a stream must have a next frame to take, got the end of the iterable") from None
        return frame if isinstance(frame, StreamFrame) else StreamFrame(np.asarray(frame), number, self._clock())

    def close(self) -> None:
        """Forget the rest."""
        self._rest = iter(())
