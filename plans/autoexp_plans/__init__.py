"""Bluesky plans that let an agent choose where to measure, and that reduce frames while a motor flies."""

from autoexp_plans.adaptive import adaptive_scan
from autoexp_plans.fly import fly_scan

__all__ = ["adaptive_scan", "fly_scan"]
