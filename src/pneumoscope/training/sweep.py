"""Several training runs side by side on a Ray cluster, each one task."""

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pneumoscope.compute.ray_cluster import ray_cluster
from pneumoscope.errors import DataError, PneumoscopeError, system_text
from pneumoscope.training.config import Setting
from pneumoscope.training.loop.checkpoint import Row
from pneumoscope.training.run_folder import CONFIG, HISTORY, read_config

TRIES = 3
"""How often a run whose process died is tried again; it goes on from its checkpoint."""


@dataclass(frozen=True)
class Outcome:
    """How one run ended.

    Attributes:
        folder: of the run.
        state: "failed" for anything but a finished or a collapsed run.
        explanation: why it is not finished, in one message; empty when it is.
        last: the last row of its history; empty when there is none.
        seconds: of this call; 0 for a run that had ended before.
    """

    folder: Path
    state: Literal["finished", "collapsed", "failed"]
    explanation: str
    last: Row
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
        MissingExtraError: Ray is not installed.
        DataError: the cluster cannot be used, or a folder holds a run of another setting that has ended.
    """
    ended = {folder: outcome for folder, setting in settings.items() if (outcome := _find_ended(folder, setting))}
    yield from ended.values()
    waiting = {folder: _absolute(setting) for folder, setting in settings.items() if folder not in ended}
    if not waiting:
        return
    with ray_cluster(address, max(cpus, cpus_per_run)):
        import ray

        # One run per process: a framework gives neither its threads nor all of its memory back.
        task = ray.remote(num_cpus=cpus_per_run, max_calls=1, max_retries=TRIES)(_train)
        running = {task.remote(waiting[folder], folder.absolute(), cpus_per_run): folder for folder in waiting}
        while running:
            [done], _ = ray.wait(list(running))
            yield _result(done, running.pop(done))


def _result(done: Any, folder: Path) -> Outcome:
    import ray

    try:
        explanation, seconds = ray.get(done)
    except ray.exceptions.RayError as problem:
        return Outcome(folder, "failed", f"Its worker failed ({type(problem).__name__}).", {}, 0.0)
    return _read_outcome(folder, explanation, seconds)


def _train(setting: Setting, folder: Path, cpus: int) -> tuple[str, float]:
    """Train one run in a process of its own, on its share of the cores; give what stopped it, and the seconds."""
    os.environ.update({name: str(cpus) for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")})
    from pneumoscope.training.run import train

    started, explanation = time.monotonic(), ""
    try:
        train(setting, folder)
    except PneumoscopeError as problem:
        explanation = str(problem)
    except OSError as problem:
        explanation = system_text(problem, folder)
    return explanation, time.monotonic() - started


def _find_ended(folder: Path, setting: Setting) -> Outcome | None:
    """The outcome of a run that ended before; None where there is something to do.

    Raises:
        DataError: the folder holds a run of another setting.
    """
    if not (folder / CONFIG).exists():
        return None
    config = read_config(folder)
    if config.state == "running":
        return None
    held = config.setting(setting.cache)
    asked = {"recipe": setting.recipe, "seed": setting.seed, "source": setting.source.resolve(), "form": setting.form}
    changed = [name for name, value in asked.items() if getattr(held, name) != value]
    if changed:
        raise DataError(f"{folder} holds a run with another {', '.join(changed)}; choose a new folder")
    return _read_outcome(folder, config.explanation, 0.0)


def _read_outcome(folder: Path, explanation: str, seconds: float) -> Outcome:
    history = json.loads((folder / HISTORY).read_text()) if (folder / HISTORY).exists() else [{}]
    state = read_config(folder).state if (folder / CONFIG).exists() else "running"
    return Outcome(folder, "failed" if state == "running" else state, explanation, history[-1], seconds)


def _absolute(setting: Setting) -> Setting:
    """The same setting for a worker, whose current folder is another one."""
    return replace(
        setting,
        source=setting.source.absolute(),
        imagenet=setting.imagenet and setting.imagenet.absolute(),
        cache=setting.cache.absolute(),
    )
