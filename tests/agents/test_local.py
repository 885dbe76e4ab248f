import numpy as np
import pytest

from autoexp import Bound, Dof, Explore, Maximize, Minimize, Observation, Space
from autoexp.errors import ObjectiveError
from autoexp_agents import LocalAgent

PLANE = Space([Dof("x", -2, 3), Dof("y", 0, 10)])


def bowl(point):
    return (point["x"] - 1.1) ** 2 + 0.1 * (point["y"] - 6.0) ** 2 + 0.2 * (point["x"] - 1.1) * (point["y"] - 6.0)


def run(agent, measure, points, shift=0.0):
    made = []
    for _ in range(points):
        [asked] = agent.suggest(1, [])
        made.append(asked)
        at = {name: value + shift for name, value in asked.point.items()}
        agent.ingest([Observation(at, {"f": measure(at)}, suggestion_id=asked.id)])
    return made


@pytest.mark.parametrize("method", ["Nelder-Mead", "Powell"])
def test_reaches_the_bottom(method):
    agent = LocalAgent(PLANE, Minimize("f"), method=method)
    made = run(agent, bowl, 60)
    assert min(bowl(suggestion.point) for suggestion in made) < 1e-3
    assert agent.best().point == pytest.approx({"x": 1.1, "y": 6.0}, abs=0.05)


def test_is_scipys_search():
    from scipy.optimize import minimize

    asked = []

    def cost(u):
        point = PLANE.from_unit(np.clip(u, 0, 1)[None, :])[0]
        asked.append(point)
        return -bowl(point)

    start = np.array([0.3, 0.4])
    simplex = np.vstack([start, start + np.diag([0.15, 0.15])])
    options = {"initial_simplex": simplex, "maxfev": 20}
    minimize(lambda u: -cost(u), start, method="Nelder-Mead", bounds=[(0, 1)] * 2, options=options)
    agent = LocalAgent(PLANE, Maximize("f"), start=PLANE.from_unit(start[None, :])[0])
    made = run(agent, lambda point: -bowl(point), 20)
    for suggestion, point in zip(made, asked[:20], strict=True):
        assert suggestion.point == pytest.approx(point)


def test_readbacks_beside_the_setpoints_do_not_stop_it():
    made = run(LocalAgent(PLANE, Minimize("f")), bowl, 60, shift=0.003)
    assert bowl(made[-1].point) < 0.05


def test_starts_again_elsewhere():
    made = run(LocalAgent(Space([Dof("x", 0, 1)]), Minimize("f")), lambda point: np.cos(12 * point["x"]), 60)
    found = np.array([suggestion.point["x"] for suggestion in made])
    hollows = np.array([np.pi / 12, 3 * np.pi / 12])
    assert (np.abs(found[:, None] - hollows).min(axis=0) < 0.01).all()


def test_a_broken_bound_counts_as_the_worst():
    agent = LocalAgent(PLANE, (Minimize("f"), Bound("g", high=0.0)))
    for _ in range(50):
        [asked] = agent.suggest(1, [])
        values = {"f": bowl(asked.point), "g": asked.point["x"] - 0.5}
        agent.ingest([Observation(asked.point, values, suggestion_id=asked.id)])
    assert agent.best().point["x"] < 0.55


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"method": "BFGS"}, "method must be one of"), ({"objectives": Explore("f")}, "needs one Maximize")],
)
def test_refuses(settings, message):
    with pytest.raises(ObjectiveError, match=message):
        LocalAgent(PLANE, **{"objectives": Minimize("f"), **settings})
