"""The one path from a radiograph to the model's input. Training, evaluation and screening all take it."""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pneumoscope.imaging.bars import without_bars
from pneumoscope.imaging.radiograph import Pixels, Radiograph

INPUT_SIZE = 224
"""Side of the model's input, in pixels."""

REVISION = 3
"""Of :func:`to_input`: raised whenever it gives another input of the same radiograph. Packed radiographs bear it."""


def to_input(radiograph: Radiograph, size: int = INPUT_SIZE) -> NDArray[np.uint8]:
    """Cut the flat bars off a radiograph and resize it to the model's square input.

    The aspect ratio is not kept, because the films the model was trained on were published that way. The filter is
    Pillow's antialiased bilinear on float pixels, so 8-bit and 12-bit sources take the same path; a radiograph that has
    the size already, and no bars, passes through unchanged.

    Args:
        radiograph: pixels (height, width), 0..255.
        size: side of the result in pixels.

    Returns:
        uint8 array of shape (size, size), 0..255.
    """
    return squeezed(without_bars(radiograph.pixels), size)


def squeezed(pixels: Pixels, size: int) -> NDArray[np.uint8]:
    """Resize grey (height, width) of 0..255 to uint8 (size, size) as :func:`to_input` does; nothing is cut off."""
    if pixels.shape != (size, size):
        image = Image.fromarray(pixels).convert("F").resize((size, size), Image.Resampling.BILINEAR)
        pixels = np.asarray(image)
    return np.ascontiguousarray(to_8_bit(pixels))


def to_8_bit(pixels: Pixels) -> NDArray[np.uint8]:
    """Round grey of 0..255 to uint8; grey that is uint8 already passes through."""
    if pixels.dtype == np.uint8:
        return np.asarray(pixels, dtype=np.uint8)
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


@cache
def interpolation(size: int, to: int) -> NDArray[np.float32]:
    """The matrix R (to, size) that resizes as :func:`to_input` does: R film R^T is a film (size, size) made smaller."""
    return np.asarray(Image.fromarray(np.eye(size, dtype=np.float32)).resize((size, to), Image.Resampling.BILINEAR))
