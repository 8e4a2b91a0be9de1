"""The network that a run starts from, as the teacher of one source, so that the source is not forgotten."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SAID = 0.5
"""Part of a target that is the teacher's; the rest is the label's."""


@dataclass(frozen=True)
class Teacher:
    """Mixes what a network says of the radiographs of a source into their targets.

    The student sees the same crop (Li and Hoiem 2016, "Learning without forgetting", arXiv:1606.09282, equation 3 at a
    temperature of 1).

    Attributes:
        model: as built by pneumoscope.network.resnet.build.
        source: whose radiographs it teaches.
    """

    model: Any
    source: str

    def __call__(
        self, x: NDArray[np.float32], targets: NDArray[np.float32], sources: NDArray[np.str_]
    ) -> NDArray[np.float32]:
        """Targets (n, 3) to learn, see pneumoscope.training.radiographs.packing.Teach.

        A label that allows several classes is read as the teacher divides them.
        """
        own = sources == self.source
        if not own.any():
            return targets
        logits = np.asarray(self.model.predict_on_batch(x[own]), dtype=np.float64)
        said = np.exp(logits - logits.max(axis=1, keepdims=True))
        said /= said.sum(axis=1, keepdims=True)
        labelled = targets[own] * (said + 1e-9)
        labelled /= labelled.sum(axis=1, keepdims=True)
        mixed = targets.copy()
        mixed[own] = _SAID * said + (1 - _SAID) * labelled
        return mixed
