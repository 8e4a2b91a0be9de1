"""The limits: what a picture must be before it is decoded, and before a model may judge it."""

from pneumoscope.imaging.radiograph import Pixels
from pneumoscope.imaging.refusal import Reason, refuse

MAX_BYTES = 512 * 2**20
"""Most bytes a file may hold. The largest uncompressed radiograph (40 megapixels, 16 bits) needs 80 MB."""

MAX_PIXELS = 100_000_000
"""Most pixels a header may declare, checked before decoding. The largest chest detectors give 20 megapixels."""

MIN_SIDE = 112
"""Least length of the shorter side in pixels: half the model's input; below it, interpolation makes up most of it."""

MIN_CONTRAST = 8.0
"""Least difference, in grey levels of 256, between the darkest and the brightest pixel."""


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
    contrast = float(pixels.max() - pixels.min())
    if not contrast >= MIN_CONTRAST:  # so written that NaN is refused
        raise refuse(
            Reason.BLANK, f"The picture is blank: its grey levels span {contrast:.1f} of 255. Check the export."
        )
