"""Films are made square in three ways, and the network gets what it would get in screening where nothing is added."""

import numpy as np
import pytest
from PIL import Image

from experiments.hospitals.checks.aspect import squared
from pneumoscope.imaging import INPUT_SIZE, Radiograph, to_input
from pneumoscope.imaging.preprocess import squeezed


@pytest.fixture
def tall() -> np.ndarray:
    """A smooth picture without bars, uint8 (300, 201), 50 to 250."""
    rows, columns = np.indices((300, 201))
    return np.rint(150 + 100 * np.sin(rows / 20) * np.cos(columns / 15)).astype(np.uint8)


@pytest.mark.parametrize("turned", [False, True], ids=["tall", "wide"])
def test_padding_adds_black_and_cropping_takes_the_middle(tall, turned):
    film = tall.T if turned else tall
    padded = squared(film, "padded")
    assert padded.shape == (300, 300)
    assert (padded > 0).sum() == film.size
    np.testing.assert_array_equal(padded[49:250] if turned else padded[:, 49:250], film)
    np.testing.assert_array_equal(squared(film, "cropped"), film[:, 49:250] if turned else film[49:250])
    np.testing.assert_array_equal(squared(film, "squeezed"), film)


def test_squeezed_is_what_screening_reads_and_padding_stays(tall):
    np.testing.assert_array_equal(
        squeezed(squared(tall, "squeezed"), INPUT_SIZE), to_input(Radiograph(tall, "", "array"))
    )
    padded = squeezed(squared(tall, "padded"), INPUT_SIZE).astype(float)
    film = np.asarray(Image.fromarray(tall).resize((150, 224), Image.Resampling.BILINEAR), dtype=float)
    assert np.abs(padded[:, 39:185] - film[:, 2:148]).mean() < 3
    assert (padded[:, :36] == 0).all()
