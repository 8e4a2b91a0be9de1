"""How a picture may differ and stay what it is, and how a frontal radiograph is made into what must be refused.

Every function takes and gives grey pixels: uint8 (height, width), 0..255.
"""

from collections.abc import Callable
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from pneumoscope.imaging.limits import MIN_SIDE

Grey = NDArray[np.uint8]
Alteration = Callable[[Grey, np.random.Generator], Grey]

REDUCED_SIDE = 236
"""The longer side of the pictures in ``not_chest``; radiographs go through the same reduction now and then, so that
size and JPEG quality say nothing about the kind."""

SMALL = (0.2, 0.62)
"""What share of the frame's sides a radiograph that is too small in it takes up."""


def reduced(pixels: Grey, rng: np.random.Generator) -> Grey:
    """Make smaller and compress, as the pictures of ``not_chest`` were."""
    image = Image.fromarray(pixels)
    image.thumbnail((REDUCED_SIDE, REDUCED_SIDE), Image.Resampling.BILINEAR)
    return _compressed(image, int(rng.integers(60, 96)))


def toned(pixels: Grey, rng: np.random.Generator) -> Grey:
    """Change brightness and contrast by a curve that keeps the order of greys."""
    gamma, low, high = rng.uniform(0.6, 1.7), rng.uniform(0, 40), rng.uniform(200, 255)
    curve = low + (high - low) * (np.arange(256) / 255.0) ** gamma
    return np.rint(curve).astype(np.uint8)[pixels]


def tilted(pixels: Grey, rng: np.random.Generator) -> Grey:
    """Turn by up to 8 degrees."""
    image = Image.fromarray(pixels).rotate(float(rng.uniform(-8, 8)), Image.Resampling.BILINEAR)
    return np.asarray(image)


def cropped(pixels: Grey, rng: np.random.Generator) -> Grey:
    """Cut up to 6% off each side."""
    height, width = pixels.shape
    top, bottom = (rng.uniform(0, 0.06, 2) * height).astype(int)
    left, right = (rng.uniform(0, 0.06, 2) * width).astype(int)
    return pixels[top : height - bottom, left : width - right]


def barred(pixels: Grey, rng: np.random.Generator) -> Grey:
    """Put bars of one grey on two opposite sides, up to a third of the picture, as a viewer does."""
    height, width = pixels.shape
    share = rng.uniform(0.02, 0.33)
    frame = (height, int(width / (1 - share))) if rng.random() < 0.5 else (int(height / (1 - share)), width)
    return _framed(pixels, frame, int(rng.choice([0, 0, 0, 255])), (0.5, 0.5))


def sharpened_or_blurred(pixels: Grey, rng: np.random.Generator) -> Grey:
    """Blur a little, or sharpen."""
    kinds = (ImageFilter.GaussianBlur(float(rng.uniform(0.3, 1.2))), ImageFilter.UnsharpMask(2, 120, 2))
    return np.asarray(Image.fromarray(pixels).filter(kinds[int(rng.integers(2))]))


def grained(pixels: Grey, rng: np.random.Generator) -> Grey:
    """Add noise, of a spread of up to 8 greys."""
    noise = rng.normal(0, rng.uniform(1, 8), pixels.shape)
    return np.clip(np.rint(pixels + noise), 0, 255).astype(np.uint8)


def marked(pixels: Grey, rng: np.random.Generator) -> Grey:
    """Write a side marker and some text on it, as technicians do."""
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(1, 4))):
        place = (float(rng.uniform(0.02, 0.85)) * image.width, float(rng.choice([0.03, 0.06, 0.9])) * image.height)
        words = str(rng.choice(["R", "L", "AP", "PORTABLE", "ERECT", "12:45", "SUPINE"]))
        draw.text(place, words, fill=255, font_size=float(rng.uniform(0.03, 0.08)) * image.height)
    return np.asarray(image)


def shuttered(pixels: Grey, rng: np.random.Generator) -> Grey:
    """Darken the borders, as collimation does."""
    height, width = pixels.shape
    margins = (rng.uniform(0, 0.12, 4) * [height, height, width, width]).astype(int)
    shut = np.full_like(pixels, int(rng.integers(0, 12)))
    inside = (slice(margins[0], height - margins[1]), slice(margins[2], width - margins[3]))
    shut[inside] = pixels[inside]
    return shut


MILD: tuple[Alteration, ...] = (
    reduced, toned, tilted, cropped, barred, sharpened_or_blurred, grained, marked, shuttered
)  # fmt: skip
"""What a radiograph may go through and stays one that can be judged."""


def mildly(pixels: Grey, rng: np.random.Generator, most: int = 3) -> Grey:
    """Apply up to ``most`` of the mild alterations, in random order."""
    for index in rng.permutation(len(MILD))[: int(rng.integers(1, most + 1))]:
        pixels = MILD[int(index)](pixels, rng)
    return pixels


def after_mild(alteration: Alteration) -> Alteration:
    """The same alteration, of a radiograph that half the time was mildly altered before."""
    return lambda pixels, rng: alteration(mildly(pixels, rng, 2) if rng.random() < 0.5 else pixels, rng)


def turned(quarters: int) -> Alteration:
    """The alteration that turns anticlockwise by quarters."""
    return lambda pixels, rng: np.ascontiguousarray(np.rot90(pixels, quarters))


def inverted(pixels: Grey, rng: np.random.Generator) -> Grey:
    """Swap black and white."""
    return np.asarray(255 - pixels, dtype=np.uint8)


def small_in_frame(pixels: Grey, rng: np.random.Generator) -> Grey:
    """Put the radiograph into a larger frame, where it takes up a share of SMALL of each side.

    A frame around a film of MIN_SIDE or more is cut off when it is read (``imaging.bars``). So the film is first made
    smaller than that.
    """
    image = Image.fromarray(pixels)
    image.thumbnail((MIN_SIDE - 1, MIN_SIDE - 1), Image.Resampling.BILINEAR)
    height, width = image.height, image.width
    share = rng.uniform(*SMALL, 2) if rng.random() < 0.3 else np.repeat(rng.uniform(*SMALL), 2)
    frame = (int(height / share[0]), int(width / share[1]))
    grey = int(rng.choice([0, 0, 255, int(rng.integers(0, 256))]))
    return _framed(np.asarray(image), frame, grey, (float(rng.random()), float(rng.random())))


def varied(pixels: Grey, rng: np.random.Generator) -> Grey:
    """What a picture of another kind may go through and stays one: turned, mirrored, inverted, cut to a part, toned."""
    height, width = pixels.shape
    if rng.random() < 0.4:
        pixels = pixels[:, ::-1]
    if rng.random() < 0.3:
        top, left = int(rng.uniform(0, 0.25) * height), int(rng.uniform(0, 0.25) * width)
        pixels = pixels[top : top + int(0.75 * height), left : left + int(0.75 * width)]
    if rng.random() < 0.25:
        pixels = np.rot90(pixels, int(rng.integers(1, 4)))
    if rng.random() < 0.25:
        pixels = inverted(pixels, rng)
    return mildly(np.ascontiguousarray(pixels), rng, 2)


def _framed(pixels: Grey, frame: tuple[int, int], grey: int, place: tuple[float, float]) -> Grey:
    whole = np.full(frame, grey, np.uint8)
    top, left = (int(where * (outer - inner)) for where, outer, inner in zip(place, frame, pixels.shape, strict=True))
    whole[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
    return whole


def _compressed(image: Image.Image, quality: int) -> Grey:
    stream = BytesIO()
    image.save(stream, "JPEG", quality=quality)
    with Image.open(stream) as again:
        return np.asarray(again.convert("L"))
