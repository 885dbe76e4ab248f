"""Words for plans that wait for something without holding up the RunEngine."""

import asyncio
import inspect
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
from bluesky.utils import Msg, all_safe_rewind, separate_devices, short_uid

T = TypeVar("T")
Plan = Generator[Msg, Any, T]

_WAITS = ("wait", "wait_for", "sleep")


def wait_for_future(future: "Future[T]") -> Plan[T]:
    """Wait for a future of another thread; the RunEngine stays free to pause, suspend and abort."""
    while not future.done():
        yield Msg("wait_for", None, [lambda: _done(future)])
    return future.result()


def _done(future: "Future[Any]") -> "asyncio.Future[None]":
    """Return what is done in the running loop as soon as `future` is, whatever came of it."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def tell() -> None:
        if not done.done():
            done.set_result(None)

    future.add_done_callback(lambda _: None if loop.is_closed() else loop.call_soon_threadsafe(tell))
    return done


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


def at_waits(plan: Plan[T], act: Callable[[], None]) -> Plan[T]:
    """Do `act` whenever `plan` waits, its devices being busy; at its end where it never waits."""
    acted = False

    def watch(message: Msg) -> Msg:
        nonlocal acted
        if message.command in _WAITS:
            acted = True
            act()
        return message

    result: T = yield from bpp.msg_mutator(plan, watch)
    if not acted:
        act()
    return result


def measure(detectors: Sequence[Any], step: Mapping[Any, Any], positions: dict[Any, Any]) -> Plan[None]:
    """Move to a point, trigger, read and save: the messages of `bluesky.plan_stubs.one_nd_step`.

    They are made here because every call of a stub takes down the stack, which costs several milliseconds a point.

    Parameters
    ----------
    detectors
        What to trigger and read; the movables are, too.
    step
        Device to position.
    positions
        Device to the position that it was last sent to; those sent now are entered.
    """
    yield Msg("checkpoint")
    group = short_uid("set")
    for movable, position in step.items():
        if position != positions[movable]:
            yield Msg("set", movable, position, group=group)
            positions[movable] = position
    yield Msg("wait", None, group=group)
    devices = separate_devices([*detectors, *step])
    yield from bpp.rewindable_wrapper(_trigger_and_read(devices), all_safe_rewind(devices))


def _trigger_and_read(devices: Sequence[Any]) -> Plan[None]:
    """Make one event of ``primary``; drop it where a device cannot be read."""
    group = short_uid("trigger")
    triggered = [device for device in devices if getattr(device, "trigger", None) is not None]
    for device in triggered:
        yield Msg("trigger", device, group=group)
    if triggered:
        yield Msg("wait", None, group=group)
    yield Msg("create", name="primary")
    try:
        for device in devices:
            yield Msg("read", device)
    except Exception:
        yield Msg("drop")
        raise
    yield Msg("save")
