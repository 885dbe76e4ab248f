"""A continuous motion, with frames that are reduced while it flies."""

from collections.abc import Mapping, Sequence
from typing import Any

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp

from autoexp.dofs import Dof
from autoexp.errors import MeasurementError
from autoexp.streams.balance import CountersReading
from autoexp.streams.counters import StreamCounters
from autoexp.streams.detector import StreamDetector
from autoexp.streams.flight import Flight
from autoexp_plans.checks import check_limits
from autoexp_plans.stubs import Plan

COUNTERS = "counters"
"""Name of the stream that holds what became of every frame."""

_FLIGHT = "flight"


def fly_scan(
    detector: StreamDetector,
    motor: Any,
    start: float,
    stop: float,
    *,
    bins: int,
    velocity: float | None = None,
    flush: float = 1.0,
    grace: float = 0.0,
    md: Mapping[str, Any] | None = None,
) -> Plan[StreamCounters]:
    """Move without a halt, and reduce the frames that come meanwhile, bin by bin of the position.

    Parameters
    ----------
    detector
        A stream whose frames carry the motor's read-back, under the motor's name: in their header, or by
        `autoexp.streams.PositionedFrames`.
    motor
        What moves: anything that can be set.
    start, stop
        Where the first bin begins and the last one ends, in the motor's unit.
    bins
        How many bins of equal width.
    velocity
        Units per second; the motor's own by default, which is restored afterwards.
    flush
        Seconds between looks for bins that are finished.
    grace
        Seconds to wait after the motion for frames that are still on their way.
    md
        Metadata for the start document.

    Returns
    -------
        What became of every frame since the stream was opened.

    Yields
    ------
    msg
        One run: an event in ``primary`` for each bin, in the order of the motion, with the mean of the read-backs,
        their spread and the number of frames; NaN in bins without frames. One event in ``counters`` at the end.

    Raises
    ------
    LimitsError, ReductionError
        Before anything moves.
    MeasurementError
        If a velocity is given that the motor cannot be told, or that is not positive.
    """
    flight = Flight(motor.name, start, stop, bins, str(getattr(motor, "egu", "")))
    yield from check_limits(Dof(motor, min(start, stop), max(start, stop)))
    usual = yield from _velocity(motor, velocity)
    flown = _staged_run(
        _flown(detector, motor, flight, velocity, flush=flush, grace=grace),
        [detector, motor],
        {**_about(detector, flight, velocity or usual), **(md or {})},
    )
    counters: StreamCounters = yield from bpp.finalize_wrapper(flown, lambda: _restore(motor, usual))
    return counters


def _about(detector: StreamDetector, flight: Flight, velocity: float | None) -> dict[str, Any]:
    """Return what the start document says of the plan."""
    return {
        "plan_name": "fly_scan",
        "detectors": [detector.name],
        "motors": [flight.coordinate],
        "start": flight.start,
        "stop": flight.stop,
        "bins": flight.bins,
        "velocity": velocity,
    }


def _staged_run(plan: Plan[StreamCounters], devices: Sequence[Any], md: Mapping[str, Any]) -> Plan[StreamCounters]:
    flown: StreamCounters = yield from bpp.stage_wrapper(bpp.run_wrapper(plan, md=dict(md)), devices)
    return flown


def _flown(
    detector: StreamDetector, motor: Any, flight: Flight, velocity: float | None, *, flush: float, grace: float
) -> Plan[StreamCounters]:
    """Go to the start, fly, and note what became of the frames."""
    yield from bps.prepare(detector, flight, wait=True)
    yield from bps.mv(motor, flight.start)
    if velocity is not None:
        yield from bps.mv(motor.velocity, velocity)
    yield from bps.declare_stream(detector, name="primary", collect=True)
    yield from _fly(detector, motor, flight.stop, flush, grace)
    yield from _note(detector)
    return detector.counters


def _fly(detector: StreamDetector, motor: Any, stop: float, flush: float, grace: float) -> Plan[None]:
    yield from bps.kickoff(detector, wait=True)
    yield from bps.abs_set(motor, stop, group=_FLIGHT)
    landed = False
    while not landed:
        landed = yield from bps.wait(_FLIGHT, timeout=flush, error_on_timeout=False)
        yield from bps.collect(detector, name="primary")
    if grace > 0:
        yield from bps.sleep(grace)
    yield from bps.complete(detector, wait=True)
    yield from bps.collect(detector, name="primary")


def _note(detector: StreamDetector) -> Plan[None]:
    yield from bps.create(COUNTERS)
    yield from bps.read(CountersReading(detector))
    yield from bps.save()


def _velocity(motor: Any, wanted: float | None) -> Plan[float | None]:
    """Return the velocity to restore; None where it is not changed."""
    if wanted is None:
        return None
    if not wanted > 0 or not hasattr(motor, "velocity"):
        raise MeasurementError(f"a velocity must be positive and the motor's to set, got {wanted} for {motor.name!r}")
    reading = yield from bps.rd(motor.velocity, default_value=wanted)
    return float(reading)


def _restore(motor: Any, velocity: float | None) -> Plan[None]:
    if velocity is not None:
        yield from bps.mv(motor.velocity, velocity)
