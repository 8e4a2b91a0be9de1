"""The record of bundles under stress as a figure and as tables."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.words import shown
from lab.markdown import table
from lab.stress import STRESSES, Stress
from pneumoscope.evaluation.bootstrap import Estimate
from pneumoscope.evaluation.report import style
from pneumoscope.evaluation.report.wording import both_text, number, value_text

Record = Mapping[str, Any]
Row = Mapping[str, Any]

_LOOKS = (style.VALIDATION, style.TRAINING, {"color": "#8a3d8f", "linestyle": ":", "marker": "^"})
_COLUMNS = 3


def figure(record: Record, point: str = "zero") -> Figure:
    """Balanced accuracy against the dose, one panel a stress and one line a bundle, with 95% intervals.

    Args:
        record: as ``measure.run`` writes it.
        point: "default", the bundle's own operating point, or "zero", a score of 0.
    """
    drawn, _ = style.figure(10.6, 12.6)
    drawn.clear()
    panels = list(drawn.subplots(-(-(len(STRESSES) + 1) // _COLUMNS), _COLUMNS, sharey=True).flat)
    for axes, stress in zip(panels, STRESSES, strict=False):
        _panel(axes, stress, record, point)
    for axes in panels[len(STRESSES) :]:
        axes.set_axis_off()
    legend = panels[len(STRESSES)].legend(
        *panels[0].get_legend_handles_labels(),
        loc="upper left",
        title=f"Balanced accuracy {_POINTS[point]}\non {_sample(record)}; bands: 95%",
        title_fontsize=9.5,
        alignment="left",
        fontsize=9.5,
        labelcolor=style.INK,
        frameon=False,
    )
    legend.set_in_layout(False)  # it is wider than its panel, and so is the free space
    legend.get_title().set_color(style.INK)
    return drawn


_POINTS = {"default": "at the default operating point", "zero": "at a score of 0"}


def _panel(axes: Axes, stress: Stress, record: Record, point: str) -> None:
    doses = sorted([stress.neutral, *stress.doses.values()])
    if stress.neutral == doses[-1]:  # so that more of the stress is to the right
        doses.reverse()
    style.head(axes, stress.name[0].upper() + stress.name[1:], stress.unit)
    style.dress(axes)
    for bundle, look in zip(record["bundles"], _LOOKS, strict=False):
        rows = {row["dose"]: row for row in _rows(record, bundle["sha256"], stress.name)}
        for row in _rows(record, bundle["sha256"], "none"):
            rows[stress.neutral] = row
        places = [place for place, dose in enumerate(doses) if dose in rows]
        ends = [_interval(rows[doses[place]][point]) for place in places]
        middle = [rows[doses[place]][point]["balanced_accuracy"]["value"] for place in places]
        axes.plot(places, middle, linewidth=1.8, markersize=5, label=shown(bundle["name"]), **look)
        axes.fill_between(places, *np.reshape(ends, (-1, 2)).T, color=look["color"], alpha=0.13, linewidth=0)
    style.percents(axes, [], [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    axes.set_xticks(range(len(doses)), ["as it is" if dose == stress.neutral else f"{dose:g}" for dose in doses])
    axes.axhline(0.5, color=style.SOFT, linewidth=0.9, linestyle=(0, (4, 4)))
    axes.set(xlim=(-0.2, len(doses) - 0.8), ylim=(0.38, 1.02))


def _interval(at: Row) -> tuple[float, float]:
    """Of the balanced accuracy; where all of a class agree, from the exact ends of recall and specificity."""
    middle, parts = at["balanced_accuracy"], (at["recall"], at["specificity"])
    if middle["low"] is not None:
        return middle["low"], middle["high"]
    return sum(part["low"] for part in parts) / 2, sum(part["high"] for part in parts) / 2


def tables(record: Record) -> str:
    """Markdown: what each stress costs over its doses, the checks for shortcuts, and each bundle under every dose."""
    parts = [
        f"{_sample(record)}. Epochs and thresholds were chosen on such radiographs, so the first row flatters, and "
        "what is lost below it counts. Mean over the four doses of each stress, at a score of 0:",
        _summary(record),
        "Evidence taken away, at a score of 0. The lungs are one outline, the same for all radiographs:",
        _checks(record),
        _sharpness(record),
    ]
    for bundle in record["bundles"]:
        parts += [f"`{shown(bundle['name'])}` under every dose, at its default operating point and at a score of 0:"]
        parts += [_full(record, bundle["sha256"])]
    return "\n\n".join(parts) + "\n"


def _rows(record: Record, sha256: str, stress: str) -> list[Row]:
    return [row for row in record["rows"] if row["bundle"] == sha256 and row["stress"] == stress]


def _sample(record: Record) -> str:
    normal, bacterial, viral = record["sample"]["by_class"]
    return f"{normal} normal, {bacterial} bacterial and {viral} viral held-out radiographs of train"


def _beside(record: Record, columns: Iterable[str]) -> list[str]:
    return [f"{shown(bundle['name'])}: {column}" for bundle in record["bundles"] for column in columns]


def _summary(record: Record) -> str:
    stresses = {"none": "as they are"} | {stress.name: stress.name for stress in STRESSES}
    lines = []
    for stress, words in stresses.items():
        cells = [words]
        for bundle in record["bundles"]:
            rows = _rows(record, bundle["sha256"], stress)
            cells += [
                _mean([row["auc"] for row in rows]),
                _mean([row["zero"]["balanced_accuracy"] for row in rows], percent=True),
            ]
        lines.append(cells)
    return table(["", *_beside(record, ("AUC", "balanced accuracy"))], lines)


def _mean(estimates: list[Mapping[str, float]], percent: bool = False) -> str:
    return number(float(np.mean([estimate["value"] for estimate in estimates])), percent) if estimates else ""


def _checks(record: Record) -> str:
    measured = [
        {row["strength"]: row for stress in ("none", "check") for row in _rows(record, bundle["sha256"], stress)}
        for bundle in record["bundles"]
    ]
    lines = [
        [name, *(text for rows in measured for text in (_text(rows[name], "auc"), *_point(rows[name], "zero")))]
        for name in measured[0]
    ]
    return table(["", *_beside(record, ("AUC", "balanced accuracy", "recall", "specificity"))], lines)


def _sharpness(record: Record) -> str:
    before, after = (both_text("auc", Estimate(**record["sharpness"][f"auc_{when}"])) for when in ("before", "after"))
    return f"Sharpness alone tells the normal radiographs with AUC {before}. After it is made equal, AUC is {after}."


def _full(record: Record, sha256: str) -> str:
    lines = []
    for stress, unit in {"none": "", **{stress.name: stress.unit for stress in STRESSES}}.items():
        for row in _rows(record, sha256, stress):
            dose = "" if row["dose"] is None else f"{row['dose']:g} {unit}"
            cells = (_text(row, "auc"), *_point(row, "default"), *_point(row, "zero"))
            lines.append(["" if stress == "none" else stress, row["strength"], dose, *cells])
    at = [f"{name}{where}" for where in ("", ", at 0") for name in ("balanced accuracy", "recall", "specificity")]
    return table(["stress", "strength", "dose", "AUC", *at], lines)


def _point(row: Row, point: str) -> list[str]:
    at = row[point]
    middle = value_text("balanced_accuracy", Estimate(**at["balanced_accuracy"]))
    return [middle, _text(at, "recall"), _text(at, "specificity")]


def _text(values: Mapping[str, Any], name: str) -> str:
    return both_text(name, Estimate(**values[name]))


def mean_text(rows: Iterable[Mapping[str, Any]]) -> str:
    """Balanced accuracy (recall / specificity) of a threshold, each the mean over conditions."""
    rows = list(rows)
    keys = ("balanced_accuracy", "recall", "specificity")
    balanced, recall, specificity = (np.mean([row[key]["value"] for row in rows]) for key in keys)
    return f"{balanced:.1%} ({recall:.1%} / {specificity:.1%})"
