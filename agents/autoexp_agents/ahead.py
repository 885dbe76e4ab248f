"""Models that are fitted anew when that is due: on the spot, or on a thread while the devices move."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from autoexp.records import Suggestion
from autoexp.surrogates.parameters import Data
from autoexp_agents.memory import Memory
from autoexp_agents.refit import Refit


class Updates(Protocol):
    """Models that learn from further observations as they are."""

    def update(self, data: Mapping[str, Data]) -> object:
        """Condition on more values of every field."""


Models = TypeVar("Models", bound=Updates)
Measured = Callable[[range], Mapping[str, Data]]
"""Which of the usable observations, to what was measured of each field; what is not there yet is left out."""


class Fits(Generic[Models]):
    """The models of an agent, and to which of its usable observations they were fitted.

    As long as nobody asks to `prepare`, they are fitted to exactly those that are due, whoever asks when. From then on
    they are fitted on a thread of their own, and what is there is taken.

    Parameters
    ----------
    learn
        From what was measured of each field, and what to call between two steps, makes models fitted to it.
    measured
        What there is to learn from.
    slides
        Whether observations before the first due one have only grown old; else they do not count any more.

    Attributes
    ----------
    ahead
        Whether anybody asked to prepare.
    """

    def __init__(
        self,
        learn: Callable[[Mapping[str, Data], Callable[[], None] | None], Models],
        measured: Measured,
        *,
        slides: bool = False,
    ) -> None:
        self._learn, self._measured, self._slides = learn, measured, slides
        self._refit, self.ahead = Refit[Models](), False
        self.forget()

    def forget(self) -> None:
        """Forget the models."""
        self.models: Models | None = None
        self._rows = self._asked = range(0)

    @property
    def rows(self) -> range:
        """To which of the usable observations the models are fitted."""
        return self._rows

    def update(self, known: int) -> None:
        """Condition the models on what is there beyond the first `known` usable observations."""
        self._refit.stand_aside()
        if self.models is not None:
            self.models.update(self._measured(range(known, sys.maxsize)))

    def prepare(self, due: range) -> None:
        """Begin to fit to the observations that are due, if that is not done."""
        self.ahead = True
        self._refit.go_on()
        self._take_up(due)
        if len(due) and due != self._rows and not self._refit.busy:
            self._asked = due
            self._refit.begin(self._learn, self._measured(due), self._refit.give_way)

    def _counts(self, rows: range, due: range) -> bool:
        """Return whether models fitted to `rows` may serve while others are due."""
        return self._slides or rows.start == due.start

    def _take_up(self, due: range) -> None:
        """Take up models that were fitted on the thread, unless they are of observations that no longer count."""
        ready = self._refit.take()
        if ready is not None and self._counts(self._asked, due) and self._asked.stop >= self._rows.stop:
            self._adopt(self._asked, ready)

    def _adopt(self, rows: range, models: Models) -> None:
        models.update(self._measured(range(rows.stop, sys.maxsize)))
        self.models, self._rows = models, rows

    def get(self, due: range) -> Models:
        """Return the models, conditioned on every observation from the first due one on, and older ones if it `slides`.

        Raises
        ------
        AutoexpError
            If nothing usable was measured.
        """
        self._take_up(due)
        late = self._rows != due and not (self.ahead and self._counts(self._rows, due))
        if self.models is None or late:
            self._adopt(due, self._learn(self._measured(due), None))
        assert self.models is not None
        return self.models

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
        return {} if self.models is None else {"first": self._rows.start, "fitted": self._rows.stop}

    def use(self, state: Mapping[str, Any], *, ahead: bool) -> None:
        """Take up a state returned by `state`, and fit no others on the spot if `ahead`."""
        self._refit, self.ahead = Refit[Models](), ahead
        if state and state != self.state():
            rows = range(int(state["first"]), int(state["fitted"]))
            self._adopt(rows, self._learn(self._measured(rows), None))


class ThinksAhead(ABC):
    """What agents share that keep their models in `Fits`; see `autoexp.protocols.Prepares` and `RecordsModels`."""

    _fits: Fits[Any]

    @abstractmethod
    def _due(self) -> range:
        """Return to which of the usable observations the models are to be fitted."""

    def prepare(self, pending: Sequence[Suggestion]) -> None:
        """Begin to fit the models on a thread of its own, if that is due; they are taken up when they are there."""
        self._fits.prepare(self._due())

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
        self._fits.use(state, ahead=True)


def rows_of(memory: Memory, rows: range) -> dict[str, Data]:
    """Return some of the usable values of every field."""
    known = memory.all_data(rows.start)
    return {
        name: Data(found.x[: len(rows)], found.y[: len(rows)], found.variance[: len(rows)])
        for name, found in known.items()
    }
