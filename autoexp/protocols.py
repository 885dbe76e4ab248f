"""The contracts of the house: small protocols, and optional powers as further protocols."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from autoexp.dofs import FloatArray
from autoexp.objectives import Objective
from autoexp.records import Estimate, Observation, Point, Suggestion
from autoexp.space import Space

if TYPE_CHECKING:
    import xarray as xr
    from torch import Tensor

    from autoexp.acquisition.scores import Scored
    from autoexp.reduction.records import FrameMeta, Frames, FrameSpec, Reduced

S = TypeVar("S")

Seconds = Callable[[Point | None, FloatArray], FloatArray]
"""Where the devices are (None before the first point) and ``(m, d)`` points of the unit cube to what each costs."""


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
class CountsSeconds(Protocol):
    """An agent that can choose by what a point is expected to gain for each second that it costs."""

    def per_second(self, seconds: Seconds) -> None:
        """Divide gains by `seconds` from now on; raise where its score is no gain, for it may be negative."""


@runtime_checkable
class RecordsModels(Protocol):
    """An agent whose models are learnt when there is time, so that its decisions depend on when that was."""

    def model_state(self) -> Mapping[str, Any]:
        """Return what the latest decision depends on beside the observations, small and JSON-able; empty before."""

    def use_model(self, state: Mapping[str, Any]) -> None:
        """Decide next by a model state returned by `model_state`, and by the observations ingested."""

    @property
    def thought_ahead(self) -> float:
        """Seconds spent so far on threads of its own."""


@runtime_checkable
class Surrogate(Protocol):
    """A model of a value over the unit cube."""

    def update(self, x: FloatArray, y: float, variance: float = 0.0) -> float:
        """Condition on one more value at a point, shape ``(d,)``; cheap. Return how surprising it was, in sigmas."""

    def posterior(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation at ``(m, d)`` points, shape ``(m,)`` each, in the value's unit."""


@runtime_checkable
class Acquisition(Protocol):
    """Posterior -> score; the higher, the better to measure there."""

    @property
    def rule(self) -> str:
        """Its name in the record."""

    def value(self, mean: FloatArray, sigma: FloatArray) -> FloatArray:
        """Score ``m`` points by mean and standard deviation, shape ``(m,)`` each, sigma positive."""

    def __call__(self, mean: FloatArray, sigma: FloatArray) -> "Scored":
        """Score as `value` does, with the derivatives in mean and sigma."""


@runtime_checkable
class Describes(Protocol):
    """An agent or a reducer that tells its settings to the record."""

    def settings(self) -> Mapping[str, Any]:
        """Return the settings that it was built with, as JSON-able data."""


@runtime_checkable
class Reducer(Protocol[S]):
    """Turns frames into values with uncertainties; all that it remembers is in the state.

    States are picklable and never changed in place by anybody but the reducer that made them.
    """

    def init(self, spec: "FrameSpec") -> S:
        """Return the state before any frame, for frames of any shape."""

    def update(self, state: S, frames: "Tensor | Frames", meta: "FrameMeta") -> S:
        """Return the state after a batch of frames, shape ``(n, y, x)``; `state` is used up."""

    def read(self, state: S) -> "Mapping[str, Reduced]":
        """Return the same fields whatever was seen; NaN, with a flag, where nothing is known."""


@runtime_checkable
class Merges(Protocol[S]):
    """A reducer whose states add: workers may share the frames."""

    def merge(self, a: S, b: S) -> S:
        """Return the state of one that saw the frames of both."""


@runtime_checkable
class WarmsUp(Protocol):
    """A reducer that compiles or allocates."""

    def warmup(self, spec: "FrameSpec") -> None:
        """Do before beam what would delay the first frame."""
