"""The compressed pictures inside DICOM: JPEG, JPEG-LS and JPEG 2000 code streams to stored values, by imagecodecs.

pydicom would choose GDCM, which ends the process with a segmentation fault on many damaged streams.
"""

import struct
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

_JPEG = tuple(f"1.2.840.10008.1.2.4.{process}" for process in (50, 51, 57, 70))  # 8 bits, 12 bits, and the lossless
_JPEG_LS = ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81")
_JPEG_2000 = ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91")
SYNTAXES = (*_JPEG, *_JPEG_LS, *_JPEG_2000)
"""The transfer syntaxes read here."""
LOSSY = tuple(f"1.2.840.10008.1.2.4.{process}" for process in (50, 51, 81, 91))
"""Those among them whose values may differ from the ones encoded."""

_FRAME_HEADERS = {0xFF00 | code for code in (*range(0xC0, 0xD0), 0xF7)} - {0xFFC4, 0xFFC8, 0xFFCC}


def decode(frame: bytes, syntax: str, shape: tuple[int, int]) -> NDArray[Any]:
    """Decode one grey code stream.

    Args:
        frame: the stream.
        syntax: the DICOM transfer syntax, one of SYNTAXES.
        shape: rows and columns that the DICOM header declares. The stream must declare the same, because decoders
            allocate what the stream says.

    Returns:
        Integers of shape ``shape``, at the precision of the stream.

    Raises:
        ValueError: the stream is cut short, or of another size than declared. Decoders raise types of their own.
    """
    size = _jpeg_2000_size(frame) if syntax in _JPEG_2000 else _jpeg_size(frame)
    if size != (*shape, 1):
        raise ValueError("the code stream has another size than the DICOM header")
    if not frame.rstrip(b"\0").endswith(b"\xff\xd9"):  # padding may follow the end mark
        raise ValueError("the code stream has no end mark")
    if syntax in _JPEG_2000:
        return np.asarray(imagecodecs.jpeg2k_decode(frame))
    if syntax in _JPEG_LS:
        return np.asarray(imagecodecs.jpegls_decode(frame))
    return np.asarray(imagecodecs.jpeg8_decode(frame))


def _jpeg_2000_size(frame: bytes) -> tuple[int, int, int]:
    """Rows, columns and components from the SIZ segment, the first of every stream (ISO/IEC 15444-1, A.5.1)."""
    start = frame.index(b"\xff\x4f\xff\x51")
    right, bottom, left, top, *_, components = struct.unpack_from(">8IH", frame, start + 8)
    return bottom - top, right - left, components


def _jpeg_size(frame: bytes) -> tuple[int, int, int]:
    """Rows, columns and components from the frame header of JPEG or JPEG-LS (ISO/IEC 10918-1, B.2.2)."""
    at = 2
    while True:
        marker, length = struct.unpack_from(">HH", frame, at)
        if marker in _FRAME_HEADERS:
            rows, columns, components = struct.unpack_from(">HHB", frame, at + 5)
            return rows, columns, components
        at += 1 if marker == 0xFFFF else 2 + length  # fill bytes may precede a marker
