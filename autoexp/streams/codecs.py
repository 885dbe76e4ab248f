"""Frames as areaDetector's codec plugin compresses them.

References
----------
.. [1] areaDetector, ADCore, NDPluginCodec and ntndArrayConverter: names of codecs; the type of the values as the number
   of a pvData ``ScalarType`` in ``codec.parameters``.
.. [2] K. Masui et al., Astronomy and Computing 12, 181 (2015): bitshuffle.
"""

import io
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autoexp.errors import MeasurementError, listed

TYPES = ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8")
"""Types of values by the number of their ``ScalarType`` [1]_."""

Decoder = Callable[[bytes, int, int], Any]
"""Turns compressed bytes into those of so many values of so many bytes each."""

_BLOCK = 8192
"""Bytes that bitshuffle takes together [2]_."""


def decoded(codec: str, data: bytes, dtype: "np.dtype[Any]", shape: tuple[int, ...]) -> NDArray[Any]:
    """Return the values that were compressed.

    Parameters
    ----------
    codec
        ``"blosc"``, ``"bslz4"``, ``"jpeg"`` or ``"lz4"``.
    data
        As compressed.
    dtype, shape
        Of the values.

    Raises
    ------
    MeasurementError
        If the codec is another, or the data are not such values.
    """
    decoder = DECODERS.get(codec)
    if decoder is None:
        raise MeasurementError(
            f"frames must be uncompressed or compressed by one of {listed(DECODERS)}, got {codec!r}:"
            " choose another compressor in the detector's codec plugin"
        )
    count = math.prod(shape)
    try:
        values = np.frombuffer(decoder(data, count, dtype.itemsize), dtype)
    except (RuntimeError, ValueError, OSError) as error:
        raise MeasurementError(f"a frame must be {codec} data, got {len(data)} bytes that are not: {error}") from error
    if values.size != count:
        raise MeasurementError(f"a frame of shape {shape} must hold {count} values, got {values.size} in {codec} data")
    return values.reshape(shape)


def _blosc(data: bytes, count: int, size: int) -> Any:
    from numcodecs import blosc

    return blosc.decompress(data)


def _lz4(data: bytes, count: int, size: int) -> Any:
    from numcodecs import lz4

    # the format of numcodecs begins with the number of bytes
    return lz4.decompress((count * size).to_bytes(4, "little") + data)


def _jpeg(data: bytes, count: int, size: int) -> Any:
    from PIL import Image

    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        return np.asarray(image).tobytes()


def _bslz4(data: bytes, count: int, size: int) -> Any:
    """Undo bitshuffle over LZ4: blocks with their number of bytes in front, and up to 7 values as they are [2]_."""
    block = max(128, _BLOCK // size // 8 * 8)
    found, at, left = bytearray(), 0, count
    while left >= 8:
        values = min(block, left // 8 * 8)
        end = at + 4 + int.from_bytes(data[at : at + 4], "big")
        found += _unshuffled(_lz4(data[at + 4 : end], values, size), values)
        at, left = end, left - values
    return bytes(found + data[at : at + left * size])


def _unshuffled(shuffled: bytes, count: int) -> bytes:
    """Return values of which first all lowest bits stood together, then all next ones."""
    bits = np.unpackbits(np.frombuffer(shuffled, np.uint8), bitorder="little").reshape(-1, count)
    return np.packbits(np.ascontiguousarray(bits.T), bitorder="little").tobytes()


DECODERS: Mapping[str, Decoder] = {"blosc": _blosc, "bslz4": _bslz4, "jpeg": _jpeg, "lz4": _lz4}
"""Decoders by the name of the codec."""
