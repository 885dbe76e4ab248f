"""The results file, and the table made from it."""

import json
import math

import numpy as np

_HEAD = ("problem", "agent", "lower quartile", "median regret", "upper quartile", "recommended")
_LEAST, _MOST = 1e-9, 1e9
_TAIL = ("CPU s per step", "seeds", "autoexp ahead")


def read(path):
    """Return the lines of a results file."""
    return [json.loads(text) for text in path.read_text().splitlines()] if path.exists() else []


def last_of_each(lines):
    """Return problem, rival and seed to the last line of each."""
    return {(line["problem"], line["rival"], line["seed"]): line for line in lines}


def quartiles(values):
    """Return lower quartile, median and upper quartile; infinite where they lie among infinite ones."""
    ordered = np.sort(np.array(values, dtype=float))
    found = []
    for share in (0.25, 0.5, 0.75):
        place = share * (len(ordered) - 1)
        below, above = ordered[math.floor(place)], ordered[math.ceil(place)]
        found.append(below if below == above else (1.0 - place % 1.0) * below + (place % 1.0) * above)
    return found


def _ahead(ours, theirs):
    """Return on how many of the seeds that both ran the regret is less than the rival's; of equal ones half count."""
    both = [(float(ours[seed]["regret"]), float(theirs[seed]["regret"])) for seed in ours.keys() & theirs.keys()]
    wins = sum((mine < other) + 0.5 * (mine == other) for mine, other in both)
    return f"{wins:g} of {len(both)}"


def summary(lines, rivals):
    """Return, for each rival, the geometric mean of autoexp's regret over the rival's, and how often it is less."""
    last, text = last_of_each(lines), []
    for key, rival in rivals.items():
        pairs = [
            (float(last[problem, "autoexp", seed]["regret"]), float(row["regret"]))
            for (problem, other, seed), row in last.items()
            if other == key != "autoexp" and "regret" in row and "regret" in last.get((problem, "autoexp", seed), {})
        ]
        if pairs:
            ours, theirs = np.array(pairs).T
            logs = np.diff(np.log(np.clip([theirs, ours], _LEAST, _MOST)), axis=0)[0]
            wins = float((ours < theirs).sum() + 0.5 * (ours == theirs).sum())
            spread = float(logs.std(ddof=1)) / math.sqrt(len(logs)) if len(logs) > 1 else math.nan
            ratio = f"{math.exp(logs.mean()):.2g} times (log {logs.mean():.2f} +- {spread:.2f})"
            text.append(f"{rival.name}: regret of autoexp {ratio}, less on {wins:g} of {len(logs)}")
    return "\n".join(text)


def _cells(rows, ours):
    """Return the cells of a rival's row from seed to line, beside those of autoexp."""
    good = {seed: row for seed, row in rows.items() if "error" not in row}
    broken = f", {len(rows) - len(good)} broke off" if len(rows) > len(good) else ""
    if not good:
        return ["", "", "", "", "", f"0{broken}", ""]
    told = [float(row["recommended"]) for row in good.values() if "recommended" in row]
    return [
        *(f"{value:.3g}" for value in quartiles([float(row["regret"]) for row in good.values()])),
        f"{quartiles(told)[1]:.3g}" if told else "",
        f"{np.median([row['cpu'] for row in good.values() if 'cpu' in row]):.2g}",
        f"{len(good)}{broken}",
        "" if rows is ours else _ahead(ours, good),
    ]


def table(lines, problems, rivals):
    """Return quartiles of the regret, the median of that of what is recommended, and the cost, as Markdown."""
    by_rival = {}
    for (problem, key, seed), line in last_of_each(lines).items():
        by_rival.setdefault((problem, key), {})[seed] = line
    text = [[*_HEAD, *_TAIL], ["---"] * len(_HEAD + _TAIL)]
    for problem in problems:
        ours = by_rival.get((problem.name, "autoexp"), {})
        for key, rival in rivals.items():
            if rows := by_rival.get((problem.name, key)):
                text.append([f"{problem.name}; {problem.points} points", rival.name, *_cells(rows, ours)])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in text)
