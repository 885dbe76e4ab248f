"""A self-driving scan through Channel Access: the server and the scan each in a process of its own."""

import json
import os
import socket
import subprocess
import sys
from importlib.util import find_spec

import pytest

pytestmark = pytest.mark.skipif(
    not (find_spec("caproto") and find_spec("epics") and find_spec("p4p")), reason="needs the extra epics"
)

_SCAN = """
import json, sys
from bluesky import RunEngine
from autoexp import Space
from autoexp_agents import SobolAgent
from autoexp_plans import adaptive_scan
from autoexp_simulators.epics import epics_beamline

line = epics_beamline("mirrors", prefix=sys.argv[1], timeout=60.0)
agent = SobolAgent(Space(list(line.dofs)), line.objectives, seed=0)
engine = RunEngine({}, context_managers=[], call_returns_result=True)
seen = engine(adaptive_scan(line.detectors(), agent, num=4)).plan_result.observations
moving = line.dofs[0].movable.set(line.dofs[0].high)
line.dofs[0].movable.stop()
rows = [{"status": str(o.status), "point": dict(o.point), "values": dict(o.values)} for o in seen]
limits = list(line.dofs[0].movable.limits)
print("RESULT" + json.dumps({"rows": rows, "limits": limits, "egu": line.dofs[0].movable.egu}), flush=True)
"""

_WATCH = """
from autoexp.streams.pva import PvaFrames

found, frames = [], PvaFrames("test:frames")
frames.open()
while len(found) < 3:
    found += filter(None, [frames.take(10.0)])
frames.close()
print(*(frame.number for frame in found), *found[0].values.shape)
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.fixture
def environment():
    server, repeater, search = free_port(), free_port(), free_port()
    return os.environ | {
        "EPICS_CA_ADDR_LIST": "127.0.0.1",
        "EPICS_CA_AUTO_ADDR_LIST": "NO",
        "EPICS_CA_SERVER_PORT": server,
        "EPICS_CA_REPEATER_PORT": repeater,
        "EPICS_CAS_SERVER_PORT": server,
        "EPICS_CAS_INTF_ADDR_LIST": "127.0.0.1",
        "EPICS_CAS_BEACON_ADDR_LIST": f"127.0.0.1:{repeater}",
        "EPICS_CAS_AUTO_BEACON_ADDR_LIST": "no",
        "EPICS_PVAS_INTF_ADDR_LIST": "127.0.0.1",
        "EPICS_PVAS_SERVER_PORT": free_port(),
        "EPICS_PVAS_BROADCAST_PORT": search,
        "EPICS_PVA_ADDR_LIST": "127.0.0.1",
        "EPICS_PVA_AUTO_ADDR_LIST": "NO",
        "EPICS_PVA_BROADCAST_PORT": search,
        "OMP_NUM_THREADS": "1",
    }


@pytest.fixture
def server(environment):
    command = [sys.executable, "-c", "import sys; from autoexp.cli import main; sys.exit(main())"]
    options = [
        "ioc",
        "mirrors",
        "--prefix",
        "test:",
        "--speed",
        "50",
        "--fault",
        "FailedTriggers(at=(1,))",
        "--stream",
        "test:frames",
    ]
    process = subprocess.Popen(
        [*command, *options], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    yield process.stdout.readline()
    process.terminate()
    process.wait(10)
    process.stdout.close()


@pytest.fixture
def watch(environment):
    with subprocess.Popen(
        [sys.executable, "-c", _WATCH], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


@pytest.mark.slow
def test_a_self_driving_scan_through_channel_access(server, watch, environment):
    assert "test:v_pitch" in server
    done = subprocess.run(
        [sys.executable, "-c", _SCAN, "test:"], env=environment, capture_output=True, text=True, timeout=240
    )
    told = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
    assert told, done.stderr
    result = json.loads(told[0].removeprefix("RESULT"))
    assert [row["status"] for row in result["rows"]] == ["ok", "failed", "ok", "ok"]
    assert (result["limits"], result["egu"]) == ([-35.0, 35.0], "urad")
    for row in result["rows"]:
        assert set(row["point"]) == {"v_pitch", "v_bend", "h_pitch", "h_bend"}
    assert len({row["point"]["v_pitch"] for row in result["rows"]}) >= 3
    assert all(row["values"]["spot_size"] > 0 for row in result["rows"] if row["status"] == "ok")
    said, _ = watch.communicate(timeout=60)
    first, second, third, *shape = map(int, said.split())
    assert first < second < third
    assert shape == [256, 256]
