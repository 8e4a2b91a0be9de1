"""Cut-out lungs in a surrounding.

The lungs of ``rsna_lungs`` have holes where an opacity was dense, so black around them tells the class by their
outline. Most of these pictures are so black that screening refuses them. In a surrounding as bright as dense tissue, a
hole looks like what was cut away, and the picture is read like any other.
"""

import hashlib
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from pneumoscope.files import write_bytes

BLACK = 12
"""Grey up to which a pixel counts as cut away; JPEG leaves some noise there."""

_LEAST_SIDE = 0.6
"""Of the square around the lungs, as a share of the picture's side."""


def surround(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Fill what was cut away with a smooth bright grey, stretch the greys, and take a square around the lungs.

    Args:
        pixels: uint8 (S, S), 0..255; not all black.
        rng: of brightness, slope, softness and noise of the surrounding.
    """
    kept = Image.fromarray((pixels > BLACK).astype(np.uint8) * 255).filter(ImageFilter.MinFilter(9))
    greys = pixels.astype(np.float32)
    low, high = np.quantile(greys[pixels > BLACK], [0.01, 0.99])
    greys = 20 + (greys - low) / (high - low) * 180
    grey = np.quantile(greys[pixels > BLACK], rng.uniform(0.6, 0.95)) + rng.uniform(10, 60)
    corners = Image.fromarray((grey + rng.normal(0, 12, (3, 3))).astype(np.float32))
    around = np.asarray(corners.resize(kept.size, Image.Resampling.BICUBIC))
    soft = np.asarray(kept.filter(ImageFilter.GaussianBlur(rng.uniform(1, 4))), dtype=np.float32) / 255
    filled = soft * greys + (1 - soft) * around + rng.normal(0, 2, pixels.shape)
    filled = np.clip(filled, 0, 255).astype(np.uint8)
    return _square(filled, kept.getbbox() or (0, 0, *kept.size), rng.uniform(0.05, 0.2))


def _square(pixels: NDArray[np.uint8], box: tuple[int, int, int, int], margin: float) -> NDArray[np.uint8]:
    """The square around a box, as far as the picture goes."""
    whole, (left, top, right, bottom) = len(pixels), box
    side = round(min(whole, max(right - left, bottom - top, _LEAST_SIDE * whole) + 2 * margin * whole))
    x, y = (min(max(0, (first + last - side) // 2), whole - side) for first, last in ((left, right), (top, bottom)))
    return pixels[y : y + side, x : x + side]


def write_surrounded(path: Path, folder: Path) -> Path:
    """Write the picture of a file in its surrounding as a PNG, once; its randomness follows from the file's name."""
    to = folder / f"{path.stem}.png"
    if not to.exists():
        pixels = np.asarray(Image.open(path).convert("L"))
        seed = int.from_bytes(hashlib.sha256(path.name.encode()).digest()[:4])
        stream = io.BytesIO()
        Image.fromarray(surround(pixels, np.random.default_rng(seed))).save(stream, "PNG")
        write_bytes(to, stream.getvalue())
    return to
