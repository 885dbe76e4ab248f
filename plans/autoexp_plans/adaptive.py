"""Sentences: scans in which an agent chooses the points."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
from bluesky.utils import FailedStatus, Msg, RunEngineControlException, root_ancestor

from autoexp.campaign import Campaign, Decision, Rule
from autoexp.documents import DECISIONS, EARLIER, FAILURES, MODELS, Inbox
from autoexp.errors import AutoexpError
from autoexp.plain import as_text, digest, plain
from autoexp.protocols import Agent
from autoexp.records import Observation, Suggestion
from autoexp.stopping import AnyOf
from autoexp_plans.checks import (
    check_limits,
    check_movables,
    check_objectives,
    describe_fields,
    find_readback,
    read_positions,
)
from autoexp_plans.metadata import scan_metadata
from autoexp_plans.notes import (
    Note,
    decided,
    decision_note,
    earlier_note,
    failure_note,
    model_note,
    point_note,
    suggested,
)
from autoexp_plans.preview import preview_points
from autoexp_plans.stubs import Plan, at_waits, measure, wait_for_future

PerPoint = Callable[[Sequence[Any], Mapping[Any, Any], dict[Any, Any]], Plan[Any]]
"""Detectors, device to position, and device to last position: moves, triggers, reads and saves."""


def adaptive_scan(
    detectors: Sequence[Any],
    agent: Agent | Campaign,
    *,
    num: int | None = None,
    until: Rule | None = None,
    per_point: PerPoint | None = None,
    md: Mapping[str, Any] | None = None,
) -> Plan[Campaign]:
    """Measure where an agent chooses to, in one run.

    Parameters
    ----------
    detectors
        What to trigger and read at each point; the objectives must be among their fields.
    agent
        An agent, or a Campaign around one, whose Space names the devices to move.
    num
        Number of points to measure in this scan; retries of failed points count.
    until
        A stopping rule, asked after each point. Without `num` and `until` the scan ends when the
        agent has no more points.
    per_point
        What to do at a point, with the signature of `bluesky.plan_stubs.one_nd_step`; by default the same
        messages.
    md
        Metadata for the start document.

    Returns
    -------
        The Campaign, with all that was measured.

    Yields
    ------
    msg
        One run: an event in ``primary`` for each measured point, in ``decisions`` for each
        suggestion, in ``failures`` for each measurement that raised, in ``models`` for each model
        state; one in ``earlier`` if the agent knew something before.

    Raises
    ------
    LimitsError, ObjectiveError, SpaceError
        Before anything moves.
    """
    if num is not None and num < 1:
        raise AutoexpError(f"num must be 1 or more, got {num}")
    if not detectors:
        raise AutoexpError("a scan needs at least one detector, got none")
    campaign = agent if isinstance(agent, Campaign) else Campaign(agent)
    scan = _Scan(list(detectors), campaign, num, until, per_point or measure)
    try:
        yield from bpp.finalize_wrapper(scan.run(dict(md or {})), scan.unsubscribe)
    finally:
        scan.settle()
    return campaign


class _Scan:
    """One run of `adaptive_scan`."""

    def __init__(
        self, detectors: list[Any], campaign: Campaign, num: int | None, until: Rule | None, per_point: PerPoint
    ) -> None:
        self.detectors = detectors
        self.campaign = campaign
        self.space = campaign.space
        self.num = num
        self.until = until
        self.per_point = per_point
        self.point_note = point_note(lambda: campaign.beam_time)
        self.failure_note = failure_note(self.space, lambda: campaign.beam_time)
        self.model_note = model_note()
        self.decision_note = decision_note(self.space, campaign.objectives)
        self.models: set[str] = set()
        self.positions: dict[Any, Any] = defaultdict(lambda: None)
        self.subscription: Any = None
        self.inbox = Inbox(self.space, {})
        self.unlearned: list[Observation] = []
        self.decision: Future[Decision] | None = None

    def run(self, md: dict[str, Any]) -> Plan[None]:
        """Check, open the run, measure, close."""
        live, readbacks = yield from self._check()
        self.inbox = Inbox(self.space, readbacks)
        self.subscription = yield from bps.subscribe("all", self.inbox)
        live = live or self.subscription is not None
        body = self._measure if live else self._preview
        metadata = scan_metadata(self.campaign, self.detectors, readbacks, self.num, self.until, md)
        yield from bpp.stage_wrapper(bpp.run_wrapper(body(), md=metadata), [*self.detectors, *self._movables()])

    def _movables(self) -> list[Any]:
        """Return what is to be staged beside the detectors: a detector's own exposure time is staged with it."""
        read = [detector.detector for detector in self.detectors if hasattr(detector, "detector")]
        roots = {id(root_ancestor(device)) for device in read}
        movables = [dof.movable for dof in self.space.dofs]
        return [movable for movable in movables if id(root_ancestor(movable)) not in roots]

    def unsubscribe(self) -> Plan[None]:
        """Let go of the RunEngine."""
        if self.subscription is not None:
            yield from bps.unsubscribe(self.subscription)

    def settle(self) -> None:
        """Keep what was measured, forget what was not, and end the worker, whatever happened."""
        if self.decision is not None:
            if self.decision.cancel():
                self.campaign.ingest(self.unlearned)
            elif not self.decision.done():
                self.decision.add_done_callback(self._retract)
        self.campaign.ingest(self._collect())
        for suggestion in self.campaign.pending:
            self.campaign.retract(suggestion.id)
        self.campaign.continues = self.inbox.run or self.campaign.continues
        self.campaign.close(wait=False)

    def _retract(self, decision: "Future[Decision]") -> None:
        if decision.exception() is None:
            for suggestion in decision.result().suggestions:
                self.campaign.retract(suggestion.id)

    def _check(self) -> Plan[tuple[bool, dict[str, str]]]:
        """Refuse what cannot work; return whether a RunEngine runs this, and the read-back fields."""
        dofs = self.space.dofs
        check_movables(dofs)
        for dof in dofs:
            yield from check_limits(dof)
        fields = yield from describe_fields([*self.detectors, *(dof.movable for dof in dofs)])
        if fields is not None:
            check_objectives(self.campaign.objectives, fields)
        readbacks = {}
        for dof in dofs:
            readbacks[dof.name] = yield from find_readback(dof)
        live = yield from read_positions(dofs)
        return live, readbacks

    def _preview(self) -> Plan[None]:
        """Walk through the Space's extremes where nobody runs the plan, so that limits can be checked."""
        for point in preview_points(self.space, self.num):
            suggestion = Suggestion("preview", point)
            yield from self._note(
                self.decision_note, DECISIONS, {"suggestion_id": suggestion.id, **suggested(suggestion)}
            )
            yield from self._visit(suggestion)

    def _measure(self) -> Plan[None]:
        rule = self._rule()
        yield Msg("checkpoint")
        yield from self._tell_earlier()
        while True:
            decision, dead_time = yield from self._decide(rule)
            if decision.stop:
                break
            yield from self._store_model(decision.model)
            for suggestion in decision.suggestions:
                note = decided(decision, suggestion, dead_time)
                yield from self._note(self.decision_note, DECISIONS, note)
                yield from self._visit_or_fail(suggestion)

    def _tell_earlier(self) -> Plan[None]:
        """Put what the agent knows before this run into the run, so that its decisions can be taken again."""
        known = self.campaign.observations
        if known or self.campaign.suggestions:
            rows, state = as_text([plain(row) for row in known]), self.campaign.agent_state()
            yield from self._note(earlier_note(), EARLIER, {"observations": rows, "agent_state": state})

    def _store_model(self, state: str) -> Plan[None]:
        """Store a model state that was not stored yet."""
        name = digest(state)
        if name and name not in self.models:
            self.models.add(name)
            yield from self._note(self.model_note, MODELS, {"model_state": name, "state": state})

    def _rule(self) -> Rule | None:
        """Return the stopping rule, with `num` counted from what the Campaign already has."""
        if self.num is None:
            return self.until
        last = _Last(len(self.campaign.observations) + self.num, self.num)
        return last if self.until is None else AnyOf((last, self.until))

    def _decide(self, rule: Rule | None) -> Plan[tuple[Decision, float]]:
        began = time.perf_counter()
        self.unlearned = self._collect()
        self.decision = self.campaign.submit_decision(self.unlearned, rule)
        decision = yield from wait_for_future(self.decision)
        return decision, time.perf_counter() - began

    def _note(self, note: Note, stream: str, values: Mapping[str, Any]) -> Plan[None]:
        """Make an event of a note, behind a checkpoint; another follows, so that it is never made twice.

        The messages are those of `bluesky.plan_stubs`, whose every call takes down the stack, for a
        millisecond or so of dead time each.
        """
        note.tell(**values)
        yield Msg("create", name=stream)
        yield Msg("read", note)
        yield Msg("save")
        yield Msg("checkpoint")

    def _visit(self, suggestion: Suggestion) -> Plan[None]:
        self.point_note.tell(suggestion_id=suggestion.id)
        step = {dof.movable: suggestion.point[dof.name] for dof in self.space.dofs}
        yield from self.per_point([*self.detectors, self.point_note], step, self.positions)
        yield Msg("checkpoint")

    def _visit_or_fail(self, suggestion: Suggestion) -> Plan[None]:
        """Measure a point; a device that raises makes a failed observation, not a broken run."""
        try:
            yield from at_waits(self._visit(suggestion), self.campaign.submit_preparation)
        except RunEngineControlException:
            raise
        except Exception as error:
            self.positions.clear()
            yield Msg("checkpoint")
            values = {"suggestion_id": suggestion.id, "reason": _reason(error), **suggested(suggestion)}
            yield from self._note(self.failure_note, FAILURES, values)

    def _collect(self) -> list[Observation]:
        self.campaign.units = {**self.campaign.units, **self.inbox.units}
        return self.inbox.collect()


def _reason(error: Exception) -> str:
    """Return what went wrong; of a status that failed, what it failed with."""
    cause = error.__cause__ if isinstance(error, FailedStatus) and error.__cause__ is not None else error
    return f"{type(cause).__name__}: {cause}"


class _Last:
    """Stop at a number of observations that earlier scans may have begun."""

    def __init__(self, count: int, num: int) -> None:
        self._count = count
        self._num = num

    def __call__(self, campaign: Campaign) -> bool:
        return len(campaign.observations) >= self._count

    def __repr__(self) -> str:
        return f"num={self._num}"
