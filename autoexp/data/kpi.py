"""What a run was worth, from its documents alone."""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from autoexp.data.history import History, read_history
from autoexp.data.rebuild import recorded_objectives, recorded_plausible, recorded_space
from autoexp.data.runs import Pair, Run, documents_of
from autoexp.objectives import Bound, Maximize, Minimize, Objective, Target
from autoexp.policies import assess
from autoexp.records import Observation, Source, Status
from autoexp.space import Space

if TYPE_CHECKING:
    import xarray as xr

_CLOSE = 0.02
_ONE_SIGMA, _TWO_SIGMA = 1.0, 1.959964


@dataclass(frozen=True, slots=True)
class Kpi:
    """The key figures of a run; NaN where its record cannot tell.

    Parameters
    ----------
    uid, agent
        Of the run, and what chose the points.
    points
        Measurements made or tried.
    beam_time
        Seconds of beam time from the first decision to the last point.
    time_to_answer, points_to_answer
        Seconds of beam time, and points, until the first value as good as the best of the run, that is within one
        sigma of it, or within 2 % of the range of all values where they have no sigmas. NaN if the whole Space was
        the question.
    dead_share
        Seconds that the plan waited for decisions, over the run's duration: its seconds of wall time or of
        beam time, whichever is longer (a simulated clock runs faster than the wall's).
    thinking_ahead
        Seconds of thinking beside the critical path.
    interventions_per_hour
        Points of persons, pauses and an abort, per hour of that duration. Pauses are in the record only of a
        RunEngine with ``record_interruptions``.
    raster_points, raster_time
        A boustrophedon raster as fine as the run found it necessary: with a step along each Dof of the extent of the
        points as good as the best (as above), so that it cannot miss them. NaN with fewer than two such points.
    equal_time
        Seconds of beam time of a raster of about as many points as the run: the n-th root of the points, rounded up,
        along each of n Dofs.
    wasted
        Share of points that failed or are suspect.
    coverage68, coverage95
        Share of values that came within 1 and 1.96 standard deviations of the prediction that stood before the
        measurement; 0.68 and 0.95 for a healthy model.
    residual_mean, residual_sigma
        Mean and standard deviation of these residuals over their sigma; 0 and 1 for a healthy model.
    predictions
        How many predictions the four rest on.

    Notes
    -----
    A raster's beam time is the travel between its points, by the Dofs' speeds, and for each point what a point of
    the run took beside travel. The sigma of a residual is the square root of the squared sum of predicted sigma
    and the value's own; where values have none the residuals look larger than the model deserves.
    """

    uid: str
    agent: str
    points: int
    beam_time: float
    time_to_answer: float
    points_to_answer: float
    dead_share: float
    thinking_ahead: float
    interventions_per_hour: float
    raster_points: float
    raster_time: float
    equal_time: float
    wasted: float
    coverage68: float
    coverage95: float
    residual_mean: float
    residual_sigma: float
    predictions: int


UNITS: Mapping[str, str] = {
    "beam_time": "s",
    "time_to_answer": "s",
    "thinking_ahead": "s",
    "interventions_per_hour": "1/h",
    "raster_time": "s",
    "equal_time": "s",
}
"""Unit of each figure that has one."""


def kpi(run: Run) -> Kpi:
    """Return the key figures of a run.

    Parameters
    ----------
    run
        Its documents, a run of databroker's, or a store and a uid.

    Raises
    ------
    StoreError
        If no agent chose its points, or its Space is not in the record.
    """
    documents = documents_of(run)
    start = documents[0][1]
    space, objectives = recorded_space(start), recorded_objectives(start)
    history = read_history(documents, space)
    plausible = recorded_plausible(start)
    rows = tuple(assess(row, objectives, plausible) for row in history.observations)
    beam_time = max((row.time for row in rows if math.isfinite(row.time)), default=math.nan)
    duration = max(_wall(documents), beam_time if math.isfinite(beam_time) else 0.0)
    good = as_good(rows, objectives)
    first = good[0] if good else None
    residuals = standardized_residuals(history, rows)
    beside = _beside_travel(space, rows, beam_time)
    raster, equal = _raster(space, [rows[index] for index in good]), _equal_counts(space, len(rows))
    return Kpi(
        uid=history.uid,
        agent=str(start["autoexp"]["agent"]["name"]),
        points=len(rows),
        beam_time=beam_time,
        time_to_answer=math.nan if first is None else rows[first].time,
        points_to_answer=math.nan if first is None else first + 1,
        dead_share=_total(step.dead for step in history.steps) / duration if duration else math.nan,
        thinking_ahead=_total(step.thinking_ahead for step in history.steps),
        interventions_per_hour=_interventions(documents, history) * 3600.0 / duration if duration else math.nan,
        raster_points=math.prod(raster) if raster else math.nan,
        raster_time=_raster_time(space, raster, beside),
        equal_time=_raster_time(space, equal, beside),
        wasted=float(np.mean([row.status is not Status.OK for row in rows])) if rows else math.nan,
        coverage68=_share_within(residuals, _ONE_SIGMA),
        coverage95=_share_within(residuals, _TWO_SIGMA),
        residual_mean=float(np.mean(residuals)) if residuals else math.nan,
        residual_sigma=float(np.std(residuals, ddof=1)) if len(residuals) > 1 else math.nan,
        predictions=len(residuals),
    )


def kpi_dataset(rows: Sequence[Kpi]) -> "xr.Dataset":
    """Return the key figures of many runs along ``run``, with units."""
    import xarray as xr

    names = [field.name for field in fields(Kpi) if field.name != "uid"]
    columns = {
        name: ("run", [getattr(row, name) for row in rows], {"units": UNITS[name]} if name in UNITS else {})
        for name in names
    }
    return xr.Dataset(columns, coords={"run": [row.uid for row in rows]})


def as_good(rows: Sequence[Observation], objectives: Sequence[Objective]) -> list[int]:
    """Return the indices of the usable observations that are as good as the best; none where no best is wanted."""
    wanted = next((one for one in objectives if not isinstance(one, Bound)), None)
    bounds = [one for one in objectives if isinstance(one, Bound)]
    if not isinstance(wanted, Maximize | Minimize | Target):
        return []
    usable = [
        index
        for index, row in enumerate(rows)
        if row.status is Status.OK and all(one.low <= row.values[one.name] <= one.high for one in bounds)
    ]
    if not usable:
        return []
    costs = np.array([_cost(wanted, rows[index].values[wanted.name]) for index in usable])
    sigma = rows[usable[int(costs.argmin())]].sigmas.get(wanted.name, math.nan)
    tolerance = sigma if math.isfinite(sigma) else _CLOSE * float(np.ptp(costs))
    return [index for index, cost in zip(usable, costs, strict=True) if cost <= costs.min() + tolerance]


def _cost(wanted: Maximize | Minimize | Target, value: float) -> float:
    if isinstance(wanted, Target):
        return abs(value - wanted.value)
    return value if isinstance(wanted, Minimize) else -value


def standardized_residuals(history: History, rows: Sequence[Observation]) -> list[float]:
    """Return measured less predicted over their joint sigma, for every prediction that was put to the test."""
    found = []
    decided = {step.suggestion.id: step.suggestion.why for step in history.steps if step.by_agent}
    for row in rows:
        why = decided.get(row.suggestion_id or "")
        if why is None or row.status is not Status.OK:
            continue
        for name, mean in why.mean.items():
            sigma = math.hypot(why.sigma[name], row.sigmas.get(name, 0.0))
            if name in row.values and sigma > 0:
                found.append((row.values[name] - mean) / sigma)
    return found


def _share_within(residuals: Sequence[float], sigmas: float) -> float:
    return float(np.mean(np.abs(residuals) <= sigmas)) if residuals else math.nan


def _total(seconds: Iterable[float]) -> float:
    return math.fsum(value for value in seconds if math.isfinite(value))


def _wall(documents: Sequence[Pair]) -> float:
    times = [float(document["time"]) for _, document in documents if "time" in document]
    return max(times) - min(times)


def _interventions(documents: Sequence[Pair], history: History) -> int:
    persons = sum(step.suggestion.why.source is Source.PERSON for step in history.steps)
    interruptions = {row["uid"] for name, row in documents if name == "descriptor" and row["name"] == "interruptions"}
    pauses = sum(
        name == "event" and row["descriptor"] in interruptions and row["data"].get("interruption") == "pause"
        for name, row in documents
    )
    aborted = documents[-1][0] == "stop" and documents[-1][1]["exit_status"] == "abort"
    return int(persons + pauses + aborted)


def _beside_travel(space: Space, rows: Sequence[Observation], beam_time: float) -> float:
    """Return the seconds of beam time that a point took beside travel."""
    if not rows:
        return math.nan
    travel = sum(space.travel_time(a.point, b.point) for a, b in itertools.pairwise(rows))
    return max(0.0, beam_time - travel) / len(rows)


def _raster(space: Space, good: Sequence[Observation]) -> tuple[int, ...]:
    """Return the points along each Dof of a raster that cannot miss the good points; nothing if nobody can tell."""
    if len(good) < 2 or space.pool is not None:
        return ()
    counts = []
    for dof in space.dofs:
        if dof.choices:
            counts.append(len(dof.choices))
            continue
        extent = float(np.ptp(dof.encode([row.point[dof.name] for row in good])))
        if extent == 0:
            return ()
        counts.append(max(1, math.ceil(1.0 / extent - 1e-9)))
    return tuple(counts)


def _equal_counts(space: Space, points: int) -> tuple[int, ...]:
    if space.pool is not None or not points:
        return ()
    side = math.ceil(points ** (1.0 / len(space.dofs)) - 1e-9)
    return tuple(min(side, len(dof.choices)) if dof.choices else side for dof in space.dofs)


def _raster_time(space: Space, counts: Sequence[int], beside: float) -> float:
    """Return the beam time of a boustrophedon: a pass along a Dof for every point of the Dofs before it."""
    if not counts:
        return math.nan
    seconds, passes = math.prod(counts) * beside, 1
    for dof, count in zip(space.dofs, counts, strict=True):
        seconds += passes * max(0, count - 1) * _step(dof, count)
        passes *= count
    return seconds


def _step(dof: Any, count: int) -> float:
    if dof.choices:
        return float(dof.travel_time(dof.choices[0], dof.choices[1]))
    low, high = dof.limits
    return float(dof.travel_time(low, low + (high - low) / max(1, count - 1)))


_LINES = (
    ("agent", "{}", "agent"),
    ("points", "{}", "points"),
    ("beam time / s", "{:.0f}", "beam_time"),
    ("time to answer / s", "{:.0f}", "time_to_answer"),
    ("points to answer", "{:.0f}", "points_to_answer"),
    ("dead time / %", "{:.2f}", "dead_share"),
    ("thinking ahead / s", "{:.2f}", "thinking_ahead"),
    ("interventions per hour", "{:.1f}", "interventions_per_hour"),
    ("raster as fine: points", "{:.0f}", "raster_points"),
    ("raster as fine: beam time / s", "{:.0f}", "raster_time"),
    ("raster of as many points / s", "{:.0f}", "equal_time"),
    ("wasted points / %", "{:.1f}", "wasted"),
    ("within 1 sigma / % (68)", "{:.0f}", "coverage68"),
    ("within 1.96 sigma / % (95)", "{:.0f}", "coverage95"),
    ("residuals: mean / sigma", "{:.2f}", "residual_mean"),
    ("residuals: spread / sigma", "{:.2f}", "residual_sigma"),
    ("predictions tested", "{}", "predictions"),
)


def kpi_table(rows: Sequence[Kpi]) -> str:
    """Return the key figures as text, a column for each run; a dash where the record cannot tell."""
    if not rows:
        return "no self-driving runs"
    head = f"{'':30}" + "".join(f"{row.uid[:8]:>18}" for row in rows)
    return "\n".join(
        [head, *(f"{label:30}" + "".join(_cell(row, form, name) for row in rows) for label, form, name in _LINES)]
    )


def _cell(row: Kpi, form: str, name: str) -> str:
    value = getattr(row, name)
    if isinstance(value, float) and math.isnan(value):
        return f"{'-':>18}"
    percent = name in ("dead_share", "wasted", "coverage68", "coverage95")
    return f"{form.format(100.0 * value if percent else value):>18}"
