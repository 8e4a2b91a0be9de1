from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny import film

from pneumoscope.imaging.lung_field import lung_field
from pneumoscope.screening.heatmap_check import (
    LEAST_AGREEMENT,
    MOVED,
    agreement,
    assess_heatmap,
    lung_outline,
    lung_share,
    moved,
)
from pneumoscope.screening.output.heatmap_picture import picture
from pneumoscope.screening.output.page import Page
from pneumoscope.screening.result import HeatmapStatus
from pneumoscope.screening.screener import Screener

FIELD = lung_field(224)
LUNGS = lung_field(224).reshape(7, 32, 7, 32).mean(axis=(1, 3)).astype(np.float32)


def corner() -> np.ndarray:
    heat = np.zeros((7, 7), np.float32)
    heat[0, 6] = 1
    return heat


def on_lungs() -> np.ndarray:
    """A film that is bright where the lungs are."""
    pixels = dark()
    pixels[lung_field(224)] += 180
    return pixels


def dark() -> np.ndarray:
    """Nearly one dark grey: one that is quite flat is a damaged film."""
    return np.random.default_rng(0).integers(57, 64, (224, 224)).astype(np.uint8)


def test_share_is_chance_for_an_even_map_more_on_the_lungs_nothing_in_the_corner() -> None:
    assert lung_share(np.full((7, 7), 0.4, np.float32), FIELD) == pytest.approx(FIELD.mean())
    assert 0.6 < lung_share(LUNGS, FIELD) < 0.7
    assert lung_share(corner(), FIELD) == 0


def test_lungs_are_where_the_bundle_sees_them() -> None:
    seen = np.zeros((12, 12), np.float32)
    seen[:, :6] = 1
    outline = lung_outline(seen[None])
    assert outline[:, :100].all()
    assert not outline[:, 124:].any()
    np.testing.assert_array_equal(lung_outline(None), FIELD)
    left = np.zeros((7, 7), np.float32)
    left[3, 1] = 1
    assert lung_share(left, outline) == pytest.approx(1)
    assert assess_heatmap(left[:, ::-1].copy(), outline, lambda: left) is HeatmapStatus.OUTSIDE_LUNGS


@pytest.mark.parametrize("shift", [(12, 12), (-12, 0), (0, 30), (5, -7)])
def test_film_moves_and_its_edge_fills_what_comes_free(shift: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (60, 50), dtype=np.uint8)
    rows, columns = (np.clip(np.arange(side) - by, 0, side - 1) for side, by in zip((60, 50), shift, strict=True))
    np.testing.assert_array_equal(moved(pixels, shift), pixels[np.ix_(rows, columns)])


def test_agreement_follows_the_film_and_not_the_frame() -> None:
    heat = np.random.default_rng(0).random((7, 7)).astype(np.float32)
    whole_place = (32, -32)
    assert agreement(heat, np.roll(heat, (1, -1), axis=(0, 1)), whole_place) > 0.9
    assert agreement(heat, heat, whole_place) < 0.5
    assert agreement(heat, heat, (0, 0)) == pytest.approx(1)
    assert agreement(heat, 1 - heat, (0, 0)) == pytest.approx(-1)
    assert agreement(heat, np.zeros_like(heat), MOVED) == 0


def test_check_asks_for_the_second_inference_only_where_it_decides() -> None:
    asked: list[int] = []

    def again(heat: np.ndarray) -> Callable[[], Any]:
        return lambda: asked.append(1) or heat

    assert assess_heatmap(np.zeros((7, 7), np.float32), FIELD, again(LUNGS)) is None
    assert assess_heatmap(corner(), FIELD, again(corner())) is HeatmapStatus.OUTSIDE_LUNGS
    assert not asked
    assert assess_heatmap(LUNGS, FIELD, again(LUNGS)) is HeatmapStatus.SHOWN
    assert agreement(LUNGS, corner(), MOVED) < LEAST_AGREEMENT
    assert assess_heatmap(LUNGS, FIELD, again(corner())) is HeatmapStatus.UNSTABLE
    assert len(asked) == 2


def test_screening_checks_heatmaps_where_they_are_asked_for(screener: Screener) -> None:
    film_of_lungs = on_lungs()
    threshold = 0.9 * screener.screen(film_of_lungs).probability
    assert screener.screen(film_of_lungs, threshold, heatmap=True).heatmap is HeatmapStatus.SHOWN
    aside = dark()
    aside[:64, 160:] += 190  # upper right
    just_below = 0.999 * screener.screen(aside).probability
    assert screener.screen(aside, just_below, heatmap=True).heatmap is HeatmapStatus.OUTSIDE_LUNGS
    assert screener.screen(film(60), heatmap=True).heatmap is None
    unasked = screener.screen(film_of_lungs, threshold)
    assert (unasked.preview, unasked.heatmap) == (None, None)


def test_second_inference_is_of_the_moved_film(screener: Screener, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[np.ndarray] = []
    run = screener._session.run
    monkeypatch.setattr(screener._session, "run", lambda batch: seen.append(batch[0]) or run(batch))
    pixels = on_lungs()
    result = screener.screen(pixels, 0.5 * screener.screen(pixels).probability)
    assert (result.finding, len(seen)) == ("pneumonia", 2)  # one inference a call, as no heatmap was asked for
    del seen[:]
    screener.screen(pixels, result.threshold, heatmap=True)
    assert len(seen) == 2
    np.testing.assert_array_equal(seen[1], moved(seen[0], MOVED))


@pytest.mark.parametrize("reason", [HeatmapStatus.OUTSIDE_LUNGS, HeatmapStatus.UNSTABLE])
def test_hidden_heatmap_leaves_no_colour_and_the_page_says_why(
    screener: Screener, tmp_path: Path, reason: HeatmapStatus
) -> None:
    shown = screener.screen(on_lungs(), 0.1, heatmap=True)
    hidden = replace(shown, heatmap=reason)
    assert np.ptp(np.asarray(replace(shown, heatmap=HeatmapStatus.SHOWN).heatmap_image()), axis=-1).max() > 40
    assert np.ptp(np.asarray(hidden.heatmap_image()), axis=-1).max() == 0
    right = np.asarray(picture(hidden))[:, 512:]
    assert np.ptp(right.astype(int), axis=-1).max() < 12
    assert right[:512].max() > 200  # the sentence
    page = Page(tmp_path / "page.html", screener.card)
    page.add(hidden)
    page.close()
    text = (tmp_path / "page.html").read_text()
    assert reason.why_hidden
    assert reason.why_hidden in text
    assert text.count("data:image/jpeg") == 1
    assert HeatmapStatus.SHOWN.why_hidden is None
