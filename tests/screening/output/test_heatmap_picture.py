"""The picture of a heatmap says of itself what was found, on which film, by which model."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny import film

from pneumoscope.imaging.formats.png import HEATMAP_MARK
from pneumoscope.imaging.search import BEGINNING
from pneumoscope.screening.output.heatmap_picture import HeatmapFolder, caption, hidden, picture
from pneumoscope.screening.screener import Screener


@pytest.fixture
def saved(screener: Screener, tmp_path: Path) -> Path:
    Image.fromarray(film(200)).save(tmp_path / "Anna.png")
    result = HeatmapFolder(tmp_path / "heat").save(screener.screen(tmp_path / "Anna.png", heatmap=True))
    assert result.heatmap_file == result.to_dict()["heatmap_file"]
    return Path(str(result.heatmap_file))


def test_the_result_names_the_picture_which_says_what_it_shows(saved: Path) -> None:
    [there] = saved.parent.iterdir()
    assert there == saved
    with Image.open(saved) as image:
        said = image.info["Description"]
    for part in ("Pneumonia: probability 0.908", "from 0.500 (balanced)", "Anna.png", "Model tiny 0.0.1", "not proof"):
        assert part in said


def test_a_search_knows_it_by_its_first_bytes(saved: Path) -> None:
    assert HEATMAP_MARK in saved.read_bytes()[:BEGINNING]


@pytest.mark.parametrize("size", [(260, 300), (130, 900), (900, 130)])
def test_the_caption_is_drawn_below_the_panels(screener: Screener, size: tuple[int, int]) -> None:
    result = screener.screen(film(200, *size), heatmap=True)
    drawn = np.asarray(picture(result))
    panels = round(size[0] * 512 / max(size))
    strip = drawn[panels:]
    assert strip.shape[0] >= 4 * 20
    assert strip.max() > 200  # there is text
    assert strip[:, -4:].max() == 0  # and none is cut off at the edge


def test_a_name_that_the_font_lacks_comes_out_escaped(screener: Screener, tmp_path: Path) -> None:
    path = tmp_path / "\u80f8\x1b.png"
    Image.fromarray(film(200)).save(path)
    result = screener.screen(path, heatmap=True)
    assert caption(result)[1] == "\u80f8\\x1b.png"
    picture(result)


def test_every_kind_of_result_says_why_there_is_no_heatmap(screener: Screener) -> None:
    assert "the finding is normal" in str(hidden(screener.screen(film(60), heatmap=True)))
    assert "not assessed" in str(hidden(screener.screen("gone.png", heatmap=True)))
    assert hidden(screener.screen(film(200), heatmap=True)) is None


def test_what_was_not_assessed_has_no_picture(screener: Screener, tmp_path: Path) -> None:
    result = screener.screen("gone.png", heatmap=True)
    assert HeatmapFolder(tmp_path / "heat").save(result) is result
    assert list((tmp_path / "heat").iterdir()) == []
