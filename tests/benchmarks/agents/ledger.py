"""Finished trials in a file of JSON lines, so that a benchmark that was cut off goes on where it stood."""

import json
import time
from pathlib import Path

import numpy as np


class Ledger:
    """Trials by name; each is run once, and what it gave is written down at once.

    Parameters
    ----------
    path
        Of the file; an existing one is continued.
    cap
        CPU seconds after which no further trial is begun.
    """

    def __init__(self, path: Path, cap: float = float("inf")) -> None:
        self._path, self._cap, self._began = path, cap, time.process_time()
        self.rows: dict[tuple, dict] = {}
        if path.exists():
            for line in path.read_text().splitlines():
                row = json.loads(line)
                self.rows[tuple(row["trial"])] = row["found"]

    def run(self, trial: tuple, what) -> dict | None:
        """Return what ``what()`` gave for `trial`, now or earlier; None when the time is used up."""
        if trial not in self.rows:
            if time.process_time() - self._began > self._cap:
                return None
            self.rows[trial] = what()
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a") as file:
                file.write(json.dumps({"trial": trial, "found": self.rows[trial]}) + "\n")
            print(*trial, f"{time.process_time() - self._began:.0f} s", flush=True)
        return self.rows[trial]


def quartiles(values, digits: int = 3) -> str:
    """Return the median and, in brackets, the quartiles."""
    known = np.asarray([value for value in values if value is not None], dtype=float)
    if not len(known):
        return "-"
    low, median, high = np.percentile(known, [25, 50, 75])
    return f"{median:.{digits}g} ({low:.{digits}g}, {high:.{digits}g})"


def table(header, rows) -> str:
    """Return a table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)
