import asyncio
import dataclasses

import numpy as np
import pytest
from bluesky.plans import scan
from ophyd.utils.errors import LimitError

from autoexp import Dof, Minimize, Space
from autoexp.campaign import Campaign
from autoexp.errors import SimulatedFaultError
from autoexp.reduction import BeamStatistics
from autoexp_agents import SobolAgent
from autoexp_plans import adaptive_scan
from autoexp_simulators import DetectorSpec, MotorSpec, Sensor, assemble, mirror_scene, mirrors_beamline
from autoexp_simulators.async_devices import AsyncCamera, AsyncMotor
from autoexp_simulators.faults import FailedTriggers, ReadbackOffset


def line(control="ophyd-async", **settings):
    scene = mirror_scene(0)
    motors = [MotorSpec(name, (-10, 10), "urad", 20.0) for name in scene.names]
    sensor = Sensor(dark=5.0, read_noise=1.0, offset=10.0, saturation=60_000)
    camera = DetectorSpec("camera", scene.shape, scene.photons, BeamStatistics(), "spot", sensor=sensor)
    return assemble(
        "test",
        scene,
        motors=motors,
        detectors=[camera],
        objectives=[Minimize("spot_size")],
        seed=0,
        control=control,
        **settings,
    )


def connect(RE, *devices):
    for device in devices:
        asyncio.run_coroutine_threadsafe(device.connect(), RE.loop).result(10)


def test_a_scan_with_the_same_events_as_classic_devices(RE):
    def events(beamline):
        found = []
        plan = scan(beamline.detectors(), beamline.dofs[0].movable, -1, 1, 3)
        RE(plan, lambda name, document: found.append(document["data"]) if name == "event" else None)
        return found

    modern = line()
    connect(RE, *(dof.movable for dof in modern.dofs), modern.detector)
    ours, theirs = events(modern), events(line("ophyd"))
    assert isinstance(modern.detector, AsyncCamera)
    assert len(ours) == 3
    for one, other in zip(ours, theirs, strict=True):
        assert one["spot_size"] == other["spot_size"]
        assert one["v_pitch"] == other["v_pitch"]


def test_one_motor_async_and_one_classic_in_one_adaptive_scan(RE):
    beamline = mirrors_beamline()
    first, second = beamline.dofs[0], beamline.dofs[2]
    modern = dataclasses.replace(first, movable=AsyncMotor(first.movable))
    connect(RE, modern.movable)
    space = Space([dataclasses.replace(modern, low=-10, high=10), Dof(second.movable, -10, 10)])
    campaign = Campaign(SobolAgent(space, beamline.objectives, seed=0))
    RE(adaptive_scan(beamline.detectors(), campaign, num=4))
    data = campaign.to_dataset()
    assert [str(seen.status) for seen in campaign.observations] == ["ok"] * 4
    asked = [suggestion.point["v_pitch"] for suggestion in campaign.suggestions]
    assert np.asarray(data["v_pitch"]) == pytest.approx(asked, abs=0.3)


def test_faults_and_limits_are_the_same(RE):
    beamline = line(faults=[ReadbackOffset(0.5, device="v_pitch"), FailedTriggers(at=(0,))])
    motor, camera = beamline.dofs[0].movable, beamline.detector
    connect(RE, motor, camera)

    async def use():
        with pytest.raises(LimitError):
            await motor.set(11.0)
        await motor.set(2.0)
        with pytest.raises(SimulatedFaultError):
            await camera.trigger()
        await camera.trigger()
        return await motor.locate(), await motor.read(), await camera.read()

    location, reading, frame = asyncio.run_coroutine_threadsafe(use(), RE.loop).result(30)
    assert location["setpoint"] == 2.0
    assert location["readback"] == pytest.approx(2.5)
    assert reading["v_pitch"]["value"] == pytest.approx(2.5)
    assert frame["camera-image"]["value"].shape == beamline.scene.shape
