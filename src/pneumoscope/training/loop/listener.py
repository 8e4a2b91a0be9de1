"""Who hears how a training goes."""

from collections.abc import Callable
from dataclasses import dataclass

from pneumoscope.progress import Progress, silent
from pneumoscope.training.loop.checkpoint import Row


def _nobody(history: list[Row]) -> None:
    """Hear nothing."""


@dataclass(frozen=True)
class Listener:
    """Who hears how a training goes; nobody by default.

    Attributes:
        progress: called often while something runs.
        estimated: called with the seconds that the rest of the run will take here: at the start, and before every
            epoch_ended of fine-tuning. Without it nothing is timed.
        epoch_ended: called with the history so far after every epoch; its last row is new.
    """

    progress: Progress = silent
    estimated: Callable[[float], None] | None = None
    epoch_ended: Callable[[list[Row]], None] = _nobody
