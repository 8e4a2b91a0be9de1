"""Stresses of a radiograph in measured doses, and ways to take one piece of evidence from it.

Every function takes a radiograph, uint8 (H, W), 0..255, and gives a new one of the same shape. Only noise is random:
its seed is the content of the radiograph, so the same radiograph gets the same noise on every machine and in any order.
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


def brighten(pixels: Pixels, levels: float) -> Pixels:
    """Add grey levels, below 0 darker; what leaves 0..255 is cut off."""
    return _pixels(pixels.astype(np.float32) + levels)


def contrast(pixels: Pixels, factor: float) -> Pixels:
    """Multiply the distance of every pixel from the radiograph's mean, so that its mean brightness stays."""
    mean = pixels.mean(dtype=np.float64)
    return _pixels((pixels - mean) * factor + mean)


def gamma(pixels: Pixels, exponent: float) -> Pixels:
    """Raise to a power on a scale of 0..1: above 1 the middle tones are darker, and black and white stay."""
    return _pixels(255 * (pixels / 255) ** exponent)


def blur(pixels: Pixels, sigma: float) -> Pixels:
    """Blur with a Gaussian of ``sigma`` pixels."""
    return _pixels(ndimage.gaussian_filter(pixels.astype(np.float32), sigma, mode="nearest"))


def noise(pixels: Pixels, sigma: float) -> Pixels:
    """Add Gaussian noise of ``sigma`` grey levels, independent from pixel to pixel."""
    drawn = np.random.default_rng(zlib.crc32(pixels.tobytes())).normal(size=pixels.shape)
    return _pixels(pixels + sigma * drawn)


def jpeg(pixels: Pixels, quality: float) -> Pixels:
    """Compress and read again, with libjpeg's quality of 1..95."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=int(quality))
    return np.asarray(Image.open(stream))


def rotate(pixels: Pixels, degrees: float) -> Pixels:
    """Turn about the middle, anticlockwise above 0; what comes in repeat the edge: black would be a new one."""
    return _pixels(ndimage.rotate(pixels.astype(np.float32), degrees, reshape=False, order=1, mode="nearest"))


def crop(pixels: Pixels, share: float) -> Pixels:
    """Cut ``share`` of the side from every side and enlarge the rest, so that borders are gone and the lungs larger."""
    image = Image.fromarray(pixels)
    x, y = share * image.width, share * image.height
    box = (x, y, image.width - x, image.height - y)
    return np.asarray(image.resize(image.size, Image.Resampling.BILINEAR, box=box))


def lower_resolution(pixels: Pixels, side: float) -> Pixels:
    """Shrink to ``side`` x ``side`` pixels and enlarge again."""
    image = Image.fromarray(pixels)
    small = image.resize((int(side), int(side)), Image.Resampling.BILINEAR)
    return np.asarray(small.resize(image.size, Image.Resampling.BICUBIC))


def blank_border(pixels: Pixels, share: float) -> Pixels:
    """Blank ``share`` of the side on every side to the median of the picture: borders are gone and the lungs stay."""
    rows, columns = (round(share * side) for side in pixels.shape)
    outside = np.ones(pixels.shape, dtype=bool)
    outside[rows : pixels.shape[0] - rows, columns : pixels.shape[1] - columns] = False
    return blank(pixels, outside)


def blank(pixels: Pixels, where: NDArray[np.bool_]) -> Pixels:
    """Set the pixels of a mask (H, W) to the radiograph's median: nothing of them is left."""
    return np.asarray(np.where(where, np.uint8(np.median(pixels)), pixels))


def smear(pixels: Pixels, where: NDArray[np.bool_], sigma: float = 16) -> Pixels:
    """Blur the pixels of a mask (H, W) alone, by ``sigma`` pixels: how bright they are is left, and no structure."""
    return np.asarray(np.where(where, blur(pixels, sigma), pixels))


def equalise_sharpness(pixels: Pixels, target: float) -> Pixels:
    """Bring a radiograph's sharpness to ``target`` by as much blur, or as much unsharp masking, as that takes.

    Args:
        pixels: the radiograph.
        target: :func:`~pneumoscope.data.audit.shortcuts.laplacian_variance` of the result.
    """
    softer = laplacian_variance(pixels) > target
    change, low, high = (blur, 0.0, 8.0) if softer else (_sharpen, 0.0, 20.0)
    for _ in range(16):
        middle = (low + high) / 2
        too_little = (laplacian_variance(change(pixels, middle)) > target) == softer
        low, high = (middle, high) if too_little else (low, middle)
    return change(pixels, (low + high) / 2)


def _sharpen(pixels: Pixels, amount: float) -> Pixels:
    soft = ndimage.gaussian_filter(pixels.astype(np.float32), 1, mode="nearest")
    return _pixels(pixels + amount * (pixels - soft))


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
        apply: gives the radiograph after a dose.
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
