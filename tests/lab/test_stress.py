from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from lab.stress import (
    STRESSES,
    Stress,
    blank,
    blank_border,
    contrast,
    crop,
    equalise_sharpness,
    noise,
    rotate,
    smear,
)
from pneumoscope.data.audit.shortcuts import laplacian_variance

by_name = pytest.mark.parametrize("stress", STRESSES, ids=lambda stress: stress.name)


@pytest.fixture(scope="module")
def film() -> NDArray[np.uint8]:
    """Structure of every size, darker below, nowhere at the ends of the scale."""
    rng = np.random.default_rng(3)
    layers = [Image.fromarray(rng.uniform(-25, 25, (side, side)).astype(np.float32)) for side in (7, 28, 112, 224)]
    sum_ = sum(np.asarray(layer.resize((224, 224), Image.Resampling.BICUBIC)) for layer in layers)
    return np.clip(sum_ + np.linspace(140, 110, 224)[:, None], 20, 235).astype(np.uint8)


@by_name
def test_a_dose_gives_a_new_film_of_the_same_shape(stress: Stress, film: NDArray[np.uint8]) -> None:
    untouched = film.copy()
    film.flags.writeable = False  # as films from a memory-mapped file are
    for dose in stress.doses.values():
        result = stress.apply(film, dose)
        assert (result.dtype, result.shape) == (np.uint8, (224, 224))
        np.testing.assert_array_equal(result, stress.apply(film, dose))
    np.testing.assert_array_equal(film, untouched)


@by_name
def test_the_neutral_dose_changes_next_to_nothing(stress: Stress, film: NDArray[np.uint8]) -> None:
    assert _distance(film, stress.apply(film, stress.neutral)) < (3 if stress.name == "JPEG" else 1e-9)


@by_name
def test_a_dose_further_from_neutral_changes_more(stress: Stress, film: NDArray[np.uint8]) -> None:
    doses = sorted(stress.doses.values())
    for side in ([d for d in doses if d < stress.neutral][::-1], [d for d in doses if d > stress.neutral]):
        changes = [_distance(film, stress.apply(film, dose)) for dose in side]
        if stress.name != "rotation":  # any turn takes fine structure off its place at once
            assert changes == sorted(changes)
        assert all(change > 1 for change in changes)


@pytest.mark.parametrize(("name", "softer"), [("blur", True), ("resolution", True), ("crop", True), ("noise", False)])
def test_sharpness_goes_where_it_should(name: str, softer: bool, film: NDArray[np.uint8]) -> None:
    stress = next(stress for stress in STRESSES if stress.name == name)
    for dose in stress.doses.values():
        assert (laplacian_variance(stress.apply(film, dose)) < laplacian_variance(film)) == softer


def test_brightness_adds_and_contrast_spreads_about_the_mean(film: NDArray[np.uint8]) -> None:
    brightness = next(stress for stress in STRESSES if stress.name == "brightness")
    np.testing.assert_array_equal(brightness.apply(film, 7), film + 7)
    flat = contrast(film, 0.5)
    assert flat.mean() == pytest.approx(film.mean(), abs=0.1)
    assert flat.std() == pytest.approx(film.std() / 2, rel=0.02)


def test_a_larger_exponent_darkens_the_middle_and_keeps_the_ends() -> None:
    gamma = next(stress for stress in STRESSES if stress.name == "gamma")
    ramp = np.array([[0, 128, 255]], np.uint8)
    assert gamma.apply(ramp, 2.0).tolist() == [[0, 64, 255]]


def test_rotation_is_anticlockwise_and_brings_in_no_black() -> None:
    marked = np.full((224, 224), 100, np.uint8)
    marked[108:116, 190:198] = 200  # to the right of the middle
    turned = rotate(marked, 20)
    rows, columns = np.nonzero(turned > 150)
    assert rows.mean() < 90  # higher up
    assert columns.mean() > 170
    assert turned.min() == 100


def test_cropping_enlarges_about_the_middle() -> None:
    square = np.zeros((224, 224), np.uint8)
    square[84:140, 84:140] = 255
    grown = crop(square, 0.1) > 127
    assert np.sqrt(grown.sum()) == pytest.approx(56 / 0.8, abs=1.5)
    np.testing.assert_array_equal(grown, grown[::-1, ::-1])


def test_a_blanked_border_is_the_median_and_the_rest_stays(film: NDArray[np.uint8]) -> None:
    bare = blank_border(film, 0.1)
    np.testing.assert_array_equal(bare[22:-22, 22:-22], film[22:-22, 22:-22])
    bare[22:-22, 22:-22] = np.uint8(np.median(film))
    assert np.unique(bare).tolist() == [np.uint8(np.median(film))]


def test_noise_has_the_size_asked_for_and_its_seed_in_the_film(film: NDArray[np.uint8]) -> None:
    grey = np.full((224, 224), 128, np.uint8)
    assert noise(grey, 10).std() == pytest.approx(10, rel=0.03)
    other = grey + np.uint8(1)
    assert _distance(noise(grey, 10), noise(other, 10)) > 5  # not one pattern for all films


@pytest.mark.parametrize("hide", [blank, smear])
def test_hiding_keeps_what_lies_outside_the_mask(
    hide: Callable[[NDArray[np.uint8], NDArray[np.bool_]], NDArray[np.uint8]], film: NDArray[np.uint8]
) -> None:
    mask = np.zeros(film.shape, dtype=bool)
    mask[60:160, 40:100] = True
    hidden = hide(film, mask)
    np.testing.assert_array_equal(hidden[~mask], film[~mask])
    assert laplacian_variance(hidden[70:150, 50:90]) < 2 < laplacian_variance(film[70:150, 50:90])


@pytest.mark.parametrize("share", [0.2, 0.7, 1.5])
def test_sharpness_is_brought_to_the_target_from_above_and_below(share: float, film: NDArray[np.uint8]) -> None:
    target = share * laplacian_variance(film)
    assert laplacian_variance(equalise_sharpness(film, target)) == pytest.approx(target, rel=0.01)


def _distance(film: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(np.abs(film.astype(float) - other).mean())
