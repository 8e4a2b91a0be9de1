import numpy as np
import pytest
from PIL import Image, ImageFilter

from pneumoscope.training.radiographs.augment import augment
from pneumoscope.training.recipe import Augmentation


@pytest.fixture(scope="module")
def film() -> np.ndarray:
    """Something with edges and fine texture at every scale, (200, 240)."""
    rng = np.random.default_rng(0)
    octaves = [rng.normal(0, 12, (200 // step + 1, 240 // step + 1)) for step in (1, 2, 4, 8, 16, 32, 64)]
    grown = [np.asarray(Image.fromarray(octave.astype(np.float32)).resize((240, 200))) for octave in octaves]
    return np.clip(128 + sum(grown), 0, 255).astype(np.uint8)


def _sharpness(pixels: np.ndarray) -> float:
    """Detail left over by a blur, as a share of all contrast."""
    blurred = np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(1)), np.float64)
    return float((pixels - blurred).std() / pixels.std())


def _variants(film: np.ndarray, count: int, area: tuple[float, float], size: int = 96) -> list[np.ndarray]:
    return [augment(film, size, Augmentation(area), np.random.default_rng(seed)) for seed in range(count)]


def test_a_variant_follows_from_its_seed(film: np.ndarray) -> None:
    first, second = _variants(film, 60, (0.2, 1.0)), _variants(film, 60, (0.2, 1.0))
    np.testing.assert_array_equal(first, second)
    assert len({variant.tobytes() for variant in first}) == 60


@pytest.mark.parametrize("size", [32, 96, 224])
def test_a_variant_is_a_square_of_bytes_and_the_film_stays_as_it_was(film: np.ndarray, size: int) -> None:
    before = film.copy()
    for variant in _variants(film, 40, (0.2, 1.0), size):
        assert (variant.dtype, variant.shape) == (np.uint8, (size, size))
        assert np.ptp(variant) > 20
    np.testing.assert_array_equal(film, before)


def test_sharpness_no_longer_tells_films_apart(film: np.ndarray) -> None:
    # A film and a blurred copy of it differ plainly in sharpness; their variants' sharpness overlaps widely.
    blurred = np.asarray(Image.fromarray(film).filter(ImageFilter.GaussianBlur(1)))
    sharp, soft = ([_sharpness(variant) for variant in _variants(f, 150, (0.9, 1.0))] for f in (film, blurred))
    assert _sharpness(film) > 1.3 * _sharpness(blurred)
    assert max(sharp) > 2 * min(sharp)
    assert np.percentile(soft, 90) > np.percentile(sharp, 10)


def test_borders_are_cropped_away_and_the_aspect_ratio_varies() -> None:
    # A bright square in the middle of a dark film: its sides in the variant tell crop and aspect ratio.
    film = np.zeros((200, 200), np.uint8)
    film[80:120, 80:120] = 255
    sides = []
    for variant in _variants(film, 200, (0.4, 1.0), 200):
        bright = variant > (int(variant.min()) + int(variant.max())) / 2
        sides.append((bright.any(axis=0).sum(), bright.any(axis=1).sum()))
    width, height = np.array(sides, dtype=float).T
    assert width.max() > 1.3 * 40
    assert height.max() > 1.3 * 40
    assert np.percentile(width / height, 5) < 0.85
    assert np.percentile(width / height, 95) > 1.15


def test_tone_varies_but_order_of_brightness_stays() -> None:
    # Left dark, right bright; half of the variants are mirrored, none is inverted.
    film = np.repeat(np.linspace(60, 190, 128).astype(np.uint8)[None], 128, axis=0)
    film[:40] = 250
    means = []
    for variant in _variants(film, 100, (0.9, 1.0)):
        assert variant[5:15].mean() > variant[40:].mean()
        means.append(variant.mean())
    assert np.ptp(means) > 40


def test_borders_are_blanked_by_up_to_a_fifth_on_every_side_and_the_middle_is_not() -> None:
    film = np.random.default_rng(0).integers(60, 190, (200, 240)).astype(np.uint8)
    how = Augmentation((1.0, 1.0), sharpness=0.0, tone=0.0, collimated=1.0)
    margins = []
    for seed in range(60):
        variant = augment(film, 200, how, np.random.default_rng(seed)).astype(int)
        across = np.abs(np.diff(variant[80:120], axis=1)).mean(axis=0)
        assert across[60:140].min() > 3
        margins.append(int(np.argmax(across > 3)))
    assert min(margins) < 5
    assert 30 < max(margins) < 60  # rotated ones start a little further in


def test_degradation_takes_more_from_the_films() -> None:
    film = np.random.default_rng(0).integers(60, 190, (200, 200)).astype(np.uint8)

    def softest(degradation: float) -> float:
        how = Augmentation((1.0, 1.0), sharpness=1.0, tone=0.0, degradation=degradation)
        variants = [augment(film, 200, how, np.random.default_rng(seed)) for seed in range(100)]
        return min(float(np.abs(np.diff(variant.astype(int), axis=1)).mean()) for variant in variants)

    assert softest(2.0) < 0.7 * softest(1.0)
