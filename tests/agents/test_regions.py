import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import griddata

from autoexp import Dof, Explore, Maximize, Observation, Space
from autoexp.errors import ObjectiveError, SpaceError
from autoexp.testing.agents import AgentContract
from autoexp_agents import RegionsAgent
from autoexp_agents.segments import otsu, segments, snake
from autoexp_simulators.xrf import xrf_scene

SAMPLE = Space([Dof("sample_x", -50, 50, unit="um", speed=50.0), Dof("sample_y", -50, 50, unit="um", speed=50.0)])
IRON, DWELL = 3, 0.2


class TestRegionsAgent(AgentContract):
    goal = Explore("f")
    only = ("line", "plane", "whole numbers", "numbers", "half", "ring")

    @pytest.fixture
    def build(self):
        return lambda space, objectives, seed: RegionsAgent(space, objectives, coarse=3, fine=4, seed=seed)


def iron(scene, x, y):
    return scene.rates(np.asarray(x), np.asarray(y))[IRON]


def count(scene, points, rng):
    return rng.poisson(iron(scene, *points.T) * DWELL) / DWELL


def scanned(scene, rng, **settings):
    agent = RegionsAgent(SAMPLE, Explore("f"), coarse=12, **settings)
    points, values = [], []
    while not agent.finished():
        [asked] = agent.suggest(1, [])
        points.append([asked.point["sample_x"], asked.point["sample_y"]])
        values.append(float(count(scene, np.array(points[-1:]), rng)[0]))
        agent.ingest([Observation(asked.point, {"f": values[-1]}, {"f": max(values[-1] / DWELL, 25.0) ** 0.5})])
    return agent, np.array(points), np.array(values)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_richest_cells_are_known_better_than_by_a_raster_of_as_many_points(seed):
    scene, rng = xrf_scene(seed), np.random.default_rng(seed)
    _, points, values = scanned(scene, rng)
    raster = SAMPLE.grid(int(np.ceil(np.sqrt(len(points)))))
    rival = np.array([[point["sample_x"], point["sample_y"]] for point in raster])
    x, y = np.meshgrid(*[np.linspace(-50, 50, 101)] * 2, indexing="ij")
    truth, label = iron(scene, x, y), scene.labels(x, y)
    amounts = {number: truth[label == number].sum() for number in np.unique(label[label > 0])}
    inside = np.isin(label, sorted(amounts, key=amounts.get)[-3:])

    def error(places, found):
        return np.sqrt(np.mean((griddata(places, found, (x, y)) - truth)[inside] ** 2))

    assert error(points, values) < 0.6 * error(rival, count(scene, rival, rng))


def test_the_richest_region_comes_first():
    agent, _, _ = scanned(xrf_scene(2), np.random.default_rng(0), regions=2)
    first, second = agent.regions()
    assert first.excess > second.excess
    assert agent.finished() == "2 regions are scanned"
    assert first.points[0] != second.points[0]


def test_all_is_one_region_or_none_by_the_level():
    agent = RegionsAgent(SAMPLE, Explore("f"), coarse=3, level=-1.0)
    for point in SAMPLE.grid(3):
        agent.ingest([Observation(point, {"f": 1.0}, {"f": 0.1})])
    [whole] = agent.regions()
    assert len(whole.points) == 81
    nothing = RegionsAgent(SAMPLE, Explore("f"), coarse=3, level=9.0)
    nothing.ingest(agent._memory.observations)
    assert nothing.regions() == ()
    assert nothing.suggest(1, [])


def test_finishes_although_motors_rest_beside_where_they_were_sent():
    space = Space([Dof("x", 0.0, 10.0), Dof("y", 0.0, 10.0)])
    agent, made = RegionsAgent(space, Explore("f"), coarse=5, fine=2, regions=1), 0
    while not agent.finished():
        assert made < 60
        [asked] = agent.suggest(1, [])
        value = float(np.exp(-0.5 * ((asked.point["x"] - 3.0) ** 2 + (asked.point["y"] - 6.0) ** 2)))
        point = {name: place + 0.005 for name, place in asked.point.items()}
        agent.ingest([Observation(point, {"f": value}, suggestion_id=asked.id)])
        made += 1
    assert made >= 25 + len(agent.regions()[0].points) - 9


@pytest.mark.parametrize("value", [0.0, -3.0, 1e15, 1e300])
def test_otsu_of_values_that_are_alike_is_their_value(value):
    assert otsu(np.full((4, 5), value)) == value


@given(st.floats(0.2, 0.8), st.floats(2.0, 100.0))
def test_otsu_parts_two_heaps(share, apart):
    low, high = np.linspace(-0.5, 0.5, int(200 * share)), np.linspace(-0.5, 0.5, int(200 * (1 - share))) + apart
    assert 0.5 <= otsu(np.concatenate([low, high])) <= apart - 0.5 + 1e-9


def test_segments_are_connected_and_ranked():
    field = np.zeros((5, 9))
    field[1:3, 1:3], field[3, 5:8] = 2.0, 5.0
    found = segments(field, 1.0)
    assert [len(each.cells) for each in found] == [3, 4]
    assert [each.excess for each in found] == [12.0, 4.0]
    assert len(segments(field, 1.0, smallest=4)) == 1


@given(st.integers(1, 6), st.integers(1, 6))
def test_a_snake_through_a_full_block_takes_no_leap(rows, columns):
    cells = np.argwhere(np.ones((rows, columns), dtype=bool))
    way = snake(cells)
    assert sorted(map(tuple, way)) == sorted(map(tuple, cells))
    assert (np.abs(np.diff(way, axis=0)).sum(axis=1) == 1).all()


@pytest.mark.parametrize(
    ("space", "objective", "settings", "error", "message"),
    [
        (SAMPLE, Maximize("f"), {}, ObjectiveError, "regions need one Explore"),
        (SAMPLE, Explore("f"), {"coarse": 1}, ObjectiveError, "coarse must be 2 or more, got 1"),
        (SAMPLE, Explore("f"), {"coarse": 200}, SpaceError, "250,000 points at most, got 797 along each Dof"),
        (Space([Dof("filter", choices=("a", "b"))]), Explore("f"), {}, SpaceError, "Dofs of numbers and no pool"),
    ],
)
def test_refuses(space, objective, settings, error, message):
    with pytest.raises(error, match=message):
        RegionsAgent(space, objective, **settings)


def test_fine_scans_leave_out_what_the_coarse_map_measured_although_motors_rest_beside_where_they_were_sent():
    rng = np.random.default_rng(3)
    agent = RegionsAgent(SAMPLE, Explore("f"), coarse=6, fine=4, regions=1)
    step, coarse, fine = 100.0 / 20, [], []
    while not agent.finished():
        [asked] = agent.suggest(1, [])
        place = np.array([asked.point["sample_x"], asked.point["sample_y"]])
        (fine if "fine" in asked.why.rule else coarse).append(place)
        x, y = np.clip(place + 0.1 * step * rng.uniform(-1.0, 1.0, 2), -50.0, 50.0)
        value = float(np.exp(-(x**2 + y**2) / 400.0))
        at = {"sample_x": float(x), "sample_y": float(y)}
        agent.ingest([Observation(at, {"f": value}, {"f": 0.01}, suggestion_id=asked.id)])
    distances = np.abs(np.array(fine)[:, None, :] - np.array(coarse)).max(axis=2)
    assert len(coarse) == 36
    assert len(fine) > 20
    assert distances.min() > 0.5 * step


def test_is_not_finished_before_every_point_was_asked_for_although_motors_rest_half_way_to_the_next():
    space = Space([Dof("x", 0.0, 10.0), Dof("y", 0.0, 10.0)])
    agent, fine = RegionsAgent(space, Explore("f"), coarse=5, fine=2, regions=1), 0
    step = 10.0 / 8
    for _ in range(80):
        if agent.finished():
            break
        [asked] = agent.suggest(1, [])
        fine += "fine" in asked.why.rule
        value = float(np.exp(-0.5 * ((asked.point["x"] - 3.0) ** 2 + (asked.point["y"] - 6.0) ** 2)))
        point = {name: place + 0.45 * step for name, place in asked.point.items()}
        agent.ingest([Observation(point, {"f": value}, suggestion_id=asked.id)])
    assert agent.finished()
    assert fine == len(agent.regions()[0].points)
