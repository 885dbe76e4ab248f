"""What the command line says of stored runs."""

import re

import pytest
from ophyd.sim import SynSignal

from autoexp import Dof, Maximize, Space
from autoexp.campaign import Campaign
from autoexp.cli import main
from autoexp.data import open_store
from autoexp_agents import BayesianAgent
from autoexp_plans import adaptive_scan


@pytest.fixture
def motor():
    from ophyd.sim import SynAxis

    return SynAxis(name="x")


@pytest.fixture
def stored(RE, motor, tmp_path):
    """A store with one run of eight points, and the run's uid."""
    det = SynSignal(func=lambda: 100.0 - motor.readback.get() ** 2, name="det")
    agent = BayesianAgent(Space([Dof(motor, -5, 5, unit="mm", speed=2.0)]), (Maximize("det"),), seed=0)
    with open_store(tmp_path / "store") as store:
        token = RE.subscribe(store)
        (uid,) = RE(adaptive_scan([det], Campaign(agent, think="inline"), num=8, md={"sample": "gold"}))
        RE.unsubscribe(token)
    return tmp_path / "store", uid


def test_what_is_said_of_a_stored_run(stored, capsys):
    folder, uid = stored

    def said(command, *arguments):
        assert main([command, *arguments, "--folder", str(folder)]) == 0
        return capsys.readouterr().out

    assert re.search(rf"{uid[:8]} .* adaptive_scan +8 +success", said("runs"))

    shown = said("show", uid[:8])
    assert re.search(r"^Dof +x, -5 to 5 mm, 2 mm/s$", shown, flags=re.MULTILINE)
    assert re.search(r"^wanted +Maximize det", shown, flags=re.MULTILINE)
    assert "8 primary" in shown
    assert re.search(r"^sample +gold$", shown, flags=re.MULTILINE)

    again = said("replay", uid[:8])
    assert "8 of 8 decisions reproduced to the bit by the recorded BayesianAgent" in again
    assert again.count("the same") == 8

    other = said("replay", uid[:8], "--agent", "random")
    assert "the first that differs" in other
    assert other.count("the same") < 8

    figures = said("kpi")
    assert re.search(r"^points +8$", figures, flags=re.MULTILINE)
    assert (folder / "kpi.png").stat().st_size > 10_000


def test_a_run_that_is_not_there(stored, capsys):
    folder, _ = stored
    for command in ("show", "replay", "kpi", "export"):
        assert main([command, "nosuchrun", "--folder", str(folder)]) == 1
        assert "nosuchrun" in capsys.readouterr().err
