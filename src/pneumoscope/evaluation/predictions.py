"""What an evaluation takes: a model's logits on labelled radiographs, and those that could not be assessed."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pneumoscope.data.labelled import LabelledRadiograph, RefusedRadiograph
from pneumoscope.data.splits import series
from pneumoscope.decision.labels import CLASSES
from pneumoscope.errors import DataError
from pneumoscope.imaging import Refusal
from pneumoscope.progress import Progress


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model said about a set of labelled radiographs.

    Attributes:
        radiographs: the N radiographs that were read.
        logits: float32, shape (N, 3), one row a radiograph, in the order of CLASSES.
        not_assessed: the radiographs that were not, so that none is dropped in silence.

    Raises:
        DataError: no radiograph was read, or the model gave a value that is not finite.
        ValueError: radiographs and logits do not fit together.
    """

    radiographs: tuple[LabelledRadiograph, ...]
    logits: NDArray[np.float32]
    not_assessed: tuple[RefusedRadiograph, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.radiographs)
        if not count:
            reasons = Counter(refused.refusal.reason for refused in self.not_assessed).most_common()
            told = ", ".join(f"{count} {reason}" for reason, count in reasons)
            raise DataError(
                f"none of the {len(self.not_assessed)} films could be assessed ({told}): nothing to evaluate"
            )
        if self.logits.shape != (count, len(CLASSES)):
            raise ValueError(f"logits {self.logits.shape} do not fit {count} radiographs, {len(CLASSES)} classes")
        broken = ~np.isfinite(self.logits).all(axis=1)
        if broken.any():
            first = self.radiographs[int(np.argmax(broken))].path
            more = broken.sum() - 1
            raise DataError(f"{first} and {more} more: the model gave values that are not finite; train it again")

    @cached_property
    def positive(self) -> NDArray[np.bool_]:
        """Which radiographs were labelled pneumonia, shape (N,)."""
        return np.array([labelled.positive for labelled in self.radiographs])

    @cached_property
    def classes(self) -> NDArray[np.int64]:
        """The index of each radiograph's label in CLASSES, shape (N,); -1 for a pneumonia of unknown subtype."""
        names = [labelled.subtype if labelled.positive else labelled.label for labelled in self.radiographs]
        return np.array([CLASSES.index(name) if name in CLASSES else -1 for name in names])

    @cached_property
    def patients(self) -> NDArray[np.int64]:
        """A number for each radiograph's patient, 0 to P - 1, shape (N,)."""
        return np.unique([labelled.patient for labelled in self.radiographs], return_inverse=True)[1]

    @cached_property
    def series(self) -> tuple[NDArray[np.intp], ...]:
        """The rows of each acquisition series in the order of acquisition; empty unless every radiograph has a place.

        The order is that of the numbers in the public release (:func:`pneumoscope.data.splits.series`), then of names.
        """
        members: dict[str, list[tuple[int, str, int]]] = defaultdict(list)
        for row, labelled in enumerate(self.radiographs):
            place = series(labelled)
            if place is None:
                return ()
            members[place[0]].append((place[1], labelled.path.name, row))
        return tuple(np.array([row for *_, row in sorted(rows)]) for _, rows in sorted(members.items()))


def collect_predictions(
    radiographs: Sequence[LabelledRadiograph], answers: Iterable[NDArray[np.float32] | Refusal], progress: Progress
) -> Predictions:
    """Put a predictor's answers beside the labels.

    Args:
        radiographs: N labelled ones.
        answers: for each of them, in order, its logits float32 (3,), or why it was refused.
        progress: called after every answer.

    Raises:
        DataError: none could be read, or a logit is not finite.
    """
    assessed, logits, refused = [], [], []
    for done, (labelled, answer) in enumerate(zip(radiographs, answers, strict=True), 1):
        if isinstance(answer, Refusal):
            refused.append(RefusedRadiograph(labelled, answer))
        else:
            assessed.append(labelled)
            logits.append(answer)
        progress("scoring radiographs", done, len(radiographs))
    return Predictions(tuple(assessed), np.array(logits, dtype=np.float32).reshape(-1, len(CLASSES)), tuple(refused))
