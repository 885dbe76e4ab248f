"""Compressed frames, beside what compressed them."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numcodecs import blosc, lz4

from autoexp.errors import MeasurementError
from autoexp.streams.codecs import DECODERS, decoded

SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 300))
DTYPES = st.sampled_from(["u1", "u2", "u4", "f8"])


def frame(shape, dtype):
    return np.random.default_rng(sum(shape)).poisson(4.0, shape).astype(dtype)


def raw_lz4(data):
    """An LZ4 block as areaDetector writes it: without the number of bytes that numcodecs puts in front."""
    return bytes(lz4.compress(data))[4:]


@given(SHAPES, DTYPES, st.integers(0, 2), st.sampled_from(["lz4", "zlib", "zstd", "blosclz"]))
def test_blosc(shape, dtype, shuffle, inner):
    values = frame(shape, dtype)
    data = blosc.compress(values, inner.encode(), 5, shuffle)
    np.testing.assert_array_equal(decoded("blosc", bytes(data), values.dtype, shape), values)


@given(SHAPES, DTYPES)
def test_lz4(shape, dtype):
    values = frame(shape, dtype)
    np.testing.assert_array_equal(decoded("lz4", raw_lz4(values.tobytes()), values.dtype, shape), values)


@given(SHAPES, DTYPES)
def test_bitshuffled_lz4(shape, dtype):
    """HDF5's filter writes the same blocks, after 12 bytes of sizes."""
    data = hdf5_chunk(frame(shape, dtype))
    for codec, found in (("bslz4", data[12:]), ("bslz4hdf5", data)):
        np.testing.assert_array_equal(decoded(codec, found, np.dtype(dtype), shape), frame(shape, dtype))


def hdf5_chunk(values):
    h5py, hdf5plugin = pytest.importorskip("h5py"), pytest.importorskip("hdf5plugin")
    how = {"chunks": values.shape, "compression": hdf5plugin.Bitshuffle(cname="lz4")}
    with h5py.File("codecs.h5", "w", driver="core", backing_store=False) as file:
        return bytes(file.create_dataset("data", data=values, **how).id.read_direct_chunk((0, 0))[1])


def test_jpeg():
    image = pytest.importorskip("PIL.Image")
    values = np.full((16, 24), 77, np.uint8)
    into = io.BytesIO()
    image.fromarray(values).save(into, "JPEG")
    np.testing.assert_array_equal(decoded("jpeg", into.getvalue(), values.dtype, values.shape), values)


def test_an_unknown_codec_is_named_with_those_that_are_known():
    known = ", ".join(f"'{codec}'" for codec in sorted(DECODERS))
    with pytest.raises(MeasurementError, match=f"^frames must be .* one of {known}, got 'lz4hdf5': choose another"):
        decoded("lz4hdf5", b"", np.dtype("u2"), (2, 2))


@pytest.mark.parametrize("codec", sorted(DECODERS))
def test_data_of_another_kind_are_refused(codec):
    with pytest.raises(MeasurementError, match=f"^a frame .* {codec} data"):
        decoded(codec, bytes(range(64)), np.dtype("u2"), (8, 8))


def test_data_of_another_size_are_refused():
    data = blosc.compress(np.ones(10, "u2"), b"lz4", 5, 1)
    with pytest.raises(
        MeasurementError, match=r"^a frame of shape \(3, 4\) must hold 12 values, got 10 in blosc data$"
    ):
        decoded("blosc", bytes(data), np.dtype("u2"), (3, 4))
