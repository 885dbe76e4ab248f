"""A broken, ended or older run, continued in a new one."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal

from autoexp.campaign import Campaign
from autoexp.data.history import check_fields, read_history
from autoexp.data.rebuild import recorded_agent, recorded_plausible, recorded_settings
from autoexp.data.runs import Run, documents_of
from autoexp.errors import ObjectiveError, PointError
from autoexp.objectives import Bound
from autoexp.policies import FailurePolicy, OnFailure
from autoexp.protocols import Agent
from autoexp.records import Observation


def resume(
    run: Run,
    agent: Agent | None = None,
    *,
    devices: Sequence[Any] = (),
    think: Literal["ahead", "inline"] | None = None,
    on_failure: FailurePolicy | OnFailure | str | None = None,
    plausible: Sequence[Bound] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Campaign:
    """Return a Campaign that knows what a run has measured, and goes on with it.

    It may have ended, been aborted, or have lost its process. Points that were decided but never measured
    are asked for first, where the agent's Space allows them. The next scan with the Campaign is a run of its own,
    whose start document names this one as the one that it ``continues``.

    Parameters
    ----------
    run
        Its documents, a run of databroker's, or a store and a uid.
    agent
        That has seen nothing yet; its Space and objectives may differ from those of the run. By default the
        recorded agent is built anew.
    devices
        What the Dofs of a rebuilt agent move, by name.
    think, on_failure, plausible
        As for `Campaign`; by default as they were.
    clock
        Seconds of beam time.

    Raises
    ------
    StoreError, SpaceError
        If the run has no decisions, or not of these Dofs in these units, or its agent cannot be rebuilt.
    ObjectiveError
        If the run did not measure what the agent wants.
    """
    documents = documents_of(run)
    start = documents[0][1]
    settings = recorded_settings(start)
    agent = recorded_agent(start, devices) if agent is None else agent
    history = read_history(documents, agent.space)
    known = (*history.earlier, *history.observations)
    refusal = check_fields(agent.objectives, known)
    if refusal:
        raise ObjectiveError(refusal)
    policy = settings["on_failure"]
    campaign = Campaign(
        agent,
        think=settings["think"] if think is None else think,
        on_failure=FailurePolicy(OnFailure(policy["action"]), policy["times"]) if on_failure is None else on_failure,
        plausible=recorded_plausible(start) if plausible is None else plausible,
        clock=clock,
    )
    campaign.learn_earlier([as_earlier(row) for row in known])
    for step in history.unanswered:
        with suppress(PointError):
            campaign.ask_again(step.suggestion)
    campaign.continues = history.uid
    return campaign


def as_earlier(row: Observation) -> Observation:
    """Return an observation of an earlier run as one that answers no suggestion of this one."""
    return replace(row, suggestion_id=None)
