import dataclasses
import math

import numpy as np
import pytest
from ophyd.sim import SynSignal

from autoexp import Bound, Dof, Explore, Maximize, Minimize, Observation, Space, Status, Target
from autoexp.campaign import Campaign
from autoexp.data.kpi import as_good, kpi, kpi_dataset, kpi_table
from autoexp.errors import StoreError
from autoexp.records import Source, Suggestion, Why
from autoexp.view.kpi import draw_kpis
from autoexp_plans import adaptive_scan


def rows_of(values, sigma=None):
    sigmas = {} if sigma is None else {"f": sigma}
    return [Observation({"x": float(i)}, {"f": float(v)}, sigmas) for i, v in enumerate(values)]


def test_as_good_as_the_best_is_within_one_sigma():
    rows = rows_of([1.0, 9.2, 10.0, 9.6], sigma=0.5)
    assert as_good(rows, (Maximize("f"),)) == [2, 3]
    assert as_good(rows, (Minimize("f"),)) == [0]
    assert as_good(rows, (Target("f", 9.1),)) == [1, 3]


def test_a_bound_and_a_failure_are_no_answer():
    rows = rows_of([1.0, 9.0, 10.0], sigma=0.5)
    assert as_good(rows, (Maximize("f"), Bound("f", high=9.5))) == [1]
    rows[2] = dataclasses.replace(rows[2], status=Status.FAILED)
    assert as_good(rows, (Maximize("f"),)) == [1]
    assert as_good(rows, (Explore("f"),)) == []


class Predicts:
    """Walks along the points and predicts what the test tells it to."""

    def __init__(self, space, points, errors):
        self.space, self.objectives = space, (Maximize("det"),)
        self._points, self._errors, self._given = points, errors, 0

    def suggest(self, n, pending):
        x, error = self._points[self._given], self._errors[self._given]
        self._given += 1
        why = Why(Source.AGENT, "walk", {"det": 100.0 - x**2 - error}, {"det": 1.0}, 0.0, self._given - 1)
        return [Suggestion(f"{self._given:04d}", {"x": x}, why)]

    def ingest(self, observations):
        pass


@pytest.fixture
def run(RE, motor, det):
    clock = iter(range(0, 10_000, 10))
    space = Space([Dof(motor, -5, 5, unit="mm", speed=1.0)])
    points = [-4.0, 2.0, 0.0, 0.125, 3.0]
    errors = [0.5, -0.5, 1.5, -3.0, 0.0]
    campaign = Campaign(Predicts(space, points, errors), clock=lambda: float(next(clock)))
    campaign.propose({"x": 1.0})
    documents = []
    token = RE.subscribe(lambda *item: documents.append(item))
    RE(adaptive_scan([det], campaign, num=6))
    RE.unsubscribe(token)
    return documents


def test_figures_of_a_run_whose_figures_are_known(run):
    found = kpi(run)
    assert found.points == 6
    assert found.points_to_answer == 4
    assert found.predictions == 5
    assert found.coverage68 == pytest.approx(3 / 5)
    assert found.coverage95 == pytest.approx(4 / 5)
    assert found.residual_mean == pytest.approx(np.mean([0.5, -0.5, 1.5, -3.0, 0.0]))
    assert found.wasted == 0
    assert found.interventions_per_hour == pytest.approx(3600.0 / found.beam_time, rel=1e-6)
    assert 0 < found.dead_share < 1


def test_a_raster_as_fine_cannot_miss_what_was_good(run):
    found = kpi(run)
    assert found.raster_points == 10.0 / 0.125
    assert found.raster_time > 0
    assert found.equal_time >= 10.0


def test_failed_points_are_wasted(RE, motor):
    values = iter([1.0, math.nan, 2.0, 3.0])
    det = SynSignal(func=lambda: next(values), name="det")
    space = Space([Dof(motor, -5, 5)])
    agent = Predicts(space, [0.0, 1.0, 2.0, 3.0], [0.0] * 4)
    documents = []
    token = RE.subscribe(lambda *item: documents.append(item))
    RE(adaptive_scan([det], Campaign(agent, on_failure="skip"), num=3))
    RE.unsubscribe(token)
    assert kpi(documents).wasted == pytest.approx(1 / 3)


def test_many_runs_as_a_dataset_a_table_and_a_picture(run, tmp_path):
    rows = [kpi(run), dataclasses.replace(kpi(run), uid="another", time_to_answer=math.nan)]
    data = kpi_dataset(rows)
    assert data.sizes == {"run": 2}
    assert data["time_to_answer"].attrs["units"] == "s"
    table = kpi_table(rows)
    assert "another" in table
    assert table.splitlines()[4].split()[-1] == "-"
    draw_kpis(rows, tmp_path / "pictures" / "kpi.png")
    assert (tmp_path / "pictures" / "kpi.png").stat().st_size > 10_000


def test_a_run_without_an_agent_has_no_figures():
    with pytest.raises(StoreError, match="adaptive scan"):
        kpi([("start", {"uid": "a", "time": 0.0, "plan_name": "count"})])
