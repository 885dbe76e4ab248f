"""A stream's counters as a Bluesky device."""

import time
from dataclasses import asdict

from autoexp.reduction.fields import Documents
from autoexp.streams.detector import StreamDetector

_COUNTS = ("seen", "reduced", "dropped", "skipped", "waiting", "missed", "high_water")
_LATENCIES = ("latency_p50", "latency_p99")


class CountersReading:
    """A Readable of a stream's counters.

    Parameters
    ----------
    detector
        Whose stream it is; its name, and what is counted, make the fields' names.
    """

    parent = None

    def __init__(self, detector: StreamDetector) -> None:
        self.name = f"{detector.name}_stream"
        self._detector = detector

    def read(self) -> Documents:
        """Return the counters now."""
        stamp = time.time()
        return {
            f"{self.name}_{key}": {"value": value, "timestamp": stamp}
            for key, value in asdict(self._detector.counters).items()
        }

    def describe(self) -> Documents:
        """Return the data keys."""
        source = {"source": f"stream:{self._detector.name}", "shape": []}
        counts = {f"{self.name}_{key}": {**source, "dtype": "integer"} for key in _COUNTS}
        return counts | {f"{self.name}_{key}": {**source, "dtype": "number", "units": "s"} for key in _LATENCIES}

    def read_configuration(self) -> Documents:
        """Return nothing: counters have no settings."""
        return {}

    def describe_configuration(self) -> Documents:
        """Return nothing: counters have no settings."""
        return {}
