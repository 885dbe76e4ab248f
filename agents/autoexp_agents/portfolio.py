"""Several minds over one budget."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np

from autoexp.errors import AutoexpError
from autoexp.objectives import Bound, Maximize, Minimize, Objective, Target
from autoexp.protocols import Agent
from autoexp.records import Observation, Suggestion
from autoexp.space import Space
from autoexp_agents.belief import merit
from autoexp_agents.designs import Key, key
from autoexp_agents.wrapping import Build, lend


class PortfolioAgent:
    """Lets several agents propose in turn, the more often the better their points were.

    All of them learn from everything. Who proposes next is drawn with probabilities that grow
    exponentially with the mean rank of the values that each one's points brought (the exponential
    weights of GP-Hedge [1]_, on ranks, so that no unit matters), and never fall to zero. The first agent
    gives the answer and the report, if it has any.

    Parameters
    ----------
    agents
        Name to agent; all of the same Space and objectives.
    seed
        Of the draws.
    eagerness
        How strongly success counts: the log of how much more often an agent proposes whose points are
        always the best than one whose points are always the worst.

    Raises
    ------
    AutoexpError
        If there are fewer than two, or they want different things.

    References
    ----------
    .. [1] M. Hoffman et al., Portfolio Allocation for Bayesian Optimization (2011).
    """

    def __init__(self, agents: Mapping[str, Agent], *, seed: int = 0, eagerness: float = 3.0) -> None:
        if len(agents) < 2:
            raise AutoexpError(f"a portfolio must hold two agents or more, got {list(agents)}")
        first = next(iter(agents.values()))
        for name, agent in agents.items():
            if agent.objectives != first.objectives or agent.space is not first.space:
                raise AutoexpError(f"all agents must share Space and objectives with the first, {name!r} does not")
        self.agents = dict(agents)
        self._seed, self._eagerness = seed, eagerness
        self._given = 0
        self._owner: dict[str, str] = {}
        self._proposed: set[Key] = set()
        self._values: list[tuple[str, float]] = []
        lend(("best", "report"), first, self)

    @property
    def space(self) -> Space:
        """Where it may measure."""
        return self._first.space

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """What is wanted."""
        return self._first.objectives

    @property
    def _first(self) -> Agent:
        return next(iter(self.agents.values()))

    def ingest(self, observations: Sequence[Observation]) -> None:
        """Let every agent learn, and remember whose points were worth what."""
        for agent in self.agents.values():
            agent.ingest(observations)
        for row in observations:
            value = _worth(self.objectives, row)
            self._values.append((self._owner.get(row.suggestion_id or "", ""), value))

    def weights(self) -> dict[str, float]:
        """Return the probability that each agent proposes next."""
        values = np.array([value for _, value in self._values])
        ranks = np.zeros(len(values)) if len(values) < 2 else np.argsort(np.argsort(values)) / (len(values) - 1)
        shares = {name: [0.5, 0.5] for name in self.agents}
        for (owner, _), rank in zip(self._values, ranks, strict=True):
            if owner in shares:
                shares[owner].append(float(rank))
        raw = {name: float(np.exp(self._eagerness * np.mean(of))) for name, of in shares.items()}
        total = sum(raw.values())
        return {name: value / total for name, value in raw.items()}

    def suggest(self, n: int, pending: Sequence[Suggestion]) -> list[Suggestion]:
        """Return up to `n` points, each of an agent that is drawn; of another where that one has no more."""
        made = list[Suggestion]()
        while len(made) < n:
            suggestion = self._propose([*pending, *made])
            if suggestion is None:
                break
            made.append(suggestion)
        return made

    def _propose(self, pending: Sequence[Suggestion]) -> Suggestion | None:
        rng, weights = np.random.default_rng([self._seed, self._given]), self.weights()
        order = rng.choice(list(weights), size=len(weights), replace=False, p=list(weights.values()))
        for name in order:
            suggestion = self._new(self.agents[str(name)], pending)
            if suggestion is not None:
                why = replace(suggestion.why, rule=f"{name}: {suggestion.why.rule}")
                made = Suggestion(f"{self._given:04d}", suggestion.point, why)
                self._owner[made.id] = str(name)
                self._proposed.add(key(made.point))
                self._given += 1
                return made
        return None

    def _new(self, agent: Agent, pending: Sequence[Suggestion]) -> Suggestion | None:
        """Return a point of one agent that none has proposed; a design may have to be asked several times."""
        taken = {key(suggestion.point) for suggestion in pending} | self._proposed
        for _ in range(len(taken) + 1):
            asked = agent.suggest(1, pending)
            if not asked:
                return None
            if key(asked[0].point) not in taken:
                return asked[0]
        return None

    @classmethod
    def rebuilt(cls, settings: Mapping[str, Any], space: Space, build: Build) -> Self:
        """Return a fresh one from its recorded settings, of agents that `build` makes."""
        agents = {name: build(row, space) for name, row in settings["agents"].items()}
        return cls(agents, seed=settings["seed"], eagerness=settings["eagerness"])

    def settings(self) -> Mapping[str, Any]:
        """Return what it was built with."""
        inner = {name: dict(agent.settings()) for name, agent in self.agents.items()}  # type: ignore[attr-defined]
        return {"agent": type(self).__name__, "seed": self._seed, "eagerness": self._eagerness, "agents": inner}

    def state(self) -> Mapping[str, Any]:
        """Return whose points were worth what, and the states of all."""
        return {
            "given": self._given,
            "owner": dict(self._owner),
            "proposed": [dict(point) for point in sorted(self._proposed, key=repr)],
            "values": [list(row) for row in self._values],
            "agents": {name: agent.state() for name, agent in self.agents.items()},  # type: ignore[attr-defined]
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state returned by `state`."""
        self._given, self._owner = int(state["given"]), dict(state["owner"])
        self._proposed = {key(point) for point in state["proposed"]}
        self._values = [(str(owner), float(value)) for owner, value in state["values"]]
        for name, agent in self.agents.items():
            agent.restore(state["agents"][name])  # type: ignore[attr-defined]


def _worth(objectives: Sequence[Objective], row: Observation) -> float:
    """Return how well an observation answers the first thing wanted; least of all where there is no value."""
    wanted = next(objective for objective in objectives if not isinstance(objective, Bound))
    value = row.values.get(wanted.name, float("nan"))
    if not isinstance(wanted, Maximize | Minimize | Target) or not np.isfinite(value):
        return 0.0 if not isinstance(wanted, Maximize | Minimize | Target) else -1e300
    return float(merit(wanted, np.array([float(value)]))[0][0])
