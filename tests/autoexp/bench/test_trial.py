"""The best value so far, point by point."""

import numpy as np

from autoexp.beamline import Beamline
from autoexp.bench import Evidence
from autoexp.bench.trial import _best_so_far
from autoexp.dofs import Dof
from autoexp.objectives import Bound, Maximize
from autoexp.records import Observation, Status
from autoexp.space import Space


def best(rows):
    beamline = Beamline("gauge", None, None, (), (), (Maximize("y"), Bound("dose", high=6.0)))
    observed = tuple(
        Observation({"x": 0.0}, {"y": y, "dose": dose}, status=Status.FAILED if np.isnan(y) else Status.OK)
        for y, dose in rows
    )
    return _best_so_far(Evidence(beamline, Space([Dof("x", 0, 1)]), observed))


def test_what_breaks_a_bound_is_never_the_best():
    rows = [(100.0, 9.0), (90.0, 7.0), (1.0, 5.0), (np.nan, 5.0), (50.0, 8.0), (2.0, 5.0), (1.5, 5.0)]
    np.testing.assert_array_equal(best(rows), [np.nan, np.nan, 1.0, 1.0, 1.0, 2.0, 2.0])


def test_a_failed_first_point_leaves_the_best_unknown():
    np.testing.assert_array_equal(best([(np.nan, 5.0), (3.0, 5.0)]), [np.nan, 3.0])
