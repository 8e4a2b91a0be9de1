"""Figures that count films: confusion matrices, the reliability diagram and the probabilities of each class."""

from typing import Any, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pneumoscope.decision.labels import CLASSES
from pneumoscope.evaluation import metrics
from pneumoscope.evaluation.evaluation import Evaluation
from pneumoscope.evaluation.report import style
from pneumoscope.evaluation.report.wording import number, value_text

Shares: TypeAlias = NDArray[np.float64]

_SHADES = LinearSegmentedColormap.from_list("share", ["#f6f9fc", "#8fbfe0", style.CURVE, "#0c3f66"])
_RANGE = 9.0
"""Log-odds are drawn up to this size: probabilities of .0001 and .9999."""


def confusion(evaluation: Evaluation) -> Figure:
    """Films by label and finding at the default operating point."""
    drawn, (axes,) = style.figure(6.4, 6.0)
    style.head(axes, "Confusion matrix", f"{evaluation.title}, at {style.point_name(evaluation.main)}")
    style.dress(axes, "Finding", "Label")
    _matrix(axes, evaluation.main.confusion, ("normal", "pneumonia"))
    return drawn


def three_class(evaluation: Evaluation) -> Figure:
    """Films by label and most likely class."""
    drawn, (axes,) = style.figure(6.4, 6.0)
    style.head(axes, "Three classes", evaluation.title)
    style.dress(axes, "Most likely class", "Label")
    _matrix(axes, evaluation.three_class.confusion, evaluation.three_class.classes)
    return drawn


def _matrix(axes: Axes, rows: tuple[tuple[int, ...], ...], names: tuple[str, ...]) -> None:
    counts = np.array(rows)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap=_SHADES, vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        ink = style.PAPER if share > 0.45 else style.INK
        part = number(share, percent=True) if counts[row].sum() else "no films"
        for text, offset, size in ((f"{counts[row, column]:,}", 5, 20), (part, -19, 10)):
            middle: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "va": "center"}
            axes.annotate(text, (column, row), (0, offset), fontsize=size, color=ink, **middle)
    places = range(len(names))
    axes.set_xticks(places, names, fontsize=10, color=style.INK)
    totals = [f"{name}\n{count:,} films" for name, count in zip(names, counts.sum(axis=1), strict=True)]
    axes.set_yticks(places, totals, fontsize=10)
    axes.tick_params(length=0, labelcolor=style.INK)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    edges = np.arange(1, len(names)) - 0.5
    axes.vlines(edges, -0.5, len(names) - 0.5, color=style.PAPER, linewidth=3)
    axes.hlines(edges, -0.5, len(names) - 0.5, color=style.PAPER, linewidth=3)


def reliability(evaluation: Evaluation) -> Figure:
    """How often films with a given probability are pneumonia, above a histogram of the probabilities."""
    probability, positive = evaluation.probability, evaluation.predictions.positive
    member = metrics.bins(probability)
    counts = np.bincount(member, minlength=metrics.BINS)
    drawn, (axes, below) = style.stack(6.4, 6.3, (4, 1))
    style.head(axes, "Reliability", evaluation.title)
    style.dress(axes, y="Films that are pneumonia")
    style.unit_square(axes)
    axes.set_aspect("auto")
    axes.plot([0, 1], [0, 1], color=style.SOFT, linewidth=0.9, linestyle=(0, (4, 4)), label="perfectly calibrated")
    filled = np.flatnonzero(counts)
    mean = np.array([probability[member == index].mean() for index in filled])
    share = np.array([positive[member == index].mean() for index in filled])
    low, high = _wilson(share, counts[filled])
    error = value_text("calibration_error", evaluation.ranking["calibration_error"])
    whiskers = (share - low, high - share)
    axes.errorbar(mean, share, whiskers, label=f"observed; ECE {error}", **style.WHISKERS)
    style.legend(axes, "upper left")
    style.dress(below, "Calibrated probability of pneumonia", "Films")
    bars = below.bar(np.arange(metrics.BINS) / metrics.BINS, counts, width=1 / metrics.BINS, align="edge", **style.BARS)
    below.bar_label(bars, [f"{count:,}" for count in counts], fontsize=8, color=style.SOFT, padding=1.5)
    below.margins(y=0.25)
    below.set_yticks([])
    return drawn


def _wilson(share: Shares, count: NDArray[np.int64]) -> tuple[Shares, Shares]:
    """Wilson's 95% interval of a share (Wilson 1927)."""
    z = 1.96
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return np.minimum(middle - half, share), np.maximum(middle + half, share)


def scores(evaluation: Evaluation) -> Figure:
    """The probabilities of each class on a log-odds axis, with the thresholds."""
    log_odds = np.clip(evaluation.rule.log_odds(evaluation.predictions.logits), -_RANGE, _RANGE)
    groups = [(name, evaluation.predictions.classes == index) for index, name in enumerate(CLASSES)]
    groups.append(("pneumonia", evaluation.predictions.classes < 0))
    groups = [(name, mask) for name, mask in groups if mask.any()]
    drawn, panels = style.stack(6.4, 6.3 if len(groups) > 2 else 4.6, (1,) * len(groups))
    edges = np.linspace(-_RANGE, _RANGE, 55).tolist()
    for axes, (name, mask) in zip(panels, groups, strict=True):
        style.dress(axes)
        axes.hist(log_odds[mask], edges, **style.BARS | {"color": style.CLASS_COLOURS[name]})
        axes.set_ylabel(f"{name}\n{mask.sum():,} films", rotation=0, ha="right", va="center")
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        for index, result in enumerate(evaluation.points):
            style.threshold(axes, index, result.threshold, _RANGE)
    style.head(panels[0], "Probabilities by class", evaluation.title)
    ticks = [0.0001, 0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999]
    panels[-1].set_xticks([np.log(tick / (1 - tick)) for tick in ticks], [f"{tick:.4f}".strip("0") for tick in ticks])
    panels[-1].set_xlim(-_RANGE - 0.3, _RANGE + 0.3)
    panels[-1].set_xlabel("Calibrated probability of pneumonia (log-odds scale)", fontsize=9.5, color=style.INK)
    names = [style.point_name(result) for result in evaluation.points]
    look: dict[str, Any] = {"fontsize": 8.5, "labelcolor": style.INK, "frameon": False, "handlelength": 2.6}
    drawn.legend(panels[0].get_lines(), names, loc="outside lower center", ncols=3, **look)
    return drawn
