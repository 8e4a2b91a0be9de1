"""What the tests of this room share: a finished smoke run, and how commands are run."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SEED = 3

Command = Callable[..., subprocess.CompletedProcess[str]]


@dataclass(frozen=True)
class SmokeRun:
    """A finished ``pneumoscope train --smoke``, which was killed in the middle of a member and resumed.

    Attributes:
        data: the labelled radiographs it was given.
        folder: of the run.
        first: what the command said before the kill.
        resumed: how ``train --resume`` ended.
        killed_at: the last history row before the kill.
    """

    data: Path
    folder: Path
    first: str
    resumed: subprocess.CompletedProcess[str]
    killed_at: dict[str, Any]


def read_json(path: Path) -> Any:
    return json.loads(path.read_text())


def epochs(folder: Path) -> list[tuple[int, str, int]]:
    """Member, phase and epoch of every row of a run's history."""
    return [(row["member"], row["phase"], row["epoch"]) for row in read_json(folder / "history.json")]


def numbers(folder: Path) -> list[list[float]]:
    """Every loss, AUC and rate of a run's history, row by row."""
    names = ("member", "phase", "epoch", "seconds")
    return [[row[key] for key in sorted(row) if key not in names] for row in read_json(folder / "history.json")]


def read_logits(folder: Path) -> np.ndarray:
    with np.load(folder / "validation.npz") as stored:
        return np.asarray(stored["logits"])
