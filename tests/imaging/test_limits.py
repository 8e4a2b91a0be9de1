"""Pictures that show no film: refused after decoding, whatever their format was."""

import numpy as np
import pytest

from pneumoscope.imaging import Reason, read


def scattered(share, value=255, side=200):
    """A picture whose given share of pixels is bright on nearly black."""
    pixels = np.full(side * side, 20, np.uint8)
    pixels[: int(share * pixels.size)] = value
    return np.random.default_rng(0).permutation(pixels).reshape(side, side)


def test_one_marker_is_not_contrast(reason):
    empty = np.full((300, 300), 200, np.uint8)
    empty[:20, :40] = 0
    empty[::2] += 1
    assert reason(empty) is Reason.BLANK


@pytest.mark.parametrize("width", [1, 60])
def test_a_picture_that_is_black_and_white_is_blank(reason, width):
    columns = np.arange(200) // width % 2
    assert reason(np.tile((255 * columns).astype(np.uint8), (200, 1))) is Reason.BLANK


def test_a_film_in_a_black_frame_passes(grey):
    framed = np.zeros((300, 300), np.uint8)
    framed[40 : 40 + grey.shape[0], 50 : 50 + grey.shape[1]] = np.clip(grey, 1, 254)
    assert (framed == 0).mean() > 0.6
    smaller = framed[20:220, 30:270]
    assert (smaller == 0).mean() < 0.6
    assert read(smaller).pixels.shape == smaller.shape


def test_a_decoded_film_with_a_lost_lower_half_is_truncated(grey, encode, reason):
    """Some writers end a file that they lost the end of: it decodes without a complaint, and its rest is grey."""
    content = encode(np.clip(grey, 1, 254), "JPEG", quality=90)
    at = content.index(b"\xff\xda") + 14
    assert reason(content[: at + (len(content) - at) // 2] + b"\xff\xd9") is Reason.TRUNCATED
