"""One look for every figure: sizes, inks and a palette that survives colour blindness and a grey printer.

Figures are made object by object; nothing touches pyplot or its global state, so any thread may draw.
"""

import math
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from pneumoscope.decision.operating_point import OperatingPoint, threshold_text
from pneumoscope.escaping import printable

INK, SOFT, LINE, PAPER, SHADE = "#1b1f24", "#59636e", "#dfe4e9", "#ffffff", "#f1f4f7"
CURVE = "#1b6ca8"
CLASS_COLOURS = {"normal": "#1b6ca8", "bacterial": "#d1741a", "viral": "#8a3d8f", "pneumonia": "#a8361f"}
TRAINING: dict[str, Any] = {"color": "#d1741a", "linestyle": (0, (5, 2)), "marker": "s", "markerfacecolor": "white"}
VALIDATION: dict[str, Any] = {"color": CURVE, "linestyle": "-", "marker": "o"}

BARS: dict[str, Any] = {"color": CURVE, "edgecolor": PAPER, "linewidth": 0.5}
WHISKERS: dict[str, Any] = {
    "color": CURVE,
    "ecolor": CURVE,
    "fmt": "o",
    "markersize": 7,
    "elinewidth": 1.2,
    "capsize": 3,
}

_POINTS = (("o", "#a8361f", "-"), ("s", "#d1741a", "--"), ("D", "#1b1f24", ":"), ("^", "#8a3d8f", "-."))
"""Operating points differ in shape and line as well as in colour, in the order of the evaluation's points."""
_DPI = 200  # twice what a page shows at


def figure(width: float, height: float, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """A figure of ``width`` x ``height`` inches and its axes, in one row."""
    drawn = _blank(width, height)
    return drawn, list(drawn.subplots(1, columns, squeeze=False)[0])


def stack(width: float, height: float, ratios: Sequence[float]) -> tuple[Figure, list[Axes]]:
    """A figure of ``width`` x ``height`` inches and its axes, one below the other on a common x axis."""
    drawn = _blank(width, height)
    return drawn, list(drawn.subplots(len(ratios), 1, squeeze=False, sharex=True, height_ratios=ratios)[:, 0])


def _blank(width: float, height: float) -> Figure:
    return Figure(figsize=(width, height), facecolor=PAPER, layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1))


def head(axes: Axes, title: str, subtitle: str) -> None:
    """Write a title and, below it, what the figure is about."""
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold", color=INK, pad=24)
    axes.annotate(
        printable(subtitle),
        (0, 1),
        (0, 9),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=9.5,
        color=SOFT,
        parse_math=False,
    )


def dress(axes: Axes, x: str = "", y: str = "") -> None:
    """Give axes their labels, grid and inks."""
    axes.set_xlabel(x, fontsize=9.5, color=INK)
    axes.set_ylabel(y, fontsize=9.5, color=INK)
    axes.tick_params(labelsize=8.5, labelcolor=SOFT, color=SOFT, length=3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(SOFT)
    axes.grid(color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)


def unit_square(axes: Axes) -> None:
    """Make axes run from 0 to 100% both ways, with room for lines along the border."""
    ticks = [0, 0.2, 0.4, 0.6, 0.8, 1]
    axes.set(xlim=(-0.015, 1.015), ylim=(-0.015, 1.015), aspect="equal")
    percents(axes, ticks, ticks)


def percents(axes: Axes, x: Sequence[float], y: Sequence[float]) -> None:
    """Write the ticks of shares in percent."""
    axes.set_xticks(x, [f"{100 * tick:.0f}%" for tick in x])
    axes.set_yticks(y, [f"{100 * tick:.0f}%" for tick in y])


def point_name(point: OperatingPoint) -> str:
    """An operating point as figures name it, with its threshold."""
    name = printable(point.name).replace("$", r"\$")  # between two of them stands a formula
    return f"{name} ({threshold_text(point.threshold)})"


def mark(axes: Axes, index: int, place: tuple[float, float], label: str) -> None:
    """Mark an operating point on a curve."""
    marker, colour, _ = _POINTS[index % len(_POINTS)]
    axes.plot(
        *place, marker, color=colour, markersize=8.5, markeredgecolor=PAPER, markeredgewidth=1.2, label=label, zorder=5
    )


def threshold(axes: Axes, index: int, probability: float, limit: float) -> None:
    """Draw an operating point's threshold as a line across a log-odds axis that ends at ``limit``."""
    _, colour, line = _POINTS[index % len(_POINTS)]
    clipped = min(max(probability, 1e-9), 1 - 1e-9)
    place = min(max(math.log(clipped / (1 - clipped)), -limit), limit)
    axes.axvline(place, color=colour, linestyle=line, linewidth=1.4)


def legend(axes: Axes, place: str) -> None:
    """A legend that does not hide what lies below it."""
    axes.legend(loc=place, fontsize=8.5, labelcolor=INK, framealpha=0.92, edgecolor="none", facecolor=PAPER)


def png(drawn: Figure) -> bytes:
    """Render a figure at twice the size a page shows it in."""
    stream = BytesIO()
    metadata: dict[str, Any] = {"Software": None}  # a version in there would make every picture differ
    drawn.savefig(stream, format="png", dpi=_DPI, metadata=metadata)
    return stream.getvalue()
