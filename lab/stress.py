"""What can befall a film on its way to the model, in measured doses, and ways to take one piece of evidence from it.

Every function takes a film, uint8 (H, W), 0..255, and gives a new one of the same shape. Nothing is drawn at random but
the noise, whose seed is the film's own content, so a stressed film is the same film on every machine and in any order.
"""

import io
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from pneumoscope.data.audit.shortcuts import laplacian_variance

Pixels = NDArray[np.uint8]


def brighten(film: Pixels, levels: float) -> Pixels:
    """Add grey levels, below 0 darker; what leaves 0..255 is cut off."""
    return _pixels(film.astype(np.float32) + levels)


def contrast(film: Pixels, factor: float) -> Pixels:
    """Multiply the distance of every pixel from the film's mean, so that its mean brightness stays."""
    mean = film.mean(dtype=np.float64)
    return _pixels((film - mean) * factor + mean)


def gamma(film: Pixels, exponent: float) -> Pixels:
    """Raise to a power on a scale of 0..1: above 1 the middle tones are darker, and black and white stay."""
    return _pixels(255 * (film / 255) ** exponent)


def blur(film: Pixels, sigma: float) -> Pixels:
    """Blur with a Gaussian of ``sigma`` pixels."""
    return _pixels(ndimage.gaussian_filter(film.astype(np.float32), sigma, mode="nearest"))


def noise(film: Pixels, sigma: float) -> Pixels:
    """Add Gaussian noise of ``sigma`` grey levels, independent from pixel to pixel."""
    drawn = np.random.default_rng(zlib.crc32(film.tobytes())).normal(size=film.shape)
    return _pixels(film + sigma * drawn)


def jpeg(film: Pixels, quality: float) -> Pixels:
    """Compress and read again, with libjpeg's quality of 1..95."""
    stream = io.BytesIO()
    Image.fromarray(film).save(stream, "JPEG", quality=int(quality))
    return np.asarray(Image.open(stream))


def rotate(film: Pixels, degrees: float) -> Pixels:
    """Turn about the middle, anticlockwise above 0; what comes in repeat the edge: black would be a new one."""
    return _pixels(ndimage.rotate(film.astype(np.float32), degrees, reshape=False, order=1, mode="nearest"))


def crop(film: Pixels, share: float) -> Pixels:
    """Cut ``share`` of the side from every side and enlarge the rest, so that borders are gone and the lungs larger."""
    image = Image.fromarray(film)
    x, y = share * image.width, share * image.height
    box = (x, y, image.width - x, image.height - y)
    return np.asarray(image.resize(image.size, Image.Resampling.BILINEAR, box=box))


def lower_resolution(film: Pixels, side: float) -> Pixels:
    """Shrink to ``side`` x ``side`` pixels and enlarge again."""
    image = Image.fromarray(film)
    small = image.resize((int(side), int(side)), Image.Resampling.BILINEAR)
    return np.asarray(small.resize(image.size, Image.Resampling.BICUBIC))


def blank_border(film: Pixels, share: float) -> Pixels:
    """Blank ``share`` of the side on every side to the film's median, so that borders are gone and the lungs stay."""
    rows, columns = (round(share * side) for side in film.shape)
    outside = np.ones(film.shape, dtype=bool)
    outside[rows : film.shape[0] - rows, columns : film.shape[1] - columns] = False
    return blank(film, outside)


def blank(film: Pixels, where: NDArray[np.bool_]) -> Pixels:
    """Set the pixels of a mask (H, W) to the film's median: nothing of them is left."""
    return np.asarray(np.where(where, np.uint8(np.median(film)), film))


def smear(film: Pixels, where: NDArray[np.bool_], sigma: float = 16) -> Pixels:
    """Blur the pixels of a mask (H, W) alone, by ``sigma`` pixels: how bright they are is left, and no structure."""
    return np.asarray(np.where(where, blur(film, sigma), film))


def equalise_sharpness(film: Pixels, target: float) -> Pixels:
    """Bring a film's sharpness to ``target`` by as much blur, or as much unsharp masking, as that takes.

    Args:
        film: the film.
        target: :func:`~pneumoscope.data.audit.shortcuts.laplacian_variance` of the result.
    """
    softer = laplacian_variance(film) > target
    change, low, high = (blur, 0.0, 8.0) if softer else (_sharpen, 0.0, 20.0)
    for _ in range(16):
        middle = (low + high) / 2
        too_little = (laplacian_variance(change(film, middle)) > target) == softer
        low, high = (middle, high) if too_little else (low, middle)
    return change(film, (low + high) / 2)


def _sharpen(film: Pixels, amount: float) -> Pixels:
    soft = ndimage.gaussian_filter(film.astype(np.float32), 1, mode="nearest")
    return _pixels(film + amount * (film - soft))


def _pixels(values: NDArray[np.floating]) -> Pixels:
    return np.asarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


@dataclass(frozen=True)
class Stress:
    """One kind of stress and the doses it is tried in.

    Attributes:
        name: of the kind.
        unit: of the doses.
        neutral: the dose that changes nothing, or next to nothing.
        doses: name of the strength -> dose, in the order of the dose.
        apply: gives the film after a dose.
    """

    name: str
    unit: str
    neutral: float
    doses: Mapping[str, float]
    apply: Callable[[Pixels, float], Pixels]


def _rising(*doses: float) -> dict[str, float]:
    return dict(zip(("mild", "moderate", "strong", "extreme"), doses, strict=True))


STRESSES = (
    Stress(
        "brightness",
        "grey levels added",
        0,
        {"much darker": -80, "darker": -40, "brighter": 40, "much brighter": 80},
        brighten,
    ),
    Stress("contrast", "factor", 1, {"much flatter": 0.4, "flatter": 0.7, "harder": 1.4, "much harder": 2.5}, contrast),
    Stress("gamma", "exponent", 1, {"much lighter": 0.4, "lighter": 0.7, "darker": 1.4, "much darker": 2.5}, gamma),
    Stress("blur", "sigma in pixels", 0, _rising(1, 2, 3, 4), blur),
    Stress("noise", "sigma in grey levels", 0, _rising(5, 10, 20, 40), noise),
    Stress("JPEG", "quality", 95, _rising(50, 25, 12, 6), jpeg),
    Stress(
        "rotation",
        "degrees anticlockwise",
        0,
        {"far clockwise": -20, "clockwise": -10, "anticlockwise": 10, "far anticlockwise": 20},
        rotate,
    ),
    Stress("crop", "share of the side cut from every side", 0, _rising(0.05, 0.1, 0.15, 0.2), crop),
    Stress("resolution", "pixels a side", 224, _rising(112, 80, 56, 40), lower_resolution),
    Stress("border blanked", "share of the side on every side", 0, _rising(0.05, 0.1, 0.15, 0.2), blank_border),
)
