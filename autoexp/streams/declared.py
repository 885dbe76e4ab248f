"""What a flight says of its values before there is a frame, and whether they keep to it."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from autoexp.errors import ReductionError
from autoexp.reduction.records import FloatArray, Reduced
from autoexp.streams.accumulator import Beginning

_ANY_SHAPES = ((16, 16), (24, 40))
"""Two shapes of frames: what a reducer reads alike of both does not depend on the shape."""


_PATIENCE = 1.0
"""Seconds for which a flight waits for a frame that shows what frames look like, where that matters."""

Look = Callable[[float], tuple[int, ...] | None]
"""Returns the shape of a frame, rows and columns or channels, within so many seconds; None if it is not known."""


def declared(beginning: Beginning, look: Look, exposure: float) -> Mapping[str, Reduced]:
    """Return empty values with the shapes and the axes that those of the frames will have.

    Parameters
    ----------
    beginning
        Told to expect such frames.
    look
        Asked for the shape of the frames.
    exposure
        Seconds that each is exposed; NaN where that is not known.

    Raises
    ------
    ReductionError
        If fields depend on what is not known.
    """
    values = _empty_values(beginning, look, exposure)
    for field, value in values.items():
        for dim, axis in value.axes.items():
            if not np.isfinite(axis.values).all():
                raise ReductionError(
                    f"a flight must know its axes before the first frame, got NaN along {dim!r} of {field!r}:"
                    " give the reducer its period, or the detector meta= with the exposure"
                )
    return values


def check(values: Mapping[str, Reduced], expected: Mapping[str, Reduced]) -> None:
    """Compare shapes and axes with those that were declared.

    Raises
    ------
    ReductionError
        If one is another.
    """
    for different in _differences(values, expected):
        raise ReductionError(f"values must be as declared before the flight, got another {different}")


def _empty_values(beginning: Beginning, look: Look, exposure: float) -> Mapping[str, Reduced]:
    shape = look(0.0)
    if shape is None:
        values, others = (_of_shape(beginning, each, exposure) for each in _ANY_SHAPES)
        different = next(_differences(others, values), None)
        if different is None:
            return values
        shape = look(_PATIENCE)
        if shape is None:
            raise ReductionError(
                f"a flight must know the shape of its frames before the first, got none, and another {different}"
                " with another shape: give the detector shape=(rows, columns)"
            )
    return _of_shape(beginning, shape, exposure)


def _of_shape(beginning: Beginning, shape: tuple[int, ...], exposure: float) -> Mapping[str, Reduced]:
    rows, columns = (1, *shape)[-2:]
    beginning.expect((rows, columns), exposure)
    return beginning.reducer.read(beginning.state())


def _differences(values: Mapping[str, Reduced], expected: Mapping[str, Reduced]) -> Iterator[str]:
    """Yield what differs."""
    for field, value in values.items():
        as_declared = expected[field]
        if value.value.shape != as_declared.value.shape:
            yield f"shape of {field!r}, {value.value.shape} and not {as_declared.value.shape}"
        for dim, axis in value.axes.items():
            if dim not in as_declared.axes or not _same(axis.values, as_declared.axes[dim].values):
                yield f"axis {dim!r} of {field!r}"


def _same(a: FloatArray, b: FloatArray) -> bool:
    return a.shape == b.shape and np.allclose(a, b, rtol=1e-6, atol=0.0, equal_nan=True)
