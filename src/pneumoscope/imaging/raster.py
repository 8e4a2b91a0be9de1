"""JPEG, PNG and TIFF to grey pixels, through Pillow."""

import io
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from pneumoscope.imaging.gate import check_frames, check_size, full_scale, quiet
from pneumoscope.imaging.radiograph import NotAssessedError, Reason

_TIFF_BITS_PER_SAMPLE = 258
_TIFF_PHOTOMETRIC = 262
_WHITE_IS_ZERO = 0


def decode(content: bytes, encoding: str) -> NDArray[np.float32]:
    """Decode one JPEG, PNG or TIFF.

    Grey and colour of 8 bits become Pillow's ``convert("L")`` (ITU-R 601 luma), value for value. Transparency is
    composited on black. Grey of 16 bits keeps its depth (see ``gate.full_scale`` for what counts as white); Pillow
    brings colour of 16 bits to 8. EXIF and TIFF orientations are applied, and TIFFs whose zero is white are inverted.

    Args:
        content: the whole file.
        encoding: "JPEG", "PNG" or "TIFF", from the file's signature.

    Returns:
        float32 of shape (height, width), 0 = black to 255 = white.

    Raises:
        NotAssessedError: TRUNCATED, TOO_LARGE, TOO_SMALL, MULTIPLE_FRAMES or UNSUPPORTED.
    """
    try:
        with quiet():
            _check_complete(content, encoding)
            return _decode(content, encoding)
    except NotAssessedError:
        raise
    except Image.DecompressionBombError:
        raise NotAssessedError(
            Reason.TOO_LARGE, f"The {encoding} header declares more pixels than can be decoded safely."
        ) from None
    except Exception:
        # Pillow raises a dozen types for damaged bytes, struct.error and IndexError among them; all mean the same here.
        raise _damaged(encoding) from None


def _damaged(encoding: str) -> NotAssessedError:
    return NotAssessedError(Reason.TRUNCATED, f"The {encoding} is cut short or damaged; copy or export it again.")


def _check_complete(content: bytes, encoding: str) -> None:
    """Find the cuts that Pillow decodes over in silence, filling what is missing with grey."""
    if encoding == "JPEG" and content.rfind(b"\xff\xd9") < content.rfind(b"\xff\xda"):
        raise _damaged(encoding)
    if encoding == "PNG":
        with Image.open(io.BytesIO(content), formats=[encoding]) as image:
            check_size(*image.size)
            image.verify()  # every chunk's checksum, up to the end mark


def _decode(content: bytes, encoding: str) -> NDArray[np.float32]:
    with Image.open(io.BytesIO(content), formats=[encoding]) as image:
        check_size(*image.size)
        check_frames(getattr(image, "is_animated", False))
        image.load()
        return _grey(ImageOps.exif_transpose(image))


def _grey(image: Image.Image) -> NDArray[np.float32]:
    if image.mode.startswith("I"):
        return _deep_grey(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        opacity = np.asarray(image.getchannel("A"), dtype=np.float32) / 255
        return np.asarray(image.convert("L"), dtype=np.float32) * opacity
    try:
        return np.asarray(image.convert("L"), dtype=np.float32)
    except ValueError:
        raise _unsupported(image.mode) from None
