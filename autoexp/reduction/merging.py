"""States of a reducer that is made of others: they add where those of all its parts do."""

from typing import Any, Protocol, runtime_checkable

from autoexp.errors import ReductionError
from autoexp.protocols import Merges, Reducer


@runtime_checkable
class Composed(Protocol):
    """A reducer made of others."""

    @property
    def parts(self) -> tuple[Reducer[Any], ...]:
        """Whose states make up its own."""


def mergeable(reducer: Reducer[Any]) -> bool:
    """Return whether states of a reducer add."""
    if isinstance(reducer, Composed) and not all(mergeable(part) for part in reducer.parts):
        return False
    return isinstance(reducer, Merges)


def merged(reducer: Reducer[Any], a: Any, b: Any) -> Any:
    """Join what two workers saw.

    Raises
    ------
    ReductionError
        If states of the reducer do not add.
    """
    if not isinstance(reducer, Merges):
        raise ReductionError(f"states of {type(reducer).__name__} do not merge")
    return reducer.merge(a, b)
