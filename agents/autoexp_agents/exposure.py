"""How long to count, point by point."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.optimize import nnls

from autoexp.dofs import Dof, FloatArray
from autoexp.errors import ObjectiveError, SpaceError
from autoexp.protocols import Agent, Answers, Reports
from autoexp.records import Estimate, Observation, Point, Status, Suggestion
from autoexp.space import Space
from autoexp_agents.wrapping import Build, Wrapper

if TYPE_CHECKING:
    import xarray as xr

_TRIED = 65
_FEWEST = 3
_SHORTEST = 1e-3


@dataclass(frozen=True, slots=True)
class Noise:
    """Variance of a value counted for one second, ``floor + slope * value``; it falls as one over the exposure.

    Parameters
    ----------
    floor
        In the field's unit squared, times a second.
    slope
        In the field's unit, times a second; 1 for counts per second by Poisson's law.
    """

    floor: float
    slope: float

    def __call__(self, value: float) -> float:
        """Return the variance at a value, in the field's unit squared."""
        return self.floor + self.slope * max(value, 0.0)


def learn_noise(values: FloatArray, sigmas: FloatArray, exposures: FloatArray) -> Noise:
    """Return the noise that told sigmas show, by non-negative least squares of the relative misfit.

    Parameters
    ----------
    values, sigmas
        In the field's unit, shape ``(n,)``; sigmas positive.
    exposures
        In seconds, shape ``(n,)``.
    """
    variance = np.square(sigmas) * exposures
    design = np.column_stack([np.ones(len(values)), np.maximum(values, 0.0)]) / variance[:, None]
    size = np.maximum(np.abs(design).max(axis=0), 1e-300)
    found, _ = nnls(design / size, np.ones(len(values)))
    floor, slope = found / size
    return Noise(float(floor), float(slope))


def best_exposure(sigma: float, noise: float, overhead: float, times: FloatArray) -> float:
    """Return the exposure that tells most per second.

    A value with variance ``noise / t`` tells ``log(1 + sigma**2 t / noise) / 2`` nats about a quantity that was known
    to `sigma` (C. E. Shannon, 1948), and takes ``overhead + t`` seconds.

    Parameters
    ----------
    sigma
        Standard deviation of what is known before, in the field's unit.
    noise
        Variance of a value counted for one second.
    overhead
        Seconds beside counting.
    times
        Exposures to choose from, in seconds.
    """
    rates = np.log1p(sigma**2 * times / max(noise, 1e-300)) / (overhead + times)
    return float(times[int(np.argmax(rates))])


class ExposureAgent(Wrapper):
    """Adds to an agent that chooses where to measure the choice how long.

    The exposure at each point tells most per second, counting travel and `overhead`: from the sigma
    that the agent inside predicts there, and from the noise to expect, which is learnt from the sigmas that
    came with the values so far as a function of value and exposure. So little time is spent where
    anything is news, and more where noise would hide what is still to learn. The values must not
    grow with the exposure: rates, not counts.

    Parameters
    ----------
    agent
        Chooses the place, in a Space without the exposure; see `without`.
    space
        The same Space with the exposure.
    exposure
        Name of the Dof that is the exposure, in seconds. No constraint may concern it.
    overhead
        Seconds that a point takes beside travel and exposure.
    precision
        Noise, as a standard deviation in the unit of the first objective's field, below which nobody wants to count on.

    Raises
    ------
    SpaceError
        If the agent's Space is not `space` without the exposure, or the exposure may be negative.
    ObjectiveError
        If `overhead` is negative or `precision` is not positive.
    """

    def __init__(
        self, agent: Agent, space: Space, exposure: str, *, overhead: float = 0.0, precision: float | None = None
    ) -> None:
        super().__init__(agent)
        inner = without(space, exposure)
        if agent.space.names != inner.names or agent.space.pool is not None:
            raise SpaceError(f"the agent must choose {inner!r}, got {agent.space!r}")
        self._dof = next(dof for dof in space.dofs if dof.name == exposure)
        if not 0 <= overhead < math.inf or (precision is not None and not precision > 0):
            raise ObjectiveError(
                f"overhead must not be negative and precision must be positive, got {overhead} and {precision}"
            )
        self._space, self._overhead, self._precision = space, overhead, precision
        self._times = _times(self._dof)
        self._rows: list[tuple[float, float, float]] = []
        self._at: Point | None = None
        if isinstance(agent, Answers):
            self.best = lambda: self._answer(agent.best())
        if isinstance(agent, Reports):
            self.report = lambda per_dof=25: self._counted(agent.report(per_dof))

    @property
    def space(self) -> Space:
        """Where it may measure, and how long."""
        return self._space

    def ingest(self, observations: Sequence[Observation]) -> None:
        """Learn from observations, and from their sigmas and exposures how noise comes about."""
        field = self.objectives[0].name
        for row in observations:
            value, sigma = row.values.get(field, math.nan), row.sigmas.get(field, math.nan)
            exposure = row.point.get(self._dof.name, math.nan)
            usable = all(isinstance(item, int | float) and math.isfinite(item) for item in (value, sigma, exposure))
            if row.status is Status.OK and usable and sigma > 1e-150 and float(exposure) > 0:
                self._rows.append((float(value), float(sigma), float(exposure)))
            self._at = row.point
        self.agent.ingest([replace(row, point=self._inner(row.point)) for row in observations])

    def _inner(self, point: Point) -> Point:
        return {name: value for name, value in point.items() if name != self._dof.name}

    def suggest(self, n: int, pending: Sequence[Suggestion]) -> list[Suggestion]:
        """Return up to `n` points of the agent inside, each with its exposure."""
        chosen = self.agent.suggest(n, [replace(row, point=self._inner(row.point)) for row in pending])
        made = list[Suggestion]()
        for suggestion in chosen:
            at = made[-1].point if made else pending[-1].point if pending else self._at
            made.append(self._timed(suggestion, at))
        return made

    def _timed(self, suggestion: Suggestion, at: Point | None) -> Suggestion:
        seconds = self._seconds(suggestion, at)
        chosen = self._dof.decode(self._dof.encode([seconds]))[0]
        inner = dict(suggestion.point)
        point = {name: chosen if name == self._dof.name else inner[name] for name in self._space.names}
        rule = f"{suggestion.why.rule}, exposure by information per second"
        return replace(suggestion, point=point, why=replace(suggestion.why, rule=rule))

    def _seconds(self, suggestion: Suggestion, at: Point | None) -> float:
        field, times = self.objectives[0].name, self._times
        if len(self._rows) < _FEWEST:
            return float(times[len(times) // 2])
        values, sigmas, exposures = np.array(self._rows).T
        noise = learn_noise(values, sigmas, exposures)(suggestion.why.mean.get(field, float(np.median(values))))
        sigma = suggestion.why.sigma.get(field, float(np.std(values)))
        travel = 0.0 if at is None else self.agent.space.travel_time(self._inner(at), suggestion.point)
        found = best_exposure(sigma, noise, self._overhead + travel, times)
        if self._precision is None:
            return found
        return float(np.clip(noise / self._precision**2, times[0], found))

    def _answer(self, inner: Estimate) -> Estimate:
        longest = self._dof.decode(self._dof.encode([float(self._times[-1])]))[0]
        point = {name: longest if name == self._dof.name else inner.point[name] for name in self._space.names}
        return replace(inner, point=point)

    def _counted(self, inner: "xr.Dataset") -> "xr.Dataset":
        longest = {self._dof.name: ((), float(self._times[-1]), {"units": self._dof.unit})}
        return inner.assign_coords(longest)

    @classmethod
    def rebuilt(cls, settings: Mapping[str, Any], space: Space, build: Build) -> Self:
        """Return a fresh one from its recorded settings, around an agent that `build` makes."""
        own = {name: value for name, value in settings.items() if name not in ("agent", "inner")}
        return cls(build(settings["inner"], without(space, settings["exposure"])), space, **own)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        own = {"exposure": self._dof.name, "overhead": self._overhead, "precision": self._precision}
        return {"agent": type(self).__name__, **own, "inner": dict(self.inner_settings())}

    def state(self) -> Mapping[str, Any]:
        """Return what the noise is learnt from, where the devices are, and the state of the agent inside."""
        return {
            "rows": [list(row) for row in self._rows],
            "at": None if self._at is None else dict(self._at),
            "inner": self.agent.state(),  # type: ignore[attr-defined]
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state returned by `state`."""
        self._rows = [(float(value), float(sigma), float(seconds)) for value, sigma, seconds in state["rows"]]
        self._at = state["at"]
        self.agent.restore(state["inner"])  # type: ignore[attr-defined]


def without(space: Space, name: str) -> Space:
    """Return a Space without one of its Dofs.

    Raises
    ------
    SpaceError
        If it has no such Dof or no other, or is a pool.
    """
    if name not in space.names or space.pool is not None:
        raise SpaceError(f"a Space with a Dof {name!r} and without a pool is needed, got {space!r}")
    return Space([dof for dof in space.dofs if dof.name != name], space.constraints)


def _times(dof: Dof) -> FloatArray:
    """Return exposures to choose from, short to long, evenly in their logarithm."""
    low, high = dof.limits
    if low < 0 or not high > 0:
        raise SpaceError(f"an exposure must be positive, got low={low}, high={high} for {dof.name!r}")
    times = np.geomspace(max(low, _SHORTEST * high), high, _TRIED)
    return np.unique([float(time) for time in dof.decode(dof.encode(list(times))) if float(time) > 0])
