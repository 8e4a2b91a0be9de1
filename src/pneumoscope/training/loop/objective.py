"""What training minimises, watches and steps with, written with keras.ops so that every backend runs it."""

from functools import cache
from typing import Any

from pneumoscope.network.backend import import_keras
from pneumoscope.training.recipe import Phase, Recipe


def allowed_class_loss(targets: Any, logits: Any) -> Any:
    """Negative log probability (N,) of the classes that the label allows.

    With one allowed class this is cross-entropy. A pneumonia of unknown subtype allows two, and their probabilities add
    up (the marginal likelihood, so such radiographs teach the finding and leave the subtype open).

    Args:
        targets: (N, 3), probabilities of the classes, or 1 for each of several allowed classes and 0 for the others.
        logits: (N, 3).
    """
    ops = import_keras().ops
    logits = ops.cast(logits, "float32")
    allowed = ops.logsumexp(ops.where(targets > 0, logits, -1e9), axis=-1)
    several = ops.sum(targets, axis=-1) > 1.5
    return ops.logsumexp(logits, axis=-1) - ops.where(several, allowed, ops.sum(targets * logits, axis=-1))


@cache
def pneumonia_auc_class() -> Any:
    """The class of a streaming metric: area under the ROC curve of pneumonia against normal, from three logits."""
    keras = import_keras()

    class PneumoniaAUC(keras.metrics.AUC):  # type: ignore[misc, name-defined]
        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            probability = 1.0 - keras.ops.softmax(keras.ops.cast(y_pred, "float32"), axis=-1)[:, 0]
            super().update_state(y_true[:, 0] < 0.5, probability)  # of probabilities, the likelier

    return PneumoniaAUC


def objective() -> dict[str, Any]:
    """What every phase passes to a model's ``compile``."""
    return {
        "loss": allowed_class_loss,
        "metrics": [pneumonia_auc_class()(num_thresholds=1000, name="auc")],
    }


def build_optimizer(recipe: Recipe, phase: Phase, steps: int) -> Any:
    """AdamW with a warm-up and a cosine schedule over the ``steps`` of a phase of fine-tuning."""
    keras = import_keras()
    warmup = steps // 10
    schedule = keras.optimizers.schedules.CosineDecay(
        phase.learning_rate / 10, steps - warmup, alpha=0.01, warmup_target=phase.learning_rate, warmup_steps=warmup
    )
    return keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay, clipnorm=1.0)
