"""What agents that contain an agent have in common."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from autoexp.objectives import Objective
from autoexp.protocols import Agent
from autoexp.records import Observation
from autoexp.space import Space

Build = Callable[[Mapping[str, Any], Space], Agent]
"""Recorded settings and a Space to an agent."""

_POWERS = ("best", "report", "finished", "prepare", "wait", "model_state", "use_model")


def lend(powers: Iterable[str], of: Agent, to: object) -> None:
    """Give an object those powers of an agent that the agent has and the object's class has not.

    As attributes of its own: from Python 3.12 on, `isinstance` with a protocol sees no others.
    """
    for name in powers:
        power = getattr(of, name, None)
        if power is not None and not hasattr(type(to), name):
            setattr(to, name, power)


class Wrapper:
    """An agent around an agent: it learns what it learns, and has the optional powers that it has.

    Parameters
    ----------
    agent
        The one inside.
    """

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        lend(_POWERS, agent, self)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    @property
    def thought_ahead(self) -> float:
        """Seconds that the agent inside spent so far on threads of its own."""
        return float(getattr(self.agent, "thought_ahead", 0.0))

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

    @classmethod
    def rebuilt(cls, settings: Mapping[str, Any], space: Space, build: Build) -> Self:
        """Return a fresh one from its recorded settings, around an agent that `build` makes."""
        own = {name: value for name, value in settings.items() if name not in ("agent", "inner")}
        return cls(build(settings["inner"], space), **own)
