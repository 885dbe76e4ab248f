"""What agents that contain an agent have in common."""

from collections.abc import Mapping, Sequence
from typing import Any

from autoexp.objectives import Objective
from autoexp.protocols import Agent
from autoexp.records import Observation
from autoexp.space import Space

_POWERS = ("best", "report", "finished", "prepare", "wait", "model_state", "use_model", "thought_ahead")


class Wrapper:
    """An agent around an agent: it learns what it learns, and has the optional powers that it has.

    Parameters
    ----------
    agent
        The one inside.
    """

    def __init__(self, agent: Agent) -> None:
        self.agent = agent

    def __getattr__(self, name: str) -> Any:
        if name in _POWERS:
            return getattr(self.agent, name)
        raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")

    @property
    def space(self) -> Space:
        """Where it may measure."""
        return self.agent.space

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """What is wanted."""
        return self.agent.objectives

    def ingest(self, observations: Sequence[Observation]) -> None:
        """Let the agent inside learn."""
        self.agent.ingest(observations)

    def inner_settings(self) -> Mapping[str, Any]:
        """Return the settings of the agent inside, or its type where it tells none."""
        settings = getattr(self.agent, "settings", None)
        return settings() if settings is not None else {"agent": type(self.agent).__name__}
