import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr

from autoexp.bench import TopFound, compare
from autoexp.dofs import Dof
from autoexp.errors import SpaceError
from autoexp.objectives import Maximize
from autoexp_simulators.table import table_beamline

X = np.linspace(0.0, 4.0, 41)
TABLE = pd.DataFrame({"x": X, "yield": -3.0 + np.exp(-((X - 1.3) ** 2))})
DOFS = [Dof("x", 0.0, 4.0, unit="mm", speed=2.0)]


def replayed(*, seed=0, speed=None, **settings):
    return table_beamline(TABLE, DOFS, Maximize("yield"), seed=seed, speed=speed, **settings)


def measured(beamline, x, times=1):
    detector, scene = beamline.readouts[0].detector, beamline.scene
    beamline.dofs[0].movable.set(x).wait()
    reducer, found = beamline.readouts[0].reducer, []
    for _ in range(times):
        detector.trigger().wait()
        frame = torch.as_tensor(detector.image.get().astype(float))[None]
        found.append(float(reducer.read(reducer.update((), frame, None))["yield"].value))
    return np.array(found), float(scene.expected({"x": [x]})["table_yield"][0])


@pytest.mark.parametrize("between", ["pool", "linear"])
def test_a_measurement_is_the_tables_value(between):
    (value,), expected = measured(replayed(between=between), X[17])
    assert expected == TABLE["yield"][17]
    assert value == pytest.approx(expected, abs=1e-6)


def test_noise_is_as_stated():
    values, expected = measured(replayed(sigma=0.05), X[5], times=400)
    assert values.mean() == pytest.approx(expected, abs=5 * 0.05 / 20)
    assert values.std() == pytest.approx(0.05, rel=0.2)


def test_linear_in_two_dofs_and_nearest_outside():
    at = np.array([[0, 0], [2, 0], [0, 2]], dtype=float)
    table = xr.Dataset({"v": ("row", at @ [1.0, 3.0], {"units": "K"}), "x": ("row", at[:, 0]), "y": ("row", at[:, 1])})
    beamline = table_beamline(table, [Dof("x", 0, 2), Dof("y", 0, 2)], Maximize("v"), between="linear")
    found = beamline.scene.expected({"x": np.array([0.5, 2.0]), "y": np.array([0.5, 1.9])})["table_v"]
    assert found[0] == pytest.approx(2.0)
    assert found[1] in (2.0, 6.0)
    assert beamline.scene.unit == "K"


def test_another_strategy_on_a_past_experiment():
    def few(*, seed, speed):
        return table_beamline(TABLE[::8], DOFS, Maximize("yield"), seed=seed, speed=speed)

    found = compare(["random"], few, budget=6, seeds=1, goal=TopFound(), workers=0, progress=False)
    assert found.final.values.tolist() == [[1.0]]
    assert (found.data.travel.isel(point=-1) > 0).all()


def test_refusals():
    with pytest.raises(SpaceError, match="'flux'"):
        table_beamline(TABLE, DOFS, Maximize("flux"))
    with pytest.raises(SpaceError, match="complete row"):
        table_beamline(TABLE * np.nan, DOFS, Maximize("yield"))


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"between": "cubic"}, "between must be one of 'pool', 'linear', got 'cubic'"),
        ({"sigma": -1.0}, "sigma must be zero or more, got -1.0"),
        ({"sigma": float("nan")}, "sigma must be zero or more, got nan"),
        ({"sigma": float("inf")}, "sigma must be zero or more, got inf"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, rule):
    with pytest.raises(SpaceError, match=rule):
        replayed(**settings)


@pytest.mark.parametrize(("rows", "rank"), [(41, 1), (2, 1), (1, 0)])
def test_points_on_a_line_have_nothing_between_them(rows, rank):
    table = TABLE.assign(y=3.0 * TABLE["x"])[:rows]
    dofs = [*DOFS, Dof("y", 0.0, 12.0)]
    with pytest.raises(SpaceError, match=f"span all of 'x', 'y' for between='linear', got {rows} of rank {rank}"):
        table_beamline(table, dofs, Maximize("yield"), between="linear")
    assert len(table_beamline(table, dofs, Maximize("yield")).scene.space(dofs).pool) == rows
