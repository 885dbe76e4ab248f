"""Beam time, not points: what a point gains for each second that it takes."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from autoexp.errors import ObjectiveError
from autoexp.protocols import Agent, CountsSeconds
from autoexp.records import Suggestion
from autoexp_agents.pace import Travel
from autoexp_agents.wrapping import Wrapper


class TravelAgent(Wrapper):
    """Lets an agent measure where it expects most for each second of travel and exposure.

    Travel is what the Space says of it: `speed`, `acceleration` and `settle` of every Dof, all motors moving at once,
    from where the devices were read back last or are on their way to. What the agent inside reckons that a point gains
    is divided by travel and `exposure` together [1]_. That needs a gain: expected improvement, sigma, variance,
    knowledge. A score that may be negative, as an upper confidence bound or the straddle, would send the devices as far
    away as possible where it is; it is refused, and none is put in its place.

    Parameters
    ----------
    agent
        Chooses the points, and counts per second: `BayesianAgent`, `GainAgent`, `MapAgent`, `ParetoAgent`,
        `ScalarisedAgent`, `TrustRegionAgent`, `TwinAgent`, or one's own with `autoexp.protocols.CountsSeconds`.
    exposure
        Seconds that a point takes beside travel: counting, reading out.

    Raises
    ------
    ObjectiveError
        If `exposure` is not positive, the agent does not count per second, or what it chooses by is no gain.

    References
    ----------
    .. [1] J. Snoek, H. Larochelle and R. P. Adams, Practical Bayesian Optimization of Machine Learning Algorithms
       (2012), section 3.2: expected improvement per second.

    Examples
    --------
    >>> from autoexp import Dof, Maximize, Space
    >>> from autoexp_agents import BayesianAgent
    >>> space = Space([Dof("x", 0, 10, unit="mm", speed=0.5)])
    >>> agent = TravelAgent(BayesianAgent(space, Maximize("flux")), exposure=2.0)
    """

    def __init__(self, agent: Agent, *, exposure: float = 1.0) -> None:
        super().__init__(agent)
        if not 0 < exposure < math.inf:
            raise ObjectiveError(f"exposure must be positive, got {exposure}")
        if not isinstance(agent, CountsSeconds):
            raise ObjectiveError(f"travel counts for an agent that counts per second, got {type(agent).__name__}")
        self._exposure = exposure
        agent.per_second(Travel(agent.space, exposure))

    def suggest(self, n: int, pending: Sequence[Suggestion]) -> list[Suggestion]:
        """Return up to `n` points, each counted from where the one before it leaves the devices."""
        return self.agent.suggest(n, pending)

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        return {"agent": type(self).__name__, "exposure": self._exposure, "inner": dict(self.inner_settings())}

    def state(self) -> Mapping[str, Any]:
        """Return the state of the agent inside."""
        return self.agent.state()  # type: ignore[attr-defined, no-any-return]

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state returned by `state`."""
        self.agent.restore(state)  # type: ignore[attr-defined]
