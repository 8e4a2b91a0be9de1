"""What is measured on the validation radiographs while a network trains: the history's rows, and what the guard sees.

The published metrics, with their intervals, are those of pneumoscope.evaluation.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pneumoscope.decision.score import pneumonia_score
from pneumoscope.progress import Progress
from pneumoscope.training.loop.checkpoint import Row
from pneumoscope.training.radiographs.packing import PackedRadiographs

PREDICTED = 64
"""Radiographs that are scored at once."""


def predict(model: Any, radiographs: PackedRadiographs, size: int, progress: Progress) -> NDArray[np.float32]:
    """Logits (N, 3) of plain radiographs that the network reads at ``size`` pixels."""
    logits: list[NDArray[np.float32]] = []
    for x in radiographs.plain(size, PREDICTED):
        logits.append(np.asarray(model.predict_on_batch(x), dtype=np.float32))
        progress("validating", sum(map(len, logits)), len(radiographs))
    return np.concatenate(logits)


def measure_rates(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> tuple[float, float]:
    """Recall and specificity at the raw score 0, of scores (N,) and labels (N,) of both classes."""
    found = scores > 0
    return float(found[positive].mean()), float((~found[~positive]).mean())


def validate(logits: NDArray[np.floating], radiographs: PackedRadiographs) -> Row:
    """Measure finite logits (N, 3) of N validation radiographs.

    With several sources, each rate is the mean of those of the sources that have radiographs for it: pooled over
    sources an AUC measures which hospital a radiograph comes from.

    Returns:
        val_loss (that of training, weighted as there), val_auc, and at the raw score 0 val_recall, val_specificity and
        val_balanced_accuracy.
    """
    from sklearn.metrics import roc_auc_score

    scores, positive = pneumonia_score(logits), radiographs.positive
    allowed = np.where(radiographs.targets > 0, logits, -np.inf)
    loss = np.logaddexp.reduce(logits, axis=1) - np.logaddexp.reduce(allowed, axis=1)
    sources = [radiographs.sources == source for source in sorted(set(map(str, radiographs.sources)))]
    both = [own for own in sources if positive[own].any() and not positive[own].all()]
    aucs = [roc_auc_score(positive[own], scores[own]) for own in both]
    recall = np.mean([(scores[own & positive] > 0).mean() for own in sources if (own & positive).any()])
    specificity = np.mean([(scores[own & ~positive] <= 0).mean() for own in sources if (own & ~positive).any()])
    return {
        "val_loss": float(np.average(loss, weights=radiographs.weights)),
        "val_auc": float(np.mean(aucs)),
        "val_recall": float(recall),
        "val_specificity": float(specificity),
        "val_balanced_accuracy": float(recall + specificity) / 2,
    }
