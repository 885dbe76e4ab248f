import numpy as np
import pytest

from autoexp.beamline import Beamline
from autoexp.bench import Evidence, OptimumFound
from autoexp.dofs import Dof
from autoexp.objectives import Bound, Maximize
from autoexp.records import Observation, Status
from autoexp.space import Space


class Slope:
    """``y`` rises with ``x``, and so does the dose."""

    def expected(self, points):
        x = np.asarray(points["x"], dtype=float)
        return {"y": 2.0 * x, "dose": x}

    def truth(self):
        raise NotImplementedError

    photons = truth


def evidence(rows, answer=None):
    objectives = (Maximize("y"), Bound("dose", high=6.0))
    beamline = Beamline("slope", Slope(), None, (), (), objectives)
    observed = tuple(Observation({"x": x}, {"y": y, "dose": x}, status=status) for x, y, status in rows)
    pool = {"x": np.arange(11.0)}
    return Evidence(beamline, Space([Dof("x", 0, 10)], pool=pool), observed, answer)


def test_what_breaks_a_bound_is_no_answer():
    ok, failed = Status.OK, Status.FAILED
    scan = evidence([(9.0, 18.0, ok), (2.0, 4.0, ok), (5.0, 10.0, failed), (4.0, 30.0, ok), (5.0, 10.0, ok)])
    # the best within the bound is 12, at x = 6; a lucky 30 at x = 4 is truly 8
    np.testing.assert_array_equal(OptimumFound().judge(scan), [np.nan, 8.0, 8.0, 4.0, 4.0])


@pytest.mark.parametrize(("x", "regret"), [(3.0, 6.0), (6.0, 0.0), (7.0, np.nan)])
def test_the_answer_is_held_against_the_truth(x, regret):
    np.testing.assert_equal(OptimumFound().judge_answer(evidence([(1.0, 2.0, Status.OK)], {"x": x})), regret)
    assert np.isnan(OptimumFound().judge_answer(evidence([(1.0, 2.0, Status.OK)])))
