"""Agents against Scenes whose truth is known."""

from autoexp.bench.rivals import Effort, grid_effort, random_effort

__all__ = ["Effort", "grid_effort", "random_effort"]
