"""Frames through real 0MQ sockets."""

import json
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nst

from autoexp.errors import ReductionError, StreamEndError
from autoexp.reduction import BeamStatistics
from autoexp.streams import Accumulator, Beginning, StreamFrame, StreamReduction, WholeReading
from autoexp.streams.buffer import Absorbed
from autoexp.streams.zeromq import ZmqFrames, decoded, encoded, end_of_series

zmq = pytest.importorskip("zmq")

FRAME = np.arange(12, dtype=np.uint16).reshape(3, 4)


@pytest.fixture
def sender():
    """A bound socket of any type, and its address."""
    context, sockets = zmq.Context(), []

    def make(kind):
        socket = context.socket(kind)
        sockets.append(socket)
        return socket, f"tcp://127.0.0.1:{socket.bind_to_random_port('tcp://127.0.0.1')}"

    yield make
    for socket in sockets:
        socket.close(linger=0)
    context.term()


@given(
    nst.arrays(
        st.sampled_from(["u1", "<u2", ">u2", "<u4", ">i4", "<f4", ">f8"]), nst.array_shapes(min_dims=1, max_dims=2)
    ),
    st.integers(0, 2**40),
)
def test_a_frame_survives_its_message(values, number):
    frame = StreamFrame(values, number, 1.5e9, {"x": 0.25})
    found = decoded(encoded(frame))
    np.testing.assert_array_equal(found.values, values)
    assert found.values.dtype.newbyteorder("=") == values.dtype.newbyteorder("=")
    assert (found.number, found.timestamp, found.coordinates) == (number, 1.5e9, {"x": 0.25})


def test_pushed_frames_are_reduced_and_the_end_is_told(sender):
    socket, address = sender(zmq.PUSH)
    reading = Accumulator(Beginning(BeamStatistics()))
    with StreamReduction(ZmqFrames(address), batch=4) as reduction:
        future = reduction.begin(WholeReading(reading))
        for number in range(20):
            socket.send_multipart(encoded(StreamFrame(FRAME, number)))
        socket.send_multipart(end_of_series())
        future.result(30)
        assert (reduction.counters.seen, reduction.counters.reduced, reduction.counters.missed) == (20, 20, 0)
    assert reading.read()["sum"].n_frames == 20


def test_a_slow_reader_holds_up_the_source_and_loses_nothing(sender):
    socket, address = sender(zmq.PUSH)
    socket.set(zmq.SNDHWM, 2)
    socket.set(zmq.SNDBUF, 4096)
    frame = np.ones((512, 512), np.uint16)

    class Slow:
        def __init__(self):
            self.go = threading.Semaphore(0)

        def absorb(self, arrivals):
            assert self.go.acquire(timeout=30)
            return Absorbed(len(arrivals))

        def finish(self):
            pass

    sink = Slow()
    with StreamReduction(ZmqFrames(address, room=2), batch=1, room=100) as reduction:
        future = reduction.begin(sink, 30)
        for number in range(30):
            sink.go.release()
            assert socket.poll(30_000, zmq.POLLOUT)
            socket.send_multipart(encoded(StreamFrame(frame, number)))
        future.result(30)
        assert (reduction.counters.seen, reduction.counters.missed, reduction.counters.dropped) == (30, 0, 0)


def test_published_frames_come_once_the_stream_is_open(sender):
    socket, address = sender(zmq.XPUB)
    with StreamReduction(ZmqFrames(address, "SUB")) as reduction:
        assert socket.recv() == b"\x01"
        future = reduction.begin(WholeReading(Accumulator(Beginning(BeamStatistics()))), 3)
        for number in (0, 1, 5):
            socket.send_multipart(encoded(StreamFrame(FRAME, number)))
        future.result(30)
        assert reduction.counters.missed == 3


def test_a_stream_may_bind_and_be_opened_again():
    stream = ZmqFrames("inproc://frames", bind=True)
    for _ in range(2):
        stream.open()
        assert stream.take(0.0) is None
        stream.close()


def test_images_of_dectris_detectors_are_read():
    def part(**values):
        return json.dumps(values).encode()

    form = part(htype="dimage_d-1.0", shape=[4, 3], type="uint16", encoding="<", size=24)
    found = decoded([part(htype="dimage-1.0", series=1, frame=9, hash=""), form, FRAME.tobytes(), part(start_time=1)])
    np.testing.assert_array_equal(found.values, FRAME)
    assert found.number == 9
    assert decoded([part(htype="dheader-1.0", series=1)]) is None
    with pytest.raises(StreamEndError):
        decoded([part(htype="dseries_end-1.0", series=1)])


@pytest.mark.parametrize("encoding", ["lz4<", "lz4>", "bs16-lz4<", "bs16-lz4>"])
def test_compressed_images_of_dectris_detectors_are_read(encoding):
    values = np.random.default_rng(4).poisson(5.0, (40, 60)).astype(encoding[-1] + "u2")
    if encoding.startswith("bs"):
        h5py, hdf5plugin = pytest.importorskip("h5py"), pytest.importorskip("hdf5plugin")
        how = {"chunks": values.shape, "compression": hdf5plugin.Bitshuffle(cname="lz4")}
        with h5py.File("zeromq.h5", "w", driver="core", backing_store=False) as file:
            data = file.create_dataset("data", data=values, **how).id.read_direct_chunk((0, 0))[1]
    else:
        # numcodecs writes the number of bytes in front
        data = bytes(pytest.importorskip("numcodecs.lz4").compress(values.tobytes()))[4:]
    form = {"htype": "dimage_d-1.0", "shape": [60, 40], "type": "uint16", "encoding": encoding, "size": len(data)}
    header = {"htype": "dimage-1.0", "series": 1, "frame": 2, "hash": ""}
    found = decoded([json.dumps(header).encode(), json.dumps(form).encode(), data])
    np.testing.assert_array_equal(found.values, values)


@pytest.mark.parametrize(
    ("parts", "rule"),
    [
        ([b"\xff\x00"], "header in JSON"),
        ([b"[1]"], "array-1.0 or dimage-1.0"),
        ([b'{"htype": "array-1.0"}'], "in 1 parts"),
        ([b'{"htype": "array-1.0", "shape": [2, 2], "type": "uint16", "frame": 0}', b"\0" * 7], "got 7 bytes"),
        (
            [b'{"htype": "array-1.0", "shape": [1], "type": "u2", "frame": 0, "encoding": "zip<"}', b"\0\0"],
            "plain, lz4 or",
        ),
    ],
)
def test_what_is_no_frame_is_refused(parts, rule):
    with pytest.raises(ReductionError, match=rule):
        decoded(parts)
