"""From a DICOM data set to the values that it stores."""

from __future__ import annotations

import copy
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pneumoscope.imaging.formats.dicom_file import (
    MAX_FRAGMENTS,
    RLE,
    UNCOMPRESSED,
    contradictory,
    damaged,
    unsupported,
)
from pneumoscope.imaging.limits import check_frames

if TYPE_CHECKING:
    from pydicom import Dataset

Values = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.int16]
"""As they are stored: the smallest type that holds them, because a film may have 50 million."""


def stored_values(dataset: Dataset) -> Values:
    """Give the stored values, without what old writers keep in the unused bits.

    Returns:
        Shape (Rows, Columns).

    Raises:
        NotAssessedError: CONTRADICTORY, where the unused bits hold a picture; MULTIPLE_FRAMES, TRUNCATED or
            UNSUPPORTED.
    """
    if dataset.PhotometricInterpretation in ("RGB", "PALETTE COLOR"):
        return _grey_of_colour(dataset)
    span, shift = 1 << dataset.BitsStored, dataset.HighBit + 1 - dataset.BitsStored
    words = _code_stream(dataset) if _has_code_stream(dataset) else _native(dataset).astype(np.uint16) >> shift
    values: Values = words & (span - 1)
    if dataset.PixelRepresentation:
        above = 16 - dataset.BitsStored
        values = (words << above).view(np.int16) >> above  # which repeats the sign
    unused = words & (0xFFFF & ~(span - 1) & ~_overlay_bits(dataset, shift))
    unused[words == values.view(np.uint16)] = 0  # the sign fills the unused bits
    if unused.min() != unused.max():
        raise contradictory(f"{dataset.BitsStored} bits")
    return values


def _has_code_stream(dataset: Dataset) -> bool:
    return dataset.file_meta.TransferSyntaxUID not in (*UNCOMPRESSED, RLE)


def _native(dataset: Dataset) -> NDArray[Any]:
    """The words or bytes of uncompressed pixels or RLE, without a sign."""
    from pydicom.pixels import pixel_array

    from pneumoscope.imaging.formats import codestream

    shape, depth = (dataset.Rows, dataset.Columns, dataset.SamplesPerPixel), dataset.BitsAllocated // 8
    if dataset.file_meta.TransferSyntaxUID == RLE:
        values = codestream.decode_rle(_frame(dataset), shape, depth)
        return values[..., 0] if dataset.SamplesPerPixel == 1 else values
    whole = copy.deepcopy(dataset)  # which shares the pixels
    whole.BitsStored, whole.HighBit, whole.PixelRepresentation = dataset.BitsAllocated, dataset.BitsAllocated - 1, 0
    size = int(np.prod(shape)) * depth
    check_frames(len(dataset.PixelData) >= 2 * size)
    if dataset.PixelData[size:].strip(b"\0"):
        raise contradictory("rows and columns")
    whole.PixelData = dataset.PixelData[: size + size % 2]
    return np.asarray(pixel_array(whole))


def _frame(dataset: Dataset) -> bytes:
    """The one encapsulated frame, which may lie in several fragments."""
    from pydicom.encaps import get_frame, parse_fragments

    if dataset.PixelData.count(b"\xfe\xff\x00\xe0") > MAX_FRAGMENTS:
        raise unsupported(f"pixels in more than {MAX_FRAGMENTS} fragments")
    _, starts = parse_fragments(dataset.PixelData)
    (length,) = struct.unpack_from("<4xL", dataset.PixelData, starts[-1])
    if starts[-1] + 8 + length > len(dataset.PixelData):
        raise damaged()
    return bytes(get_frame(dataset.PixelData, 0, number_of_frames=1))


def _code_stream(dataset: Dataset) -> NDArray[np.uint16]:
    from pydicom.encaps import generate_fragments

    from pneumoscope.imaging.formats import codestream

    syntax, span = dataset.file_meta.TransferSyntaxUID, 1 << dataset.BitsStored
    frame = _frame(dataset)
    streams = [part for part in generate_fragments(dataset.PixelData) if part[:2] in (b"\xff\xd8", b"\xff\x4f")]
    check_frames(len(streams) > 1)
    values = codestream.decode(frame, syntax, (dataset.Rows, dataset.Columns))
    if values.itemsize > 2:
        raise contradictory(f"{dataset.BitsStored} bits")
    if syntax in codestream.LOSSY and values.max() < 2 * span:  # it may overshoot, and a white that wraps is black
        least = -span // 2 if values.dtype.kind == "i" else 0
        values = values.clip(least, min(least + span - 1, np.iinfo(values.dtype).max))
    return np.asarray(values.astype(np.uint16))


def _overlay_bits(dataset: Dataset, shift: int) -> int:
    """The bits of a word, after a shift, in which the data set says that it keeps overlay planes (PS3.5, 8.1.2)."""
    positions = (dataset.get((group, 0x0102)) for group in range(0x6000, 0x6020, 2))
    return sum(1 << max(int(position.value) - shift, 0) for position in positions if position is not None)


def _grey_of_colour(dataset: Dataset) -> Values:
    """The values of a colour picture without a colour, as some archives store grey films.

    Raises:
        NotAssessedError: UNSUPPORTED, where there is a colour, or a code stream.
    """
    from pydicom.pixels import apply_color_lut

    if _has_code_stream(dataset):
        raise unsupported("colour DICOM")
    values = _native(dataset)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        values = apply_color_lut(values, dataset)
    if values.ndim != 3 or any((values[..., 0] != values[..., other]).any() for other in (1, 2)):
        raise unsupported("colour DICOM")
    return np.asarray(values[..., 0])
