"""Agents, reducers, scenes and plans by the name under which an installed package registered them."""

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from autoexp.errors import PluginError, listed

Kind = Literal["agents", "reducers", "scenes", "plans", "services"]


def _points(kind: Kind) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=f"autoexp.{kind}")}


def names(kind: Kind) -> tuple[str, ...]:
    """Return the registered names, sorted."""
    return tuple(sorted(_points(kind)))


def load(kind: Kind, name: str) -> Any:
    """Import and return what is registered as `name`.

    Raises
    ------
    PluginError
        If nothing is.
    """
    found = _points(kind)
    if name not in found:
        raise PluginError(f"{kind} must be one of {listed(sorted(found))}, got {name!r}")
    return found[name].load()


def class_named(kind: Kind, name: str) -> Any:
    """Return a class by its own name, of a module that registers something.

    Raises
    ------
    PluginError
        If no such module has it.
    """
    modules = sorted({point.module for point in _points(kind).values()})
    for module in modules:
        found = getattr(import_module(module), name, None)
        if isinstance(found, type):
            return found
    raise PluginError(f"a class must be of a module that registers {kind} ({listed(modules)}), got {name!r}")


def registered_name(kind: Kind, wanted: type) -> str:
    """Return the name under which a class is registered; empty if it is not."""
    for name, point in _points(kind).items():
        same_package = point.module.partition(".")[0] == wanted.__module__.partition(".")[0]
        if point.attr == wanted.__qualname__ and same_package:
            return name
    return ""
