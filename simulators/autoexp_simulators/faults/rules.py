"""Rules that the settings of bad habits keep."""

import math
from collections.abc import Callable, Sequence
from numbers import Integral, Real

from autoexp.errors import AutoexpError


def finite(fault: object, *names: str) -> None:
    """Refuse settings that are no finite numbers.

    Raises
    ------
    AutoexpError
        If one is.
    """
    _numbers(fault, names, "a finite number", math.isfinite)


def positive(fault: object, *names: str) -> None:
    """Refuse settings that are not positive and finite.

    Raises
    ------
    AutoexpError
        If one is.
    """
    _numbers(fault, names, "positive and finite", lambda value: 0.0 < value < math.inf)


def not_negative(fault: object, *names: str) -> None:
    """Refuse settings that are not zero or more, and finite.

    Raises
    ------
    AutoexpError
        If one is.
    """
    _numbers(fault, names, "zero or more, and finite", lambda value: 0.0 <= value < math.inf)


def share(fault: object, *names: str) -> None:
    """Refuse settings that are no shares.

    Raises
    ------
    AutoexpError
        If one is.
    """
    _numbers(fault, names, "from 0 to 1", lambda value: 0.0 <= value <= 1.0)


def whole(fault: object, least: int, *names: str) -> None:
    """Refuse settings that are no whole numbers of `least` or more.

    Raises
    ------
    AutoexpError
        If one is.
    """
    _each(fault, names, f"a whole number of {least} or more", lambda value: _whole(value, least))


def counted(fault: object, *names: str) -> None:
    """Refuse settings that are no sequences of numbers counted from 0.

    Raises
    ------
    AutoexpError
        If one is.
    """
    rule = "a tuple of whole numbers of 0 or more"
    _each(fault, names, rule, lambda value: _all(value, lambda number: _whole(number, 0)))


def named(fault: object, *names: str) -> None:
    """Refuse settings that are no sequences of names.

    Raises
    ------
    AutoexpError
        If one is.
    """
    _each(fault, names, "a tuple of names", lambda value: _all(value, lambda name: isinstance(name, str)))


def require(fault: object, met: bool, rule: str, got: object) -> None:
    """Refuse settings that break a rule.

    Raises
    ------
    AutoexpError
        If they do.
    """
    if not met:
        raise AutoexpError(f"{rule}, got {got} for {type(fault).__name__}")


def _numbers(fault: object, names: Sequence[str], rule: str, keeps: Callable[[float], bool]) -> None:
    _each(fault, names, rule, lambda value: isinstance(value, Real) and keeps(float(value)))


def _each(fault: object, names: Sequence[str], rule: str, keeps: Callable[[object], bool]) -> None:
    for name in names:
        value = getattr(fault, name)
        require(fault, keeps(value), f"{name} must be {rule}", repr(value))


def _whole(value: object, least: int) -> bool:
    return isinstance(value, Integral) and int(value) >= least


def _all(values: object, keeps: Callable[[object], bool]) -> bool:
    return isinstance(values, Sequence) and not isinstance(values, str) and all(keeps(value) for value in values)
