"""Charts as SVG inside a page: they take the page's inks, also in the dark, and need no drawing library."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from markupsafe import Markup

WIDTH, HEIGHT = 520, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 16, 42
_TICKS = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)
_STEPS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25)  # between the ticks of an axis of shares
_EDGE = math.log(0.9995 / 0.0005)  # where the axis of probabilities ends, in log odds


@dataclass
class Chart:
    """An SVG that grows.

    Attributes:
        title: what it shows, for those who cannot see it.
        x: lowest and highest value of the horizontal axis.
        y: the same of the vertical axis.
    """

    title: str
    x: tuple[float, float]
    y: tuple[float, float]
    _parts: list[str] = field(default_factory=list)

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where a point lies, in units of the picture."""
        across = (min(max(x, self.x[0]), self.x[1]) - self.x[0]) / (self.x[1] - self.x[0])
        up = (min(max(y, self.y[0]), self.y[1]) - self.y[0]) / (self.y[1] - self.y[0])
        return _LEFT + across * (WIDTH - _LEFT - _RIGHT), HEIGHT - _BOTTOM - up * (HEIGHT - _TOP - _BOTTOM)

    def line(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        """A line through points."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (self.place(*point) for point in points))
        self._parts.append(f'<polyline class="{kind}" points="{path}"/>')

    def box(self, low: tuple[float, float], high: tuple[float, float], kind: str) -> None:
        """A rectangle between two corners."""
        (left, bottom), (right, top) = self.place(*low), self.place(*high)
        left, right, top, bottom = min(left, right), max(left, right), min(top, bottom), max(top, bottom)
        size = f'width="{right - left:.1f}" height="{bottom - top:.1f}"'
        self._parts.append(f'<rect class="{kind}" x="{left:.1f}" y="{top:.1f}" {size}/>')

    def dot(self, x: float, y: float, kind: str) -> None:
        """A point."""
        across, down = self.place(x, y)
        self._parts.append(f'<circle class="{kind}" cx="{across:.1f}" cy="{down:.1f}" r="4"/>')

    def text(self, place: tuple[float, float], words: str, kind: str) -> None:
        """Words at a place in units of the picture."""
        from markupsafe import escape

        self._parts.append(f'<text class="{kind}" x="{place[0]:.1f}" y="{place[1]:.1f}">{escape(words)}</text>')

    def axes(self, x: Sequence[tuple[float, str]], y: Sequence[tuple[float, str]], label: str) -> None:
        """Ticks with their words, and a label below."""
        for value, words in y:
            self.line([(self.x[0], value), (self.x[1], value)], "grid")
            self.text((_LEFT - 7, self.place(0, value)[1] + 4), words, "tick end")
        for value, words in x:
            self.text((self.place(value, 0)[0], HEIGHT - _BOTTOM + 16), words, "tick middle")
        self.text(((WIDTH + _LEFT - _RIGHT) / 2, HEIGHT - 6), label, "label middle")

    def upright(self, x: float, words: str, row: int = 0) -> None:
        """A line from top to bottom with words at its head."""
        self.line([(x, self.y[0]), (x, self.y[1])], "threshold")
        across = self.place(x, 0)[0]
        late = across > 0.6 * WIDTH
        self.text((across + (-5 if late else 5), _TOP + 10 + 13 * row), words, f"note {'end' if late else 'start'}")

    def svg(self) -> "Markup":
        """The picture."""
        from markupsafe import Markup, escape

        head = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(self.title)}">'
        return Markup(f"{head}{''.join(self._parts)}</svg>")  # noqa: S704  our own numbers; words are escaped


def log_odds(probability: float) -> float:
    """The place of a probability on the axis, which ends before certainty."""
    clipped = min(max(probability, 1e-9), 1 - 1e-9)
    return min(max(math.log(clipped / (1 - clipped)), -_EDGE), _EDGE)


def _probabilities(chart: Chart, y: Sequence[tuple[float, str]]) -> None:
    chart.axes([(log_odds(tick), f"{tick:g}") for tick in _TICKS], y, "probability of pneumonia")


def scores(
    probability: NDArray[np.float64], positive: NDArray[np.bool_], lines: Sequence[tuple[float, str]]
) -> "Markup":
    """Pneumonias above the axis and normals below it, by their probability, with thresholds.

    Args:
        probability: (N,), 0..1.
        positive: (N,), labelled pneumonia.
        lines: thresholds with their words.
    """
    edges = np.linspace(-_EDGE, _EDGE, 39)
    placed = np.array([log_odds(value) for value in probability.tolist()])
    sick, well = (np.histogram(placed[chosen], edges)[0] for chosen in (positive, ~positive))
    top, bottom = max(int(sick.max()), 1), max(int(well.max()), 1)
    chart = Chart("Films by probability: pneumonias above, normals below", (-_EDGE, _EDGE), (-1.05, 1.05))
    _probabilities(chart, [(1, f"{top}"), (0, "0"), (-1, f"{bottom}")])
    for index, (above, below) in enumerate(zip(sick.tolist(), well.tolist(), strict=True)):
        if above:
            chart.box((edges[index], 0), (edges[index + 1], above / top), "bar pneumonia")
        if below:
            chart.box((edges[index], 0), (edges[index + 1], -below / bottom), "bar normal")
    for row, (threshold, words) in enumerate(lines):
        chart.upright(log_odds(threshold), words, row)
    return chart.svg()


def trade_off(
    probability: NDArray[np.float64], positive: NDArray[np.bool_], lines: Sequence[tuple[float, str]]
) -> "Markup":
    """Recall and specificity at every threshold; see :func:`scores`."""
    chart = Chart("Recall falls and specificity rises with the threshold", (-_EDGE, _EDGE), (0, 1))
    _probabilities(chart, [(share, f"{share:.0%}") for share in (0, 0.25, 0.5, 0.75, 1)])
    grid = np.linspace(-_EDGE, _EDGE, 200)
    placed = np.array([log_odds(value) for value in probability.tolist()])
    recall = [(value, float((placed[positive] >= value).mean())) for value in grid.tolist()]
    specificity = [(value, float((placed[~positive] < value).mean())) for value in grid.tolist()]
    chart.line(recall, "curve pneumonia")
    chart.line(specificity, "curve normal")
    for row, (threshold, words) in enumerate(lines):
        chart.upright(log_odds(threshold), words, row + 6)
    return chart.svg()


def _shares(step: float) -> list[tuple[float, str]]:
    return [(step * number, f"{100 * step * number:g}%") for number in range(5)]


@dataclass(frozen=True)
class Plotted:
    """One point of a control chart; shares are 0..1.

    Attributes:
        name: of the period.
        share: seen; None without films.
        low: the least that is usual.
        high: the most that is usual.
        outside: whether what is seen is unusual.
    """

    name: str
    share: float | None
    low: float
    high: float
    outside: bool


def control(title: str, points: Sequence[Plotted], mean: float) -> "Markup":
    """A p-chart: what is seen in each period, what is expected, and limits that follow the number of films."""
    seen = [value for point in points for value in (point.share or 0.0, point.high)]
    step = next(step for step in _STEPS if 4 * step >= 1.05 * max(*seen, mean) or step == _STEPS[-1])
    top = 4 * step
    chart = Chart(title, (-0.5, len(points) - 0.5), (0, top))
    every = -(-len(points) // 6)
    names = [(index, point.name) for index, point in enumerate(points) if index % every == 0]
    chart.axes(
        names,
        _shares(step),
        "",
    )
    for index, point in enumerate(points):
        chart.box((index - 0.5, point.low), (index + 0.5, point.high), "usual")
    chart.line([(-0.5, mean), (len(points) - 0.5, mean)], "expected")
    there = [(index, point.share) for index, point in enumerate(points) if point.share is not None]
    chart.line([(index, share) for index, share in there], "curve seen")
    for index, share in there:
        chart.dot(index, share, "dot outside" if points[index].outside else "dot")
    return chart.svg()


def tenths(expected: Sequence[float], seen: Sequence[float]) -> "Markup":
    """Shares of films in the bins of the reference: what is expected, and what is seen."""
    step = next(step for step in _STEPS if 4 * step >= max(*expected, *seen))
    top = 4 * step
    chart = Chart("Films by score: expected and seen", (-0.5, len(expected) - 0.5), (0, top))
    names = [(index, f"{index + 1}") for index in range(len(expected))]
    chart.axes(
        names,
        _shares(step),
        "bin of the reference, low scores to high",
    )
    for index, (usual, now) in enumerate(zip(expected, seen, strict=True)):
        chart.box((index - 0.38, 0), (index - 0.02, usual), "bar reference")
        chart.box((index + 0.02, 0), (index + 0.38, now), "bar seen")
    return chart.svg()
