"""JPEG, PNG and TIFF to grey pixels, through Pillow and libjpeg-turbo."""

import io
import struct
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION, TiffImageFile

from pneumoscope.imaging.bit_depth import white_of
from pneumoscope.imaging.decoder_warnings import captured, quiet_libtiff
from pneumoscope.imaging.formats import jpeg, png, tiff
from pneumoscope.imaging.limits import check_frames, check_size
from pneumoscope.imaging.radiograph import Decoded, Pixels, Remark
from pneumoscope.imaging.refusal import NotAssessedError, Reason, refuse

# The classes, not Image.open: that one hides why a header was refused.
_OPENERS: dict[str, type[ImageFile]] = {"JPEG": JpegImageFile, "PNG": PngImageFile, "TIFF": TiffImageFile}
_TURNED = range(2, 9)  # EXIF orientations but the upright one
_VARIANT_REFUSED = ("unknown", "cannot handle")


def decode(content: bytes, encoding: str) -> Decoded:
    """Decode one JPEG, PNG or TIFF.

    Grey and colour of 8 bits become Pillow's ``convert("L")`` (ITU-R 601 luma), value for value. Transparency is
    composited on black. Grey of 16 bits keeps its depth (``bit_depth.full_scale`` says what counts as white); colour of
    16 bits comes from Pillow in 8. EXIF and TIFF orientations are applied, and TIFFs whose zero is white are inverted.

    Args:
        content: the whole file.
        encoding: "JPEG", "PNG" or "TIFF", from the file's signature.

    Returns:
        Grey pixels, and remarks on a bit depth that was inferred and an orientation that was applied.

    Raises:
        NotAssessedError: TRUNCATED, TOO_LARGE, TOO_SMALL, MULTIPLE_FRAMES, NOT_A_RADIOGRAPH or UNSUPPORTED.
    """
    damaged = refuse(Reason.TRUNCATED, f"The {encoding} is cut short or damaged; copy or export it again.")
    try:
        with captured():
            return _decode(_PICTURE[encoding](content), encoding)
    except NotAssessedError:
        raise
    except SyntaxError as error:
        if str(error).startswith(_VARIANT_REFUSED):
            raise _unsupported(f"this variant of {encoding}") from None
        raise damaged from None
    except Exception:
        # Damaged bytes make Pillow raise a dozen types, struct.error and IndexError among them.
        raise damaged from None


_PICTURE: dict[str, Callable[[bytes], bytes]] = {"JPEG": jpeg.picture, "PNG": png.picture, "TIFF": tiff.picture}


def _decode(content: bytes, encoding: str) -> Decoded:
    if encoding == "PNG" and content[12:16] == b"IHDR":
        check_size(*struct.unpack_from(">LL", content, 16))  # Pillow reads on to the first pixels before it tells
    with _OPENERS[encoding](io.BytesIO(content)) as image:
        check_size(*image.size)
        check_frames(getattr(image, "is_animated", False))
        if encoding == "JPEG":
            return decode_image(_decoded_jpeg(content, image))
        if encoding == "TIFF":
            quiet_libtiff()
        if encoding == "PNG":
            with PngImageFile(io.BytesIO(content)) as untouched:
                untouched.verify()  # each chunk's checksum up to the end mark; decoding alone skips the last ones
        image.load()
        return decode_image(image)


def _decoded_jpeg(content: bytes, header: Image.Image) -> Image.Image:
    """The picture that Pillow would decode, by a decoder that does not pass over damage."""
    pixels = jpeg.decode(content, "GRAY" if header.mode == "L" else header.mode)
    image = Image.fromarray(pixels[..., 0] if header.mode == "L" else pixels, header.mode)
    image.info = header.info  # which holds the orientation
    return image


def decode_image(image: Image.Image) -> Decoded:
    """Bring an image that Pillow has loaded to grey, as :func:`decode` does.

    Raises:
        NotAssessedError: UNSUPPORTED.
    """
    turned = image.getexif().get(ExifTags.Base.Orientation) in _TURNED
    upright = ImageOps.exif_transpose(image) if turned else image  # which copies it in any case
    remarks = [Remark.ORIENTATION_APPLIED] if turned else []
    if image.mode.startswith("I"):
        pixels, inferred = _deep_grey(image, np.asarray(upright))
        remarks += [Remark.BIT_DEPTH_INFERRED] if inferred else []
        return Decoded(pixels, remarks=tuple(remarks))
    if image.mode in ("F", "LAB", "1"):
        raise _unsupported(f"pixels of type {image.mode}")
    return Decoded(_shallow_grey(upright), remarks=tuple(remarks))


def _shallow_grey(image: Image.Image) -> Pixels:
    if image.has_transparency_data:
        image = image.convert("RGBA")
        opacity = np.asarray(image.getchannel("A"), dtype=np.float32) / np.float32(255)
        return np.asarray(np.asarray(image.convert("L")) * opacity)
    return np.asarray(image if image.mode == "L" else image.convert("L"))


def _deep_grey(image: Image.Image, values: NDArray[np.integer]) -> tuple[NDArray[np.float32], bool]:
    """Bring 12 or 16 bits to 0..255, and tell whether the depth was inferred.

    Pillow leaves a zero that means white to us at these depths.
    """
    if values.min() < 0 or values.max() > 65535:
        raise _unsupported("pixels of more than 16 bits")
    tags = image.tag_v2 if isinstance(image, TiffImageFile) else {}
    depth = int(np.max(tags.get(BITSPERSAMPLE, 16)))
    white = 2**depth - 1 if depth < 16 else white_of(values)
    pixels = values.astype(np.float32)
    pixels /= np.float32(white)
    np.clip(pixels, 0, 1, out=pixels)
    if tags.get(PHOTOMETRIC_INTERPRETATION) == 0:
        np.subtract(1, pixels, out=pixels)
    pixels *= np.float32(255)
    return pixels, depth >= 16 and white < 65535


def _unsupported(what: str) -> NotAssessedError:
    return refuse(
        Reason.UNSUPPORTED, f"Pneumoscope does not read {what}; export the film as 8- or 16-bit grey PNG, or as DICOM."
    )
