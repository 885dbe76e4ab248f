"""Stored runs, one to a line."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_COLUMNS = "{:8}  {:16}  {:16}  {:>6}  {}"


@dataclass(frozen=True, slots=True)
class RunRow:
    """What a list says of a run.

    Parameters
    ----------
    uid
        Of the run.
    time
        When it began, in seconds since the epoch.
    plan
        Name of the plan.
    points
        Events of the stream ``primary``.
    status
        The exit status; ``"open"`` while there is none.
    """

    uid: str
    time: float
    plan: str
    points: int
    status: str

    @classmethod
    def of(cls, run: Any) -> "RunRow":
        """Read the row from a run of the Tiled client."""
        start, stop = run.metadata["start"], run.metadata.get("stop") or {}
        points = int((stop.get("num_events") or {}).get("primary", 0))
        status = str(stop.get("exit_status", "open"))
        return cls(str(start["uid"]), float(start["time"]), str(start.get("plan_name", "")), points, status)


@dataclass(frozen=True, slots=True)
class RunTable:
    """Rows that print as a table."""

    rows: tuple[RunRow, ...]

    def __iter__(self) -> Iterator[RunRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        lines = [_COLUMNS.format("uid", "began", "plan", "points", "status")]
        for row in self.rows:
            began = datetime.fromtimestamp(row.time).strftime("%Y-%m-%d %H:%M")
            lines.append(_COLUMNS.format(row.uid[:8], began, row.plan, row.points, row.status))
        return "\n".join(lines)
