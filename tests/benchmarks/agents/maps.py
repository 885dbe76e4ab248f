"""Maps and boundaries, beside a raster of as many points: ``make bench-maps``.

Everything is judged at 5, 10 and 20 % of a grid of 22 by 22, by one and the same reconstruction (an exact Gaussian
process), by the agent's own model, and in beam time. Finished trials are kept in a file; a second call goes on.
gpCAM takes part where it is installed.
"""

import argparse
import os

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import importlib.util  # noqa: E402
import itertools  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
from scipy.spatial import cKDTree  # noqa: E402
from sklearn.metrics import f1_score  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))

from fields import FIELDS, PHASES, SIDE, grid  # noqa: E402
from ledger import Ledger, quartiles, table  # noqa: E402
from mappers import MAPPERS, OFFSETS, SORTERS, TRACERS, Raster  # noqa: E402

from autoexp.bench.images import boundary, boundary_f1  # noqa: E402
from autoexp.surrogates import Data, ExactGP, fit  # noqa: E402

SIDES = (5, 7, 10)
"""Of the rasters: 25, 49 and 100 points are 5, 10 and 21 % of 484."""

COUNTS = tuple(side**2 for side in SIDES)

RESULTS = Path(__file__).parent / "results" / "maps.jsonl"


def measure(field, mapper, counts, seed, judge):
    """Return what `judge` says at each of `counts` points, with beam time, and CPU seconds per point."""
    rng = np.random.default_rng([seed, 7])
    noise = field.noise * field.span
    points, values, clock, found, spent = [], [], 0.0, [], 0.0
    for count in range(1, counts[-1] + 1):
        began = time.process_time()
        point = mapper.ask()
        spent += time.process_time() - began
        clock += field.exposure + (field.space.travel_time(points[-1], point) if points else 0.0)
        points.append(point)
        values.append(judge.measured(field, point, noise * rng.standard_normal()))
        began = time.process_time()
        mapper.tell(point, values[-1], judge.sigma(noise))
        spent += time.process_time() - began
        if count in counts:
            found.append({"points": count, "seconds": clock, **judge(field, mapper, points, np.array(values), noise)})
    return {"at": found, "cpu": spent / counts[-1]}


class Maps:
    """Root mean square error of the map over the range of the truth, and F1 of the edges of its middle level."""

    @staticmethod
    def measured(field, point, deviation):
        return float(field.at(field.space.to_unit([point]))[0]) + deviation

    @staticmethod
    def sigma(noise):
        return noise

    def __call__(self, field, mapper, points, values, noise):
        data = Data(field.space.to_unit(points), values, np.full(len(values), noise**2))
        guess, _ = ExactGP(fit(data, seed=0), data).posterior(grid())
        own = mapper.map()
        return {
            "error": _error(field, guess),
            "edges": _found(field, guess),
            "own error": None if own is None else _error(field, own),
            "own edges": None if own is None else _found(field, own),
        }


class Classes:
    """F1 averaged over the classes; each place has the class of the nearest point."""

    @staticmethod
    def measured(field, point, deviation):
        return float(np.rint(field.at(field.space.to_unit([point]))[0]))

    @staticmethod
    def sigma(noise):
        return 0.0

    def __call__(self, field, mapper, points, values, noise):
        _, nearest = cKDTree(field.space.to_unit(points)).query(grid())
        truth, guess = np.rint(field.truth).astype(int), np.rint(values[nearest]).astype(int)
        return {"classes": float(f1_score(truth, guess, average="macro", zero_division=0.0))}


def _error(field, guess):
    return float(np.sqrt(np.mean(np.square(guess - field.truth))) / field.span)


def _found(field, guess):
    truth, found = (boundary((values > field.level).reshape(SIDE, SIDE)) for values in (field.truth, guess))
    return boundary_f1(truth, found)


def rasters(field, seed, judge):
    """Return what the rasters of each offset and number of points give."""
    found = [
        measure(field, Raster(field.space, side, offset), (side**2,), seed, judge)["at"][0]
        for offset, side in itertools.product(OFFSETS.values(), SIDES)
    ]
    return {"at": found, "cpu": 0.0}


def run(ledger, task, make, mappers, judge, seeds, counts):
    """Run what is not yet in the ledger."""
    for seed, name in itertools.product(range(seeds), make):
        field = make[name](seed)
        ledger.run((task, name, "raster", seed), lambda field=field, seed=seed: rasters(field, seed, judge))
        for who, mapper in mappers.items():
            what = lambda field=field, seed=seed, mapper=mapper: measure(
                field, mapper(field, seed), counts, seed, judge
            )
            ledger.run((task, name, who, seed, counts[-1]), what)


def summary(ledger, task, columns):
    """Return a table: a row for each field and agent, a column for each measure and number of points of `columns`.

    Medians and quartiles over seeds, of a raster over its offsets too; the longest run of each seed counts.
    """
    rows = []
    for name, who in sorted({key[1:3] for key in ledger.rows if key[0] == task}):
        mine = {key[3]: row["at"] for key, row in sorted(ledger.rows.items()) if key[:3] == (task, name, who)}
        cells = [
            quartiles([at[what] for found in mine.values() for at in found if at["points"] == count])
            for what, count in columns
        ]
        rows.append([name, who, len(mine), *cells])
    return table(["field", "agent", "seeds", *(f"{what}, {count} points" for what, count in columns)], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", nargs="+", default=["map", "phases"], choices=["map", "phases"])
    parser.add_argument("--fields", nargs="+", default=list(FIELDS), choices=list(FIELDS))
    parser.add_argument("--agents", nargs="+", default=[*MAPPERS, *TRACERS], choices=[*MAPPERS, *TRACERS])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--points", type=int, default=COUNTS[-1], choices=COUNTS, help="up to how many")
    parser.add_argument("--ledger", type=Path, default=RESULTS)
    parser.add_argument("--cpu", type=float, default=float("inf"), help="seconds after which no trial is begun")
    options = parser.parse_args()
    ledger = Ledger(options.ledger, options.cpu)
    mappers = {name: make for name, make in {**MAPPERS, **TRACERS}.items() if name in options.agents}
    if importlib.util.find_spec("gpcam") is None:
        mappers.pop("gpCAM, variance", None)
    counts = COUNTS[: COUNTS.index(options.points) + 1]
    if "map" in options.tasks:
        run(ledger, "map", {name: FIELDS[name] for name in options.fields}, mappers, Maps(), options.seeds, counts)
    if "phases" in options.tasks:
        run(ledger, "phases", PHASES, SORTERS, Classes(), options.seeds, counts)
    last = counts[-1]
    errors = [("error", count) for count in counts]
    others = [(what, last) for what in ("own error", "edges", "own edges", "seconds")]
    print(f"\nMaps\n\n{summary(ledger, 'map', [*errors, *others])}")
    print(f"\nMacro F1 of phases\n\n{summary(ledger, 'phases', [('classes', count) for count in counts])}")


if __name__ == "__main__":
    main()
