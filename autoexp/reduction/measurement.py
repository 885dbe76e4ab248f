"""One reading of a reduced detector: expose, fetch, reduce, on the right threads."""

import asyncio
import inspect
import time
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from autoexp.errors import MeasurementError
from autoexp.protocols import Reducer
from autoexp.reduction.records import FrameMeta, FrameSpec, Reduced
from autoexp.reduction.sources import FrameSource, as_batch
from autoexp.reduction.upload import Upload
from autoexp.worker import Worker


class FutureStatus:
    """A Bluesky Status over a future."""

    def __init__(self, future: "Future[None]") -> None:
        self._future = future

    def add_callback(self, callback: "Callable[[FutureStatus], None]") -> None:
        """Call `callback` with this status when it is done, or now if it is."""
        self._future.add_done_callback(lambda _: callback(self))

    def exception(self, timeout: float | None = 0.0) -> BaseException | None:
        """Return why it failed; None where it did not."""
        return self._future.exception(timeout)

    def wait(self, timeout: float | None = None) -> None:
        """Block until it is done, and raise what it failed with."""
        self._future.result(timeout)

    @property
    def done(self) -> bool:
        """Whether it succeeded or failed."""
        return self._future.done()

    @property
    def success(self) -> bool:
        """Whether it is done and did not fail."""
        return self._future.done() and self._future.exception() is None


@dataclass(slots=True)
class Memory:
    """What measurements that follow each other remember; only the worker looks at it or changes it.

    Parameters
    ----------
    state
        The reducer's, after every frame that was reduced; None before the first. Whether the measurement of that
        frame then succeeded does not matter: an earlier state is used up.
    """

    state: Any = None


class Measurement:
    """Exposes `frames` times and reduces each exposure on the worker before the next.

    The detector is triggered, and coroutines run, on the loop on which `start` was called; nothing
    blocks that loop. The worker only waits for frames.

    Parameters
    ----------
    detector
        Triggered for every exposure, if it can be.
    source
        Fetches the frame of the latest exposure.
    reducer
        What reduces.
    upload
        Takes frames to where that is done.
    meta
        Called for what is known of each exposure.
    worker
        The thread to reduce on.
    frames
        How many exposures.
    memory
        What to go on from. A frame that was reduced stays in it, even if a later one of the same measurement fails;
        a frame that fails to be reduced leaves it as it was.
    """

    def __init__(
        self,
        detector: Any,
        source: FrameSource,
        reducer: Reducer[Any],
        upload: Upload,
        meta: Callable[[], FrameMeta],
        worker: Worker,
        frames: int,
        memory: Memory,
    ) -> None:
        self._detector = detector
        self._source = source
        self._reducer = reducer
        self._upload = upload
        self._meta = meta
        self._worker = worker
        self._left = frames
        self._memory = memory
        self._loop: asyncio.AbstractEventLoop | None = None
        self._fetching: Future[Any] | None = None
        self._future: Future[None] = Future()
        self.values: Mapping[str, Reduced] | None = None
        self.timestamp = 0.0

    def start(self) -> FutureStatus:
        """Begin; the status is done when `values` are there."""
        with suppress(RuntimeError):
            self._loop = asyncio.get_running_loop()
        self._expose()
        return FutureStatus(self._future)

    def give_up(self) -> None:
        """End without values; the status is done, so that nobody waits for what nobody wants."""
        self._settle(None)
        if self._fetching is not None:
            self._fetching.cancel()

    def _settle(self, error: BaseException | None) -> None:
        with suppress(InvalidStateError):
            if error is None:
                self._future.set_result(None)
            else:
                self._future.set_exception(error)

    def _expose(self) -> None:
        if self._future.done():
            return
        try:
            if hasattr(self._detector, "trigger"):
                self._detector.trigger().add_callback(self._exposed)
            else:
                self._worker.submit(self._absorb)
        except Exception as error:
            self._settle(error)

    def _exposed(self, status: Any) -> None:
        if self._future.done():
            return
        if status.success:
            self._worker.submit(self._absorb)
        else:
            self._settle(status.exception(0.0) or MeasurementError(f"{self._detector.name!r} failed: {status!r}"))

    def _absorb(self) -> None:
        """Reduce one exposure and begin the next; on the worker."""
        if self._future.done():
            return
        try:
            self._reduce(self._fetch())
        except (Exception, CancelledError) as error:
            self._settle(error)
            return
        if self._left == 0:
            self._settle(None)
        elif self._loop is None:
            self._expose()
        else:
            self._loop.call_soon_threadsafe(self._expose)

    def _fetch(self) -> Any:
        found = self._source()
        if not inspect.isawaitable(found):
            return found
        if self._loop is None:
            _close(found)
            raise MeasurementError(
                f"an async detector needs a RunEngine, got a trigger of {self._detector.name!r} alone"
            )
        self._fetching = asyncio.run_coroutine_threadsafe(_result_of(found), self._loop)
        if self._future.done():
            self._fetching.cancel()
        return self._fetching.result()

    def _reduce(self, frame: Any) -> None:
        batch = self._upload(as_batch(frame))
        state, meta = self._memory.state, self._meta()
        if state is None:
            state = self._reducer.init(FrameSpec((batch.shape[1], batch.shape[2]), self._upload.device))
        self._memory.state = self._reducer.update(state, batch, meta)
        self._left -= 1
        if self._left == 0:
            self.values = self._reducer.read(self._memory.state)
            self.timestamp = time.time()


async def _result_of(found: Any) -> Any:
    return await found


def _close(found: Any) -> None:
    if inspect.iscoroutine(found):
        found.close()
