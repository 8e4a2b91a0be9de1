"""What the tests of this room share: a finished smoke run, and how commands are run."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SEED = 3

Command = Callable[..., subprocess.CompletedProcess[str]]


@dataclass(frozen=True)
class SmokeRun:
    """A finished ``pneumoscope train --smoke``.

    Attributes:
        data: the labelled films it was given.
        folder: of the run.
        ended: how the command ended.
    """

    data: Path
    folder: Path
    ended: subprocess.CompletedProcess[str]


def silent(*_: object) -> None:
    """No progress and no history."""
