"""The record of the heatmap check as a table and as a figure."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lab.markdown import table
from pneumoscope.decision.labels import CLASSES
from pneumoscope.evaluation.report import style


def tables(record: dict[str, Any]) -> str:
    """Markdown: what the checks found, class by class, and how one move compares with four."""
    lines = []
    for name in (*CLASSES, "all"):
        rows = [row for row in record["rows"] if name in (row["class"], "all")]
        if rows:
            lines.append(_line(name, rows, record))
    one, four = _unstable(record)
    area = np.median([row["lung_area"] for row in record["rows"]])
    stranger = np.percentile(record["agreement_of_strangers"], [50, 90])
    count = record["films"]["of_each_class"]
    return table(COLUMNS, lines) + (
        f"\n\n{count} held-out radiographs of each class. Radiographs that are found normal have no heatmap. Bundle "
        f"`{record['bundle']['sha256'][:12]}`. A heatmap that is the same everywhere has the share of its heat in the "
        f"lungs that they have of the picture, {area:.0%} (median). Heatmaps of two different radiographs agree by "
        f"{stranger[0]:.2f} (median), one in ten pairs by {stranger[1]:.2f} or more; the least that is shown is "
        f"{record['least_agreement']}. The one diagonal move finds {one.sum()} of {len(one)} unstable, the mean of "
        f"four straight ones {four.sum()}, of which the diagonal one finds {(one & four).sum()}."
    )


COLUMNS = (
    "class",
    "heatmaps",
    "share in the lungs: median (5% to 95%)",
    "agreement when moved: median (5% to 95%)",
    "hidden: lungs",
    "hidden: unstable",
    "shown",
)


def _line(name: str, rows: list[dict[str, Any]], record: dict[str, Any]) -> list[str]:
    share, area, again = (np.array([row[key] for row in rows]) for key in ("lung_share", "lung_area", "agreement"))
    off, unstable = share < area, again < record["least_agreement"]
    cells = [name, str(len(rows)), _spread(share, 100, "%"), _spread(again, 1, "")]
    counts = (off.sum(), (unstable & ~off).sum(), (~off & ~unstable).sum())
    return cells + [f"{number} ({number / len(rows):.0%})" for number in counts]


def _spread(values: NDArray[np.float64], scale: float, unit: str) -> str:
    digits = 0 if unit else 2
    low, middle, high = (f"{scale * value:.{digits}f}{unit}" for value in np.percentile(values, [5, 50, 95]))
    return f"{middle} ({low} to {high})"


def _unstable(record: dict[str, Any]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which radiographs the one diagonal move finds unstable, and which the mean of the four straight ones."""
    one = np.array([row["agreement"] for row in record["rows"]])
    four = np.array([np.mean(row["agreement_straight"]) for row in record["rows"]])
    return one < record["least_agreement"], four < record["least_agreement"]


def figure(record: dict[str, Any]) -> Figure:
    """Two histograms: shares inside the lungs, and agreement after the move beside that of different radiographs."""
    drawn, (left, right) = style.figure(10.5, 4.2, 2)
    share = np.array([row["lung_share"] / row["lung_area"] for row in record["rows"]])
    again = np.array([row["agreement"] for row in record["rows"]])
    style.head(left, "Where the heat lies", f"{len(share)} held-out radiographs found pneumonia")
    style.dress(left, "Heat inside the lungs, in times of chance", "Radiographs")
    left.hist(share, np.arange(0, 3.01, 0.1).tolist(), **style.BARS)
    left.axvline(1, color=style.INK, linestyle="--", label="chance; below it hidden")
    style.legend(left, "upper right")
    style.head(right, "Does it stay?", f"The radiograph moved by {record['moved'][0]} pixels down and to the right")
    style.dress(right, "Correlation of the two heatmaps", "Radiographs")
    edges = np.arange(-1, 1.01, 0.05).tolist()
    right.hist(again, edges, **style.BARS, label="with itself, moved")
    right.hist(
        record["agreement_of_strangers"], edges, histtype="step", color=style.CLASS_COLOURS["bacterial"],
        linewidth=1.5, label="with another radiograph's",
    )  # fmt: skip
    right.axvline(record["least_agreement"], color=style.INK, linestyle="--", label="below it hidden")
    style.legend(right, "upper left")
    return drawn
