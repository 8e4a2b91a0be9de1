from xml.etree import ElementTree

import numpy as np
import pytest
from sites import make_films

from pneumoscope.assurance.site import charts


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(str(svg))  # noqa: S314  our own


def classes(svg: str) -> list[str]:
    return [element.get("class", "") for element in parsed(svg)]


def test_scores_draw_a_bar_for_every_filled_bin_and_escape_words() -> None:
    films = make_films()
    drawn = charts.scores(films.probability, films.positive, [(0.8, "from <0.8>")])
    assert "from &lt;0.8&gt;" in drawn
    kinds = classes(drawn)
    assert "bar pneumonia" in kinds
    assert "bar normal" in kinds
    assert kinds.count("threshold") == 1


def test_certain_probabilities_stay_on_the_axis() -> None:
    drawn = charts.scores(np.array([0.0, 1.0]), np.array([False, True]), [])
    for box in parsed(drawn).iter("rect"):
        assert 0 <= float(box.get("x")) <= charts.WIDTH
        assert 0 <= float(box.get("y")) <= charts.HEIGHT


def test_the_curves_are_the_shares_at_each_threshold() -> None:
    films = make_films()
    drawn = parsed(charts.trade_off(films.probability, films.positive, []))
    recall = next(line for line in drawn if line.get("class") == "curve pneumonia")
    first, *_, last = [float(point.split(",")[1]) for point in recall.get("points").split()]
    assert first < last  # down the page: recall falls


def test_a_control_chart_marks_what_is_outside_and_leaves_gaps() -> None:
    points = [charts.Plotted(f"w{n}", None if n == 2 else n / 10, 0.0, 0.25, n == 3) for n in range(4)]
    kinds = classes(charts.control("alerts", points, 0.1))
    assert (kinds.count("dot"), kinds.count("dot outside"), kinds.count("usual")) == (2, 1, 4)
    assert charts.control("one", points[:1], 0.0)


def test_bins_are_drawn_twice() -> None:
    kinds = classes(charts.tenths([0.5, 0.5], [0.9, 0.1]))
    assert (kinds.count("bar reference"), kinds.count("bar seen")) == (2, 2)


@pytest.mark.parametrize("probability", [0.0, 1.0, 0.5])
def test_the_axis_is_finite(probability: float) -> None:
    assert abs(charts.log_odds(probability)) < 8
