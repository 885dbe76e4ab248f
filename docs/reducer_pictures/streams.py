"""A burst of frames that come faster than they are reduced, through a bounded queue."""

import math
import warnings
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from autoexp.errors import StreamWarning
from autoexp.streams import StreamFrame
from autoexp.streams.buffer import Absorbed, FrameBuffer

_FRAME = np.zeros((4, 4), np.uint16)
_TAKES, _BATCH, _ROOM, _LASTS = 0.01, 8, 48, 4.0
_BURST = (0.5, 1.8)


def draw(path: Path) -> None:
    times, counters = _run()
    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name in ("seen", "reduced", "dropped", "waiting"):
        left.step(times, [getattr(each, name) for each in counters], where="post", label=name)
    left.axvspan(*_BURST, color="lightgrey", label="burst")
    left.set_xlabel("time / s")
    left.set_title("frames; seen = reduced + dropped + waiting")
    left.legend()
    right.plot(times, [1e3 * each.latency_p50 for each in counters], label="p50")
    right.plot(times, [1e3 * each.latency_p99 for each in counters], label="p99")
    right.axvspan(*_BURST, color="lightgrey")
    right.set_xlabel("time / s")
    right.set_title("latency / ms")
    right.legend()
    figure.savefig(path, dpi=110)


def _run() -> tuple[list[float], list]:
    """Step through the burst: 60 frames a second, 200 in it, and a reducer that takes 10 ms for each."""
    now, due, free, number = 0.0, 0.0, 0.0, 0
    buffer = FrameBuffer(_ROOM, "drop_oldest", lambda: now)
    turn, in_work, times, counters = buffer.want(math.inf), 0, [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StreamWarning)
        while now < _LASTS:
            if now >= due:
                buffer.put(StreamFrame(_FRAME, number))
                number, due = number + 1, due + (1 / 200 if _BURST[0] <= now < _BURST[1] else 1 / 60)
            if now >= free:
                if in_work:
                    buffer.settle(Absorbed(reduced=in_work))
                in_work = len(buffer.take(turn, _BATCH)) if buffer.counters.waiting else 0
                free = now + in_work * _TAKES
            times.append(now)
            counters.append(buffer.counters)
            now += 0.001
    return times, counters
