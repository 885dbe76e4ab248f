"""A Scene's devices as EPICS process variables, served by caproto over Channel Access."""

from autoexp_simulators.ioc.service import serve

__all__ = ["serve"]
