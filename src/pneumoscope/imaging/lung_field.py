"""Where the lungs lie on a child's frontal film, roughly: one fixed outline for all films."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

OUTLINES = (
    (
        (0.375, 0.17), (0.30, 0.22), (0.23, 0.33), (0.18, 0.45), (0.145, 0.58), (0.12, 0.71), (0.13, 0.79),
        (0.20, 0.76), (0.30, 0.735), (0.41, 0.74), (0.405, 0.62), (0.405, 0.50), (0.43, 0.35), (0.42, 0.22),
    ),
    (
        (0.61, 0.17), (0.69, 0.22), (0.765, 0.33), (0.825, 0.45), (0.865, 0.58), (0.89, 0.71), (0.89, 0.81),
        (0.82, 0.775), (0.73, 0.755), (0.71, 0.66), (0.67, 0.55), (0.625, 0.45), (0.575, 0.34), (0.565, 0.22),
    ),
)  # fmt: skip
"""The lung on the picture's left, which is the child's right one, and the other: corners (x, y) in shares of the sides.
They are drawn by eye around the dark fields of the mean of the 1,071 normal films that training uses, a little wider at
the ribs, where the mean is blurred."""


def lung_field(size: int) -> NDArray[np.bool_]:
    """Give the template of the two lung fields on a film that was resized to a square.

    This is a fixed anatomical approximation and no segmentation: it looks at no film. No segmenter for children is at
    hand, and those made on adults fail on them. A child who lies tilted or a film with much of the belly or the arms
    on it has its lungs elsewhere. The heart's shadow is left out, so a pneumonia behind it counts as outside.

    Args:
        size: side of the square in pixels.

    Returns:
        bool (size, size), True inside; 23% of the square.
    """
    image = Image.new("L", (size, size))
    draw = ImageDraw.Draw(image)
    for outline in OUTLINES:
        draw.polygon([(size * x, size * y) for x, y in outline], fill=1)
    return np.asarray(image, dtype=bool)
