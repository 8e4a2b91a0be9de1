"""Cut-out lungs in a surrounding.

The lungs of ``rsna_lungs`` have holes where an opacity was dense, so black around them tells the class by their outline.
Most of these pictures are so black that screening refuses them. In a surrounding as bright as dense tissue, a hole looks
like what was cut away, and the picture is read like any other.
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


def surround(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Fill what was cut away with a smooth bright grey, and cut the picture down to the lungs and some of that.

    Args:
        pixels: uint8 (H, W), 0..255; not all black.
        rng: of brightness, slope and softness of the surrounding.
    """
    kept = Image.fromarray((pixels > BLACK).astype(np.uint8) * 255).filter(ImageFilter.MinFilter(9))
    greys = pixels.astype(np.float32)
    grey = np.quantile(greys[pixels > BLACK], rng.uniform(0.6, 0.95)) + rng.uniform(0, 50)
    corners = Image.fromarray((grey + rng.normal(0, 12, (3, 3))).astype(np.float32))
    around = np.asarray(corners.resize(kept.size, Image.Resampling.BICUBIC))
    soft = np.asarray(kept.filter(ImageFilter.GaussianBlur(rng.uniform(1, 4))), dtype=np.float32) / 255
    filled = np.clip(soft * greys + (1 - soft) * around, 0, 255).astype(np.uint8)
    left, top, right, bottom = kept.getbbox() or (0, 0, *kept.size)
    margin = round(rng.uniform(0.05, 0.2) * kept.width)
    return np.asarray(filled[max(0, top - margin) : bottom + margin, max(0, left - margin) : right + margin])


def write_surrounded(path: Path, folder: Path) -> Path:
    """Write the picture of a file in its surrounding as a PNG, once; its name and its randomness follow from the file."""
    to = folder / f"{path.stem}.png"
    if not to.exists():
        pixels = np.asarray(Image.open(path).convert("L"))
        seed = int.from_bytes(hashlib.sha256(path.name.encode()).digest()[:4])
        write_bytes(to, _png(surround(pixels, np.random.default_rng(seed))))
    return to


def _png(pixels: NDArray[np.uint8]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()
