"""Everything a run needs to go on after a kill, in files that are replaced in one step."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from pneumoscope.errors import TrainingError
from pneumoscope.files import replacing

Row = dict[str, Any]
"""A row of a run's history: member (0 for the network that all members go on from), phase, epoch, loss, auc, val_loss,
val_auc, val_recall, val_specificity, val_balanced_accuracy and seconds. The last row is of the weights that are kept,
without loss, auc and seconds."""

Arrays = list[NDArray[np.floating]]


@dataclass
class Checkpoint:
    """The state after a whole epoch.

    Attributes:
        member: number of the member that is trained; 0 for the network that all members go on from.
        phase: index of its phase.
        epoch: epochs of the phase that are done.
        history: one row per epoch so far.
        weights: of the model, in Keras' order.
        optimizer: the optimizer's variables, in Keras' order; empty before the first epoch of a phase.
    """

    member: int = 0
    phase: int = 0
    epoch: int = 0
    history: list[Row] = field(default_factory=list)
    weights: Arrays = field(default_factory=list)
    optimizer: Arrays = field(default_factory=list)

    def move_on(self, member: int, phase: int) -> None:
        """Stand at the begin of another phase."""
        self.member, self.phase, self.epoch, self.optimizer = member, phase, 0, []

    def save(self, path: Path) -> None:
        """Write in one step: a kill at any moment leaves the old or the new file, whole."""
        place = {name: getattr(self, name) for name in ("member", "phase", "epoch", "history")}
        _write(path, {"weights": self.weights, "optimizer": self.optimizer}, json.dumps(place))

    @classmethod
    def load(cls, path: Path) -> "Checkpoint":
        """Read what :meth:`save` wrote.

        Raises:
            TrainingError: the file is damaged.
        """
        groups, text = _read(path, ("weights", "optimizer"))
        try:
            return cls(**json.loads(text), weights=groups["weights"], optimizer=groups["optimizer"])
        except (ValueError, TypeError) as error:
            raise _damaged(path, error) from error


def save_weights(path: Path, weights: Arrays) -> None:
    """Write a network's weights, in Keras' order, in one step."""
    _write(path, {"weights": weights}, "")


def load_weights(path: Path) -> Arrays:
    """Read what :func:`save_weights` wrote.

    Raises:
        TrainingError: the file is missing or damaged.
    """
    groups, _ = _read(path, ("weights",))
    return groups["weights"]


def _write(path: Path, groups: dict[str, Arrays], text: str) -> None:
    arrays = {f"{name}/{i}": value for name, values in groups.items() for i, value in enumerate(values)}
    with replacing(path) as stream:
        np.savez(stream, text=np.array(text), **arrays)  # type: ignore[arg-type]


def _read(path: Path, names: tuple[str, ...]) -> tuple[dict[str, Arrays], str]:
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            groups = {
                name: [stored[f"{name}/{i}"] for i in range(sum(key.startswith(f"{name}/") for key in stored.files))]
                for name in names
            }
            return groups, str(stored["text"])
    except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> TrainingError:
    return TrainingError(f"{path}: damaged checkpoint ({error}); start the run again in a new folder")
