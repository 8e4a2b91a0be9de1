"""The collapse guard: training that falls into one class is stopped and explained."""

import numpy as np
from numpy.typing import NDArray

from pneumoscope.decision.score import pneumonia_score
from pneumoscope.errors import TrainingError
from pneumoscope.training.loop.validation import measure_rates

LEAST_RATE = 0.10
"""Recall and specificity below this, at the raw score 0, count as collapse; guessing gives 0.5 in balanced accuracy."""

LEAST_OF_EACH = 25
"""With fewer validation radiographs of a class, as in a smoke run, collapse cannot be told from chance and is not
judged."""

_CAUSE = (
    "Likely cause: a learning rate ({rate:g}) at which the pretrained features are destroyed, or BatchNormalization "
    "trained on small batches. Take a recipe with low rates: --recipe default or --recipe quick."
)


class CollapseError(TrainingError):
    """Predictions fell into one class, or the loss is not a number."""


def check_loss(loss: float, learning_rate: float) -> None:
    """Refuse a loss that is not finite.

    Raises:
        CollapseError: with the likely cause.
    """
    if not np.isfinite(loss):
        raise CollapseError(f"The loss is {loss}: training has diverged. {_CAUSE.format(rate=learning_rate)}")


def check_finite(logits: NDArray[np.floating], learning_rate: float) -> None:
    """Refuse validation logits of which one is not finite.

    Raises:
        CollapseError: with the likely cause.
    """
    if not np.isfinite(logits).all():
        raise CollapseError(f"Validation scores are not finite. {_CAUSE.format(rate=learning_rate)}")


def check_predictions(logits: NDArray[np.floating], positive: NDArray[np.bool_], learning_rate: float) -> None:
    """Refuse validation logits that put (nearly) every radiograph into one class.

    Args:
        logits: (N, 3), finite; a raw score above 0 counts as predicted pneumonia.
        positive: (N,) labels.
        learning_rate: of the phase, for the explanation.

    Raises:
        CollapseError: with what was seen, the likely cause and what to do.
    """
    if min(positive.sum(), (~positive).sum()) < LEAST_OF_EACH:
        return
    scores = pneumonia_score(logits)
    recall, specificity = measure_rates(scores, positive)
    if min(recall, specificity) >= LEAST_RATE:
        return
    called = float((scores > 0).mean())
    share, name = max((called, "pneumonia"), (1 - called, "normal"))
    raise CollapseError(
        f"Training collapsed into one class: {share:.1%} of the validation radiographs are called {name} (recall "
        f"{recall:.1%}, specificity {specificity:.1%}). {_CAUSE.format(rate=learning_rate)}"
    )
