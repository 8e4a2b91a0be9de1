"""Many training runs side by side on a Ray cluster, each one task: seeds, folds, recipes."""

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pneumoscope.compute.ray_cluster import cluster
from pneumoscope.errors import PneumoscopeError, TrainingError
from pneumoscope.training.recipe import completed
from pneumoscope.training.run import Setting

TRIES = 3
"""How often a run whose process died is tried again; it goes on from its checkpoint."""


@dataclass(frozen=True)
class Outcome:
    """How one run ended.

    Attributes:
        folder: of the run.
        state: "finished", "collapsed", or "failed" for anything else.
        explanation: why it is not finished, in one message; empty when it is.
        last: the last row of its history; empty when there is none.
        seconds: of this call; 0 for a run that had ended before.
    """

    folder: Path
    state: str
    explanation: str
    last: dict[str, Any]
    seconds: float


def train_many(
    settings: Mapping[Path, Setting], cpus: int, cpus_per_run: int = 1, address: str | None = None
) -> Iterator[Outcome]:
    """Train every run that has not ended yet; one that was interrupted goes on from its checkpoint.

    A run that collapses or fails stops no other.

    Args:
        settings: what to do, by the run's folder, which every worker must reach.
        cpus: how many cores a new local cluster may use.
        cpus_per_run: cores for each run; as many runs go side by side as the cluster has cores for.
        address: of a running Ray cluster; None for one on this machine that lives as long as this call.

    Yields:
        The outcome of each run, in the order in which they end; first of those that had ended before.

    Raises:
        MissingExtraError: when Ray is not installed.
        DataError: when the cluster cannot be used.
        TrainingError: when a folder holds a run of another setting that has ended.
    """
    ended = {folder: outcome for folder, setting in settings.items() if (outcome := _ended(folder, setting))}
    yield from ended.values()
    waiting = {folder: _absolute(setting) for folder, setting in settings.items() if folder not in ended}
    if not waiting:
        return
    with cluster(address, max(cpus, cpus_per_run)):
        import ray

        # One run per process: a framework gives neither its threads nor all of its memory back.
        task = ray.remote(num_cpus=cpus_per_run, max_calls=1, max_retries=TRIES)(_train)
        running = {task.remote(waiting[folder], folder.absolute(), cpus_per_run): folder for folder in waiting}
        while running:
            [done], _ = ray.wait(list(running))
            folder = running.pop(done)
            yield _result(done, folder)


def _result(done: Any, folder: Path) -> Outcome:
    import ray

    try:
        explanation, seconds = ray.get(done)
    except ray.exceptions.RayError as problem:
        return Outcome(folder, "failed", f"Its worker failed ({type(problem).__name__}).", {}, 0.0)
    return _outcome(folder, explanation, seconds)


def _train(setting: Setting, folder: Path, cpus: int) -> tuple[str, float]:
    """Train one run in a process of its own, on its share of the cores; give what stopped it, and the seconds."""
    os.environ.update({name: str(cpus) for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")})
    from pneumoscope.training.run import train

    started, explanation = time.monotonic(), ""
    try:
        train(setting, folder, lambda what, done, total: None, lambda history: None)
    except PneumoscopeError as problem:
        explanation = str(problem)
    return explanation, time.monotonic() - started


def _ended(folder: Path, setting: Setting) -> Outcome | None:
    """The outcome of a run that ended before; None where there is something to do.

    Raises:
        TrainingError: the folder holds a run of another setting.
    """
    config = _read(folder / "config.json", {})
    if config.get("state") not in ("finished", "collapsed"):
        return None
    asked = {
        "recipe": asdict(setting.recipe),
        "seed": setting.seed,
        "left_out": setting.left_out,
        "start": str(setting.start.resolve()) if setting.start else None,
        "refit": str(setting.refit.resolve()) if setting.refit else None,
        "source": str(setting.source.resolve()),
    }
    earlier = completed(config)
    changed = [name for name, value in json.loads(json.dumps(asked)).items() if earlier.get(name) != value]
    if changed:
        raise TrainingError(f"{folder} holds a run with another {', '.join(changed)}; choose a new folder")
    return _outcome(folder, config.get("explanation", ""), 0.0)


def _outcome(folder: Path, explanation: str, seconds: float) -> Outcome:
    state = _read(folder / "config.json", {}).get("state")
    history = _read(folder / "history.json", [])
    known = state if state in ("finished", "collapsed") else "failed"
    return Outcome(folder, known, explanation, history[-1] if history else {}, seconds)


def _read(path: Path, otherwise: Any) -> Any:
    return json.loads(path.read_text()) if path.exists() else otherwise


def _absolute(setting: Setting) -> Setting:
    """The same setting for a worker, whose current folder is another one."""
    imagenet = setting.imagenet and setting.imagenet.absolute()
    start, refit = (folder and folder.absolute() for folder in (setting.start, setting.refit))
    source, cache = setting.source.absolute(), setting.cache.absolute()
    return replace(setting, source=source, imagenet=imagenet, cache=cache, start=start, refit=refit)
