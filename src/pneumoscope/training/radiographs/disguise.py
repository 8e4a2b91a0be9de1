"""Changes that hide where a radiograph comes from.

Hospitals differ in tone, frames, stamps, the place of the film in the picture, and tubes. A network that is trained on
several of them can tell them apart by these, and the class by the hospital. Each change here brings something of one
hospital to the radiographs of all others.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Curves = NDArray[np.float32]
"""(K, 256): the grey, 0..255, below which a share of (i + 0.5) / 256 of the pixels of radiograph k lie."""

_TEXTS = ("L", "R", "AP", "PA", "PORTABLE", "SUPINE", "ERECT", "KV60", "10:42", "D", "I", "B1", "SITTING", "1 0 3 7")


def grey_curves(radiographs: Sequence[NDArray[np.uint8]]) -> Curves:
    """The curves of some radiographs, uint8 (H, W) each, see Curves."""
    shares = (np.arange(256) + 0.5) / 256
    return np.array([np.quantile(pixels[::2, ::2], shares) for pixels in radiographs], np.float32)


def disguise(image: Image.Image, share: float, curves: Curves, rng: np.random.Generator) -> Image.Image:
    """Change a radiograph in several ways, each with a chance.

    Args:
        image: mode L.
        share: chance of each way, 0..1.
        curves: of radiographs of other sources; may be empty.
        rng: the only source of randomness.

    Returns:
        A picture of the same size.
    """
    if len(curves) and rng.random() < share:
        image = _match(image, curves[rng.integers(len(curves))], rng)
    for way in _WAYS:
        if rng.random() < share:
            image = way(image, rng)
    return image


def _match(image: Image.Image, curve: NDArray[np.float32], rng: np.random.Generator) -> Image.Image:
    """Move the greys towards those of another radiograph (histogram matching), part of the way or all of it."""
    counts = np.array(image.histogram(), dtype=np.float64)
    below = (np.cumsum(counts) - counts / 2) / counts.sum()
    target = np.interp(below, (np.arange(256) + 0.5) / 256, curve)
    return _look_up(image, np.arange(256) + rng.uniform(0.4, 1) * (target - np.arange(256)))


def _bend(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A random rising tone curve through six points."""
    steps = np.exp(rng.normal(0, 0.7, 5))
    knots = np.concatenate([[0], np.cumsum(steps) / steps.sum()])
    low, high = rng.uniform(0, 50), rng.uniform(190, 255)
    return _look_up(image, low + (high - low) * np.interp(np.arange(256) / 255, np.linspace(0, 1, 6), knots))


def _look_up(image: Image.Image, greys: NDArray[np.floating]) -> Image.Image:
    return image.point([int(grey) for grey in np.clip(np.rint(greys), 0, 255)])


def _stamp(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Burn one to three marks into the outer part."""
    image = image.copy()
    draw = ImageDraw.Draw(image)
    for _ in range(rng.integers(1, 4)):
        x, y = rng.uniform(0, 0.95, 2)
        if 0.2 < x < 0.75 and 0.15 < y < 0.8:  # none begins on the lungs
            x = 0.02 if rng.random() < 0.5 else 0.88
        font = ImageFont.load_default(float(rng.uniform(0.03, 0.09) * image.height))
        ink = int(rng.integers(180, 256)) if rng.random() < 0.7 else 0
        draw.text((x * image.width, y * image.height), str(rng.choice(_TEXTS)), fill=ink, font=font)
    return image


def _wire(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Lay one to three tubes or wires over the film: bright curves."""
    layer = Image.new("L", image.size)
    draw = ImageDraw.Draw(layer)
    for _ in range(rng.integers(1, 4)):
        ends = rng.uniform(0, 1, (3, 2)) * image.size
        at = np.linspace(0, 1, 24)[:, None]
        curve = (1 - at) ** 2 * ends[0] + 2 * at * (1 - at) * ends[1] + at**2 * ends[2]
        width = int(rng.integers(1, max(2, image.width // 70) + 1))
        draw.line([(float(x), float(y)) for x, y in curve], fill=int(rng.integers(40, 140)), width=width)
    lit = np.asarray(image, dtype=np.int16) + np.asarray(layer.filter(ImageFilter.GaussianBlur(0.7)), dtype=np.int16)
    return Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8))


def _frame(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Put the film into a larger picture: between bars, or smaller all round, its aspect ratio changed."""
    width, height = (round(side * share) for side, share in zip(image.size, rng.uniform(0.62, 1, 2), strict=True))
    if rng.random() < 0.5:  # bars on two sides alone
        width, height = (image.width, height) if rng.random() < 0.5 else (width, image.height)
    grey = 0 if rng.random() < 0.6 else int(rng.integers(256))
    framed = Image.new("L", image.size, grey)
    place = (int(rng.integers(image.width - width + 1)), int(rng.integers(image.height - height + 1)))
    if rng.random() < 0.5:
        place = ((image.width - width) // 2, (image.height - height) // 2)
    framed.paste(image.resize((width, height), Image.Resampling.BILINEAR), place)
    return framed


_WAYS: tuple[Callable[[Image.Image, np.random.Generator], Image.Image], ...] = (_bend, _wire, _stamp, _frame)
