"""Runs to export: an adaptive one with frames, and a plain scan."""

import pytest
from bluesky import RunEngine
from bluesky.plans import scan
from ophyd.sim import SynAxis, SynSignal

from autoexp import Space
from autoexp.campaign import Campaign
from autoexp.data import open_store
from autoexp.data.export import stored_run
from autoexp_agents import SobolAgent
from autoexp_plans import adaptive_scan
from autoexp_simulators import mirrors_beamline

PERSON = {"name": "Ada Lovelace", "orcid": "https://orcid.org/0000-0002-1825-0097"}


def adaptive(engine):
    beamline = mirrors_beamline()
    agent = SobolAgent(Space(beamline.dofs), beamline.objectives)
    campaign = Campaign(agent, clock=beamline.clock.now, think="inline")
    md = {"sample": {"name": "gold", "composition": "Au"}, "people": [PERSON], "licence": "CC-BY-4.0"}
    (uid,) = engine(adaptive_scan(beamline.detectors(raw=True), campaign, num=3, md=md))
    return uid, campaign


def plain(engine):
    motor = SynAxis(name="x")
    det = SynSignal(func=lambda: 100.0 - motor.readback.get() ** 2, name="det")
    (uid,) = engine(scan([det], motor, -1, 1, 3))
    return uid


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    """An adaptive run with frames and a plain scan as the archive has them, and the documents of the first."""
    engine = RunEngine({}, context_managers=[])
    documents = []
    with open_store(tmp_path_factory.mktemp("exported") / "store") as store:
        engine.subscribe(store)
        token = engine.subscribe(lambda *item: documents.append(item))
        uid, _ = adaptive(engine)
        engine.unsubscribe(token)
        runs = stored_run(store.run(uid)), stored_run(store.run(plain(engine)))
    engine.loop.call_soon_threadsafe(engine.loop.stop)
    engine._th.join()
    engine.loop.run_until_complete(engine.loop.shutdown_default_executor())
    engine.loop.close()
    return *runs, documents


@pytest.fixture
def run(exported):
    return exported[0]


@pytest.fixture
def plain_run(exported):
    return exported[1]


@pytest.fixture
def documents(exported):
    return exported[2]
