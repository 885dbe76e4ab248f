import json

import numpy as np
import pytest

from autoexp import Dof, Explore, Maximize, Observation, Space
from autoexp.errors import ObjectiveError
from autoexp.testing.agents import SPACES, AgentContract
from autoexp_agents import MapAgent, TechniqueAgent
from autoexp_simulators.multimodal import multimodal_scene

PLACE = [Dof("sample_x", -50, 50, unit="um"), Dof("sample_y", -50, 50, unit="um")]
SPACE = Space([*PLACE, Dof("technique", choices=("fluorescence", "diffraction"))])
SECONDS = {"fluorescence": 0.5, "diffraction": 4.0}
FIELDS = {"fluorescence": "iron", "diffraction": "ring"}


class TestTechniqueAgent(AgentContract):
    goal = Explore("f")
    only = ("words", "finite")

    @property
    def home(self):
        return SPACES["words"]

    @pytest.fixture
    def build(self):
        def made(space, objectives, seed):
            if "filter" not in space.names:
                pytest.skip("needs a Dof with choices")
            choices = space.dofs[space.names.index("filter")].choices
            seconds, fields = dict.fromkeys(choices, 1.0), dict.fromkeys(choices, "f")
            return TechniqueAgent(
                space,
                objectives,
                technique="filter",
                fields=fields,
                seconds=seconds,
                initial=2,
                seed=seed,
                candidates=64,
            )

        return made


def build(seed=0, **settings):
    return TechniqueAgent(
        SPACE,
        Explore("ring"),
        technique="technique",
        fields=FIELDS,
        seconds=SECONDS,
        seed=seed,
        candidates=256,
        **settings,
    )


class Sample:
    """What the slow technique shows follows the quick one's field, save in one place."""

    def iron(self, x, y):
        return np.sin(x / 12) * np.cos(y / 15) + 1.5

    def crystalline(self, x, y):
        return 0.6 * self.iron(x, y) + 0.5 * np.exp(-((x - 20) ** 2 + (y + 10) ** 2) / 400)


def run(agent, scene, seconds, seed):
    rng, counts = np.random.default_rng(seed), {"fluorescence": 0, "diffraction": 0}
    while True:
        [asked] = agent.suggest(1, [])
        how = asked.point.get("technique", "diffraction")
        seconds -= SECONDS[how]
        if seconds < 0:
            return counts
        counts[how] += 1
        place = (np.array([asked.point["sample_x"]]), np.array([asked.point["sample_y"]]))
        value = (scene.iron if how == "fluorescence" else scene.crystalline)(*place)[0] + 0.01 * rng.standard_normal()
        agent.ingest([Observation(asked.point, {FIELDS[how]: value}, {FIELDS[how]: 0.01})])


def error(agent, scene):
    """Return the root of the mean squared error of the map of what the slow technique shows."""
    report = agent.report(per_dof=31)
    x, y = np.meshgrid(report["sample_x"], report["sample_y"], indexing="ij")
    found = report["ring_mean"].transpose("sample_x", "sample_y").values
    return float(np.sqrt(np.mean((found - scene.crystalline(x, y)) ** 2)))


@pytest.mark.slow
def test_maps_better_in_the_same_time_with_both():
    sample, ours, alone = Sample(), [], []
    for seed in range(2):
        both, slow = build(seed), MapAgent(Space(PLACE), Explore("ring"), seed=seed, candidates=256)
        run(both, sample, 60.0, seed)
        run(slow, sample, 60.0, seed)
        ours.append(error(both, sample))
        alone.append(error(slow, sample))
    assert max(ours) < 0.7 * min(alone)


def test_takes_the_quick_technique_more_often_and_the_slow_one_too():
    counts = run(build(), multimodal_scene(0), 40.0, 0)
    assert counts["fluorescence"] > counts["diffraction"] > 1


def test_techniques_that_have_nothing_to_do_with_each_other_are_not_mixed_up():
    agent, rng = build(), np.random.default_rng(0)
    for _ in range(40):
        x, y = rng.uniform(-50, 50, 2)
        for how, value in (("fluorescence", np.sin(x / 9)), ("diffraction", np.sin(y / 9))):
            point = {"sample_x": x, "sample_y": y, "technique": how}
            agent.ingest([Observation(point, {FIELDS[how]: value}, {FIELDS[how]: 0.01})])
    between = agent._model(()).parameters.between
    assert abs(between[0, 1]) < 0.4 * np.sqrt(between[0, 0] * between[1, 1])
    worth = [agent._gains(agent._model(()), output, agent._candidates.unit).max() for output in range(2)]
    assert worth[0] < 0.3 * worth[1]


def test_refuses():
    with pytest.raises(ObjectiveError, match="need an Explore each"):
        TechniqueAgent(SPACE, Maximize("ring"), technique="technique", fields=FIELDS, seconds=SECONDS)
    with pytest.raises(ObjectiveError, match="need an Explore each"):
        TechniqueAgent(SPACE, Explore("other"), technique="technique", fields=FIELDS, seconds=SECONDS)


def test_chooses_after_a_prepared_refit_as_without():
    ahead, inline, again = build(), build(), build()
    for unit in SPACE.sobol(12, seed=2):
        value = float(unit["sample_x"]) / 50.0
        row = Observation(unit, {FIELDS[unit["technique"]]: value})
        for agent in (ahead, inline, again):
            agent.ingest([row])
    ahead.prepare([])
    ahead.wait()
    [first], [second] = ahead.suggest(1, []), inline.suggest(1, [])
    assert (first.point, first.why) == (second.point, second.why)
    assert ahead.thought_ahead > 0.0 == inline.thought_ahead
    again.use_model(json.loads(json.dumps(ahead.model_state())))
    assert again.suggest(1, [])[0].point == first.point


def test_does_not_refit_while_it_chooses(monkeypatch):
    agent, points = build(), SPACE.sobol(12, seed=2)
    rows = [Observation(point, {FIELDS[point["technique"]]: float(point["sample_x"]) / 50.0}) for point in points]
    agent.ingest(rows[:9])
    agent.prepare([])
    agent.wait()
    agent.suggest(1, [])
    monkeypatch.setattr(agent, "_learnt", lambda *_: pytest.fail("refitted on the critical path"))
    agent.ingest(rows[9:])
    assert agent.suggest(1, [])[0].why.n_observations == 12
