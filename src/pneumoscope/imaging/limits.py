"""The limits: what a picture must be before it is decoded, and before a model may judge it.

No radiograph, whatever its bytes say, costs more than MOST_SECONDS and MOST_MEMORY to read and to bring to the model's
input. The limits here and in ``formats`` hold that; tests/imaging/test_cost.py measures it.
"""

import math

import numpy as np

from pneumoscope.imaging.radiograph import Pixels
from pneumoscope.imaging.refusal import Reason, refuse

MOST_SECONDS = 5
"""Most seconds of one core of a usual server."""

MOST_MEMORY = 2**30
"""Most bytes of memory beyond what the libraries take; the file itself is counted in."""

MAX_PIXELS = 50_000_000
"""Most pixels a header may declare, checked before decoding. The largest chest detectors give 20 megapixels, and a
digitised film up to 40."""

MAX_BYTES = 160 * 2**20
"""Most bytes a file may hold: so many pixels, uncompressed in three colours of 8 bits, and a header."""

MIN_SIDE = 112
"""Least length of the shorter side in pixels: half the model's input; below it, interpolation makes up most of it."""

MIN_SPREAD = 32.0
"""Least difference, in grey levels of 256, of the 2nd and the 98th percentile. tests/imaging/test_damage.py shows that
the real films at hand pass this and the next limit."""

MAX_SATURATED = 0.6
"""Largest share of pixels that are black or white."""

_SAMPLED = 65_536  # pixels, about, on which the contrast is judged, for speed


def check_bytes(count: int) -> None:
    """Refuse a source without content, or with more than MAX_BYTES.

    Raises:
        NotAssessedError: EMPTY or UNREADABLE.
    """
    if count == 0:
        raise refuse(Reason.EMPTY, "The file is empty; copy or export it again.")
    if count > MAX_BYTES:
        raise refuse(
            Reason.UNREADABLE,
            f"The file holds more than {MAX_BYTES // 2**20} MiB; export one film per file.",
        )


def check_size(width: int, height: int) -> None:
    """Refuse a declared size that is too large to decode safely, or too small to be judged.

    Raises:
        NotAssessedError: TOO_LARGE or TOO_SMALL.
    """
    if width * height > MAX_PIXELS:
        raise refuse(
            Reason.TOO_LARGE,
            f"The header declares {width} x {height} pixels; at most {MAX_PIXELS // 10**6} megapixels are decoded.",
        )
    if min(width, height) < MIN_SIDE:
        raise refuse(
            Reason.TOO_SMALL,
            f"The picture is {width} x {height} pixels; the shorter side needs at least {MIN_SIDE}. "
            "Export the film at its original size.",
        )


def check_frames(multiple: bool) -> None:
    """Refuse a file that holds more than one picture.

    Raises:
        NotAssessedError: MULTIPLE_FRAMES.
    """
    if multiple:
        raise refuse(Reason.MULTIPLE_FRAMES, "The file holds more than one frame or page; export one film per file.")


def check_contrast(pixels: Pixels) -> None:
    """Refuse a picture, grey 0..255, that shows nothing.

    Raises:
        NotAssessedError: BLANK.
    """
    step = max(1, math.isqrt(pixels.size // _SAMPLED))
    sample = pixels[::step, ::step]
    low, high = np.percentile(sample, (2, 98))
    saturated = float(((sample <= 0) | (sample >= 255)).mean())
    if not (high - low >= MIN_SPREAD and saturated <= MAX_SATURATED):  # so written that NaN is refused
        raise refuse(
            Reason.BLANK,
            f"The picture has no usable contrast: most greys span {high - low:.0f} of 255, and {saturated:.0%} of the "
            "pixels are black or white. Check the export and its window.",
        )
