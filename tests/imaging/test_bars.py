"""Flat bars beside a film are found and cut off, and nothing else is."""

import numpy as np
import pytest
from PIL import Image

from pneumoscope.data.layout import load
from pneumoscope.imaging import Radiograph, Reason, read, to_input
from pneumoscope.imaging.bars import film_frame
from pneumoscope.imaging.limits import MIN_SIDE
from pneumoscope.release.envelope.lungs import MaskedRadiograph
from pneumoscope.screening.prepare import prepare


@pytest.fixture(scope="module")
def film() -> np.ndarray:
    """A smooth picture without a flat line, uint8 (500, 400)."""
    rows, columns = np.indices((500, 400))
    return np.rint(127.5 + 80 * np.sin(rows / 60) * np.cos(columns / 50) + 30 * np.sin(columns / 9)).astype(np.uint8)


@pytest.mark.parametrize("grey", [0, 90, 255])
@pytest.mark.parametrize("around", [((100, 100), (0, 0)), ((0, 0), (80, 60)), ((70, 0), (0, 0)), ((60, 90), (50, 40))])
def test_bars_of_any_grey_on_any_side_are_cut_off(film, grey, around):
    framed = np.pad(film, around, constant_values=grey)
    frame = film_frame(framed)
    assert np.abs(np.array(frame) - [around[0][0], around[0][0] + 500, around[1][0], around[1][0] + 400]).max() <= 2
    difference = np.abs(to_input(Radiograph(framed, "", "array")).astype(int) - to_input(read(film)))
    assert np.quantile(difference, 0.99) <= 6


def test_bars_that_jpeg_made_noisy_are_found(film, encode):
    framed = np.pad(film, ((120, 120), (0, 0)))
    assert film_frame(read(encode(framed, "JPEG", quality=60)).pixels)[:2] == pytest.approx((120, 620), abs=8)


def test_16_bits_have_the_same_frame(film, encode):
    framed = np.pad(film, ((100, 100), (0, 0)))
    deep = read(encode(framed.astype(np.uint16) * 257, "PNG")).pixels
    assert deep.dtype == np.float32
    assert film_frame(deep) == film_frame(framed)


@pytest.mark.parametrize(
    "picture",
    [
        np.pad(np.tile(np.arange(0, 250, 1, np.uint8), (240, 1)), ((10, 0), (0, 0))),  # a bar of less than a twentieth
        np.zeros((300, 300), np.uint8),
        np.asarray(Image.linear_gradient("L")),  # every line is flat
        np.pad(np.random.default_rng(0).integers(0, 255, (MIN_SIDE - 12, 300), np.uint8), ((200, 200), (0, 0))),
    ],
    ids=["narrow bar", "one grey", "gradient", "film too small"],
)
def test_other_pictures_stay_whole(picture):
    height, width = picture.shape
    assert film_frame(picture) == (0, height, 0, width)


def test_a_film_without_bars_passes_through_unchanged():
    picture = np.random.default_rng(0).integers(0, 256, (224, 224), dtype=np.uint8)
    np.testing.assert_array_equal(to_input(read(picture)), picture)


def test_a_stamp_in_a_bar_does_not_keep_it(film):
    framed = np.pad(film, ((100, 0), (0, 0)))
    framed[20:30, 380:395] = 255
    assert film_frame(framed).top == pytest.approx(100, abs=2)


@pytest.mark.parametrize("side", [250, 1000, 2500])
def test_a_ruler_along_the_edge_does_not_keep_a_bar(film, side):
    """Ticks every twentieth of the edge, as wide as a hundredth of the picture; at any size of the same picture."""
    framed = np.pad(film, ((0, 0), (50, 50)))
    for top in range(0, 500, 25):
        framed[top : top + 4, :5] = framed[top : top + 4, -5:] = 255
    resized = np.asarray(Image.fromarray(framed).resize((side, side), Image.Resampling.BILINEAR))
    assert film_frame(resized) == pytest.approx((0, side, side / 10, side * 9 / 10), abs=side / 100)


def test_real_films_have_the_same_frame_at_two_sizes(real_films, original_films):
    small = {film.path.name: film.path for film in load(real_films)}
    for film in load(original_films):
        pixels, other = read(film.path).pixels, read(small[film.path.name]).pixels
        frame, expected = np.array(film_frame(pixels)), np.array(film_frame(other))
        sides, others = (np.repeat(one.shape, 2) for one in (pixels, other))
        assert frame / sides == pytest.approx(expected / others, abs=0.01), film.path.name


def test_a_bar_lends_a_blank_film_no_contrast(reason):
    dull = np.random.default_rng(0).integers(90, 111, (300, 300), dtype=np.uint8)
    assert reason(dull) is Reason.BLANK
    assert reason(np.pad(dull, ((0, 0), (40, 0)), constant_values=255)) is Reason.BLANK


def test_the_input_is_one_block_of_memory():
    picture = np.pad(np.random.default_rng(0).integers(0, 256, (224, 224), dtype=np.uint8), ((0, 0), (40, 36)))
    assert to_input(read(picture)).flags.c_contiguous


def test_a_very_long_picture_is_looked_at_in_steps():
    long = np.zeros((MIN_SIDE, 400_000), np.uint8)
    long[:, 100_000:300_000] = np.random.default_rng(0).integers(0, 256, (MIN_SIDE, 200_000), dtype=np.uint8)
    assert film_frame(long)[2:] == pytest.approx((100_000, 300_000), abs=1400)


def test_a_person_is_shown_what_the_network_reads(film):
    prepared = prepare(np.pad(film, ((250, 250), (0, 0))), 224, preview=True)
    assert prepared.preview.shape == (500, 400)


def test_a_mask_of_lungs_loses_the_same_bars(film, tmp_path):
    mask = np.zeros((250, 200), np.uint8)
    mask[:125] = 255  # the upper half of the film
    framed, around = np.pad(film, ((200, 0), (0, 0))), np.pad(mask, ((100, 0), (0, 0)))
    Image.fromarray(around).save(tmp_path / "mask.png")
    one = MaskedRadiograph(tmp_path / "film.png", tmp_path / "mask.png")
    shares = one.shares(4, Radiograph(framed, "", "array"))
    np.testing.assert_allclose(shares, np.repeat([[1.0], [1.0], [0.0], [0.0]], 4, axis=1), atol=0.02)
