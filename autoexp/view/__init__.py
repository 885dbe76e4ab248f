"""Pictures and progress, drawn from records only."""

from autoexp.view.progress import ProgressBar

__all__ = ["ProgressBar"]
