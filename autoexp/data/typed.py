"""Documents with the types that the archive needs to keep values as they were measured."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from autoexp.data.routing import Document


class Typed:
    """Fills in what classic devices leave out of their data keys.

    A descriptor waits for the first event that it describes: where a data key of an array lacks its
    ``dtype_numpy``, the archive would keep 64-bit floating point numbers, so it is taken from the array.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, Document] = {}

    def __call__(self, name: str, document: Document) -> Iterator[tuple[str, Document]]:
        """Yield the documents that may be written now, in order."""
        if name == "descriptor":
            self._waiting[str(document["uid"])] = document
            return
        if name == "stop":
            for uid in list(self._waiting):
                yield "descriptor", self._waiting.pop(uid)
        waiting = self._waiting.pop(str(document.get("descriptor", "")), None)
        if waiting is not None:
            yield "descriptor", _with_dtypes(waiting, document) if name == "event" else waiting
        yield name, _with_values(document) if name == "event" else document


def _with_dtypes(descriptor: Document, event: Document) -> Document:
    keys = {name: _with_dtype(key, event["data"].get(name)) for name, key in descriptor["data_keys"].items()}
    return {**descriptor, "data_keys": keys}


def _with_dtype(key: Document, value: Any) -> Document:
    if key["dtype"] != "array" or "dtype_numpy" in key or "external" in key or value is None:
        return key
    return {**key, "dtype_numpy": np.asarray(value).dtype.str}


def _with_values(event: Document) -> Document:
    """Return the event with numpy's numbers as Python's, which tables take."""
    data = {name: value.item() if isinstance(value, np.generic) else value for name, value in event["data"].items()}
    return {**event, "data": data}
