"""Augmentation that takes the shortcuts away.

In the public release normal films are sharper than pneumonias, and borders and aspect ratio differ between series: a
network that reads these scores well and has learned nothing (docs/data.md has the measured shortcut baselines). Every
training radiograph is therefore cropped widely, resampled to a random aspect ratio, and made sharper or blurrier at
random. Where a recipe asks for it, the borders of some radiographs of either label are blanked.
"""

import io
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from pneumoscope.training.radiographs.disguise import Curves, disguise
from pneumoscope.training.recipe import Augmentation

Pixels = NDArray[np.uint8]


NO_CURVES: Curves = np.empty((0, 256), np.float32)


def augment(
    pixels: Pixels, size: int, how: Augmentation, rng: np.random.Generator, curves: Curves = NO_CURVES
) -> Pixels:
    """Draw one random variant of a radiograph.

    Args:
        pixels: uint8 (H, W), 0..255.
        size: side of the result in pixels.
        how: what may be changed.
        rng: the only source of randomness.
        curves: greys of radiographs of other sources, for ``how.disguised``.

    Returns:
        uint8 (size, size).
    """
    image = Image.fromarray(pixels)
    if how.disguised:
        image = disguise(image, how.disguised, curves, rng)
    if how.collimated and rng.random() < how.collimated:
        image = _collimate(image, rng)
    if rng.random() < 0.5:
        image = image.rotate(rng.uniform(-12, 12), Image.Resampling.BILINEAR)
    image = image.resize((size, size), Image.Resampling.BILINEAR, box=_crop(image.size, how.crop_area, rng))
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if rng.random() < how.sharpness:
        image = _SHARPNESS[rng.integers(len(_SHARPNESS))](image, how.degradation, rng)
    return _tone(np.asarray(image, dtype=np.float32), how.tone, rng)


def _collimate(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Blank up to a fifth of the image on every side, to its median or to any one grey."""
    grey = int(np.median(np.asarray(image))) if rng.random() < 0.5 else int(rng.integers(256))
    left, top, right, bottom = (
        int(share * side) for share, side in zip(rng.uniform(0, 0.2, 4), 2 * image.size, strict=True)
    )
    inside = (left, top, image.width - right, image.height - bottom)
    blanked = Image.new("L", image.size, grey)
    blanked.paste(image.crop(inside), inside)
    return blanked


def _crop(
    extent: tuple[int, int], area: tuple[float, float], rng: np.random.Generator
) -> tuple[float, float, float, float]:
    """A box of random area and aspect ratio, uniform in log aspect over 3/4..4/3 (Szegedy et al. 2015)."""
    width, height = extent
    share, aspect = rng.uniform(*area), np.exp(rng.uniform(-np.log(4 / 3), np.log(4 / 3)))
    w = min(width, width * np.sqrt(share * aspect))
    h = min(height, height * np.sqrt(share / aspect))
    x, y = rng.uniform(0, width - w), rng.uniform(0, height - h)
    return (x, y, x + w, y + h)


def _blur(image: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.6 * strength)))


def _sharpen(image: Image.Image, _: float, rng: np.random.Generator) -> Image.Image:
    return image.filter(ImageFilter.UnsharpMask(rng.uniform(0.5, 2.0), int(rng.uniform(40, 200)), 0))


def _shrink(image: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    side = max(16, round(image.width * rng.uniform(0.35 / strength, 0.9)))
    return image.resize((side, side), Image.Resampling.BILINEAR).resize(image.size, Image.Resampling.BICUBIC)


def _jpeg(image: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=int(rng.integers(round(25 / strength), 95)))
    return Image.open(buffer).convert("L")


def _noise(image: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    pixels = np.asarray(image, dtype=np.float32)
    noisy = pixels + rng.normal(0, rng.uniform(1, 10 * strength), pixels.shape)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


_SHARPNESS: list[Callable[[Image.Image, float, np.random.Generator], Image.Image]] = [
    _blur,
    _sharpen,
    _shrink,
    _jpeg,
    _noise,
]


def _tone(pixels: NDArray[np.float32], strength: float, rng: np.random.Generator) -> Pixels:
    """Random gamma, contrast and brightness."""
    gamma = np.exp(strength * rng.uniform(-0.35, 0.35))
    contrast, brightness = 1 + strength * rng.uniform(-0.3, 0.3), strength * rng.uniform(-30, 30)
    pixels = 255 * (pixels / 255) ** gamma
    pixels = (pixels - 127.5) * contrast + 127.5 + brightness
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
