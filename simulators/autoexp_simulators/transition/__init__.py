"""A phase transition in one dimension."""

from autoexp_simulators.transition.beamline import transition_beamline
from autoexp_simulators.transition.scene import TransitionScene, transition_scene

__all__ = ["TransitionScene", "transition_beamline", "transition_scene"]
