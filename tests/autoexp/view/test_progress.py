import io

import pytest
from ophyd.sim import SynAxis, SynSignal

from autoexp import Dof, Maximize, Minimize, Space, Suggestion, Target
from autoexp.view import ProgressBar
from autoexp_plans import adaptive_scan


class Walk:
    def __init__(self, motor, objective):
        self.space = Space([Dof(motor, -5, 5)])
        self.objectives = (objective,)
        self._points = iter([(str(x), {"x": float(x)}) for x in range(3)])

    def suggest(self, n, pending):
        return [Suggestion(*next(self._points))]

    def ingest(self, observations):
        pass


@pytest.mark.parametrize(("objective", "best"), [(Maximize("det"), 2), (Minimize("det"), 0), (Target("det", 1.2), 1)])
def test_shows_points_and_the_best_so_far(RE, objective, best):
    motor, out = SynAxis(name="x"), io.StringIO()
    det = SynSignal(func=lambda: motor.readback.get(), name="det")
    RE.subscribe(ProgressBar(file=out, ascii=True))
    RE(adaptive_scan([det], Walk(motor, objective), num=3))
    last = out.getvalue().split("\r")[-1]
    assert "3/3" in last
    assert f"best det {best}" in last
    assert "beam time" in last


def test_says_nothing_of_other_scans(RE):
    from bluesky.plans import count

    out = io.StringIO()
    RE.subscribe(ProgressBar(file=out))
    RE(count([SynSignal(func=lambda: 1.0, name="det")]))
    assert out.getvalue() == ""
