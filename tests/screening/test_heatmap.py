import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny import film

from pneumoscope.screening.heatmap import intensity, ramp
from pneumoscope.screening.output.heatmap_picture import HeatmapFolder, name_of, picture
from pneumoscope.screening.result import HeatmapStatus
from pneumoscope.screening.screener import Screener


def test_mean_of_the_contributions_is_the_films_log_odds(screener: Screener) -> None:
    for brightness in (90, 140, 220):
        result = screener.screen(film(brightness))
        assert result.contribution_map.shape == (7, 7)
        odds = math.log(result.probability / (1 - result.probability))
        assert float(result.contribution_map.mean()) == pytest.approx(odds, abs=1e-4)


def test_heat_is_nothing_below_the_threshold_and_full_only_far_above_it() -> None:
    values = np.array([[-3.0, 0.0], [1.0, 2.0]], np.float32)
    np.testing.assert_allclose(intensity(values, 0.5), [[0, 0], [0.25, 0.5]])
    np.testing.assert_allclose(intensity(values * 4, 0.5), [[0, 0], [0.5, 1]])
    assert intensity(values, 0.9).max() == 0


def test_overlay_colours_the_place_that_speaks_for_pneumonia_and_leaves_the_rest(screener: Screener) -> None:
    pixels = film(100, 300, 240)[:, ::-1].copy()
    pixels[:100, 160:] = 250  # upper right
    # Just above the threshold as a whole, so that only the upper right speaks for pneumonia.
    result = screener.screen(pixels, 0.999 * screener.screen(pixels).probability, heatmap=True)
    shown = replace(result, heatmap=HeatmapStatus.SHOWN)  # though it is not on the lungs
    image = np.asarray(shown.heatmap_image()).astype(int)
    assert image.shape == (300, 240, 3)
    colourful = image.max(-1) - image.min(-1)
    assert colourful[:60, 200:].min() > 40
    assert colourful[200:, :120].max() == 0
    np.testing.assert_array_equal(image[200:, :100, 0], result.preview[200:, :100])


def test_a_normal_film_has_no_heat_even_where_a_place_speaks_for_pneumonia() -> None:
    assert intensity(np.array([[-9.0, 0.0], [1.0, 2.0]], np.float32), 0.5).max() == 0


def test_a_refused_film_has_no_heatmap(screener: Screener) -> None:
    with pytest.raises(ValueError, match="no heatmap"):
        screener.screen(b"").heatmap_image()


def test_ramp_is_perceptually_even() -> None:
    colours = ramp(np.linspace(0, 1, 33)) / 255
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    to_cone = np.array([[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]])
    lightness = np.cbrt(linear @ to_cone.T) @ [0.2105, 0.7936, -0.0041]
    steps = np.diff(lightness)
    assert steps.min() > 0
    np.testing.assert_allclose(steps, steps.mean(), rtol=0.35)


def test_long_side_of_the_kept_film_is_bounded_and_the_aspect_stays(screener: Screener) -> None:
    assert screener.screen(film(150, 1200, 1500), heatmap=True).preview.shape == (410, 512)


def test_picture_shows_film_and_heat_side_by_side(screener: Screener) -> None:
    image = picture(screener.screen(film(200, 240, 320), heatmap=True))
    assert image.size == (1024, 384 + 4 * 20 + 2 * 8)
    legend = np.asarray(image)[384:]
    assert legend.max() > 200  # something is written


def test_same_names_in_different_folders_do_not_collide(screener: Screener, tmp_path: Path) -> None:
    out = HeatmapFolder(tmp_path / "heat")
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        Image.fromarray(film(180)).save(tmp_path / folder / "film.png")
        out.save(screener.screen(tmp_path / folder / "film.png", heatmap=True))
    out.save(screener.screen(tmp_path / "gone.png"))
    assert len(list((tmp_path / "heat").iterdir())) == 2
    assert name_of(Path("x" * 250 + ".png")).startswith("x" * 60 + "-")
