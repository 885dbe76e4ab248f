"""The clocks, floors and rows of the benchmark, without running it."""

import importlib
import importlib.util
import sys
import types
from pathlib import Path

import pytest
import torch

from autoexp.reduction import FrameMeta, Region, RegionSums

HERE = Path(__file__).parent
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


@pytest.fixture
def load(monkeypatch):
    """Modules as a script beside them sees them."""
    monkeypatch.syspath_prepend(str(HERE))
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if Path(getattr(sys.modules[name], "__file__", None) or "").parent == HERE:
            del sys.modules[name]


class Ticks:
    """A clock whose calls take as long as a list says."""

    def __init__(self, *seconds):
        self._left, self._last = list(seconds), seconds[-1]

    def seconds(self, call):
        call()
        return self._left.pop(0) if self._left else self._last


def case(load, **changes):
    known = {"name": "a sum", "peer_name": "a peer", "ours": int, "peer": lambda: int, "wanted": 2.0}
    return load("timing").Case(**{**known, "bytes_read": 4000, **changes})


def comparison(load, clock=None):
    machine = load("timing").Machine("a machine", 1e6, 1e9, None)
    return load("side_by_side").Comparison(machine, clock or Ticks(0.008), 0.0)


def test_the_least_time_counts_and_the_first_call_does_not(load):
    calls = []
    assert load("timing").least(lambda: calls.append(1), 0.0, Ticks(0.3, 0.1)) == 0.3
    assert len(calls) == 2
    assert load("timing").least(int, 0.5, Ticks(0.3, 0.1, 0.2)) == 0.1


def test_cpu_time_leaves_out_what_a_call_waits(load):
    waits = load("timing").CpuClock().seconds(lambda: __import__("time").sleep(0.2))
    assert 0.0 <= waits < 0.1


def test_the_cpu_has_floors_a_name_and_no_link(load):
    machine = load("timing").Machine.of("cpu", 0.01)
    assert machine.name
    assert machine.link is None
    assert machine.bandwidth > 1e8
    assert machine.floor(case(load, bytes_read=10**9)) == 10**9 / machine.bandwidth
    assert machine.floor(case(load, bytes_read=0, operations=1e9)) == 1e9 / machine.arithmetic


def test_a_row_holds_times_their_ratio_and_the_floor(load, monkeypatch):
    found = comparison(load)
    monkeypatch.setattr(load("side_by_side"), "CpuClock", lambda: Ticks(0.016))
    assert found.row(case(load)) == "| a sum | a peer | 16.00 | 8.00 | 2.0 | 2 | 4.000 | 2.0 |"
    assert found.closing().endswith("All peers are installed.")


def test_a_peer_that_is_not_installed_leaves_its_columns_empty(load):
    found = comparison(load)
    row = found.row(case(load, peer=lambda: importlib.import_module("no_such_peer")))
    assert row == "| a sum | a peer |  | 8.00 |  | 2 | 4.000 | 2.0 |"
    assert found.closing().splitlines()[-1] == "Not installed: no_such_peer."
    assert not found.failed


def test_what_fails_is_told_and_the_rest_goes_on(load, monkeypatch, capsys):
    found = comparison(load)
    monkeypatch.setattr(load("side_by_side"), "CpuClock", lambda: Ticks(0.016))
    row = found.row(case(load, ours=lambda: 1 / 0))
    assert row.startswith("| a sum | a peer | 16.00 |  |  | 2 |")
    assert found.failed == ["a sum"]
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert "Failed: a sum." in found.closing()


def test_a_topic_that_cannot_be_set_up_does_not_end_the_others(load, monkeypatch):
    def cases(device):
        raise OSError(device)

    monkeypatch.setitem(sys.modules, "topic", types.SimpleNamespace(cases=cases))
    found = comparison(load)
    assert found.rows("topic", "cpu") == []
    assert found.failed == ["topic"]


def test_a_batch_is_cut_with_its_coordinates(load):
    frames, meta = torch.arange(10).reshape(5, 1, 2), FrameMeta(coordinates={"x": torch.arange(5)})
    parts = list(load("timing")._batches(frames, meta, 3))
    assert [part.tolist() for part, _ in parts] == [frames[:3].tolist(), frames[3:].tolist()]
    assert [known.coordinates["x"].tolist() for _, known in parts] == [[0, 1, 2], [3, 4]]


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=needs_gpu)])
def test_every_frame_is_reduced(load, device):
    frames = torch.ones((5, 1, 8), dtype=torch.int32)
    call = load("timing").reduce_all(RegionSums((Region("a", 0, 4),)), frames, device=device)
    assert [call()["a"].n_frames for _ in range(2)] == [5, 5]


@needs_gpu
def test_events_time_what_a_device_does(load):
    timing = load("timing")
    block, clock = torch.ones(2**26, device="cuda"), timing.clock_of("cuda")
    once, often = (timing.least(lambda n=n: [block.sum() for _ in range(n)], 0.2, clock) for n in (1, 20))
    assert 5 * once < often
    assert timing.Machine.of("cuda", 0.05).link is not None
