"""Frames over 0MQ, as array-1.0 or as DECTRIS's stream writes them.

A message of ``array-1.0`` (the form of the Paul Scherrer Institute's mflow and bsread libraries) has two parts: a
header in JSON, ``{"htype": "array-1.0", "shape": [y, x], "type": "uint16", "frame": 7}``, and the frame's bytes,
row-major. ``type`` is a numpy dtype; ``encoding`` may be ``">"`` for big-endian numbers. Read besides are
``timestamp``, seconds since 1970, and ``coordinates``, numbers by name: where the beamline stood. Other keys are
left alone. The bytes may be compressed as in ``dimage-1.0``.

A message of ``dimage-1.0`` (DECTRIS, SIMPLON API, stream interface version 1) has four parts: the image's header with
``frame``; one of ``dimage_d-1.0`` with ``shape`` as ``[x, y]``, ``type`` and ``encoding``; the bytes, plain (``"<"``)
or compressed (``"lz4<"``, and with bitshuffle ``"bs16-lz4<"`` and the like, which have 12 bytes of sizes in front);
and one of ``dconfig-1.0`` with ``start_time`` in nanoseconds of the series, which is no time of day and is left alone.
``dheader-1.0`` is passed over. ``dseries_end-1.0`` ends the stream.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from autoexp.errors import ReductionError, StreamEndError
from autoexp.streams.codecs import decoded as uncompressed
from autoexp.streams.frames import StreamFrame

Buffer = bytes | memoryview

_END = "dseries_end-1.0"


class ZmqFrames:
    """A stream that comes through a 0MQ socket.

    Parameters
    ----------
    address
        Of the source, such as ``"tcp://detector:9999"``.
    pattern
        ``"PULL"``: every frame comes to one reader, and the source feels when it is slow; ``"SUB"``: to all readers,
        and what a slow one has no room for is lost.
    bind
        Whether the source connects to `address` instead of this stream to the source.
    room
        Messages that 0MQ may hold for this stream (its receive high-water mark).
    live
        Whether frames come although nobody wants one.
    """

    def __init__(
        self,
        address: str,
        pattern: Literal["PULL", "SUB"] = "PULL",
        *,
        bind: bool = False,
        room: int = 64,
        live: bool = True,
    ) -> None:
        self.address, self.pattern, self.bind, self.room, self.live = address, pattern, bind, room, live
        self._context: Any = None
        self._socket: Any = None

    def open(self) -> None:
        """Connect, or bind."""
        import zmq

        self._context = zmq.Context()
        self._socket = self._context.socket(getattr(zmq, self.pattern))
        self._socket.set(zmq.RCVHWM, self.room)
        self._socket.set(zmq.LINGER, 0)
        if self.pattern == "SUB":
            self._socket.subscribe(b"")
        (self._socket.bind if self.bind else self._socket.connect)(self.address)

    def take(self, timeout: float) -> StreamFrame | None:
        """Return the next frame; None if none comes within `timeout` seconds.

        Raises
        ------
        ReductionError
            If a message is no frame.
        StreamEndError
            If the source says that the series has ended.
        """
        if not self._socket.poll(round(1000 * timeout)):
            return None
        return decoded([part.buffer for part in self._socket.recv_multipart(copy=False)])

    def close(self) -> None:
        """Disconnect."""
        if self._context is not None:
            if self._socket is not None:
                self._socket.close()
            self._context.term()
            self._context = self._socket = None


def encoded(frame: StreamFrame) -> list[bytes]:
    """Return the two parts of an ``array-1.0`` message."""
    values = np.ascontiguousarray(frame.values)
    header: dict[str, Any] = {"htype": "array-1.0", "shape": list(values.shape)}
    header |= {"type": values.dtype.newbyteorder("=").name}
    header |= {"encoding": ">" if values.dtype.byteorder == ">" else "<", "frame": frame.number}
    if np.isfinite(frame.timestamp):
        header["timestamp"] = frame.timestamp
    if frame.coordinates:
        header["coordinates"] = dict(frame.coordinates)
    return [json.dumps(header).encode(), values.tobytes()]


def end_of_series() -> list[bytes]:
    """Return the message that ends a stream."""
    return [json.dumps({"htype": _END}).encode()]


def decoded(parts: Sequence[Buffer]) -> StreamFrame | None:
    """Return the frame of a message; None where it holds something else that belongs to a stream.

    Raises
    ------
    ReductionError
        If it is no message of a form that is read here, or its frame is compressed otherwise.
    MeasurementError
        If its frame is not what its compression says.
    StreamEndError
        If it says that the series has ended.
    """
    header = _json(parts[0])
    kind = header.get("htype")
    if kind == _END:
        raise StreamEndError("a stream must have a next frame to take, got the end of the series")
    if kind == "dheader-1.0":
        return None
    if kind == "array-1.0" and len(parts) == 2:
        values = _array(parts[1], header, header["shape"])
        coordinates = header.get("coordinates", {})
        return StreamFrame(values, int(header["frame"]), float(header.get("timestamp", np.nan)), coordinates)
    if kind == "dimage-1.0" and len(parts) >= 3:
        form = _json(parts[1])
        return StreamFrame(_array(parts[2], form, form["shape"][::-1]), int(header["frame"]))
    raise ReductionError(f"a message must be array-1.0 or dimage-1.0, got {kind!r} in {len(parts)} parts")


def _json(part: Buffer) -> Mapping[str, Any]:
    try:
        found = json.loads(bytes(part))
    except ValueError as error:
        raise ReductionError(f"a message must begin with a header in JSON, got {bytes(part[:40])!r}") from error
    return found if isinstance(found, dict) else {}


def _array(part: Buffer, form: Mapping[str, Any], shape: Sequence[int]) -> NDArray[Any]:
    encoding = str(form.get("encoding", "<"))
    compression, order = encoding[:-1], encoding[-1:]
    codec = "bslz4hdf5" if re.fullmatch(r"bs\d+-lz4", compression) else compression
    if order not in ("<", ">") or codec not in ("", "lz4", "bslz4hdf5"):
        raise ReductionError(f"a frame must be plain, lz4 or bs...-lz4, and < or >, got encoding {encoding!r}")
    dtype = np.dtype(form["type"]).newbyteorder(order)
    if codec:
        return uncompressed(codec, bytes(part), dtype, tuple(shape))
    if len(part) != int(np.prod(shape)) * dtype.itemsize:
        raise ReductionError(f"a frame must have the bytes of {dtype} in {list(shape)}, got {len(part)} bytes")
    return np.frombuffer(part, dtype).reshape(shape)
