"""Agents: they choose where to measure next."""

from autoexp_agents.bayesian import BayesianAgent
from autoexp_agents.designs import GridAgent, RandomAgent, SobolAgent
from autoexp_agents.local import LocalAgent

__all__ = ["BayesianAgent", "GridAgent", "LocalAgent", "RandomAgent", "SobolAgent"]
