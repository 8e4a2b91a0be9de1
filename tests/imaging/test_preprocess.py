"""The one path from a radiograph to the model's input."""

import numpy as np
import pytest
from PIL import Image

from pneumoscope.imaging import INPUT_SIZE, read, to_input


@pytest.fixture(scope="module")
def film():
    """A larger smooth picture, not square."""
    rows, columns = np.indices((700, 900))
    return np.rint(127.5 + 90 * np.sin(rows / 90) * np.cos(columns / 70) + 37 * np.sin(columns / 9)).astype(np.uint8)


def test_a_film_of_the_input_size_is_unchanged(encode):
    picture = np.random.default_rng(0).integers(0, 256, (INPUT_SIZE, INPUT_SIZE), dtype=np.uint8)
    model_input = to_input(read(encode(picture, "PNG")))
    assert model_input.dtype == np.uint8
    np.testing.assert_array_equal(model_input, picture)


def test_a_real_film_is_unchanged(real_films):
    path = sorted((real_films / "test" / "NORMAL").iterdir())[0]
    np.testing.assert_array_equal(to_input(read(path)), np.asarray(Image.open(path).convert("L")))


def test_larger_films_are_resized_by_antialiased_bilinear(film):
    expected = Image.fromarray(film).resize((INPUT_SIZE, INPUT_SIZE), Image.Resampling.BILINEAR)
    difference = to_input(read(film)).astype(int) - np.asarray(expected)
    assert np.abs(difference).max() <= 1  # Pillow rounds between the passes on 8 bits, and we on floats do not


def test_8_and_16_bits_of_one_film_give_one_input(film, encode):
    shallow = to_input(read(encode(film, "PNG")))
    deep = to_input(read(encode(film.astype(np.uint16) * 257, "PNG")))
    difference = np.abs(shallow.astype(int) - deep)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.001


def test_the_size_can_be_chosen(film):
    assert to_input(read(film), size=64).shape == (64, 64)


def test_an_original_shrinks_to_its_published_twin(original_films, real_films):
    path = sorted((original_films / "PNEUMONIA").iterdir())[0]
    twin = to_input(read(real_films / "train" / "PNEUMONIA" / path.name))
    difference = np.abs(to_input(read(path)).astype(int) - twin)
    assert difference.mean() < 3  # of 255; what is left is the second JPEG compression
