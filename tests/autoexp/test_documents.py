import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoexp import Dof, Space, Status
from autoexp.documents import Inbox

SPACE = Space([Dof("x", -1, 1, unit="mm"), Dof("filter", choices=("open", "thin"))])


def inbox(stream="primary", **units):
    box = Inbox(SPACE, {"x": "x", "filter": "filter"})
    keys = {name: {"units": unit} for name, unit in units.items()}
    box("descriptor", {"uid": "d", "name": stream, "data_keys": keys})
    return box


def event(number=1, **data):
    return {"descriptor": "d", "seq_num": number, "data": {"x": 0.5, "filter": "open", "suggestion_id": "7", **data}}


@given(st.floats(-1, 1), st.floats(allow_nan=False), st.floats(0, 10))
def test_an_event_becomes_an_observation(x, value, sigma):
    box = inbox(flux="1/s")
    box("event", event(x=x, flux=value, flux_sigma=sigma, beam_time=3.0))
    (row,) = box.collect()
    assert row.point == {"x": x, "filter": "open"}
    assert (row.values, row.sigmas) == ({"flux": value}, {"flux": sigma})
    assert (row.suggestion_id, row.time, row.status) == ("7", 3.0, Status.OK)
    assert box.units == {"flux": "1/s"}


def test_arrays_and_words_are_no_values():
    box = inbox()
    box("event", event(image=np.zeros((4, 4)), listed=[1.0, 2.0], sample="gold", count=np.int64(3)))
    assert box.collect()[0].values == {"count": 3.0}


def test_a_rewound_event_counts_once_as_measured_last():
    box = inbox()
    box("event", event(1, flux=1.0))
    box("event", event(1, flux=2.0))
    box("event", event(2, flux=3.0))
    assert [row.values["flux"] for row in box.collect()] == [2.0, 3.0]
    assert box.collect() == []


def test_decisions_are_no_measurements():
    box = inbox("decisions", x="mm")
    box("event", event())
    assert box.collect() == []
    assert box.units == {}


def test_other_peoples_events_are_left_alone():
    box = inbox()
    box("event", {"descriptor": "d", "seq_num": 1, "data": {"x": 1.0}})
    box("event", {"descriptor": "unknown", "seq_num": 1, "data": {"suggestion_id": "7"}})
    assert box.collect() == []


def test_a_failure_is_where_it_was_suggested():
    box = inbox("failures")
    data = {
        "suggestion_id": "7",
        "reason": "no beam",
        "suggested_x": 0.25,
        "suggested_filter": "thin",
        "beam_time": 1.0,
    }
    box("event", {"descriptor": "d", "seq_num": 1, "data": data})
    (row,) = box.collect()
    assert (row.point, row.status, row.reason) == ({"x": 0.25, "filter": "thin"}, Status.FAILED, "no beam")


def test_pages_of_events():
    box = inbox()
    columns = {"x": [0.1, 0.2], "filter": ["open", "thin"], "suggestion_id": ["1", "2"], "flux": [5.0, 6.0]}
    box("event_page", {"descriptor": "d", "seq_num": [1, 2], "data": columns})
    assert [(row.suggestion_id, row.values["flux"]) for row in box.collect()] == [("1", 5.0), ("2", 6.0)]


def test_without_a_beam_time_the_time_is_not_known():
    box = inbox()
    box("event", event(flux=1.0))
    assert math.isnan(box.collect()[0].time)


@pytest.mark.parametrize("name", ["start", "stop", "resource", "datum"])
def test_other_documents_are_passed_over(name):
    box = inbox()
    box(name, {"uid": "u"})
    assert box.collect() == []
