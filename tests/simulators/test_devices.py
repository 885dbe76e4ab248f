import time

import bluesky.plan_stubs as bps
import numpy as np
import pytest
import torch
from bluesky.plans import count, scan
from bluesky.simulators import check_limits
from ophyd.utils.errors import LimitError

from autoexp_simulators import (
    Axis,
    DetectorSpec,
    Imager,
    MotorSpec,
    Sensor,
    SimulatedCamera,
    SimulatedClock,
    SimulatedMotor,
    World,
)


@pytest.fixture
def clock():
    return SimulatedClock()


def motor(clock, name="m", **settings):
    return SimulatedMotor(Axis(MotorSpec(name, (-10, 10), "mm", **{"velocity": 2.0, **settings}), 0), clock=clock)


def camera(clock, photons, shape=(4, 4), name="camera", **settings):
    spec = DetectorSpec(name, shape, photons, None, "reduced", **settings)
    return SimulatedCamera(Imager(spec, World(clock, [], 0)), clock=clock)


def flat(rate, shape=(4, 4)):
    return lambda positions, time: torch.full((len(time), *shape), float(rate))


def test_a_move_takes_the_trapezoids_time_and_no_wall_time(RE, clock):
    slow = motor(clock, acceleration=0.5, settle=1.0)
    began = time.monotonic()
    RE(bps.mv(slow, 8.0))
    assert clock.now() == pytest.approx(8.0 / 2.0 + 0.5 + 1.0)
    assert time.monotonic() - began < 4.0


def test_moves_of_one_group_run_at_once(RE, clock):
    RE(bps.mv(motor(clock, "a"), 8.0, motor(clock, "b"), 2.0))
    assert clock.now() == pytest.approx(4.0)


def test_points_of_a_scan_run_one_after_another(RE, clock):
    RE(scan([camera(clock, flat(0), exposure=0.5, overhead=0.0)], motor(clock), -2, 2, 3))
    assert clock.now() == pytest.approx((2 + 2 + 2) / 2.0 + 3 * 0.5)


def test_real_time(RE):
    clock = SimulatedClock(speed=10.0)
    began = time.monotonic()
    RE(bps.mv(motor(clock), 4.0))
    assert time.monotonic() - began >= 0.2


def test_reads_back_near_the_setpoint(RE, clock):
    noisy = motor(clock, accuracy=0.1, readback_noise=0.01)
    RE(bps.mv(noisy, 5.0))
    readings = [noisy.read()["m"]["value"] for _ in range(400)]
    assert noisy.position != 5.0
    assert np.mean(readings) == pytest.approx(noisy.position, abs=5 * 0.01 / 20)
    assert np.std(readings) == pytest.approx(0.01, rel=0.2)
    assert noisy.describe()["m"]["units"] == "mm"


def test_soft_limits(RE, clock):
    limited = motor(clock)
    with pytest.raises(LimitError, match="'m' must stay within -10 to 10 mm, got 11"):
        RE(bps.mv(limited, 11))
    with pytest.raises(LimitError):
        check_limits(scan([], limited, 0, 11, 2))
    assert limited.position == 0.0


def test_a_dof_of_the_motors_travel(clock):
    dof = motor(clock, acceleration=0.5, settle=1.0).dof()
    assert (dof.name, dof.limits, dof.unit) == ("m", (-10.0, 10.0), "mm")
    assert dof.travel_time(0.0, 8.0) == pytest.approx(5.5)


def test_a_frame_in_the_event(RE, clock):
    documents = []
    RE(
        count([camera(clock, flat(1e4, (6, 8)), (6, 8), sensor=Sensor(saturation=60_000))]),
        lambda name, document: documents.append((name, document)),
    )
    (key,) = [document["data_keys"]["camera_image"] for name, document in documents if name == "descriptor"]
    (frame,) = [document["data"]["camera_image"] for name, document in documents if name == "event"]
    assert (key["shape"], key["dtype_numpy"]) == ([6, 8], "<u2")
    assert frame.dtype == np.uint16
    assert frame.mean() == pytest.approx(1000, rel=0.05)


def test_a_scene_that_fails_fails_the_trigger(clock):
    def photons(positions, time):
        raise RuntimeError("no scene")

    status = camera(clock, photons).trigger()
    with pytest.raises(RuntimeError, match="no scene"):
        status.wait(10)


def test_speed_must_be_positive():
    with pytest.raises(ValueError, match="speed must be positive, got 0"):
        SimulatedClock(0)


def test_a_movie_in_the_event(RE, clock):
    def counting_up(positions, time):
        return (1e4 * (1 + time - time[0])).to(torch.float32)[:, None, None].expand(len(time), 4, 4)

    documents = []
    RE(
        count([camera(clock, counting_up, frames=3, exposure=0.9, overhead=0.1)]),
        lambda name, document: documents.append((name, document)),
    )
    (key,) = [document["data_keys"]["camera_image"] for name, document in documents if name == "descriptor"]
    (movie,) = [document["data"]["camera_image"] for name, document in documents if name == "event"]
    assert (key["shape"], key["dims"]) == ([3, 4, 4], ["frame", "y", "x"])
    assert movie.mean(axis=(1, 2)) == pytest.approx([9000, 18000, 27000], rel=0.02)
    assert clock.now() == pytest.approx(3.0)
