"""The collapse guard: training that falls into one class is stopped and explained."""

import numpy as np
from numpy.typing import NDArray

from pneumoscope.errors import TrainingError

LEAST_RATE = 0.10
"""Recall and specificity below this, at the score 0, count as collapse; guessing gives 0.5 in balanced accuracy."""


class CollapseError(TrainingError):
    """Predictions fell into one class, or the loss is not a number."""


LEAST_FILMS = 25
"""With fewer validation films of a class, as in a smoke run, collapse cannot be told from chance and is not judged."""


_LIKELY = (
    "Likely cause: layers were opened at a rate ({rate:g}) that destroys the pretrained features before the head has "
    "learned, or BatchNormalization was trained on small batches. Use the two-phase default recipe: head first, then a "
    "very low rate with BatchNormalization frozen."
)


def check_loss(loss: float, learning_rate: float) -> None:
    """Refuse a loss that is not finite.

    Raises:
        CollapseError: with the likely cause.
    """
    if not np.isfinite(loss):
        raise CollapseError(f"The loss is {loss}: training has diverged. {_LIKELY.format(rate=learning_rate)}")


def check_predictions(scores: NDArray[np.floating], positive: NDArray[np.bool_], learning_rate: float) -> None:
    """Refuse validation scores that put (nearly) every film into one class.

    Args:
        scores: (N,) logits of pneumonia; above 0 counts as predicted pneumonia.
        positive: (N,) labels.
        learning_rate: of the phase, for the explanation.

    Raises:
        CollapseError: with what was seen, the likely cause and what to do.
    """
    finite = bool(np.isfinite(scores).all())
    if finite and min(positive.sum(), (~positive).sum()) < LEAST_FILMS:
        return
    predicted = scores > 0
    recall, specificity = predicted[positive].mean(), (~predicted[~positive]).mean()
    if not finite:
        raise CollapseError(f"Validation scores are not finite: {_LIKELY.format(rate=learning_rate)}")
    if min(recall, specificity) >= LEAST_RATE:
        return
    share = max(predicted.mean(), 1 - predicted.mean())
    name = "pneumonia" if predicted.mean() > 0.5 else "normal"
    raise CollapseError(
        f"Training collapsed into one class: {share:.1%} of the validation films are called {name} (recall "
        f"{recall:.1%}, specificity {specificity:.1%}). {_LIKELY.format(rate=learning_rate)}"
    )
