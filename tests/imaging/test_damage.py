"""Traces of damage in the picture: what damage does is refused, and no real film is."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pneumoscope.imaging import NotAssessedError, Reason, read
from pneumoscope.imaging.damage import check_whole

SOURCES = ("cohen", "hannover", "nih", "pakistan", "rsna")


@pytest.fixture
def film(grey):
    return np.clip(grey, 1, 254)


@pytest.mark.parametrize(("value", "share", "refused"), [(128, 0.1, True), (128, 0.05, False), (0, 0.3, False)])
def test_a_film_whose_lower_part_is_one_grey_is_truncated(film, reason, value, share, refused):
    film[len(film) - int(share * len(film)) :] = value
    if refused:
        assert reason(film) is Reason.TRUNCATED
    else:
        assert read(film).pixels.shape == film.shape


@pytest.mark.parametrize("value", [0, 255, 99])
@pytest.mark.parametrize("upside", [1, -1])
def test_a_film_that_breaks_off_within_a_row_is_truncated(film, reason, value, upside):
    """A black border begins with a row; what a file lost begins anywhere."""
    film.reshape(-1)[int(97.4 * film.shape[1]) :] = 0
    assert np.array_equal(film[98:], np.zeros_like(film[98:]))
    film.reshape(-1)[int(97.4 * film.shape[1]) :] = value
    assert reason(film[::upside, ::upside]) is Reason.TRUNCATED


@pytest.mark.parametrize("value", [0, 255])
def test_a_black_border_is_no_damage(film, value):
    film[-40:], film[:30], film[:, :20], film[:, -25:] = value, value, value, value
    check_whole(film)


@pytest.mark.parametrize("rows", [2, 10])
def test_overwritten_rows_are_damage_from_a_few_on(film, reason, rows):
    film[60 : 60 + rows] = 0
    if rows == 2:
        check_whole(film)
    else:
        assert reason(film) is Reason.TRUNCATED


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_rows_of_noise_are_damage(film, reason, dtype):
    film[60:70] = np.random.default_rng(0).integers(256, size=(10, film.shape[1]))
    assert reason(film.astype(dtype)) is Reason.TRUNCATED


def test_a_picture_of_noise_alone_is_none(film):
    check_whole(np.random.default_rng(0).integers(256, size=film.shape, dtype=np.uint8))


def test_no_real_film_is_taken_for_damaged(real_films, original_films):
    """One film in twelve of train and of every other hospital; all were read when the limits were set."""
    others = [original_films.parent / "elsewhere" / name for name in SOURCES]
    films = [path for top in (real_films / "train", *others) for path in sorted(top.rglob("*.jp*g"))[::12]]
    films += sorted(original_films.rglob("*.jp*g"))

    def refused(path):
        try:
            read(path)
        except NotAssessedError as error:
            return error

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        assert not [error for error in pool.map(refused, films) if error]
    assert len(films) > 500
