"""JPEG 2000: what its headers say, before it is decoded (ISO/IEC 15444-1, annex A)."""

import struct

from pneumoscope.imaging.refusal import Reason, refuse

MAX_STREAM = 24 * 10**6
"""Most bytes of a stream: each megabyte takes about a fifth of a second. Lossless films of 20 megapixels have less."""

MAX_TILES = 4096
"""Most tiles and parts of tiles."""

MAX_BLOCKS = 2**18
"""Most code blocks, and most packets: decoders keep some hundred bytes of each. Blocks of 16 x 16, the smallest that
encoders are set to, need 200,000 at 50 megapixels."""

_START, _SIZE, _CODING, _OTHER_CODING, _PART, _DATA, _END = 0xFF4F, 0xFF51, 0xFF52, 0xFF53, 0xFF90, 0xFF93, 0xFFD9


def check(stream: bytes, shape: tuple[int, int]) -> None:
    """Hold a grey code stream against what the DICOM header says, and walk it from part to part up to its end.

    Args:
        stream: from the start mark on; a JP2 file around it is passed over.
        shape: rows and columns.

    Raises:
        NotAssessedError: UNSUPPORTED, where it asks for more memory or time than a picture needs.
        ValueError: it is damaged, or has another size; or struct.error.
    """
    if len(stream) > MAX_STREAM:
        raise refuse(
            Reason.UNSUPPORTED, f"The JPEG 2000 has over {MAX_STREAM // 10**6} MB; export the film in another encoding."
        )
    at = stream.index(b"\xff\x4f\xff\x51") + 2
    right, bottom, left, top, tile_width, tile_height, tile_left, tile_top, components = struct.unpack_from(
        ">8IH", stream, at + 6
    )
    if (bottom - top, right - left, components) != (*shape, 1):
        raise ValueError("the code stream has another size than the DICOM header")
    tiles = -(-(right - tile_left) // tile_width) * -(-(bottom - tile_top) // tile_height)
    parts = 0
    while True:
        (marker,) = struct.unpack_from(">H", stream, at)
        if marker == _END:
            return
        (length,) = struct.unpack_from(">H", stream, at + 2)
        if marker in (_CODING, _OTHER_CODING):
            _check_coding(stream, at + (4 if marker == _CODING else 5), marker == _CODING, shape)
        if marker == _PART:
            (size,) = struct.unpack_from(">L", stream, at + 6)
            _check_part(stream, at + 12, shape)
            parts, at = parts + 1, at + size if size else len(stream.rstrip(b"\0")) - 2
        elif marker < 0xFF50 or marker > 0xFF7F:
            raise ValueError("the code stream is damaged")
        else:
            at += 2 + length
        if tiles > MAX_TILES or parts > MAX_TILES:
            raise refuse(Reason.UNSUPPORTED, f"The JPEG 2000 has more than {MAX_TILES} tiles; export the film again.")


def _check_part(stream: bytes, at: int, shape: tuple[int, int]) -> None:
    """Look at the header of a tile's part, whose settings may differ from the whole picture's."""
    while True:
        marker, length = struct.unpack_from(">HH", stream, at)
        if marker == _DATA:
            return
        if not 0xFF50 <= marker <= 0xFF7F:
            raise ValueError("the code stream is damaged")
        if marker in (_CODING, _OTHER_CODING):
            _check_coding(stream, at + (4 if marker == _CODING else 5), marker == _CODING, shape)
        at += 2 + length


def _check_coding(stream: bytes, at: int, of_all: bool, shape: tuple[int, int]) -> None:
    style = stream[at]
    layers = struct.unpack_from(">H", stream, at + 2)[0] if of_all else 1
    levels, width, height = struct.unpack_from(">BBB", stream, at + (5 if of_all else 1))
    pixels = shape[0] * shape[1]
    blocks = pixels * 4 // 3 >> (width + 2) + (height + 2)
    packets = layers * (levels + 1)
    if style & 1:
        sizes = stream[at + (10 if of_all else 6) :][: levels + 1]
        packets = layers * sum(
            1 + (pixels >> 2 * (levels - level) + (size & 15) + (size >> 4)) for level, size in enumerate(sizes)
        )
    if levels > 32 or max(blocks, packets) > MAX_BLOCKS:
        raise refuse(
            Reason.UNSUPPORTED,
            f"The JPEG 2000 has more than {MAX_BLOCKS} code blocks or packets; export the film again.",
        )
