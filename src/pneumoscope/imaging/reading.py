"""Any source of one radiograph to a Radiograph: find out what it is, decode it, and refuse what cannot be judged."""

from __future__ import annotations

import copy
import hashlib
import io
import os
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pneumoscope.imaging.bars import without_bars
from pneumoscope.imaging.bit_depth import white_of
from pneumoscope.imaging.damage import check_whole
from pneumoscope.imaging.decoder_warnings import captured
from pneumoscope.imaging.formats import raster, recognise
from pneumoscope.imaging.limits import MAX_BYTES, check_bytes, check_colour, check_contrast, check_frames, check_size
from pneumoscope.imaging.radiograph import Decoded, Radiograph, Remark
from pneumoscope.imaging.refusal import NotAssessedError, Reason, refuse

if TYPE_CHECKING:
    from pydicom import Dataset

    Source: TypeAlias = (
        str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | NDArray[Any] | Image.Image | Dataset
    )
else:
    Source: TypeAlias = Any
"""Where a radiograph comes from; see :func:`read`."""

_IN_MEMORY = "array"
_OTHER_IMAGES = re.compile(rb"BM.{4}\0\0\0\0|GIF8[79]a|RIFF.{4}WEBP", re.DOTALL)


class SourceTypeError(TypeError):
    """A source of a type that no radiograph can be read from."""


def read(source: Source) -> Radiograph:
    """Read one radiograph.

    What a file is follows from its first bytes, never from its name: one of ``formats.FORMATS``. DICOM needs the extra
    ``dicom``.

    Args:
        source: a path; the whole content of a file as bytes; an open binary file, read from where it stands; a pydicom
            Dataset; a PIL image; or an array of shape (height, width) or (height, width, 3, RGB) and dtype uint8
            (0..255), uint16 (white by ``bit_depth.full_scale``) or float (0..1, or 0..255 where the largest value
            exceeds 1), in which larger means brighter.

    Returns:
        The radiograph, 0..255, at its own size.

    Raises:
        NotAssessedError: it was refused; see Reason. No other exception, whatever the bytes.
        TypeError: the source is of none of these types.
    """
    return reader_for(source)()


def reader_for(source: Source) -> Callable[[], Radiograph]:
    """What reads a source: so that a wrong type is told from bytes that cannot be read.

    Raises:
        TypeError: the source is of no type that :func:`read` takes.
    """
    if isinstance(source, str | os.PathLike):
        return partial(_from_path, Path(source))
    if isinstance(source, bytes | bytearray | memoryview):
        return lambda: _from_bytes(bytes(source))
    if isinstance(source, np.ndarray):
        return lambda: _from_memory(_decode_array, source, source.tobytes())
    if isinstance(source, Image.Image):
        return partial(_from_image, source)
    if is_dataset(source):
        return lambda: _from_bytes(_written(source))
    if isinstance(source, io.TextIOBase):
        raise SourceTypeError("the file is open as text; open it in binary mode")
    if hasattr(source, "read"):
        return lambda: _from_bytes(_content(source))
    raise SourceTypeError(
        f"a radiograph cannot be read from {type(source).__name__}; give a path, bytes, a binary file, an array, a PIL "
        "image or a pydicom Dataset"
    )


def _from_path(path: Path) -> Radiograph:
    try:
        return _from_bytes(_load(path))
    except NotAssessedError as error:
        raise NotAssessedError(error.refusal, path) from None


def _from_bytes(content: bytes) -> Radiograph:
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        check_bytes(len(content))
        known = recognise(content)
        if known is None:
            if _OTHER_IMAGES.match(content):
                raise refuse(
                    Reason.UNSUPPORTED, "Pneumoscope does not read BMP, GIF or WebP; export it as PNG or DICOM."
                )
            raise refuse(
                Reason.NOT_AN_IMAGE,
                "The content is not JPEG, PNG, TIFF or DICOM, whatever the name says; export it again.",
            )
        return _checked(known.decode(content), sha256, known.name)
    except NotAssessedError as error:
        raise error.known(sha256) from None


def _checked(decoded: Decoded, sha256: str, encoding: str) -> Radiograph:
    try:
        check_contrast(decoded.pixels)
        check_whole(decoded.pixels)
        film = without_bars(decoded.pixels)
        if film.shape != decoded.pixels.shape:
            check_contrast(film)  # a bar lends it no contrast
    except NotAssessedError as error:
        raise error.known(sha256, decoded.header) from None
    return Radiograph(decoded.pixels, sha256, encoding, decoded.header, decoded.remarks)


def _load(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise refuse(Reason.UNREADABLE, "This is not a file; name the films in it instead.")
        if size := path.stat().st_size:  # an empty file is read, so that its digest is known
            check_bytes(size)
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise refuse(Reason.NOT_FOUND, "There is no such file; check the path.") from None
    except OSError as error:
        raise refuse(Reason.UNREADABLE, f"The file cannot be read: {error.strerror}.") from None
    except ValueError:  # a null character in the path
        raise refuse(Reason.NOT_FOUND, "The path is not a valid one; check it.") from None


def _content(file: BinaryIO) -> bytes:
    content = bytearray()
    try:
        while len(content) <= MAX_BYTES and (part := file.read(MAX_BYTES + 1 - len(content))):
            if not isinstance(part, bytes | bytearray):
                raise SourceTypeError("the file gives no bytes; open it in binary mode")
            content += part
    except (OSError, ValueError) as error:  # ValueError of a closed file
        raise refuse(Reason.UNREADABLE, f"The file cannot be read ({type(error).__name__}).") from None
    return bytes(content)


def is_dataset(source: object) -> bool:
    """Whether this is a pydicom Dataset; there is none where nobody has imported pydicom."""
    pydicom = sys.modules.get("pydicom")
    return pydicom is not None and isinstance(source, pydicom.Dataset)


def _written(dataset: Dataset) -> bytes:
    """The file that pydicom would write, so that a Dataset passes the same checks as a file."""
    from pydicom import dcmwrite

    for encoding in ({}, {"implicit_vr": False, "little_endian": True}):
        buffer = io.BytesIO()
        try:
            with captured():
                dcmwrite(buffer, copy.deepcopy(dataset), **encoding)  # writing settles its ambiguous elements
            return buffer.getvalue()
        except Exception:  # noqa: S112  of almost any type; the second way is for a Dataset that names no encoding
            continue
    raise refuse(Reason.UNREADABLE, "pydicom cannot write this Dataset as a file; complete its elements.")


def _from_image(image: Image.Image) -> Radiograph:
    check_size(*image.size)
    check_frames(getattr(image, "is_animated", False))
    try:
        with captured():
            content = image.tobytes()
    except Exception:  # Pillow decodes only now, and damaged bytes make it raise a dozen types
        raise refuse(Reason.TRUNCATED, "The picture is cut short or damaged; copy or export it again.") from None
    return _from_memory(raster.decode_image, image, content)


def _from_memory(decode: Any, source: Any, content: bytes) -> Radiograph:
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        return _checked(decode(source), sha256, _IN_MEMORY)
    except NotAssessedError as error:
        raise error.known(sha256) from None


def _decode_array(values: NDArray[Any]) -> Decoded:
    if values.ndim not in (2, 3) or values.shape[2:] not in ((), (3,)):
        raise _unfit(f"has shape {values.shape}; give (height, width) or (height, width, 3)")
    if values.size == 0:
        raise refuse(Reason.EMPTY, "The array is empty.")
    check_size(values.shape[1], values.shape[0])
    if values.dtype == np.uint8:
        return raster.decode_image(Image.fromarray(values))
    if values.dtype == np.uint16:
        white = white_of(values)
        return Decoded(
            np.minimum(_luma(values, white), 255),
            remarks=(Remark.BIT_DEPTH_INFERRED,) * (white < 65535),
        )
    if not np.issubdtype(values.dtype, np.floating):
        raise _unfit(f"has dtype {values.dtype}; give uint8, uint16 or float")
    if not (values.min() >= 0 and values.max() <= 255):  # so written that NaN fails
        raise _unfit("of floats leaves 0..255 or holds NaN; scale it to 0..1 or 0..255")
    return Decoded(_luma(values, 1 if values.max() <= 1 else 255))


def _luma(values: NDArray[Any], white: float) -> NDArray[np.float32]:
    """Grey of 0..255 by ITU-R 601, as Pillow's convert("L") weighs 8-bit colour; colours are refused."""
    if values.ndim == 3:
        check_colour(values, white)
        values = values @ np.array([0.299, 0.587, 0.114])
    return values.astype(np.float32) * np.float32(255 / white)


def _unfit(fault: str) -> NotAssessedError:
    return refuse(Reason.UNSUPPORTED, f"The array {fault}.")
