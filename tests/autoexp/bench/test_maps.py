import numpy as np
import pytest

from autoexp.bench import EdgesFound, Evidence, MapKnown, MapSimilar, PhasesKnown, TopFound, TransitionLocated
from autoexp.bench.maps import places, reconstruct
from autoexp.dofs import Dof
from autoexp.errors import AutoexpError
from autoexp.objectives import Classify, Explore, Maximize
from autoexp.records import Observation
from autoexp.space import Space

from .scenes import Peak, peak_beamline


class Step:
    """One below 1.5, three above."""

    def expected(self, points):
        return {"level": np.where(np.asarray(points["x"], dtype=float) < 1.5, 1.0, 3.0)}

    def truth(self):
        import xarray as xr

        return xr.Dataset(attrs={"transition_temperature": 1.5})

    photons = Peak().photons


def evidence(scene, objective, at, *, pool=None):
    space = Space([Dof("x", -5, 5)], pool=pool)
    name = objective.name
    rows = [Observation({"x": x}, {name: float(scene.expected({"x": [x]})[name][0])}) for x in at]
    beamline = peak_beamline(objective=objective, scene=scene)
    return Evidence(beamline, space, tuple(rows))


def test_a_dense_map_is_known_and_a_sparse_one_is_not():
    dense = MapKnown().judge(evidence(Peak(), Explore("count_all"), np.linspace(-5, 5, 24)))
    sparse = MapKnown().judge(evidence(Peak(), Explore("count_all"), np.linspace(-5, -2, 24)))
    assert dense[-1] < 0.01
    assert sparse[-1] > 0.1
    assert np.isfinite(dense).nonzero()[0].tolist() == [5, 11, 17, 23]


def test_map_error_by_hand():
    scan = evidence(Peak(), Explore("count_all"), np.linspace(-5, 5, 5))
    points, shape = places(scan)
    truth, guess = scan.truth(points), reconstruct(scan, 5, points)
    assert shape == (200,)
    expected = np.sqrt(np.mean((truth - guess) ** 2)) / (truth.max() - truth.min())
    assert MapKnown(shares=(1.0,)).judge(scan)[-1] == pytest.approx(expected)


def test_edges_of_a_step():
    found = EdgesFound().judge(evidence(Step(), Explore("level"), np.linspace(-5.0, 5.0, 101)))
    missed = EdgesFound().judge(evidence(Step(), Explore("level"), [-5.0, -4.0, -3.0, -2.0, 4.5, 5.0]))
    assert found[-1] == 1.0
    assert missed[-1] == 0.0


def test_phases_by_the_nearest_point():
    exact = PhasesKnown().judge(evidence(Step(), Classify("level"), [1.4, 1.6]))
    one_class = PhasesKnown().judge(evidence(Step(), Classify("level"), [-1.0, 0.0]))
    assert exact[-1] == pytest.approx(1.0, abs=0.02)
    assert one_class[-1] < 0.5


def test_a_transition_is_located():
    distance = TransitionLocated().judge(evidence(Step(), Explore("level"), [*np.linspace(-5, 5, 9), 1.4, 1.6]))
    assert distance[-1] < 0.15


def test_the_top_of_a_pool():
    pool = {"x": np.linspace(-5, 5, 200)}
    best = sorted(pool["x"], key=lambda x: abs(x - 2.0))
    found = TopFound().judge(evidence(Peak(), Maximize("count_all"), [best[50], best[0], best[0], best[1]], pool=pool))
    assert found.tolist() == [0.0, 0.5, 0.5, 1.0]


def test_refusals():
    scan = evidence(Peak(), Explore("count_all"), [0.0])
    for goal, said in ((MapSimilar(), "two Dofs"), (TopFound(), "needs a pool"), (TransitionLocated(), "transition")):
        with pytest.raises(AutoexpError, match=said):
            goal.judge(scan)
