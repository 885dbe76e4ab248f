"""The whole server."""

import asyncio
from collections.abc import Sequence
from typing import Any

from autoexp.beamline import Beamline
from autoexp.plugins import load
from autoexp_simulators.faults.parse import parse_fault
from autoexp_simulators.stage import SimulatedMotor


def serve(
    scene: str,
    *,
    prefix: str = "sim:",
    seed: int = 0,
    speed: float = 1.0,
    faults: Sequence[str] = (),
    interface: str = "127.0.0.1",
    stream: str | None = None,
) -> None:
    """Serve a Scene's motors and detectors over Channel Access until interrupted.

    Parameters
    ----------
    scene
        Its registered name.
    prefix
        Beginning of all names: ``{prefix}{motor}``, ``{prefix}{detector}:Acquire``.
    seed
        Of everything random.
    speed
        Beamline seconds per second.
    faults
        Bad habits, as ``Backlash(gap=0.2, device='x')``.
    interface
        Address to listen on.
    stream
        Name of the variable under which frames are published over PVAccess as well, if they are: of a camera that
        sees what the first detector sees, so that neither disturbs the other.
    """
    from caproto.asyncio.server import start_server

    habits = [parse_fault(text) for text in faults]
    beamline = load("scenes", scene)(seed=seed, speed=speed, faults=habits)
    database = records(beamline, prefix)
    publisher = _publisher(beamline, stream)
    print(f"serving {len(database)} variables of {scene!r}: {', '.join(database)}", flush=True)  # noqa: T201
    try:
        asyncio.run(start_server(database, interfaces=[interface], log_pv_names=False))
    except KeyboardInterrupt:
        return
    finally:
        if publisher is not None:
            publisher.close()


def records(beamline: Beamline, prefix: str) -> dict[str, Any]:
    """Return the variables of a beamline's motors and detectors by name."""
    from autoexp_simulators.ioc.detector import detector_record
    from autoexp_simulators.ioc.motor import MotorRecord

    database: dict[str, Any] = {}
    for dof in beamline.dofs:
        if isinstance(dof.movable, SimulatedMotor):
            database |= MotorRecord(f"{prefix}{dof.name}", dof.movable).pvdb
    for readout in beamline.readouts:
        database |= detector_record(f"{prefix}{readout.detector.name}:", readout.detector).pvdb
    return database


def _publisher(beamline: Beamline, stream: str | None) -> Any:
    if stream is None:
        return None
    from autoexp_simulators.stream import FrameStream

    motors = [dof.movable for dof in beamline.dofs if isinstance(dof.movable, SimulatedMotor)]
    attributes = {motor.name: motor.readback.get for motor in motors}
    return FrameStream(stream, beamline.detector.beside(), attributes=attributes)
