import numpy as np
import pytest

from pneumoscope.imaging.bars import film_frame
from pneumoscope.release.envelope import alterations


@pytest.fixture
def grey() -> np.ndarray:
    rows, columns = np.mgrid[0:150, 0:200]
    return ((rows + columns) % 256).astype(np.uint8)


@pytest.mark.parametrize(
    "alteration",
    [*alterations.MILD, alterations.mildly, alterations.inverted, alterations.small_in_frame, alterations.varied],
    ids=lambda alteration: alteration.__name__,
)
def test_the_same_seed_gives_the_same_grey_picture(alteration: alterations.Alteration, grey: np.ndarray) -> None:
    before = grey.copy()
    for seed in range(8):
        first, second = (alteration(grey, np.random.default_rng(seed)) for _ in range(2))
        assert first.dtype == np.uint8
        assert first.ndim == 2
        assert min(first.shape) > 60
        np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(grey, before)


def test_turning_is_anticlockwise(grey: np.ndarray) -> None:
    turned = alterations.turned(1)(grey, np.random.default_rng(0))
    assert turned.shape == (200, 150)
    np.testing.assert_array_equal(turned[-1], grey[:, 0])


def test_a_small_film_fills_little_and_is_not_cut_out_when_it_is_read(grey: np.ndarray) -> None:
    for seed in range(20):
        framed = alterations.small_in_frame(grey, np.random.default_rng(seed))
        whole = (0, framed.shape[0], 0, framed.shape[1])
        assert film_frame(framed) == whole
        share = np.array((83, 111)) / framed.shape
        assert (share > 0.19).all()
        assert (share < 0.63).all()


def test_a_tone_curve_keeps_the_order(grey: np.ndarray) -> None:
    for seed in range(20):
        toned = alterations.toned(grey, np.random.default_rng(seed))
        order = np.argsort(grey.ravel(), kind="stable")
        assert (np.diff(toned.ravel()[order].astype(int)) >= 0).all()
