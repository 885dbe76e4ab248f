"""Frames as areaDetector's codec plugin and DECTRIS's stream compress them.

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
        One of `DECODERS`.
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
    return _blocks(data, count, size, max(128, _BLOCK // size // 8 * 8))


def _bslz4_with_sizes(data: bytes, count: int, size: int) -> Any:
    """Undo what HDF5's filter and DECTRIS's stream write: 8 bytes of the values' size, 4 of a block's, and blocks."""
    block = int.from_bytes(data[8:12], "big") // size
    if block < 8 or block % 8:
        raise ValueError(f"a block must hold a multiple of 8 values, got {block}")
    return _blocks(data[12:], count, size, block)


def _blocks(data: bytes, count: int, size: int, block: int) -> bytes:
    """Undo bitshuffle over LZ4: blocks with their number of bytes in front, and up to 7 values as they are [2]_."""
    left_over = count % 8
    lengths = [block] * (count // block) + [count % block - left_over]
    shuffled, at = bytearray(), 0
    for values in filter(None, lengths):
        end = at + 4 + int.from_bytes(data[at : at + 4], "big")
        shuffled += _lz4(data[at + 4 : end], values, size)
        at = end
    whole = count // block * block * size
    found = _unshuffled(shuffled[:whole], size, block) + _unshuffled(shuffled[whole:], size, lengths[-1])
    return found + data[at : at + left_over * size]


def _unshuffled(shuffled: bytearray, size: int, block: int) -> bytes:
    """Return the values of blocks in which first all lowest bits stand together, then all next ones.

    The bits of eight values by eight places are transposed in one word (H. S. Warren, Hacker's Delight, 2nd ed.
    (2013), section 7-3).
    """
    if not shuffled:
        return b""
    planes = np.frombuffer(shuffled, np.uint8).reshape(-1, size, 8, block // 8)
    words = _last(planes, 2).view("<u8")
    for shift, mask in ((7, 0x00AA00AA00AA00AA), (14, 0x0000CCCC0000CCCC), (28, 0x00000000F0F0F0F0)):
        swapped = (words ^ (words >> np.uint64(shift))) & np.uint64(mask)
        words ^= swapped ^ (swapped << np.uint64(shift))
    return _last(words.view(np.uint8).reshape(len(planes), size, block), 1).tobytes()


def _last(values: NDArray[np.uint8], axis: int) -> NDArray[np.uint8]:
    """Return a copy with an axis as the last; slice by slice, which for a short axis is faster than as a whole."""
    moved = np.moveaxis(values, axis, -1)
    copied = np.empty(moved.shape, np.uint8)
    for place in range(moved.shape[-1]):
        copied[..., place] = moved[..., place]
    return copied


DECODERS: Mapping[str, Decoder] = {
    "blosc": _blosc,
    "bslz4": _bslz4,
    "bslz4hdf5": _bslz4_with_sizes,
    "jpeg": _jpeg,
    "lz4": _lz4,
}
"""Decoders by the name of the codec."""
