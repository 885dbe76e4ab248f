import time

import bluesky.plan_stubs as bps
import numpy as np
import pytest
import torch
from bluesky.plans import count, scan
from bluesky.simulators import check_limits
from ophyd.utils.errors import LimitError

from autoexp.errors import MeasurementError
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
from autoexp_simulators.axis import travelled


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


def test_a_device_does_one_thing_after_another(RE, clock):
    one, other = motor(clock, "a"), motor(clock, "b")
    RE(bps.mv(one, 8.0))
    RE(bps.mv(other, 2.0))
    RE(bps.mv(one, 0.0))
    assert clock.now() == pytest.approx(8.0)


def test_stop_ends_a_move_where_it_is():
    clock = SimulatedClock(speed=10.0)
    slow = motor(clock, velocity=1.0, acceleration=0.5)
    moving = slow.set(10.0)
    while slow.read()["m"]["value"] < 1.0:
        time.sleep(0.005)
    slow.stop()
    assert isinstance(moving.exception(10), MeasurementError)
    here = slow.position
    assert 1.0 < here < 10.0
    assert slow.setpoint.get() == pytest.approx(here)
    time.sleep(0.05)
    assert slow.position == here
    slow.set(here + 1.0).wait(10)
    assert slow.position == pytest.approx(here + 1.0)


def test_a_new_move_replaces_one_under_way():
    slow = motor(SimulatedClock(speed=20.0))
    first = slow.set(10.0)
    slow.set(-1.0).wait(10)
    assert isinstance(first.exception(10), MeasurementError)
    assert slow.position == pytest.approx(-1.0)


@pytest.mark.parametrize("acceleration", [0.0, 0.5, 5.0])
def test_the_way_is_the_integral_of_a_trapezoid(acceleration):
    cruise = 2.0
    ramp = min(acceleration, np.sqrt(cruise * acceleration))
    whole = cruise + acceleration if cruise >= acceleration else 2 * ramp
    times = (np.arange(20_000) + 0.5) / 20_000 * whole
    rise = np.ones_like(times) if ramp == 0 else np.minimum(1, np.minimum(times, whole - times) / ramp)
    way = np.cumsum(rise) / rise.sum()
    shares = np.linspace(0.05, 1, 20)
    expected = np.interp(shares * whole, times, way)
    assert [travelled(share, cruise, acceleration) for share in shares] == pytest.approx(expected, abs=1e-3)


def test_a_camera_beside_another_leaves_its_exposures_alone():
    clock = SimulatedClock(speed=100.0)
    first = camera(clock, flat(5.0), exposure=20.0)
    second = first.beside()
    status = first.trigger()
    second.trigger().wait(10)
    status.wait(10)
    assert second.image.get().shape == first.image.get().shape
