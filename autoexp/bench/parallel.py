"""Trials in parallel, each handed on as it finishes."""

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any

from autoexp.bench.trial import Track, Trial, run_trial

Outcome = tuple[Trial, Track | str]
"""What came of a trial, or why it failed: in words, because not every error survives the way between processes."""


def outcomes(trials: Sequence[Trial], *, client: Any = None, workers: int | None = None) -> Iterator[Outcome]:
    """Yield what became of each trial, in the order in which they finish.

    Parameters
    ----------
    trials
        What to run.
    client
        A `dask.distributed.Client`; without one, processes of this machine.
    workers
        Number of processes; by default one per core; zero for none, one trial after another in this process.
    """
    if client is not None:
        return _on_dask(trials, client)
    if workers == 0:
        return ((trial, _attempt(trial)) for trial in trials)
    return _in_processes(trials, workers or min(len(trials), os.cpu_count() or 1))


def _attempt(trial: Trial) -> Track | str:
    try:
        return run_trial(trial)
    except (Exception, SystemExit) as error:
        return _why(error)


def _why(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _in_processes(trials: Sequence[Trial], workers: int) -> Iterator[Outcome]:
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_settle_in)
    finished = False
    try:
        asked = {pool.submit(_attempt, trial): trial for trial in trials}
        for future in as_completed(asked):
            error = future.exception()
            yield asked[future], _why(error) if isinstance(error, Exception) else future.result()
        finished = True
    finally:
        pool.shutdown(wait=finished, cancel_futures=True)
        if not finished:
            for child in set(multiprocessing.active_children()) - before:
                child.terminate()


def _settle_in() -> None:
    """Leave Ctrl-C to the parent, and the other cores to the other trials."""
    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)


def _on_dask(trials: Sequence[Trial], client: Any) -> Iterator[Outcome]:
    from distributed import as_completed as arriving

    futures = client.map(_attempt, list(trials), pure=False)
    asked = {future.key: trial for future, trial in zip(futures, trials, strict=True)}
    try:
        for future, outcome in arriving(futures, with_results=True):  # type: ignore[no-untyped-call]
            yield asked[future.key], outcome
    finally:
        client.cancel([future for future in futures if not future.done()])
