"""Whatever stands for a stored run, as its documents."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from autoexp.errors import StoreError

Pair = tuple[str, Mapping[str, Any]]
Documents = Iterable[Pair]


class HasDocuments(Protocol):
    """A store: it gives a run's documents by its uid."""

    def documents(self, uid: str) -> Documents:
        """Return the documents of a run."""


class StoredRun(Protocol):
    """A run of the databroker client."""

    def documents(self) -> Documents:
        """Return its documents."""


Run = Documents | StoredRun | tuple[HasDocuments, str]
"""A run: its documents, a run of databroker's, or a store and a uid."""


def documents_of(run: Run) -> list[Pair]:
    """Return the documents of a run in the order in which they came, pages taken apart.

    Raises
    ------
    StoreError
        If they do not begin with a start document.
    """
    pairs = list(_pairs(run))
    if not pairs or pairs[0][0] != "start":
        raise StoreError(f"a run must begin with its start document, got {pairs[0][0] if pairs else 'nothing'!r}")
    singles = [single for pair in pairs for single in _apart(pair)]
    events = sorted((pair for pair in singles if pair[0] == "event"), key=lambda pair: float(pair[1]["time"]))
    others = [pair for pair in singles if pair[0] != "event"]
    return [*_named(others, "start"), *_named(others, "descriptor"), *events, *_named(others, "stop")]


def _named(pairs: list[Pair], name: str) -> list[Pair]:
    return [pair for pair in pairs if pair[0] == name]


def _pairs(run: Run) -> Documents:
    given: Any = run
    documents: Documents = given
    if isinstance(given, tuple) and len(given) == 2 and hasattr(given[0], "documents"):
        store, uid = given
        documents = store.documents(uid)
    elif hasattr(given, "documents"):
        documents = given.documents()
    return documents


def _apart(pair: Pair) -> Iterator[Pair]:
    name, page = pair
    if name != "event_page":
        yield pair
        return
    for index, seq_num in enumerate(page["seq_num"]):
        data = {field: column[index] for field, column in page["data"].items()}
        yield "event", {"descriptor": page["descriptor"], "seq_num": seq_num, "time": page["time"][index], "data": data}
