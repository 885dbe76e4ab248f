"""Words for plans that wait for something without holding up the RunEngine."""

import asyncio
import inspect
from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Any, TypeVar

import bluesky.plan_stubs as bps
from bluesky.utils import Msg

T = TypeVar("T")
Plan = Generator[Msg, Any, T]


def wait_for_future(future: "Future[T]") -> Plan[T]:
    """Wait for a future of another thread; the RunEngine stays free to pause, suspend and abort."""
    while not future.done():
        yield Msg("wait_for", None, [lambda: _done(future)])
    return future.result()


async def _done(future: "Future[Any]") -> None:
    """Return when `future` is done, whatever came of it."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    future.add_done_callback(lambda _: None if loop.is_closed() else loop.call_soon_threadsafe(done.set))
    await done.wait()


def ask(call: Callable[[], Any]) -> Plan[Any]:
    """Return what a device's method returns, whether it is a coroutine (ophyd-async) or not (ophyd).

    Returns
    -------
        The answer; None for a coroutine where no RunEngine runs it.

    Raises
    ------
    Exception
        Whatever the method raises.
    """
    answer = call()
    if not inspect.isawaitable(answer):
        return answer
    if inspect.iscoroutine(answer):
        answer.close()
    answers: list[Any] = []

    async def fetch() -> None:
        answers.append(await _caught(call))

    yield from bps.wait_for([fetch])
    if not answers:
        return None
    if isinstance(answers[-1], Exception):
        raise answers[-1]
    return answers[-1]


async def _caught(call: Callable[[], Any]) -> Any:
    try:
        return await call()
    except Exception as error:
        return error
