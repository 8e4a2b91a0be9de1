"""Which figures an evaluation defines, and the words under each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from pneumoscope.evaluation.evaluation import Evaluation
from pneumoscope.evaluation.report import charts, curves, style
from pneumoscope.evaluation.report.wording import both_text, number


@dataclass(frozen=True)
class Drawing:
    """A drawn figure.

    Attributes:
        name: of its file, without the ending.
        title: in a few words.
        caption: what it shows and how to read it.
        figure: the picture.
    """

    name: str
    title: str
    caption: str
    figure: Figure


def draw(evaluation: Evaluation) -> list[Drawing]:
    """Draw every figure that the films define: curves need both classes, the three-class matrix needs subtypes."""
    drawings = []
    if evaluation.ranking["auc"].value is not None:
        precision = curves.precision_recall(evaluation)
        drawings.append(Drawing("roc", "ROC curve", _roc(evaluation), curves.roc(evaluation)))
        drawings.append(Drawing("precision-recall", "Precision and recall", _precision(evaluation), precision))
    drawings.append(Drawing("confusion", "Confusion matrix", _confusion(evaluation), charts.confusion(evaluation)))
    if evaluation.ranking["three_class_accuracy"].value is not None:
        drawings.append(Drawing("three-class", "Three classes", _three(evaluation), charts.three_class(evaluation)))
    return [
        *drawings,
        Drawing("scores", "Probabilities by class", _SCORES, charts.scores(evaluation)),
        Drawing("reliability", "Reliability", _reliability(evaluation), charts.reliability(evaluation)),
    ]


def draw_history(rows: Sequence[Mapping[str, Any]]) -> Drawing:
    """Draw the course of a training."""
    caption = "Loss and AUC after every epoch on the films trained on, which are seen augmented"
    if any("val_auc" in row for row in rows):
        caption += ", so that their curve may lie below the other, and on the validation films"
    caption += ". A dotted line divides the phases."
    return Drawing("training-history", "Training history", caption, curves.history(rows))


_SCORES = (
    "How many films of each class got which probability. The scale is of log-odds, which spreads what lies close to 0 "
    "and 1. Films to the right of a threshold are called pneumonia. Probabilities off the scale are drawn at its ends."
)


def _roc(evaluation: Evaluation) -> str:
    area = both_text("auc", evaluation.ranking["auc"])
    return (
        "Recall against false alarms over all thresholds, with the operating points. "
        f"AUC {area}. The dashed diagonal is guessing."
    )


def _precision(evaluation: Evaluation) -> str:
    prevalence = number(float(evaluation.predictions.positive.mean()), percent=True)
    return (
        f"Precision depends on how common pneumonia is: here {prevalence} of the films, the dashed line. "
        "Where it is rarer, precision is lower at the same recall."
    )


def _confusion(evaluation: Evaluation) -> str:
    (_, false_positives), (false_negatives, _) = evaluation.main.confusion
    return (
        f"Films and shares of each row at the operating point {style.point_name(evaluation.main)}: "
        f"{false_negatives} missed, {false_positives} false alarms."
    )


def _reliability(evaluation: Evaluation) -> str:
    error = both_text("calibration_error", evaluation.ranking["calibration_error"])
    return (
        "Of the films with a given probability, the share that is pneumonia, with 95% intervals (Wilson); below, how "
        f"many films there are. Expected calibration error {error}."
    )


def _three(evaluation: Evaluation) -> str:
    accuracy = both_text("three_class_accuracy", evaluation.ranking["three_class_accuracy"])
    return f"The most likely of the three classes, whatever the threshold. Accuracy {accuracy}."
