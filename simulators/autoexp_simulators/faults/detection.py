"""Bad habits of detectors."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from autoexp.errors import SimulatedFaultError
from autoexp_simulators.faults import rules
from autoexp_simulators.faults.hooks import Kind, Record


@dataclass(frozen=True, slots=True)
class BadPixels:
    """Pixels that always give the same value.

    Parameters
    ----------
    hot, dead
        Shares of the pixels.
    value
        Of hot pixels, in digital units, or the largest that a frame can store or `Saturation` lets through; dead
        ones give zero.
    device
        Which detector; None for all.

    Raises
    ------
    AutoexpError
        If the shares are not from 0 to 1, together too, or `value` is no whole number of 0 or more.
    """

    hot: float = 0.0
    dead: float = 0.0
    value: int = 50_000
    device: str | None = None
    acts_on: ClassVar[Kind] = "detector"

    def __post_init__(self) -> None:
        rules.share(self, "hot", "dead")
        together = f"hot={self.hot}, dead={self.dead}"
        rules.require(self, self.hot + self.dead <= 1.0, "hot and dead must be at most 1 together", together)
        rules.whole(self, 0, "value")

    def begin(self, generator: np.random.Generator, record: Record) -> "_Pixels":
        """Return the habit."""
        return _Pixels(self, generator, record)


class _Pixels:
    def __init__(self, settings: BadPixels, generator: np.random.Generator, record: Record) -> None:
        self._settings, self._generator, self._record = settings, generator, record
        self._chosen: tuple[Tensor, Tensor] | None = None

    def _choose(self, pixels: int, now: float) -> tuple[Tensor, Tensor]:
        order = torch.from_numpy(self._generator.permutation(pixels))
        hot = round(self._settings.hot * pixels)
        dead = min(round(self._settings.dead * pixels), pixels - hot)
        self._record(now, f"{hot} hot and {dead} dead pixels of {pixels}")
        return order[:hot], order[hot : hot + dead]

    def spoil(self, frames: Tensor, now: float) -> Tensor:
        if self._chosen is None:
            self._chosen = self._choose(frames[0].numel(), now)
        hot, dead = self._chosen
        flat = frames.flatten(1).to(torch.int64)
        flat[:, hot.to(flat.device)] = min(self._settings.value, torch.iinfo(frames.dtype).max)
        flat[:, dead.to(flat.device)] = 0
        return flat.reshape(frames.shape).to(frames.dtype)


@dataclass(frozen=True, slots=True)
class Saturation:
    """Pixels, hot ones too, that are not read beyond a level.

    Parameters
    ----------
    level
        In digital units.
    device
        Which detector; None for all.

    Raises
    ------
    AutoexpError
        If it is no whole number of 1 or more.
    """

    level: int
    device: str | None = None
    acts_on: ClassVar[Kind] = "detector"

    def __post_init__(self) -> None:
        rules.whole(self, 1, "level")

    def begin(self, generator: np.random.Generator, record: Record) -> "_Full":
        """Return the habit."""
        return _Full(self.level, record)


class _Full:
    def __init__(self, level: int, record: Record) -> None:
        self._level, self._record = level, record

    def clip(self, frames: Tensor, now: float) -> Tensor:
        values = frames.to(torch.int64)
        full = int((values >= self._level).sum())
        if full:
            self._record(now, f"{full} saturated pixels")
        return values.clamp_(max=self._level).to(frames.dtype)


@dataclass(frozen=True, slots=True)
class DroppedFrames:
    """Frames that never reach the driver: the one before stays in their place.

    Parameters
    ----------
    chance
        That a frame is dropped, 0 to 1.
    device
        Which detector; None for all.

    Raises
    ------
    AutoexpError
        If `chance` is not from 0 to 1.
    """

    chance: float
    device: str | None = None
    acts_on: ClassVar[Kind] = "detector"

    def __post_init__(self) -> None:
        rules.share(self, "chance")

    def begin(self, generator: np.random.Generator, record: Record) -> "_Dropping":
        """Return the habit."""
        return _Dropping(self.chance, generator, record)


class _Dropping:
    def __init__(self, chance: float, generator: np.random.Generator, record: Record) -> None:
        self._chance, self._generator, self._record = chance, generator, record
        self._last: Tensor | None = None

    def drop(self, frames: Tensor, now: float) -> Tensor:
        kept = []
        for number, frame in enumerate(frames):
            if self._generator.random() < self._chance:
                self._record(now, f"frame {number} of {len(frames)} dropped")
                frame = torch.zeros_like(frame) if self._last is None else self._last
            self._last = frame
            kept.append(frame)
        return torch.stack(kept)


@dataclass(frozen=True, slots=True)
class LateTriggers:
    """Exposures that begin late, where triggers neither fail nor get lost.

    Parameters
    ----------
    delay
        Mean delay in seconds, exponentially distributed.
    chance
        That a trigger is late, 0 to 1.
    device
        Which detector; None for all.

    Raises
    ------
    AutoexpError
        If `delay` is negative or not finite, or `chance` not from 0 to 1.
    """

    delay: float
    chance: float = 1.0
    device: str | None = None
    acts_on: ClassVar[Kind] = "detector"

    def __post_init__(self) -> None:
        rules.not_negative(self, "delay")
        rules.share(self, "chance")

    def begin(self, generator: np.random.Generator, record: Record) -> "_Late":
        """Return the habit."""
        return _Late(self, generator, record)


class _Late:
    def __init__(self, settings: LateTriggers, generator: np.random.Generator, record: Record) -> None:
        self._settings, self._generator, self._record = settings, generator, record

    def delay(self, now: float) -> float:
        if self._generator.random() >= self._settings.chance:
            return 0.0
        delay = float(self._generator.exponential(self._settings.delay))
        self._record(now, f"trigger late by {delay:.3g} s")
        return delay


@dataclass(frozen=True, slots=True)
class FailedTriggers:
    """Triggers that raise.

    Parameters
    ----------
    chance
        That a trigger fails, 0 to 1.
    at
        Numbers of the triggers that fail for sure, from 0.
    device
        Which detector; None for all.

    Raises
    ------
    AutoexpError
        If `chance` is not from 0 to 1, or `at` has something else than whole numbers of 0 or more.
    """

    chance: float = 0.0
    at: tuple[int, ...] = ()
    device: str | None = None
    acts_on: ClassVar[Kind] = "detector"

    def __post_init__(self) -> None:
        rules.share(self, "chance")
        rules.counted(self, "at")

    def begin(self, generator: np.random.Generator, record: Record) -> "_Failing":
        """Return the habit."""
        return _Failing(self, generator, record)


class _Failing:
    def __init__(self, settings: FailedTriggers, generator: np.random.Generator, record: Record) -> None:
        self._settings, self._generator, self._record = settings, generator, record

    def fail(self, now: float, number: int) -> None:
        if _chosen(self._settings, self._generator, number):
            self._record(now, "trigger failed")
            raise SimulatedFaultError(f"a trigger was told to fail, {now:.3f} s into the beam time")


@dataclass(frozen=True, slots=True)
class LostTriggers:
    """Triggers that do not fail but never return, until somebody stops, unstages or triggers the detector again.

    Parameters
    ----------
    chance
        That a trigger is lost, 0 to 1.
    at
        Numbers of the triggers that are lost for sure, from 0.
    device
        Which detector; None for all.

    Raises
    ------
    AutoexpError
        If `chance` is not from 0 to 1, or `at` has something else than whole numbers of 0 or more.
    """

    chance: float = 0.0
    at: tuple[int, ...] = ()
    device: str | None = None
    acts_on: ClassVar[Kind] = "detector"

    def __post_init__(self) -> None:
        rules.share(self, "chance")
        rules.counted(self, "at")

    def begin(self, generator: np.random.Generator, record: Record) -> "_Losing":
        """Return the habit."""
        return _Losing(self, generator, record)


class _Losing:
    def __init__(self, settings: LostTriggers, generator: np.random.Generator, record: Record) -> None:
        self._settings, self._generator, self._record = settings, generator, record

    def lose(self, now: float, number: int) -> bool:
        lost = _chosen(self._settings, self._generator, number)
        if lost:
            self._record(now, "trigger never returns")
        return lost


def _chosen(settings: FailedTriggers | LostTriggers, generator: np.random.Generator, number: int) -> bool:
    return bool(generator.random() < settings.chance) or number in settings.at
