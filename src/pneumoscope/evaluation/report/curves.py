"""Figures that are curves: ROC, precision and recall, and the course of a training."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import precision_recall_curve, roc_curve

from pneumoscope.evaluation.evaluation import Evaluation
from pneumoscope.evaluation.report import style
from pneumoscope.evaluation.report.wording import both_text, number, value_text

_SATURATED = 0.9
"""Above this AUC all that matters happens in the corner, so the corner is enlarged."""


def roc(evaluation: Evaluation) -> Figure:
    """The ROC curve with the operating points; its upper left corner enlarged where the curve hugs it."""
    positive, logits = evaluation.predictions.positive, evaluation.predictions.logits
    false_positive, recall, _ = roc_curve(positive, evaluation.rule.log_odds(logits))
    drawn, (axes,) = style.figure(6.4, 6.3)
    style.head(axes, "ROC curve", evaluation.title)
    style.dress(axes, "False positive rate (1 - specificity)", "Recall (sensitivity)")
    style.unit_square(axes)
    axes.plot([0, 1], [0, 1], color=style.SOFT, linewidth=0.9, linestyle=(0, (4, 4)))
    places = [axes, _corner(axes)] if (evaluation.ranking["auc"].value or 0) > _SATURATED else [axes]
    area = both_text("auc", evaluation.ranking["auc"])
    for place in places:
        place.plot(false_positive, recall, color=style.CURVE, linewidth=1.8, label=f"AUC {area}")
        for index, result in enumerate(evaluation.points):
            found, spared = result.metrics["recall"].value or 0.0, result.metrics["specificity"].value or 0.0
            style.mark(place, index, (1 - spared, found), _point_label(evaluation, index))
    if len(places) > 1:
        axes.indicate_inset_zoom(places[1], edgecolor=style.SOFT, alpha=0.5)
    style.legend(axes, "lower right")
    return drawn


def _corner(axes: Axes) -> Axes:
    corner: Axes = axes.inset_axes((0.35, 0.34, 0.61, 0.58), xlim=(-0.004, 0.2), ylim=(0.8, 1.004))
    style.dress(corner)
    for spine in corner.spines.values():
        spine.set(visible=True, color=style.SOFT)
    style.percents(corner, [0, 0.05, 0.1, 0.15, 0.2], [0.8, 0.85, 0.9, 0.95, 1.0])
    corner.tick_params(labelsize=7.5)
    return corner


def _point_label(evaluation: Evaluation, index: int) -> str:
    result = evaluation.points[index]
    recall, specificity = (value_text(name, result.metrics[name]) for name in ("recall", "specificity"))
    return f"{style.point_name(result)}: recall {recall}, specificity {specificity}"


def precision_recall(evaluation: Evaluation) -> Figure:
    """The precision-recall curve with the operating points, and the share of pneumonia that guessing would reach."""
    positive, logits = evaluation.predictions.positive, evaluation.predictions.logits
    precision, recall, _ = precision_recall_curve(positive, evaluation.rule.log_odds(logits))
    drawn, (axes,) = style.figure(6.4, 6.3)
    style.head(axes, "Precision and recall", evaluation.title)
    style.dress(axes, "Recall (sensitivity)", "Precision")
    style.unit_square(axes)
    prevalence = float(positive.mean())
    axes.axhline(prevalence, color=style.SOFT, linewidth=0.9, linestyle=(0, (4, 4)), label=_guess(prevalence))
    area = both_text("auprc", evaluation.ranking["auprc"])
    axes.step(recall, precision, where="post", color=style.CURVE, linewidth=1.8, label=f"AUPRC {area}")
    for index, result in enumerate(evaluation.points):
        found, right = result.metrics["recall"], result.metrics["precision"]
        if found.value is not None and right.value is not None:
            label = f"{style.point_name(result)}: precision {number(right.value, percent=True)}"
            style.mark(axes, index, (found.value, right.value), label)
    style.legend(axes, "lower left")
    return drawn


def _guess(prevalence: float) -> str:
    return f"calling every film pneumonia: {number(prevalence, percent=True)}"


_HISTORY_TITLES = (("Loss", "cross-entropy, lower is better"), ("AUC", "pneumonia against normal, higher is better"))


def history(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Loss and AUC over the epochs of a training, side by side, with the phases marked.

    Every phase is drawn equally wide: the frozen phase has many epochs of a moment each, the others few long ones.

    Args:
        rows: one an epoch, in order: ``phase`` (a name) and, as far as known, ``loss``, ``auc``, ``val_loss`` and
            ``val_auc``.
    """
    drawn, panels = style.figure(10.6, 4.2, columns=2)
    names = [str(row["phase"]) for row in rows]
    starts = [index for index, name in enumerate(names) if index == 0 or name != names[index - 1]]
    ends = [*starts[1:], len(names)]
    places = np.concatenate(
        [
            k + (np.arange(end - start) + 0.5) / (end - start)
            for k, (start, end) in enumerate(zip(starts, ends, strict=True))
        ]
    )
    for axes, name, title in zip(panels, ("loss", "auc"), _HISTORY_TITLES, strict=True):
        style.head(axes, *title)
        style.dress(axes, "Epoch")
        for key, label, line in ((name, "training", style.TRAINING), (f"val_{name}", "validation", style.VALIDATION)):
            if any(key in row for row in rows):
                axes.plot(places, [_value(row, key) for row in rows], label=label, linewidth=1.8, markersize=5, **line)
        axes.set_xlim(0, len(starts))
        marked = sorted(
            {*starts, *((start + end - 1) // 2 for start, end in zip(starts, ends, strict=True)), len(rows) - 1}
        )
        axes.set_xticks(places[marked], [str(index + 1) for index in marked])
        _phases(axes, [names[start] for start in starts])
        style.legend(axes, "best")
    return drawn


def _value(row: Mapping[str, Any], key: str) -> float:
    value = row.get(key)
    return float("nan") if value is None else float(value)


def _phases(axes: Axes, names: Sequence[str]) -> None:
    """Shade every second phase and write each phase's name along the top."""
    axes.margins(y=0.14)
    across = axes.get_xaxis_transform()
    for start, name in enumerate(names):
        if start % 2 == 0:
            axes.axvspan(start, start + 1, color=style.SHADE, linewidth=0, zorder=0)
        if start:
            axes.axvline(start, color=style.SOFT, linewidth=1, linestyle=(0, (2, 3)))
        axes.text(start + 0.5, 0.975, name, transform=across, ha="center", va="top", fontsize=9, color=style.SOFT)
