"""The compressed pictures inside DICOM: JPEG, JPEG-LS, JPEG 2000 and RLE to stored values.

pydicom would choose GDCM, which ends the process with a segmentation fault on many damaged streams.
"""

import struct
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from pneumoscope.imaging.formats import jpeg, jpeg_2000

_JPEG = tuple(f"1.2.840.10008.1.2.4.{process}" for process in (50, 51, 57, 70))  # 8 bits, 12 bits, and the lossless
_JPEG_LS = ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81")
_JPEG_2000 = ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91")
SYNTAXES = (*_JPEG, *_JPEG_LS, *_JPEG_2000)
"""The transfer syntaxes read here."""
LOSSY = tuple(f"1.2.840.10008.1.2.4.{process}" for process in (50, 51, 81, 91))
"""Those among them whose values may differ from the ones encoded."""

_FRAME_HEADERS = {0xFF00 | code for code in (*range(0xC0, 0xD0), 0xF7)} - {0xFFC4, 0xFFC8, 0xFFCC}
_HUFFMAN = {0xFFC0, 0xFFC1, 0xFFC2}  # frame headers of baseline, extended and progressive JPEG


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
        NotAssessedError: UNSUPPORTED, where decoding would cost more than a picture of this size needs.
        ValueError: the stream is damaged, or of another size than declared. Decoders raise types of their own.
    """
    if not frame.rstrip(b"\0").endswith(b"\xff\xd9"):  # padding may follow the end mark
        raise ValueError("the code stream has no end mark")
    if syntax in _JPEG_2000:
        jpeg_2000.check(frame, shape)
        return np.asarray(imagecodecs.jpeg2k_decode(frame))
    at, kind, precision, *size = _jpeg_header(frame)
    if tuple(size) != (*shape, 1):
        raise ValueError("the code stream has another size than the DICOM header")
    if syntax in _JPEG_LS:
        return np.asarray(imagecodecs.jpegls_decode(frame))
    if kind in _HUFFMAN:
        # libjpeg-turbo tells of damage at 8 bits alone; the codes of 12 bits are the same, so it can go through them.
        called_8_bits = jpeg.picture(frame[: at + 4] + b"\x08" + frame[at + 5 :])
        values = jpeg.decode(called_8_bits, "GRAY", scale=1 if precision == 8 else 8)
        if precision == 8:
            return values[..., 0]
    return np.asarray(imagecodecs.jpeg8_decode(jpeg.picture(frame)))


def decode_rle(frame: bytes, shape: tuple[int, int, int], depth: int) -> NDArray[Any]:
    """Decode RLE (PS3.5, annex G), whose segments hold one byte of one sample each, the highest byte first.

    Args:
        frame: header and segments.
        shape: rows, columns and samples.
        depth: bytes of a sample, 1 or 2.

    Returns:
        uint8 or uint16 of shape ``shape``.

    Raises:
        ValueError: it is damaged; or struct.error, or imagecodecs' own.
    """
    rows, columns, samples = shape
    count, *offsets = struct.unpack_from("<16L", frame)
    if count != samples * depth or sorted(offsets[:count]) != offsets[:count]:
        raise ValueError("the frame has another number of segments than the DICOM header")
    planes = np.empty((samples, depth, rows * columns), np.uint8)
    for plane, start, end in zip(planes.reshape(count, -1), offsets, [*offsets[1:count], len(frame)], strict=False):
        found = imagecodecs.packbits_decode(frame[start:end], out=plane.size + 1)
        if not plane.size <= len(found) <= plane.size + 1:
            raise ValueError("a segment has another size than the picture")
        plane[:] = np.frombuffer(found, np.uint8, plane.size)
    values = planes[:, 0] if depth == 1 else planes[:, 0].astype(np.uint16) << 8 | planes[:, 1]
    return np.moveaxis(values.reshape(samples, rows, columns), 0, -1)


def _jpeg_header(frame: bytes) -> tuple[int, ...]:
    """Place, kind, precision, rows, columns and components of the frame header of JPEG or JPEG-LS (10918-1, B.2.2)."""
    at = 2
    while True:
        marker, length = struct.unpack_from(">HH", frame, at)
        if marker in _FRAME_HEADERS:
            return at, marker, *struct.unpack_from(">BHHB", frame, at + 4)
        at += 1 if marker == 0xFFFF else 2 + length  # fill bytes may precede a marker
