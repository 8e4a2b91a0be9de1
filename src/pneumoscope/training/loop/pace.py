"""How long a training will take on this machine: measured on a few steps, scaled to all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from pneumoscope.training.loop.checkpoint import Checkpoint
from pneumoscope.training.recipe import Recipe


@dataclass(frozen=True)
class Work:
    """What is to be done at one size.

    Attributes:
        size: side, in pixels, at which radiographs are read.
        trained: how many are trained on; one that comes in ten epochs counts ten times.
        scored: how many are only scored.
    """

    size: int
    trained: int
    scored: int


def remaining_work(recipe: Recipe, state: Checkpoint, train: int, val: int) -> list[Work]:
    """What is left of a run.

    Args:
        recipe: of the run.
        state: where it stands.
        train: number of training radiographs.
        val: number of validation radiographs.
    """
    work = []
    if recipe.head and not state.history:
        work.append(Work(recipe.head.size, 0, train + val))
    phases = [phase for phases in recipe.branches[state.member :] for phase in phases][state.phase :]
    for number, phase in enumerate(phases):
        epochs = phase.epochs if number else phase.epochs - state.epoch
        work.append(Work(phase.size, epochs * train, epochs * val))
    reestimated = train if recipe.averaging and recipe.batchnorm else 0
    return [*work, Work(recipe.inference_size, 0, reestimated + val)]


@dataclass(frozen=True)
class Pace:
    """How fast this machine is.

    Attributes:
        size: side, in pixels, at which it was measured.
        training: seconds to train on one radiograph.
        scoring: seconds to score one.
    """

    size: int
    training: float
    scoring: float

    def seconds(self, work: Sequence[Work]) -> float:
        """Seconds that work takes, if the time of a radiograph grows with its pixels."""
        return sum(
            (part.trained * self.training + part.scored * self.scoring) * (part.size / self.size) ** 2 for part in work
        )

    def corrected(self, work: Sequence[Work], took: float) -> "Pace":
        """The pace at which that work would have taken ``took`` seconds."""
        factor = took / self.seconds(work)
        return Pace(self.size, factor * self.training, factor * self.scoring)
