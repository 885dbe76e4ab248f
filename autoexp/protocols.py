"""The contracts of the house: small protocols, and optional powers as further protocols."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from autoexp.objectives import Objective
from autoexp.records import Estimate, Observation, Suggestion
from autoexp.space import Space

if TYPE_CHECKING:
    import xarray as xr


@runtime_checkable
class Agent(Protocol):
    """Chooses points.

    An agent learns from `ingest` alone. `suggest` may be called again before earlier suggestions
    are answered: they are `pending`.
    """

    @property
    def space(self) -> Space:
        """Where it may measure."""

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """What is wanted."""

    def suggest(self, n: int, pending: Sequence[Suggestion]) -> list[Suggestion]:
        """Return up to `n` points to measure next, each allowed by the Space; none when it has no more."""

    def ingest(self, observations: Sequence[Observation]) -> None:
        """Learn from observations, failed and suspect ones included."""


@runtime_checkable
class Answers(Protocol):
    """An agent that says what it found."""

    def best(self) -> Estimate:
        """Return the best point by posterior mean, with its sigma; never the luckiest noisy draw."""


@runtime_checkable
class Reports(Protocol):
    """An agent that shows what it believes."""

    def report(self, per_dof: int = 25) -> "xr.Dataset":
        """Return what it believes over the Space: mean, sigma and score, with units and health."""


@runtime_checkable
class Prepares(Protocol):
    """An agent that thinks ahead while points are pending."""

    def prepare(self, pending: Sequence[Suggestion]) -> None:
        """Do now what would delay the next `suggest`."""


@runtime_checkable
class Stops(Protocol):
    """An agent that knows when it is done."""

    def finished(self) -> str:
        """Return why nothing more needs measuring; empty while something does."""


@runtime_checkable
class Checkpoints(Protocol):
    """An agent whose state can be stored and restored."""

    def state(self) -> Mapping[str, Any]:
        """Return everything that later decisions depend on, as JSON-able data and arrays."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state returned by `state`."""


@runtime_checkable
class Describes(Protocol):
    """An agent or a reducer that tells its settings to the record."""

    def settings(self) -> Mapping[str, Any]:
        """Return the settings that it was built with, as JSON-able data."""
