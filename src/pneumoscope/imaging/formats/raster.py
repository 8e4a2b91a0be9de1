"""JPEG, PNG and TIFF to grey pixels, through Pillow."""

import io
import struct

import numpy as np
from numpy.typing import NDArray
from PIL import ImageOps
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION, TiffImageFile

from pneumoscope.imaging.limits import check_frames, check_size, full_scale, quiet
from pneumoscope.imaging.radiograph import NotAssessedError, Reason

# The classes, not Image.open: that one hides why a header was refused.
_OPENERS: dict[str, type[ImageFile]] = {"JPEG": JpegImageFile, "PNG": PngImageFile, "TIFF": TiffImageFile}
_VARIANT_REFUSED = ("unknown", "cannot handle")


def decode(content: bytes, encoding: str) -> NDArray[np.uint8] | NDArray[np.float32]:
    """Decode one JPEG, PNG or TIFF.

    Grey and colour of 8 bits become Pillow's ``convert("L")`` (ITU-R 601 luma), value for value. Transparency is
    composited on black. Grey of 16 bits keeps its depth (``gate.full_scale`` says what counts as white); colour of 16
    bits comes from Pillow in 8. EXIF and TIFF orientations are applied, and TIFFs whose zero is white are inverted.

    Args:
        content: the whole file.
        encoding: "JPEG", "PNG" or "TIFF", from the file's signature.

    Returns:
        Shape (height, width), 0 = black to 255 = white; uint8 where 8 bits were stored, else float32.

    Raises:
        NotAssessedError: TRUNCATED, TOO_LARGE, TOO_SMALL, MULTIPLE_FRAMES or UNSUPPORTED.
    """
    damaged = NotAssessedError(Reason.TRUNCATED, f"The {encoding} is cut short or damaged; copy or export it again.")
    # Pillow decodes a JPEG whose tail was lost to zeros in silence, as grey; its end mark is gone then.
    if encoding == "JPEG" and content.rfind(b"\xff\xd9") < content.rfind(b"\xff\xda"):
        raise damaged
    try:
        with quiet():
            return _decode(content, encoding)
    except NotAssessedError:
        raise
    except SyntaxError as error:
        if str(error).startswith(_VARIANT_REFUSED):
            raise _unsupported(f"this variant of {encoding}") from None
        raise damaged from None
    except Exception:
        # Damaged bytes make Pillow raise a dozen types, struct.error and IndexError among them.
        raise damaged from None


def _decode(content: bytes, encoding: str) -> NDArray[np.uint8] | NDArray[np.float32]:
    if encoding == "PNG" and content[12:16] == b"IHDR":
        check_size(*struct.unpack_from(">LL", content, 16))  # Pillow reads on to the first pixels before it tells
    with _OPENERS[encoding](io.BytesIO(content)) as image:
        check_size(*image.size)
        check_frames(getattr(image, "is_animated", False))
        if encoding == "PNG":
            with PngImageFile(io.BytesIO(content)) as untouched:
                untouched.verify()  # each chunk's checksum up to the end mark; decoding alone skips the last ones
        image.load()
        return _grey(image)


def _grey(image: ImageFile) -> NDArray[np.uint8] | NDArray[np.float32]:
    upright = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        tags = image.tag_v2 if isinstance(image, TiffImageFile) else {}
        depth = int(np.max(tags.get(BITSPERSAMPLE, 16)))
        return _deep_grey(np.asarray(upright), depth, white_is_zero=tags.get(PHOTOMETRIC_INTERPRETATION) == 0)
    if image.mode in ("F", "LAB"):
        raise _unsupported(f"pixels of type {image.mode}")
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
        opacity = np.asarray(upright.getchannel("A"), dtype=np.float32) / np.float32(255)
        return np.asarray(np.asarray(upright.convert("L")) * opacity)
    return np.asarray(upright if upright.mode == "L" else upright.convert("L"))


def _deep_grey(values: NDArray[np.integer], depth: int, white_is_zero: bool) -> NDArray[np.float32]:
    """Bring 12 or 16 bits to 0..255; Pillow leaves a zero that means white to us at these depths."""
    if values.min() < 0 or values.max() > 65535:
        raise _unsupported("pixels of more than 16 bits")
    white = 2**depth - 1 if depth < 16 else full_scale(int(values.max()))
    share = values.astype(np.float32) / np.float32(white)
    return np.asarray(np.float32(255) * (1 - share if white_is_zero else share), dtype=np.float32)


def _unsupported(what: str) -> NotAssessedError:
    return NotAssessedError(
        Reason.UNSUPPORTED, f"Pneumoscope does not read {what}; export the film as 8- or 16-bit grey PNG, or as DICOM."
    )
