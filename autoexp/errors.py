"""The errors and warnings that autoexp raises; each names the rule and the value that broke it."""

from collections.abc import Iterable


class AutoexpError(Exception):
    """Anything that autoexp refuses to do."""


class SpaceError(AutoexpError, ValueError):
    """A Dof, a constraint or a pool that describes no usable Space."""


class PointError(AutoexpError, ValueError):
    """A point that does not lie in its Space."""


class LimitsError(AutoexpError, ValueError):
    """A Dof that reaches beyond the limits of its device."""


class ObjectiveError(AutoexpError, ValueError):
    """An objective that cannot be computed from what is measured."""


class ReductionError(AutoexpError, ValueError):
    """Frames or settings that a reducer cannot use."""


class MeasurementError(AutoexpError, RuntimeError):
    """A measurement that failed for good."""


class StreamEndError(AutoexpError, EOFError):
    """A stream of frames of which no more will come."""


class SimulatedFaultError(AutoexpError, RuntimeError):
    """A fault that a simulated device was told to show."""


class StoreError(AutoexpError, RuntimeError):
    """A run or a store that cannot be read or written."""


class ExportError(AutoexpError, RuntimeError):
    """A run that cannot be exported, or a file that is no export."""


class MetadataError(AutoexpError, ValueError):
    """Metadata that lack what is required, or have another form."""


class PluginError(AutoexpError, LookupError):
    """A name that no installed package registered."""


class AutoexpWarning(UserWarning):
    """Anything that autoexp does but wants a person to know of."""


class AgentWarning(AutoexpWarning):
    """A model or a decision that deserves a second look."""


class StreamWarning(AutoexpWarning):
    """Frames that come faster than they are reduced."""


class StoreWarning(AutoexpWarning):
    """Documents that are safe on disk but not yet in the archive."""


def listed(names: Iterable[object]) -> str:
    """Join names for an error message: ``'a', 'b'``, or ``nothing``."""
    return ", ".join(repr(name) for name in names) or "nothing"
