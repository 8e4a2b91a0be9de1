"""What the viral probability is worth as an answer: which radiographs it calls viral, and who they are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pneumoscope.decision.labels import CLASSES
from pneumoscope.evaluation import metrics
from pneumoscope.evaluation.bootstrap import Estimate, Proportion, Statistic
from pneumoscope.evaluation.predictions import Predictions

VIRAL_THRESHOLD = 0.5
"""A viral probability from here on says viral. No rule freezes an operating point for it, so it is the plain middle."""

SEPARATED = 0.9
"""What recall and precision must reach, by the lower ends of their intervals, for viral to count as separated."""

_VIRAL = CLASSES.index("viral")


@dataclass(frozen=True)
class ViralAnswer:
    """What calling a radiograph viral from VIRAL_THRESHOLD on achieves.

    Attributes:
        threshold: on the viral probability, 0..1.
        called: radiographs called viral, by their label: normal, bacterial, viral, unknown_subtype.
        false_alarms: normal radiographs that the default operating point calls pneumonia.
        false_alarms_called_viral: those of them that are called viral too.
        metrics: viral_recall, viral_precision, and viral_auc (viral against all others by the viral probability), all
            without the pneumonias of unknown subtype.
    """

    threshold: float
    called: dict[str, int]
    false_alarms: int
    false_alarms_called_viral: int
    metrics: dict[str, Estimate]

    @property
    def separated(self) -> bool | None:
        """Whether recall and precision are shown to reach SEPARATED; None where no radiograph is known to be viral."""
        recall, precision = (self.metrics[name] for name in ("viral_recall", "viral_precision"))
        if recall.value is None:
            return None
        return min(recall.low or 0.0, precision.low or 0.0) >= SEPARATED


def viral_metrics(predictions: Predictions, viral_probability: NDArray[np.float64]) -> dict[str, Statistic]:
    """The metrics of a :class:`ViralAnswer`, for a viral probability of shape (N,)."""
    known, viral = predictions.classes >= 0, predictions.classes == _VIRAL
    called = viral_probability >= VIRAL_THRESHOLD
    any_viral = viral.any()  # where none is known to be viral, no call can be right or wrong
    return {
        "viral_recall": Proportion(called, viral),
        "viral_precision": Proportion(viral, called & known & any_viral),
        "viral_auc": metrics.auc(viral_probability, viral, known & ~viral),
    }


def viral_answer(
    predictions: Predictions,
    viral_probability: NDArray[np.float64],
    found: NDArray[np.bool_],
    measured: dict[str, Estimate],
) -> ViralAnswer:
    """Count who is called viral.

    Args:
        predictions: N radiographs.
        viral_probability: shape (N,), 0..1.
        found: bool, shape (N,), called pneumonia at the default operating point.
        measured: the estimates of :func:`viral_metrics`.
    """
    called, false_alarm = viral_probability >= VIRAL_THRESHOLD, found & ~predictions.positive
    names = {**dict(enumerate(CLASSES)), -1: "unknown_subtype"}
    return ViralAnswer(
        threshold=VIRAL_THRESHOLD,
        called={name: int((called & (predictions.classes == index)).sum()) for index, name in names.items()},
        false_alarms=int(false_alarm.sum()),
        false_alarms_called_viral=int((false_alarm & called).sum()),
        metrics=measured,
    )
