"""Frames from an HDF5 file that is still being written (single writer, multiple readers)."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autoexp.errors import MeasurementError, StreamEndError
from autoexp.streams.frames import StreamFrame

_INTERVAL = 0.005


class SwmrFrames:
    """A stream of the frames that a writer appends to a dataset of shape ``(frames, y, x)``.

    It waits for a file that is not there yet, begins with the dataset's first frame, and follows the writer by
    refreshing the dataset. The writer must use the latest file format and SWMR mode, as areaDetector's HDF5 plugin
    and DECTRIS's file writer can, and flush after each frame or chunk of frames.

    Parameters
    ----------
    path
        Of the file.
    dataset
        Of the frames in the file, such as ``"/entry/data/data"``.
    timestamps
        Dataset of the seconds since 1970 of each frame; it may be shorter than the frames.
    frames
        After how many frames the stream ends; None for never, because the file does not say.
    wait
        Waits for as many seconds as it is given.
    live
        Whether frames that come while nobody wants one are passed over.

    Raises
    ------
    MeasurementError
        If `frames` is below one.
    """

    def __init__(
        self,
        path: str | Path,
        dataset: str,
        *,
        timestamps: str | None = None,
        frames: int | None = None,
        wait: Callable[[float], object] = time.sleep,
        live: bool = False,
    ) -> None:
        if frames is not None and frames < 1:
            raise MeasurementError(f"a stream must have one frame or more, got {frames}")
        self.path, self.dataset, self.timestamps, self.frames, self.live = path, dataset, timestamps, frames, live
        self._wait = wait
        self._next = self._written = 0
        self._file: Any = None

    def open(self) -> None:
        """Begin with the first frame."""
        self._next = self._written = 0

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Shape of a frame; None while the file or the dataset is not there."""
        file = _opened(self.path)
        if file is None:
            return None
        with file:
            return tuple(file[self.dataset].shape[1:]) if self.dataset in file else None

    def take(self, timeout: float) -> StreamFrame | None:
        """Return the next frame; None if none is written within `timeout` seconds.

        Raises
        ------
        StreamEndError
            If it had all its frames.
        """
        if self._next == self.frames:
            raise StreamEndError(f"a stream must have a next frame to take, got all {self.frames} of {self.path}")
        for attempt in range(max(1, math.ceil(timeout / _INTERVAL)) + 1):
            if attempt:
                self._wait(_INTERVAL)
            frame = self._read()
            if frame is not None:
                self._next += 1
                return frame
        return None

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _read(self) -> StreamFrame | None:
        """Return the next frame if it is there."""
        if self._next >= self._written and not self._refreshed():
            return None
        stamps = self._file[self.timestamps] if self.timestamps and self.timestamps in self._file else ()
        stamp = float(stamps[self._next]) if self._next < len(stamps) else math.nan
        return StreamFrame(self._file[self.dataset][self._next], self._next, stamp)

    def _refreshed(self) -> bool:
        """Look how far the writer is, and return whether the next frame is there."""
        if self._file is None:
            self._file = _opened(self.path)
        if self._file is None:
            return False
        if self.dataset not in self._file:
            self.close()
            return False
        for name in (self.dataset, self.timestamps):
            if name is not None and name in self._file:
                self._file[name].id.refresh()
        self._written = len(self._file[self.dataset])
        return self._next < self._written


def _opened(path: str | Path) -> Any:
    """Return the file; None where it cannot be opened, as while it is only being made."""
    import h5py

    try:
        return h5py.File(path, "r", libver="latest", swmr=True)
    except OSError:
        return None
