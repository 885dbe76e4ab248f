"""What earlier runs measured, as the knowledge with which a new campaign begins."""

import warnings
from collections.abc import Iterable
from typing import Any, Protocol

from autoexp.campaign import Campaign
from autoexp.data.history import check_fields, read_history
from autoexp.data.resume import as_earlier
from autoexp.data.runs import HasDocuments, Run
from autoexp.errors import AgentWarning, AutoexpError, ObjectiveError
from autoexp.protocols import Agent
from autoexp.records import Observation


class Listed(Protocol):
    """A line of a list of runs."""

    @property
    def uid(self) -> str:
        """Of the run."""


def warm_start(
    agent: Agent,
    runs: Iterable[Run | Listed],
    store: HasDocuments | None = None,
    *,
    strict: bool = False,
    **settings: Any,
) -> Campaign:
    """Return a Campaign around an agent that knows what earlier runs measured.

    Each observation is marked with its run, and the start document of the new run counts them by run.

    Parameters
    ----------
    agent
        That has seen nothing yet.
    runs
        The runs, for example what ``store.search(sample="gold")`` found.
    store
        Where runs that are given as lines of a list are.
    strict
        Whether to refuse a run that does not fit, in place of leaving it out with a warning.
    **settings
        For `Campaign`.

    Raises
    ------
    AutoexpError
        If `strict` and a run has other Dofs, other units or other fields than the agent needs.

    Warns
    -----
    AgentWarning
        For each run that is left out, with the reason.

    Examples
    --------
    ``warm_start(agent, store.search(sample="gold"), store)``
    """
    campaign = Campaign(agent, **settings)
    known = list[Observation]()
    for run in runs:
        try:
            known += _fitting(agent, run, store)
        except AutoexpError as error:
            if strict:
                raise
            warnings.warn(f"run {_name(run)} is left out of the warm start: {error}", AgentWarning, stacklevel=2)
    campaign.learn_earlier(known)
    return campaign


def _name(run: Any) -> str:
    if hasattr(run, "uid"):
        return repr(str(run.uid)[:8])
    return repr(run[1]) if isinstance(run, tuple) and len(run) == 2 else "given as documents"


def _fitting(agent: Agent, run: Any, store: HasDocuments | None) -> list[Observation]:
    """Return what a run measured itself, not what it knew of others."""
    listed = (store, run.uid) if store is not None and hasattr(run, "uid") else run
    found = read_history(listed, agent.space).observations
    refusal = check_fields(agent.objectives, found)
    if refusal:
        raise ObjectiveError(refusal)
    return [as_earlier(row) for row in found]
