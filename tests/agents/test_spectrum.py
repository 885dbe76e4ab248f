import numpy as np
import pytest

from autoexp import Dof, Explore, Maximize, Observation, Space
from autoexp.errors import ObjectiveError, SpaceError
from autoexp.testing.agents import AgentContract
from autoexp_agents import GridAgent, SpectrumAgent
from autoexp_simulators.xanes.scene import xanes_scene

ENERGY = Space([Dof("energy", 7080, 7180, unit="eV", speed=5.0, acceleration=0.2, settle=0.3)])
FINE = np.linspace(7080, 7180, 2001)
NOISE = 0.003


class TestSpectrumAgent(AgentContract):
    goal = Explore("f")
    only = ("line",)

    @pytest.fixture
    def build(self):
        return lambda space, objectives, seed: SpectrumAgent(space, objectives, coarse=4, seed=seed)


def spectrum(seed):
    scene, (x, y) = xanes_scene(seed), np.random.default_rng(seed).uniform(-0.8, 0.8, 2)

    def measure(energy):
        energy = np.atleast_1d(energy)
        points = {"energy": energy, "sample_x": np.full_like(energy, x), "sample_y": np.full_like(energy, y)}
        return scene.expected(points)["absorption_mu"]

    return measure


def run(agent, measure, points, seed, chooser=None, until=lambda: False):
    rng = np.random.default_rng(seed)
    for _ in range(points):
        [asked] = (chooser or agent).suggest(1, [])
        value = float(measure(asked.point["energy"])[0] + NOISE * rng.standard_normal())
        agent.ingest([Observation(asked.point, {"f": value}, {"f": NOISE})])
        if until():
            break
    return agent


def errors(agent, measure):
    truth, found = measure(FINE), agent.features()
    mean = agent.report(per_dof=501)["f_mean"].interp(energy=FINE)
    return abs(found.edge - FINE[np.argmax(np.diff(truth))]), float(np.sqrt(np.mean((mean - truth) ** 2)))


@pytest.mark.slow
def test_beats_an_even_scan_of_as_many_points_on_the_absorption_scene():
    ours, even = [], []
    for seed in range(3):
        measure = spectrum(seed)
        grid = GridAgent(ENERGY, Explore("f"), per_dof=40)
        ours.append(errors(run(SpectrumAgent(ENERGY, Explore("f"), exposure=0.5), measure, 40, seed), measure))
        even.append(errors(run(SpectrumAgent(ENERGY, Explore("f")), measure, 40, seed, chooser=grid), measure))
    (edge, rms), (edge_even, rms_even) = np.median(ours, axis=0), np.median(even, axis=0)
    assert edge < 0.5 * edge_even
    assert rms < 0.7 * rms_even


def test_begins_with_a_pass_and_then_goes_to_where_the_spectrum_bends():
    agent = run(SpectrumAgent(ENERGY, Explore("f"), coarse=21), spectrum(1), 34, seed=0)
    energies = [row.point["energy"] for row in agent._memory.observations]
    assert energies[:21] == pytest.approx(np.linspace(7080, 7180, 21))
    assert np.mean([7105 < energy < 7135 for energy in energies[21:]]) > 0.8


def test_ends_when_edge_and_white_line_are_known_and_they_are():
    agent, measure = SpectrumAgent(ENERGY, Explore("f"), tolerance=0.5), spectrum(1)
    assert agent.finished() == ""
    run(agent, measure, 80, seed=1, until=agent.finished)
    assert len(agent._memory) < 80
    assert agent.finished().startswith("edge and white line are known to")
    found, truth = agent.features(), measure(FINE)
    assert abs(found.edge - FINE[np.argmax(np.diff(truth))]) < 3 * found.edge_sigma
    assert abs(found.line - FINE[np.argmax(truth)]) < 3 * found.line_sigma


def test_slow_motors_stay_closer():
    def travel(speed):
        space = Space([Dof("energy", 7080, 7180, unit="eV", speed=speed)])
        agent = run(SpectrumAgent(space, Explore("f")), spectrum(1), 32, seed=0)
        return np.abs(np.diff([row.point["energy"] for row in agent._memory.observations[16:]])).sum()

    assert travel(1.0) < 0.7 * travel(1000.0)


@pytest.mark.parametrize(
    ("space", "objective", "settings", "error", "message"),
    [
        (Space([Dof("x", 0, 1), Dof("y", 0, 1)]), Explore("f"), {}, SpaceError, "needs one Dof of numbers"),
        (ENERGY, Maximize("f"), {}, ObjectiveError, "needs one Explore"),
        (ENERGY, Explore("f"), {"coarse": 2}, ObjectiveError, "coarse must be 3 or more, got 2"),
        (ENERGY, Explore("f"), {"tolerance": 0.0}, ObjectiveError, "tolerance must be positive, got 0"),
    ],
)
def test_refuses(space, objective, settings, error, message):
    with pytest.raises(error, match=message):
        SpectrumAgent(space, objective, **settings)
