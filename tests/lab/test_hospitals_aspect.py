"""Films are made square in three ways, and the network gets what it would get in screening where nothing is added."""

import numpy as np
import pytest
from PIL import Image

from experiments.hospitals.checks.aspect import seen, squared
from pneumoscope.imaging import Radiograph, to_input


@pytest.fixture
def tall() -> np.ndarray:
    """A film of noise without bars, uint8 (300, 201)."""
    return np.random.default_rng(0).integers(1, 256, (300, 201), dtype=np.uint8)


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
    np.testing.assert_array_equal(seen(tall, "squeezed"), to_input(Radiograph(tall, "", "array")))
    whole = np.asarray(Image.fromarray(tall).resize((150, 224), Image.Resampling.BILINEAR), dtype=float)
    assert np.abs(seen(tall, "padded")[:, 37:187].astype(float) - whole).mean() < 8
    assert (seen(tall, "padded")[:, :36] == 0).all()
