"""Models that are fitted anew when that is due: on the spot, or on a thread while the devices move."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autoexp.records import Suggestion
from autoexp.surrogates.parameters import Data
from autoexp_agents.belief import Belief
from autoexp_agents.memory import Memory
from autoexp_agents.refit import Refit

Learn = Callable[[Mapping[str, Data], Callable[[], None] | None], Belief]
"""What was measured of each field, and what to call between two steps, to models fitted to it."""


class Fits:
    """The models of an agent, and to which of its usable observations they were fitted.

    As long as nobody asks to `prepare`, they are fitted to exactly those that are due, whoever asks when. From then on
    they are fitted on a thread of their own, and what is there is taken.

    Parameters
    ----------
    learn
        Fits them.

    Attributes
    ----------
    ahead
        Whether anybody asked to prepare.
    """

    def __init__(self, learn: Learn) -> None:
        self._learn = learn
        self._refit, self.ahead = Refit(), False
        self.forget()

    def forget(self) -> None:
        """Forget the models."""
        self.belief: Belief | None = None
        self._rows = self._asked = range(0)

    @property
    def rows(self) -> range:
        """To which of the usable observations the models are fitted."""
        return self._rows

    def update(self, memory: Memory, known: int) -> None:
        """Condition the models on what the memory holds beyond the first `known` usable observations."""
        self._refit.stand_aside()
        if self.belief is not None:
            self.belief.update(memory.all_data(known))

    def prepare(self, memory: Memory, due: range) -> None:
        """Begin to fit to the observations that are due, if that is not done."""
        self.ahead = True
        self._refit.go_on()
        self._take_up(memory, due)
        if len(due) and due != self._rows and not self._refit.busy:
            self._asked = due
            self._refit.begin(self._learn, rows_of(memory, due), self._refit.give_way)

    def _take_up(self, memory: Memory, due: range) -> None:
        """Take up models that were fitted on the thread, unless they are of observations that no longer count."""
        ready = self._refit.take()
        if ready is not None and self._asked.start == due.start and self._asked.stop >= self._rows.stop:
            self._adopt(memory, self._asked, ready)

    def _adopt(self, memory: Memory, rows: range, belief: Belief) -> None:
        belief.update(memory.all_data(rows.stop))
        self.belief, self._rows = belief, rows

    def get(self, memory: Memory, due: range) -> Belief:
        """Return the models, conditioned on every observation from the first due one on.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        self._take_up(memory, due)
        late = self._rows != due and not (self.ahead and self._rows.start == due.start)
        if self.belief is None or late:
            self._adopt(memory, due, self._learn(rows_of(memory, due), None))
        assert self.belief is not None
        return self.belief

    def go_on(self) -> None:
        """Let a fit under way go on."""
        self._refit.go_on()

    def wait(self) -> None:
        """Wait for a fit under way to end."""
        self._refit.wait()

    @property
    def seconds(self) -> float:
        """Seconds spent on the thread so far."""
        return self._refit.seconds

    def state(self) -> Mapping[str, Any]:
        """Return to which observations the models are fitted, from which they follow; empty before there are any."""
        return {} if self.belief is None else {"first": self._rows.start, "fitted": self._rows.stop}

    def use(self, memory: Memory, state: Mapping[str, Any], *, ahead: bool) -> None:
        """Take up a state returned by `state`, and fit no others on the spot if `ahead`."""
        self._refit, self.ahead = Refit(), ahead
        if state and state != self.state():
            rows = range(int(state["first"]), int(state["fitted"]))
            self._adopt(memory, rows, self._learn(rows_of(memory, rows), None))


class ThinksAhead(ABC):
    """What agents share that keep their models in `Fits`; see `autoexp.protocols.Prepares` and `RecordsModels`."""

    _fits: Fits
    _memory: Memory

    @abstractmethod
    def _due(self) -> range:
        """Return to which of the usable observations the models are to be fitted."""

    def prepare(self, pending: Sequence[Suggestion]) -> None:
        """Begin to fit the models on a thread of its own, if that is due; they are taken up when they are there."""
        self._fits.prepare(self._memory, self._due())

    def wait(self) -> None:
        """Wait for a fit that `prepare` began to end."""
        self._fits.wait()

    @property
    def thought_ahead(self) -> float:
        """Seconds spent so far on fits beside the critical path."""
        return self._fits.seconds

    def model_state(self) -> Mapping[str, Any]:
        """Return to which observations the models are fitted, from which they follow; empty before there are any."""
        return self._fits.state()

    def use_model(self, state: Mapping[str, Any]) -> None:
        """Decide next by models fitted as `model_state` said."""
        self._fits.use(self._memory, state, ahead=True)


def rows_of(memory: Memory, rows: range) -> dict[str, Data]:
    """Return some of the usable values of every field."""
    known = memory.all_data(rows.start)
    return {
        name: Data(found.x[: len(rows)], found.y[: len(rows)], found.variance[: len(rows)])
        for name, found in known.items()
    }
