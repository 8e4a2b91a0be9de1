"""What is done to a radiograph, uint8 (224, 224), to see what the network reads."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pneumoscope.imaging import INPUT_SIZE
from pneumoscope.imaging.lung_field import lung_field

Pixels = NDArray[np.uint8]
Change = Callable[[Pixels], Pixels]

BORDER = 0.12
"""Share of the side that counts as border, on each side."""

LETTERBOX = 0.72
"""Height of a radiograph between black bars, as a share of the whole."""


def parts_kept() -> dict[tuple[str, str], Change]:
    """By what is kept and what fills the rest, "black" or "median" (the radiograph's own)."""
    width = round(BORDER * INPUT_SIZE)
    border = np.ones((INPUT_SIZE, INPUT_SIZE), dtype=np.bool_)
    border[width:-width, width:-width] = False
    lungs = np.asarray(lung_field(INPUT_SIZE), dtype=np.bool_)
    masks = {"border alone": border, "all but the lungs": ~lungs, "lungs alone": lungs}
    fills: dict[str, Callable[[Pixels], int]] = {"black": lambda _: 0, "median": lambda seen: int(np.median(seen))}

    def keep(mask: NDArray[np.bool_], fill: Callable[[Pixels], int]) -> Change:
        return lambda seen: np.where(mask, seen, np.uint8(fill(seen)))

    return {(what, name): keep(mask, fill) for what, mask in masks.items() for name, fill in fills.items()}


def letterboxed(seen: Pixels) -> Pixels:
    """Shrunk in height to LETTERBOX, between black bars."""
    height = round(LETTERBOX * INPUT_SIZE)
    boxed = np.zeros_like(seen)
    top = (INPUT_SIZE - height) // 2
    boxed[top : top + height] = np.asarray(
        Image.fromarray(seen).resize((INPUT_SIZE, height), Image.Resampling.BILINEAR)
    )
    return boxed
