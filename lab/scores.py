"""Logits on radiographs that a network never saw, and what they are worth."""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pneumoscope.decision.score import pneumonia_score

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Scores:
    """Logits on N radiographs.

    Attributes:
        names: (N,) file names.
        patients: (N,) patient keys.
        classes: (N,) index of the label in CLASSES; 1 for a pneumonia whose subtype the run was not told.
        logits: float64 (N, 3), in the order of CLASSES.
    """

    names: NDArray[np.str_]
    patients: NDArray[np.str_]
    classes: NDArray[np.int64]
    logits: Values

    @cached_property
    def score(self) -> Values:
        """(N,) the raw score of pneumonia in log odds; above 0 the network holds it for the likelier."""
        return np.asarray(pneumonia_score(self.logits), dtype=np.float64)

    @property
    def positive(self) -> Mask:
        """(N,) labelled pneumonia."""
        return self.classes > 0

    def __len__(self) -> int:
        return len(self.names)

    def __add__(self, other: "Scores") -> "Scores":
        parts = [field.name for field in fields(self)]
        return Scores(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in parts))


def rates(score: Values, positive: Mask, threshold: float) -> tuple[float, float]:
    """Recall and specificity, 0..1, where a score at or above the threshold is a finding."""
    found = score >= threshold
    return float(found[positive].mean()), float((~found[~positive]).mean())


def measured(unseen: Scores) -> dict[str, float]:
    """What a network makes of radiographs that it never saw.

    Returns:
        log_loss (natural logarithm; both classes weigh the same, whatever their number) and auc; recall and specificity
        at score 0; three_classes, the share whose largest logit is that of the label.
    """
    from sklearn.metrics import roc_auc_score

    score, positive = unseen.score, unseen.positive
    loss = np.logaddexp(0, np.where(positive, -score, score))
    recall, specificity = rates(score, positive, 0.0)
    return {
        "log_loss": float((loss[positive].mean() + loss[~positive].mean()) / 2),
        "auc": float(roc_auc_score(positive, score)),
        "recall": recall,
        "specificity": specificity,
        "three_classes": float((unseen.logits.argmax(axis=1) == unseen.classes).mean()),
    }
