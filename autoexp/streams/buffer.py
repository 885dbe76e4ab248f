"""The bounded queue between a stream and its reducer, which keeps the balance of frames."""

import math
import threading
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from autoexp.errors import MeasurementError, ReductionError, StreamEndError, StreamWarning
from autoexp.streams.counters import Latencies, StreamCounters
from autoexp.streams.frames import StreamFrame

Policy = Literal["block", "drop_oldest"]
"""What gives way when there is no room: the source, or the frame that waited longest."""

_WARN_AT = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """A frame that waits.

    Parameters
    ----------
    frame
        What arrived.
    time
        When, by the buffer's clock.
    after_gap
        Whether frames were lost just before it.
    """

    frame: StreamFrame
    time: float
    after_gap: bool = False


@dataclass(frozen=True, slots=True)
class Absorbed:
    """What became of a batch: how many frames entered a reading, how many were not wanted, how many came too late."""

    reduced: int = 0
    skipped: int = 0
    dropped: int = 0


class FrameBuffer:
    """Holds frames from a reader's thread until a worker's thread takes them, batch by batch.

    Frames are let in only while somebody wants them: `want` opens the gate for a number of frames, and whatever
    comes before is counted as skipped.

    Parameters
    ----------
    room
        Number of frames that may wait, beside the batch that is being reduced and one in the reader's hand.
    policy
        What gives way when there is no room.
    clock
        Seconds, for latencies and patience.
    warns
        Whether a growing queue is worth a warning; it is not where the source waits to be read.

    Raises
    ------
    ReductionError
        If there is room for no frame, or the policy is unknown.
    """

    def __init__(self, room: int, policy: Policy, clock: Callable[[], float], *, warns: bool = True) -> None:
        if room < 1:
            raise ReductionError(f"room must be one frame or more, got {room}")
        if policy not in ("block", "drop_oldest"):
            raise ReductionError(f"policy must be 'block' or 'drop_oldest', got {policy!r}")
        self._room, self._policy, self._clock, self._warns = room, policy, clock, warns
        self._changed = threading.Condition()
        self._queue: deque[Arrival] = deque()
        self._in_hand: list[Arrival] = []
        self._blocked = 0
        self._counts = StreamCounters()
        self._latencies = Latencies()
        self._wanted: float = 0
        self._asked: float = 0
        self._turn = self._accepted = 0
        self._patience, self._since = math.inf, 0.0
        self._last_number: int | None = None
        self._gap = self._warned = self._shut = False
        self._error: BaseException | None = None

    @property
    def counters(self) -> StreamCounters:
        """The balance, now."""
        with self._changed:
            return self._balance()

    @property
    def shut(self) -> bool:
        """Whether no frame is let in ever again."""
        return self._shut

    def want(self, frames: float, patience: float = math.inf) -> int:
        """Open the gate for a number of frames, and drop what waits for an earlier reading.

        Parameters
        ----------
        frames
            How many; infinite for all that come.
        patience
            Seconds within which each must arrive.

        Returns
        -------
            The turn to take them by.
        """
        with self._changed:
            self._drop_all()
            self._wanted = self._asked = frames
            self._patience, self._since = patience, self._clock()
            self._gap, self._accepted = False, 0
            if isinstance(self._error, _ImpatienceError):
                self._error = None
            self._turn += 1
            self._changed.notify_all()
            return self._turn

    def enough(self) -> None:
        """Close the gate; what waits is still taken."""
        with self._changed:
            self._wanted = 0
            self._changed.notify_all()

    def abandon(self) -> None:
        """Close the gate and drop what waits."""
        with self._changed:
            self._drop_all()
            self._turn += 1
            self._changed.notify_all()

    def shut_down(self) -> None:
        """Abandon, and let in no frame ever again."""
        self._shut = True
        self.abandon()

    def wait_until_wanted(self) -> None:
        """Block until a frame is wanted, or never will be; on the reader's thread."""
        with self._changed:
            self._changed.wait_for(lambda: self._wanted > 0 or self._shut)

    def put(self, frame: StreamFrame) -> None:
        """Let a frame in, or say why not; on the reader's thread.

        Warns
        -----
        StreamWarning
            When half of the room is taken, once until most of it is free again.
        """
        with self._changed:
            self._arrive(frame)
            waiting = len(self._queue)
            full = waiting >= _WARN_AT * self._room
            warn, self._warned = (
                full and not self._warned,
                (self._warned and waiting > _WARN_AT * self._room / 2) or full,
            )
            self._changed.notify_all()
        if warn and self._warns:
            size = waiting * frame.values.nbytes / 2**20
            warnings.warn(
                f"frames come faster than they are reduced: {waiting} of at most {self._room} wait, {size:.0f} MiB",
                StreamWarning,
                stacklevel=2,
            )

    def nothing_came(self) -> None:
        """Note that the source is silent; fail the reading when patience is over."""
        with self._changed:
            silence = self._clock() - self._since
            if self._wanted > 0 and not self._queue and silence > self._patience:
                self._error = _ImpatienceError(
                    f"a frame must come within {self._patience:g} s, got none in {silence:g} s"
                )
                self._changed.notify_all()

    def end(self, error: BaseException) -> None:
        """Note why no more frames will come."""
        with self._changed:
            self._error = error
            self._changed.notify_all()

    def take(self, turn: int, most: int) -> Sequence[Arrival]:
        """Return up to `most` frames as soon as there is one; none when the reading of this turn is complete."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or turn != self._turn or self._wanted <= 0 or self._error)
            if turn != self._turn:
                return ()
            self._in_hand = [self._queue.popleft() for _ in range(min(most, len(self._queue)))]
            self._changed.notify_all()
            return tuple(self._in_hand)

    def settle(self, absorbed: Absorbed) -> None:
        """Note what became of the frames taken last."""
        with self._changed:
            now = self._clock()
            if absorbed.reduced:
                for arrival in self._in_hand:
                    self._latencies.add(now - arrival.time)
            self._count(reduced=absorbed.reduced, skipped=absorbed.skipped, dropped=absorbed.dropped)
            self._in_hand = []

    def verdict(self, turn: int) -> BaseException | None:
        """Return why a reading is not what was asked for; None where it is."""
        with self._changed:
            if turn != self._turn or self._wanted <= 0 or self._error is None:
                return None
            if not isinstance(self._error, StreamEndError):
                return self._error
            if math.isinf(self._wanted):
                return None
            came = self._asked - self._wanted
            return StreamEndError(f"a reading must have {self._asked:g} frames, got {came:g} before the stream ended")

    def _arrive(self, frame: StreamFrame) -> None:
        """Count a frame and queue it, drop another for it, or wait for room."""
        now = self._since = self._clock()
        self._count(seen=1, missed=self._missed_before(frame.number))
        turn = self._turn
        if self._policy == "block":
            self._wait_for_room(turn)
        if turn != self._turn:
            return self._count(dropped=1)
        if self._wanted <= 0:
            return self._count(skipped=1)
        if len(self._queue) >= self._room:
            self._drop_oldest()
        self._queue.append(Arrival(frame, now, self._gap))
        self._gap = False
        self._wanted -= 1
        self._accepted += 1
        return self._count(high_water=max(0, self._waiting() - self._counts.high_water))

    def _wait_for_room(self, turn: int) -> None:
        self._blocked = 1
        self._changed.wait_for(lambda: len(self._queue) < self._room or turn != self._turn or self._wanted <= 0)
        self._blocked = 0

    def _missed_before(self, number: int) -> int:
        missed = 0 if self._last_number is None else max(0, number - self._last_number - 1)
        self._last_number = number
        self._gap = self._gap or (missed > 0 and self._accepted > 0)
        return missed

    def _drop_oldest(self) -> None:
        self._queue.popleft()
        self._count(dropped=1)
        self._wanted += 1
        if self._queue:
            self._queue[0] = replace(self._queue[0], after_gap=True)
        else:
            self._gap = True

    def _drop_all(self) -> None:
        self._count(dropped=len(self._queue))
        self._queue.clear()
        self._wanted = 0

    def _count(self, **more: int) -> None:
        counts = {name: getattr(self._counts, name) + number for name, number in more.items()}
        self._counts = replace(self._counts, **counts)

    def _balance(self) -> StreamCounters:
        median, late = self._latencies.percentiles()
        return replace(self._counts, waiting=self._waiting(), latency_p50=median, latency_p99=late)

    def _waiting(self) -> int:
        return len(self._queue) + len(self._in_hand) + self._blocked


class _ImpatienceError(MeasurementError):
    """A frame that did not come in time; the next reading has its own patience."""
