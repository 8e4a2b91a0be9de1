"""Any source of one radiograph to a Radiograph: find out what it is, decode it, and refuse what cannot be judged."""

import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pneumoscope.imaging.formats import dicom, raster
from pneumoscope.imaging.limits import check_bytes, check_contrast, check_size, full_scale
from pneumoscope.imaging.radiograph import NotAssessedError, Radiograph, Reason

_SIGNATURES = {
    "JPEG": re.compile(rb"\xff\xd8\xff"),
    "PNG": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "TIFF": re.compile(rb"II[\x2a\x2b]\0|MM\0[\x2a\x2b]"),
    # With the preamble of part 10; or without, as old CR readers wrote them: a first element of group 2 or 8.
    "DICOM": re.compile(rb".{128}DICM|[\x02\x08]\0[\0-\x20]\0(?:[A-Z]{2}|.\0\0\0)", re.DOTALL),
}


def read(source: Path | str | bytes | NDArray[Any]) -> Radiograph:
    """Read one radiograph.

    What a file is follows from its first bytes, never from its name: JPEG, PNG, TIFF (see ``raster.decode``) or DICOM
    (see ``dicom.decode``; needs the extra ``dicom``).

    Args:
        source: a path; or a file's whole content; or an array of shape (height, width) or (height, width, 3, RGB) and
            dtype uint8 (0..255), uint16 (white by ``gate.full_scale``) or float (0..1, or 0..255 where the largest
            value exceeds 1), in which larger means brighter.

    Returns:
        The radiograph, 0..255, at its own size.

    Raises:
        NotAssessedError: the input gate refused it; see Reason. No other exception, whatever the bytes.
    """
    if isinstance(source, np.ndarray):
        return _checked(_from_array(source), source.tobytes(), "array")
    if isinstance(source, bytes):
        return _from_bytes(source)
    path = Path(source)
    try:
        return _from_bytes(_load(path))
    except NotAssessedError as refusal:
        raise NotAssessedError(refusal.reason, refusal.detail, path) from None


def _from_bytes(content: bytes) -> Radiograph:
    check_bytes(len(content))
    encoding = _sniff(content)
    pixels = dicom.decode(content) if encoding == "DICOM" else raster.decode(content, encoding)
    return _checked(pixels, content, encoding)


def _checked(pixels: NDArray[np.uint8] | NDArray[np.float32], content: bytes, encoding: str) -> Radiograph:
    check_contrast(pixels)
    return Radiograph(pixels, hashlib.sha256(content).hexdigest(), encoding)


def _load(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise NotAssessedError(Reason.UNREADABLE, "This is not a file; name the films in it instead.")
        check_bytes(path.stat().st_size)
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise NotAssessedError(Reason.NOT_FOUND, "There is no such file; check the path.") from None
    except OSError as error:
        raise NotAssessedError(Reason.UNREADABLE, f"The file cannot be read: {error.strerror}.") from None
    except ValueError:  # a null character in the path
        raise NotAssessedError(Reason.NOT_FOUND, "The path is not a valid one; check it.") from None


def _sniff(content: bytes) -> str:
    for encoding, signature in _SIGNATURES.items():
        if signature.match(content):
            return encoding
    raise NotAssessedError(
        Reason.NOT_AN_IMAGE, "The content is not JPEG, PNG, TIFF or DICOM, whatever the name says; export it again."
    )


def _from_array(values: NDArray[Any]) -> NDArray[np.uint8] | NDArray[np.float32]:
    if values.ndim not in (2, 3) or values.shape[2:] not in ((), (3,)):
        raise _unfit(f"has shape {values.shape}; give (height, width) or (height, width, 3)")
    if values.size == 0:
        raise NotAssessedError(Reason.EMPTY, "The array is empty.")
    check_size(values.shape[1], values.shape[0])
    if values.dtype == np.uint8:
        return np.asarray(Image.fromarray(values).convert("L"))
    if values.dtype == np.uint16:
        return _luma(values) * np.float32(255 / full_scale(int(values.max())))
    if not np.issubdtype(values.dtype, np.floating):
        raise _unfit(f"has dtype {values.dtype}; give uint8, uint16 or float")
    if not (values.min() >= 0 and values.max() <= 255):  # so written that NaN fails
        raise _unfit("of floats leaves 0..255 or holds NaN; scale it to 0..1 or 0..255")
    return _luma(values) * np.float32(255 if values.max() <= 1 else 1)


def _luma(values: NDArray[Any]) -> NDArray[np.float32]:
    """Grey by ITU-R 601, as Pillow's convert("L") weighs 8-bit colour."""
    grey = values if values.ndim == 2 else values @ np.array([0.299, 0.587, 0.114])
    return grey.astype(np.float32)


def _unfit(fault: str) -> NotAssessedError:
    return NotAssessedError(Reason.UNSUPPORTED, f"The array {fault}.")
