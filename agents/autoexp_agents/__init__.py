"""Agents: they choose where to measure next."""

from autoexp_agents.bayesian import BayesianAgent
from autoexp_agents.designs import GridAgent, RandomAgent, SobolAgent

__all__ = ["BayesianAgent", "GridAgent", "RandomAgent", "SobolAgent"]
