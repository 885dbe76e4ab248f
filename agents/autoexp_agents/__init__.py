"""Agents: they choose where to measure next."""

from autoexp_agents.bayesian import BayesianAgent
from autoexp_agents.deadline import DeadlineAgent
from autoexp_agents.designs import GridAgent, RandomAgent, SobolAgent
from autoexp_agents.drift import DriftAgent
from autoexp_agents.exposure import ExposureAgent, without
from autoexp_agents.fidelity import FidelityAgent
from autoexp_agents.gain import GainAgent
from autoexp_agents.local import LocalAgent
from autoexp_agents.mapping import MapAgent
from autoexp_agents.pareto import ParetoAgent
from autoexp_agents.phases import PhaseAgent
from autoexp_agents.portfolio import PortfolioAgent
from autoexp_agents.reference import ReferenceAgent
from autoexp_agents.regions import Region, RegionsAgent
from autoexp_agents.routed import RoutedAgent, route
from autoexp_agents.safety import SafeAgent
from autoexp_agents.scalarised import ScalarisedAgent
from autoexp_agents.scbo import ConstrainedTrustRegionAgent
from autoexp_agents.spectrum import Features, SpectrumAgent
from autoexp_agents.technique import TechniqueAgent
from autoexp_agents.transition import Transition, TransitionAgent
from autoexp_agents.travel import TravelAgent
from autoexp_agents.trust import TrustRegionAgent
from autoexp_agents.twin import TwinAgent

__all__ = [
    "BayesianAgent",
    "ConstrainedTrustRegionAgent",
    "DeadlineAgent",
    "DriftAgent",
    "ExposureAgent",
    "Features",
    "FidelityAgent",
    "GainAgent",
    "GridAgent",
    "LocalAgent",
    "MapAgent",
    "ParetoAgent",
    "PhaseAgent",
    "PortfolioAgent",
    "RandomAgent",
    "ReferenceAgent",
    "Region",
    "RegionsAgent",
    "RoutedAgent",
    "SafeAgent",
    "ScalarisedAgent",
    "SobolAgent",
    "SpectrumAgent",
    "TechniqueAgent",
    "Transition",
    "TransitionAgent",
    "TravelAgent",
    "TrustRegionAgent",
    "TwinAgent",
    "route",
    "without",
]
