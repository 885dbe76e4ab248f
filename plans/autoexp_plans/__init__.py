"""Bluesky plans that let an agent choose where to measure."""

from autoexp_plans.adaptive import adaptive_scan

__all__ = ["adaptive_scan"]
