import itertools

import numpy as np
import pytest
import torch
from bluesky.plans import count

from autoexp.errors import MeasurementError, SimulatedFaultError
from autoexp_simulators import DetectorSpec, Imager, Sensor, SimulatedCamera, SimulatedClock, World
from autoexp_simulators.faults import (
    BadPixels,
    BeamDamage,
    BeamDump,
    Decay,
    DroppedFrames,
    FailedTriggers,
    Habits,
    LateTriggers,
    LostTriggers,
    Outliers,
    PositionDrift,
    Saturation,
)


def flat(positions, time):
    return torch.full((len(time), 16, 16), 1e4)


def row(positions, time):
    return torch.full((len(time), 1, 5), 1e4)


def spot(positions, time):
    y, x = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")
    return (1e6 * torch.exp(-0.5 * ((y - 16) ** 2 + (x - 16) ** 2) / 9)).expand(len(time), 32, 32)


def build(*faults, photons=flat, shape=(16, 16), **settings):
    habits = Habits(faults, {"camera": "detector"}, 0)
    clock = SimulatedClock()
    spec = DetectorSpec("camera", shape, photons, None, "reduced", **{"exposure": 0.5, "overhead": 0.5, **settings})
    world = World(clock, [], 0, habits)
    return SimulatedCamera(Imager(spec, world, habits=world.habits.of("detector", spec.name)), clock=clock), world


def frames(camera, number):
    images = []
    for _ in range(number):
        camera.trigger().wait(10)
        images.append(np.asarray(camera.image.get(), float))
    return np.stack(images)


def test_hot_and_dead_pixels_stay_where_they_are():
    camera, world = build(BadPixels(hot=4 / 256, dead=8 / 256, value=60_000))
    first, second = frames(camera, 2)
    assert (first == 60_000).sum() == 4
    assert (first == 0).sum() == 8
    assert np.array_equal(first == 60_000, second == 60_000)
    assert world.habits.happenings[0].detail == "4 hot and 8 dead pixels of 256"


def test_too_few_pixels_for_a_bad_one_are_drawn_and_told_once():
    camera, world = build(BadPixels(hot=1e-4))
    frames(camera, 3)
    assert [item.detail for item in world.habits.happenings] == ["0 hot and 0 dead pixels of 256"]


def test_all_pixels_are_bad():
    camera, world = build(BadPixels(hot=0.7, dead=0.3, value=7), shape=(1, 5), photons=row)
    (image,) = frames(camera, 1)
    assert sorted(image.flatten()) == [0, 7, 7, 7, 7]
    assert world.habits.happenings[0].detail == "4 hot and 1 dead pixels of 5"


def test_a_hot_pixel_has_the_largest_value_that_a_frame_can_store():
    camera, _ = build(BadPixels(hot=1.0, value=70_000), sensor=Sensor(saturation=60_000))
    assert (frames(camera, 1) == 2**16 - 1).all()


def test_saturation():
    camera, world = build(Saturation(5000))
    (image,) = frames(camera, 1)
    assert image.max() == 5000
    assert world.habits.happenings[0].detail == f"{(image == 5000).sum()} saturated pixels"


def test_a_dropped_frame_leaves_the_one_before():
    camera, world = build(DroppedFrames(0.5))
    images = frames(camera, 40)
    stale = [bool(np.array_equal(a, b)) for a, b in itertools.pairwise(images)]
    dropped = [round(item.time) for item in world.habits.happenings]
    assert 5 < len(dropped) < 35
    assert [number for number, same in enumerate(stale, 1) if same] == [number for number in dropped if number]


def test_late_triggers_take_their_time():
    camera, world = build(LateTriggers(2.0))
    frames(camera, 20)
    told = sum(float(item.detail.split()[3]) for item in world.habits.happenings)
    assert len(world.habits.happenings) == 20
    assert world.clock.now() == pytest.approx(20.0 + told, rel=0.01)


def test_a_trigger_that_fails(RE):
    camera, world = build(FailedTriggers(at=(1,)))
    frames(camera, 1)
    with pytest.raises(SimulatedFaultError, match=r"told to fail, 1\.000 s"):
        camera.trigger().wait(10)
    frames(camera, 1)
    assert [(item.time, item.fault) for item in world.habits.happenings] == [(1.0, "FailedTriggers")]


def test_a_trigger_that_never_returns_until_it_is_given_up():
    camera, world = build(LostTriggers(at=(0,)))
    lost = camera.trigger()
    assert not lost.done
    frames(camera, 1)
    assert isinstance(lost.exception(10), MeasurementError)
    assert [item.fault for item in world.habits.happenings] == ["LostTriggers"]


@pytest.mark.parametrize("order", [1, -1])
def test_a_trigger_fails_or_is_lost_or_is_late(order):
    faults = [FailedTriggers(at=(1, 2)), LostTriggers(at=(2, 3)), LateTriggers(2.0)]
    camera, world = build(*faults[::order])
    triggers = [camera.trigger() for _ in range(6)]
    triggers[4].wait(10)
    late, failed, lost = ["LateTriggers"], ["FailedTriggers"], ["LostTriggers"]
    assert [item.fault for item in world.habits.happenings] == late + failed * 2 + lost + late * 2
    assert [type(trigger.exception(10)) for trigger in triggers[1:4]] == [SimulatedFaultError] * 2 + [MeasurementError]


@pytest.mark.parametrize("order", [1, -1])
def test_hot_pixels_saturate_and_a_dropped_frame_is_as_it_was(order):
    faults = [BadPixels(hot=4 / 256, value=60_000), Saturation(20_000), DroppedFrames(0.5)]
    camera, world = build(*faults[::order])
    images = frames(camera, 30)
    dropped = [round(item.time) for item in world.habits.happenings if item.fault == "DroppedFrames"]
    assert 5 < len(dropped) < 25
    for number, (before, image) in enumerate(itertools.pairwise([np.zeros((16, 16)), *images])):
        expected = before if number in dropped else np.where(image > 15_000, 20_000, image)
        assert np.array_equal(image, expected)
        assert number in dropped or (image == 20_000).sum() == 4


def test_a_decaying_beam_is_topped_up(RE):
    camera, world = build(Decay(lifetime=100.0, top_up=20.0))
    means = frames(camera, 41).mean(axis=(1, 2))
    expected = 5000 * np.exp(-(np.arange(41.0) % 20.0) / 100.0)
    assert means == pytest.approx(expected, abs=5 * np.sqrt(5000) / 16)
    assert [item.time for item in world.habits.happenings] == [20.0, 40.0]


def test_a_dump_has_its_length():
    camera, world = build(BeamDump(3.0, start=2.0))
    assert list(frames(camera, 8).mean(axis=(1, 2)) > 0) == [True, True, False, False, False, True, True, True]
    assert [(item.time, item.detail) for item in world.habits.happenings] == [(2.0, "no beam for 3 s")]


def test_dumps_come_again():
    _, world = build(BeamDump(10.0, between=90.0))
    world_off = np.mean([world.current(now) == 0.0 for now in np.arange(0.0, 200_000.0, 5.0)])
    assert world_off == pytest.approx(0.1, abs=0.01)


def test_the_beam_drifts_over_the_detector():
    camera, world = build(PositionDrift(60.0), photons=spot, shape=(32, 32))
    image = frames(camera, 30)[-1]
    detail = world.habits.happenings[-1].detail
    down, right = (float(word) for word in detail.removeprefix("beam at ").removesuffix(" px").split(", "))
    rows, columns = np.indices(image.shape)
    assert abs(down) + abs(right) > 1.0
    assert (image * rows).sum() / image.sum() == pytest.approx(16 + down, abs=0.05)
    assert (image * columns).sum() / image.sum() == pytest.approx(16 + right, abs=0.05)


def test_damage_follows_the_dose():
    camera, world = build(BeamDamage(critical=5.0))
    means = frames(camera, 10).mean(axis=(1, 2))
    assert means == pytest.approx(5000 * np.exp(-0.5 * np.arange(10) / 5.0), abs=5 * np.sqrt(5000) / 16)
    assert len(world.habits.happenings) == 9


def test_outliers_are_dark():
    camera, world = build(Outliers(0.2))
    dark = [number for number, image in enumerate(frames(camera, 50)) if image.max() == 0]
    assert 2 < len(dark) < 25
    assert [round(item.time) for item in world.habits.happenings] == dark


def test_the_same_seed_gives_the_same_habits(RE):
    def run():
        camera, world = build(LateTriggers(1.0, 0.5), Outliers(0.3))
        RE(count([camera], 10))
        return world.habits.happenings

    assert run() == run()
