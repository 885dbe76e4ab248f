"""Agents against each other on a Scene whose truth is known."""

import operator
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, SupportsIndex

from autoexp import plugins
from autoexp.bench.comparison import Comparison
from autoexp.bench.goals import Goal
from autoexp.bench.parallel import outcomes
from autoexp.bench.trial import AgentFactory, SceneFactory, Track, Trial, agent_factory
from autoexp.errors import AutoexpError


def compare(
    agents: Mapping[str, AgentFactory] | Sequence[str],
    scene: SceneFactory,
    *,
    budget: int,
    seeds: SupportsIndex | Sequence[SupportsIndex] = 5,
    goal: Goal | None = None,
    client: Any = None,
    workers: int | None = None,
    progress: bool = True,
) -> Comparison:
    """Run each agent on each seed, in beamline time, and judge what it found.

    The scan is the same `adaptive_scan` in a RunEngine as at a beamline; motion and exposure take no wall
    time. Every agent meets the same Scenes: a seed decides the Scene, its noise and the agent's own draws.

    Parameters
    ----------
    agents
        Name to a registered name or a callable ``(space, objectives, seed=...)``; or registered names, or one. The name
        ``raster`` stands for a raster of `budget` points whose offset is drawn from the seed, the rival for maps.
        For other processes callables must be importable, so not lambdas.
    scene
        Registered name, or a callable ``(seed=..., speed=...)`` that returns a `Beamline`.
    budget
        Number of points of each scan.
    seeds
        How many (0, 1, ...), or which.
    goal
        What judges the scans; by default what fits the Scene's first objective.
    client
        A `dask.distributed.Client` to run on.
    workers
        Number of processes on this machine; by default one per core; zero for this process.
    progress
        Whether to show a progress bar.

    Returns
    -------
        What there is: after Ctrl-C, of the scans that had finished.

    Raises
    ------
    AutoexpError
        If a number is below one, `seeds` are no integers, or no scan finished.
    """
    names = (agents,) if isinstance(agents, str) else agents
    chosen = dict(names) if isinstance(names, Mapping) else {name: name for name in names}
    numbers = _numbers(seeds)
    _check(chosen, scene, budget, numbers)
    trials = [Trial(name, agent, scene, budget, seed, goal) for seed in numbers for name, agent in chosen.items()]
    tracks, failures = _collect(trials, client, workers, progress)
    if not tracks:
        reasons = f"; the first failed: {failures[0]}" if failures else ""
        raise AutoexpError(f"a comparison needs a finished scan, got none{reasons}")
    return Comparison.of(tracks, list(chosen), numbers, tuple(failures))


def _numbers(seeds: SupportsIndex | Sequence[SupportsIndex]) -> list[int]:
    with suppress(TypeError):
        return list(range(operator.index(seeds)))  # type: ignore[arg-type]
    try:
        return [operator.index(seed) for seed in seeds]  # type: ignore[union-attr]
    except TypeError as error:
        raise AutoexpError(f"seeds must be an integer or a sequence of integers, got {seeds!r}") from error


def _check(agents: Mapping[str, AgentFactory], scene: SceneFactory, budget: int, seeds: Sequence[int]) -> None:
    if not agents or not seeds or budget < 1:
        raise AutoexpError(
            f"agents, seeds and budget must be 1 or more, got {len(agents)} agents, {len(seeds)} seeds, budget {budget}"
        )
    if len(set(seeds)) != len(seeds):
        raise AutoexpError(f"each seed may be given once, got {list(seeds)}")
    for agent in agents.values():
        agent_factory(agent)
    if isinstance(scene, str):
        plugins.load("scenes", scene)


def _collect(
    trials: Sequence[Trial], client: Any, workers: int | None, progress: bool
) -> tuple[list[Track], list[str]]:
    from tqdm.auto import tqdm

    tracks, failures = list[Track](), list[str]()
    arriving = outcomes(trials, client=client, workers=workers)
    with tqdm(total=len(trials), unit="scan", disable=not progress) as bar:
        try:
            for trial, outcome in arriving:
                if isinstance(outcome, Track):
                    tracks.append(outcome)
                else:
                    failures.append(f"{trial.name}, seed {trial.seed}: {outcome}")
                bar.set_postfix_str(f"{trial.name}, seed {trial.seed}", refresh=False)
                bar.update()
        except KeyboardInterrupt:
            bar.set_postfix_str("interrupted")
        finally:
            arriving.close()  # type: ignore[attr-defined]
    return tracks, failures
