"""Bad habits of motors."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from autoexp_simulators.faults import rules
from autoexp_simulators.faults.hooks import Kind, Move, Record


@dataclass(frozen=True, slots=True)
class Backlash:
    """Play in a gear: the load stays where it is until the gap is taken up.

    The play operator of M. Brokate and J. Sprekels, Hysteresis and Phase Transitions (1996), section 2.1.

    Parameters
    ----------
    gap
        Full width of the play, in the motor's unit.
    device
        Which motor; None for all.

    Raises
    ------
    AutoexpError
        If `gap` is negative or not finite.
    """

    gap: float
    device: str | None = None
    acts_on: ClassVar[Kind] = "motor"

    def __post_init__(self) -> None:
        rules.not_negative(self, "gap")

    def begin(self, generator: np.random.Generator, record: Record) -> "_Plays":
        """Return the habit."""
        return _Plays(((1.0, self.gap / 2.0),), record)


@dataclass(frozen=True, slots=True)
class Hysteresis:
    """A piezo's memory: a share of each move lags behind, differently on the ways up and down.

    A Prandtl-Ishlinskii sum of play operators; K. Kuhnen, Eur. J. Control 9, 407 (2003).

    Parameters
    ----------
    share
        Of the motion that lags, 0 to 1.
    reach
        Travel after which the lag is complete, in the motor's unit.
    device
        Which motor; None for all.
    plays
        Number of operators in the sum.

    Raises
    ------
    AutoexpError
        If `share` is not from 0 to 1, `reach` negative or not finite, or `plays` no whole number of 1 or more.
    """

    share: float
    reach: float
    device: str | None = None
    plays: int = 5
    acts_on: ClassVar[Kind] = "motor"

    def __post_init__(self) -> None:
        rules.share(self, "share")
        rules.not_negative(self, "reach")
        rules.whole(self, 1, "plays")

    def begin(self, generator: np.random.Generator, record: Record) -> "_Plays":
        """Return the habit."""
        halves = [self.reach / 2.0 * (number + 1) / self.plays for number in range(self.plays)]
        return _Plays(tuple((self.share / self.plays, half) for half in halves), record)


class _Plays:
    def __init__(self, parts: tuple[tuple[float, float], ...], record: Record) -> None:
        self._parts, self._record = parts, record
        self._loads: list[float] | None = None

    def arrive(self, move: Move) -> float:
        if self._loads is None:
            self._loads = [move.start] * len(self._parts)
        halves = [half for _, half in self._parts]
        pairs = zip(self._loads, halves, strict=True)
        self._loads = [min(max(load, move.target - half), move.target + half) for load, half in pairs]
        missed = sum(weight * (load - move.target) for (weight, _), load in zip(self._parts, self._loads, strict=True))
        if missed:
            self._record(move.ended, f"stands {missed:+.4g} beside {move.target:.6g}")
        return missed


@dataclass(frozen=True, slots=True)
class ReadbackOffset:
    """An encoder whose zero is off.

    Parameters
    ----------
    offset
        Read-back minus true position, in the motor's unit.
    device
        Which motor; None for all.

    Raises
    ------
    AutoexpError
        If `offset` is not finite.
    """

    offset: float
    device: str | None = None
    acts_on: ClassVar[Kind] = "motor"

    def __post_init__(self) -> None:
        rules.finite(self, "offset")

    def begin(self, generator: np.random.Generator, record: Record) -> "_Offset":
        """Return the habit."""
        return _Offset(self.offset, _Note(record))


class _Offset:
    def __init__(self, offset: float, note: "_Note") -> None:
        self._offset, self._note = offset, note

    def misread(self, move: Move, now: float) -> float:
        self._note(move, now, f"reads {self._offset:+.4g} off")
        return self._offset


@dataclass(frozen=True, slots=True)
class ReadbackLag:
    """An encoder that is filtered: it still catches up after the motor says done.

    A first-order low-pass behind a ramp of velocity ``v`` that lasted ``T`` is
    ``v tau (1 - exp(-T / tau))`` behind at its end, and that much times ``exp(-t / tau)`` later.

    Parameters
    ----------
    tau
        The filter's time constant in seconds.
    device
        Which motor; None for all.

    Raises
    ------
    AutoexpError
        If `tau` is not positive and finite.
    """

    tau: float
    device: str | None = None
    acts_on: ClassVar[Kind] = "motor"

    def __post_init__(self) -> None:
        rules.positive(self, "tau")

    def begin(self, generator: np.random.Generator, record: Record) -> "_Lag":
        """Return the habit."""
        return _Lag(self.tau, _Note(record))


class _Lag:
    def __init__(self, tau: float, note: "_Note") -> None:
        self._tau, self._note = tau, note

    def misread(self, move: Move, now: float) -> float:
        distance = move.target - move.start
        lasted = abs(distance) / move.velocity
        behind = math.copysign(move.velocity * self._tau * -math.expm1(-lasted / self._tau), distance)
        wrong = -behind * math.exp(-max(0.0, now - move.ended) / self._tau)
        if wrong:
            self._note(move, now, f"reads {wrong:+.4g} off, {now - move.ended:.3g} s after done")
        return wrong


@dataclass(frozen=True, slots=True)
class SettlingDrift:
    """A stage that creeps to its place after done, by a share of the move, exponentially.

    Parameters
    ----------
    share
        Of the move that is missing when the motor says done, 0 to 1.
    tau
        Time constant in seconds.
    device
        Which motor; None for all.

    Raises
    ------
    AutoexpError
        If `share` is not from 0 to 1, or `tau` not positive and finite.
    """

    share: float
    tau: float
    device: str | None = None
    acts_on: ClassVar[Kind] = "motor"

    def __post_init__(self) -> None:
        rules.share(self, "share")
        rules.positive(self, "tau")

    def begin(self, generator: np.random.Generator, record: Record) -> "_Creep":
        """Return the habit."""
        return _Creep(self, _Note(record))


class _Creep:
    def __init__(self, settings: SettlingDrift, note: "_Note") -> None:
        self._settings, self._note = settings, note

    def wander(self, move: Move, now: float) -> float:
        missing = self._settings.share * (move.start - move.target)
        missing *= math.exp(-max(0.0, now - move.ended) / self._settings.tau)
        if missing:
            self._note(move, now, f"{missing:+.4g} from where it will settle")
        return missing


@dataclass(frozen=True, slots=True)
class Vibration:
    """A stage that shakes at one frequency.

    Parameters
    ----------
    amplitude
        In the motor's unit.
    frequency
        In hertz of beamline time.
    device
        Which motor; None for all.

    Raises
    ------
    AutoexpError
        If `amplitude` is negative or `frequency` not positive, or one of them not finite.
    """

    amplitude: float
    frequency: float
    device: str | None = None
    acts_on: ClassVar[Kind] = "motor"

    def __post_init__(self) -> None:
        rules.not_negative(self, "amplitude")
        rules.positive(self, "frequency")

    def begin(self, generator: np.random.Generator, record: Record) -> "_Shake":
        """Return the habit."""
        return _Shake(self, float(generator.uniform(0.0, 2.0 * math.pi)), _Note(record))


class _Shake:
    def __init__(self, settings: Vibration, phase: float, note: "_Note") -> None:
        self._settings, self._phase, self._note = settings, phase, note

    def wander(self, move: Move, now: float) -> float:
        settings = self._settings
        off = settings.amplitude * math.sin(2.0 * math.pi * settings.frequency * now + self._phase)
        self._note(move, now, f"shakes by {settings.amplitude:.4g}")
        return off


class _Note:
    """Records what lasts once for each move."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._noted: Move | None = None

    def __call__(self, move: Move, now: float, detail: str) -> None:
        if move is not self._noted:
            self._noted = move
            self._record(now, detail)
