"""A fit on a thread of its own, whose result is taken up when it is there."""

import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

_PATIENCE = 0.1
_INSTANT = 1e-5

Found = TypeVar("Found")
"""What the work finds."""


class Refit(Generic[Found]):
    """At most one fit at a time, away from the thread that answers the beamline.

    The two threads share one interpreter, so the work steps aside between two of its steps while
    the beamline waits for an answer, for no longer than 0.1 s each time that it is asked to.
    """

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._result: Found | None = None
        self._error: BaseException | None = None
        self._free = threading.Event()
        self._free.set()
        self.seconds = 0.0

    def stand_aside(self) -> None:
        """Ask the work to pause, because an answer is due."""
        self._free.clear()

    def go_on(self) -> None:
        """Let the work go on."""
        self._free.set()

    def give_way(self) -> None:
        """Called by the work between its steps: wait while an answer is due, and let other threads go first.

        A thread that wakes up waits up to `sys.getswitchinterval` for the interpreter unless it is let go of.
        """
        time.sleep(_INSTANT)
        if not self._free.wait(_PATIENCE):
            self._free.set()

    @property
    def busy(self) -> bool:
        """Whether a fit is under way, or its result was not taken up."""
        return self._thread is not None

    def begin(self, work: Callable[..., Found], *arguments: Any) -> None:
        """Do `work` on a thread."""

        def run() -> None:
            began = time.perf_counter()
            try:
                self._result = work(*arguments)
            except BaseException as error:
                self._error = error
            self.seconds += time.perf_counter() - began

        self._thread = threading.Thread(target=run, name="autoexp-refit", daemon=True)
        self._thread.start()

    def take(self, fits: Callable[[Found], bool] = lambda _: True) -> Found | None:
        """Return the result, once, if there is one that `fits`.

        Raises
        ------
        BaseException
            What the work raised.
        """
        if self._thread is None or self._thread.is_alive():
            return None
        result, error = self._result, self._error
        if result is not None and not fits(result):
            return None
        self._thread = self._result = self._error = None
        if error is not None:
            raise error
        return result

    def wait(self) -> None:
        """Wait for the fit under way to end."""
        self.go_on()
        if self._thread is not None:
            self._thread.join()
