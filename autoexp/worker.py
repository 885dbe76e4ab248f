"""One thread beside the RunEngine's, on which an agent thinks."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Worker:
    """Runs calls one after another on a thread that exists only while it is needed."""

    def __init__(self, name: str = "autoexp-agent") -> None:
        self._name = name
        self._pool: ThreadPoolExecutor | None = None

    def submit(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> "Future[R]":
        """Queue a call behind those already queued."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=self._name)
        return self._pool.submit(call, *args, **kwargs)

    def close(self, *, wait: bool = True) -> None:
        """Give up what has not begun, and end the thread.

        Parameters
        ----------
        wait
            Whether to return only when the call in flight is done.
        """
        if self._pool is not None:
            self._pool.shutdown(wait=wait, cancel_futures=True)
            self._pool = None
