"""Frames over PVAccess, plain and compressed, from a server in this process."""

import time

import numpy as np
import pytest
from numcodecs import blosc

from autoexp.errors import MeasurementError
from autoexp.streams import PvaFrames
from autoexp.streams.codecs import TYPES

pytest.importorskip("p4p")

from p4p import Value
from p4p.nt import NTNDArray, NTScalar
from p4p.server import Server, StaticProvider
from p4p.server.raw import SharedPV

SHAPE = (30, 40)
LIGHT = np.random.default_rng(2).poisson(9.0, SHAPE).astype(np.uint16)


@pytest.fixture
def published(pva_settings):
    """Return what serves a value and takes the first frame of it."""
    provider = StaticProvider("frames")

    def take(value):
        provider.add("test:frames", SharedPV(initial=value))
        with Server(providers=[provider], conf=pva_settings):
            source = PvaFrames("test:frames", coordinates=("x", "absent"), settings=pva_settings)
            source.open()
            try:
                return first(source)
            finally:
                source.close()

    return take


def first(source):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        frame = source.take(0.1)
        if frame is not None:
            return frame
    raise AssertionError("a frame must arrive")


def array(values, codec="", kind=None, **fields):
    """An NTNDArray of the shape of `LIGHT`."""
    union = {"u1": "ubyteValue", "u2": "ushortValue"}[values.dtype.str[1:]]
    return Value(
        NTNDArray.buildType(),
        {
            "value": (union, values.ravel()),
            "codec": {"name": codec, "parameters": kind},
            "compressedSize": values.nbytes,
            "uncompressedSize": LIGHT.nbytes,
            "dimension": [{"size": size} for size in reversed(SHAPE)],
            "attribute": [{"name": "x", "value": 1.5}, {"name": "y", "value": 2.5}],
        }
        | fields,
    )


def test_a_plain_frame(published):
    frame = published(array(LIGHT, uniqueId=7, timeStamp={"secondsPastEpoch": 3, "nanoseconds": 500_000_000}))
    np.testing.assert_array_equal(frame.values, LIGHT)
    assert (frame.values.dtype, frame.number, frame.timestamp) == (LIGHT.dtype, 7, 3.5)
    assert frame.coordinates == {"x": 1.5}


def test_a_compressed_frame_is_decoded(published):
    data = np.frombuffer(blosc.compress(LIGHT, b"lz4", 5, 1), np.uint8)
    frame = published(array(data, "blosc", TYPES.index("u2"), uniqueId=8))
    np.testing.assert_array_equal(frame.values, LIGHT)
    assert (frame.values.dtype, frame.number, frame.coordinates) == (LIGHT.dtype, 8, {"x": 1.5})


def test_a_codec_that_is_not_known_is_named_at_the_first_frame(published):
    with pytest.raises(MeasurementError, match="got 'lz4hdf5': choose another compressor"):
        published(array(np.ones(5, np.uint8), "lz4hdf5", TYPES.index("u2")))


def test_a_variable_that_holds_no_frames_is_refused(published):
    with pytest.raises(
        MeasurementError, match="frames of 'test:frames' must come as NTNDArray, got 'epics:nt/NTScalar"
    ):
        published(NTScalar("d").wrap(1.0))
