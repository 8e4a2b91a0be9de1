"""Everything a run needs to go on after a kill, in one file that is replaced in one step."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from pneumoscope.errors import TrainingError


@dataclass
class Checkpoint:
    """The state after a whole epoch.

    Attributes:
        phase: index of the fine-tuning phase.
        epoch: epochs of it that are done.
        history: one row per epoch so far.
        weights: of the model, in Keras' order.
        optimizer: the optimizer's variables, in Keras' order; empty before the first epoch of a phase.
    """

    phase: int = 0
    epoch: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    weights: list[NDArray[np.floating]] = field(default_factory=list)
    optimizer: list[NDArray[np.floating]] = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Write beside ``path``, then rename over it: a kill at any moment leaves the old or the new file, whole."""
        state = json.dumps({"phase": self.phase, "epoch": self.epoch, "history": self.history})
        arrays = {f"weights/{i}": value for i, value in enumerate(self.weights)}
        arrays |= {f"optimizer/{i}": value for i, value in enumerate(self.optimizer)}
        partial = path.with_suffix(".partial")
        with partial.open("wb") as stream:
            np.savez(stream, state=np.array(state), **arrays)  # type: ignore[arg-type]
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Checkpoint":
        """Read what :meth:`save` wrote.

        Raises:
            TrainingError: the file is damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                state = json.loads(str(stored["state"]))
                groups: dict[str, list[NDArray[np.floating]]] = {"weights": [], "optimizer": []}
                for name, values in groups.items():
                    count = sum(key.startswith(f"{name}/") for key in stored.files)
                    values.extend(stored[f"{name}/{i}"] for i in range(count))
            return cls(state["phase"], state["epoch"], state["history"], groups["weights"], groups["optimizer"])
        except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
            raise TrainingError(f"{path}: damaged checkpoint ({error}); start the run again in a new folder") from error
