import numpy as np
import pytest

from autoexp.bench import compare, parallel
from autoexp.errors import AutoexpError, PluginError
from autoexp_agents import GridAgent, RandomAgent, SobolAgent

from .scenes import Peak, peak_beamline


def broken(space, objectives, seed):
    if seed == 1:
        raise RuntimeError("no agent today")
    return SobolAgent(space, objectives, seed=seed)


@pytest.fixture(scope="module")
def rivals():
    return {"grid": lambda space, objectives: GridAgent(space, objectives, per_dof=21), "random": RandomAgent}


def test_regret_and_costs_by_hand(rivals):
    found = compare({"grid": rivals["grid"]}, peak_beamline, budget=21, seeds=1, workers=0, progress=False)
    (track,) = found.data.isel(agent=0).score.values
    at = np.arange(-5.0, 5.01, 0.5)
    truth = Peak().expected({"x": at})["count_all"]
    best = truth.max() - truth[:15]
    np.testing.assert_allclose(track[12:15], best[12:15], rtol=1e-3, atol=1e-6)
    assert track[-1] == pytest.approx(0.0, abs=1e-6)
    assert found.data.travel.values[0, 0, -1] == pytest.approx(20 * 0.25)
    assert np.all(np.diff(found.data.beam_time.values[0, 0]) > 0.25)
    assert found.time_to(1e-3, what="point").item() == 15
    assert np.all(found.data.decision_time.values >= 0)
    assert found.data.score.attrs["units"] == found.data.best.attrs["units"]
    assert found.data.beam_time.attrs["units"] == "s"


def test_same_seeds_give_the_same_scans(rivals):
    first, again = (compare(rivals, peak_beamline, budget=4, seeds=[3, 5], workers=0, progress=False) for _ in "ab")
    np.testing.assert_array_equal(first.data.score, again.data.score)
    assert not np.array_equal(first.data.best.sel(seed=3), first.data.best.sel(seed=5))


def test_a_scan_that_fails_is_told_and_costs_no_other():
    found = compare({"sobol": "sobol", "broken": broken}, peak_beamline, budget=3, seeds=2, workers=0, progress=False)
    assert found.failures == ("broken, seed 1: RuntimeError: no agent today",)
    assert int(found.data.score.notnull().sum()) == 9
    assert "no agent today" in found.statement()


def test_an_interrupt_keeps_what_there_is(rivals, monkeypatch):
    whole = parallel.run_trial

    def interrupted(trial):
        if trial.seed == 1:
            raise KeyboardInterrupt
        return whole(trial)

    monkeypatch.setattr(parallel, "run_trial", interrupted)
    found = compare(rivals, peak_beamline, budget=3, seeds=2, workers=0, progress=False)
    assert found.final.sel(seed=0).notnull().all()
    assert found.final.sel(seed=1).isnull().all()


@pytest.mark.parametrize(("seeds", "meant"), [(np.int64(2), [0, 1]), (np.array([3, 5]), [3, 5]), (range(1, 3), [1, 2])])
def test_seeds_may_be_numbers_of_numpy(seeds, meant):
    found = compare(["random"], peak_beamline, budget=1, seeds=seeds, workers=0, progress=False)
    assert found.data.seed.values.tolist() == meant


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"budget": 0}, "budget 0"),
        ({"seeds": [1, 1]}, r"\[1, 1\]"),
        ({"seeds": 2.5}, "seeds must be an integer or a sequence of integers, got 2.5"),
        ({"seeds": [0, 1.5]}, r"seeds must be an integer or a sequence of integers, got \[0, 1.5\]"),
    ],
)
def test_refusals(settings, said):
    with pytest.raises(AutoexpError, match=said):
        compare(["sobol"], peak_beamline, **{"budget": 3, "seeds": 1} | settings)


def test_one_agent_may_be_named_alone():
    found = compare("random", peak_beamline, budget=1, seeds=1, workers=0, progress=False)
    assert found.data.agent.values.tolist() == ["random"]


def test_an_unknown_agent_is_refused_before_anything_runs():
    with pytest.raises(PluginError, match="got 'nothing'"):
        compare(["nothing"], peak_beamline, budget=3)


def test_files(rivals, tmp_path):
    import xarray as xr

    found = compare(rivals, peak_beamline, budget=3, seeds=2, workers=0, progress=False)
    found.save(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".txt", ".csv", ".png", ".nc"}
    with xr.open_dataset(tmp_path / "comparison.nc", engine="h5netcdf") as stored:
        xr.testing.assert_allclose(stored, found.data)
    assert "too few seeds" in (tmp_path / "comparison.txt").read_text(encoding="utf-8")
    assert len((tmp_path / "comparison.csv").read_text(encoding="utf-8").splitlines()) == 3


@pytest.mark.slow
def test_other_processes():
    found = compare(["sobol", "random"], "mirrors", budget=3, seeds=1, workers=2, progress=False)
    assert found.final.notnull().all()
