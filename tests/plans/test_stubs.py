from collections import defaultdict

import pytest
from bluesky.plan_stubs import one_nd_step
from bluesky.utils import Msg
from ophyd.sim import SynAxis, SynSignal

from autoexp_plans.stubs import at_waits, measure


class Answer:
    def get(self):
        return False


def devices():
    x, y, flux = SynAxis(name="x"), SynAxis(name="y"), SynSignal(func=lambda: 1.0, name="flux")
    return x, y, flux


def told(plan):
    """Return messages without what is drawn by chance, and the groups in the order of their first message."""
    groups = {}
    return [
        (
            message.command,
            message.obj,
            message.args,
            message.kwargs.get("name"),
            groups.setdefault(message.kwargs.get("group"), len(groups)),
        )
        for message in plan
    ]


@pytest.mark.parametrize("rewindable", [True, False])
def test_measures_by_the_messages_of_bluesky(rewindable):
    x, y, flux = devices()
    if not rewindable:
        flux.rewindable = Answer()
    ours, theirs = defaultdict(lambda: None), defaultdict(lambda: None)
    for step in ({x: 1.0, y: 2.0}, {x: 1.0, y: 3.0}, {x: 1.0, y: 3.0}):
        assert told(measure([flux, flux], step, ours)) == told(one_nd_step([flux, flux], step, theirs))
        assert ours == theirs == step


def test_drops_the_event_of_a_device_that_cannot_be_read():
    x, _, flux = devices()
    plan = measure([flux], {x: 1.0}, defaultdict(lambda: None))
    while next(plan).command != "read":
        pass
    assert plan.throw(OSError("no answer")).command == "drop"
    with pytest.raises(OSError, match="no answer"):
        next(plan)


def of(*names):
    for name in names:
        yield Msg(name)
    return "done"


@pytest.mark.parametrize(
    ("names", "seen_before"),
    [(("set", "wait", "wait"), [1, 2]), (("set", "sleep", "save"), [1]), (("set", "save"), [2])],
)
def test_acts_at_each_wait_or_at_the_end(names, seen_before):
    seen, acts, results = [], [], []

    def whole():
        results.append((yield from at_waits(of(*names), lambda: acts.append(len(seen)))))

    for message in whole():
        seen.append(message.command)
    assert results == ["done"]
    assert tuple(seen) == names
    assert acts == seen_before
