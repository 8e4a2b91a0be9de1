"""One radiograph as a file of every kind that is read."""

import io
import struct
import zlib
from collections.abc import Callable, Iterable
from typing import Any, Literal

import imagecodecs
import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate

Pixels = NDArray[np.uint8]

EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
BIG_ENDIAN, DEFLATED, RLE = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.5"
JPEG = "1.2.840.10008.1.2.4."


def encoded(picture: Any, encoding: str, **options: Any) -> bytes:
    """What Pillow writes of an image or an array."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    file = io.BytesIO()
    image.save(file, encoding, **options)
    return file.getvalue()


def _deep(pixels: Pixels, bits: int) -> NDArray[np.uint16]:
    """The greys spread over more bits, with detail in the new ones."""
    fine = np.random.default_rng(0).integers(0, 1 << (bits - 8), pixels.shape, dtype=np.uint16)
    return np.asarray((pixels.astype(np.uint16) << (bits - 8)) | fine, dtype=np.uint16)


def _palette(pixels: Pixels) -> bytes:
    image = Image.fromarray(255 - pixels).convert("P")
    image.putpalette([level for step in range(256) for level in [255 - step] * 3])
    return encoded(image, "PNG")


ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
"""First row and column, and steps, of each pass of an interlaced PNG (PNG specification, section 8.2)."""


def _interlaced(pixels: Pixels) -> bytes:
    """By hand, for Pillow writes none."""
    height, width = pixels.shape
    passes = (pixels[row::down, column::right] for row, column, down, right in ADAM7)
    lines = b"".join(b"\0" + line.tobytes() for part in passes for line in part)
    chunks = (
        (b"IHDR", struct.pack(">LLBBBBB", width, height, 8, 0, 0, 0, 1)),
        (b"IDAT", zlib.compress(lines)),
        (b"IEND", b""),
    )
    parts = (
        struct.pack(">L", len(body)) + name + body + struct.pack(">L", zlib.crc32(name + body)) for name, body in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def tiff(parts: Iterable[bytes], tags: dict[int, tuple[int, int]], places: tuple[int, int], order: str = "<") -> bytes:
    """A TIFF by hand: header, one directory, its lists, then the strips or tiles.

    Args:
        parts: strips or tiles, at least two.
        tags: by their number, the type (3 or 4) and the one value of each.
        places: the tags that list where the parts begin, and how long they are.
        order: of the bytes, "<" or ">".
    """
    parts = list(parts)
    lists = 8 + 2 + 12 * (len(tags) + 2) + 4
    first = lists + 8 * len(parts)
    lengths = [len(part) for part in parts]
    starts = [first + sum(lengths[:index]) for index in range(len(parts))]
    entries = {
        tag: struct.pack(order + "HHL", tag, kind, 1) + _value(order, kind, v) for tag, (kind, v) in tags.items()
    }
    for tag, at in zip(places, (lists, lists + 4 * len(parts)), strict=True):
        entries[tag] = struct.pack(order + "HHLL", tag, 4, len(parts), at)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "LH", 8, len(entries))
    listed = struct.pack(f"{order}{2 * len(parts)}L", *starts, *lengths)
    return head + b"".join(entries[tag] for tag in sorted(entries)) + bytes(4) + listed + b"".join(parts)


def _value(order: str, kind: int, value: int) -> bytes:
    return struct.pack(order + "HH", value, 0) if kind == 3 else struct.pack(order + "L", value)


def _grey_tags(values: NDArray[Any]) -> dict[int, tuple[int, int]]:
    height, width = values.shape
    return {
        256: (4, width), 257: (4, height), 258: (3, 8 * values.itemsize), 259: (3, 1), 262: (3, 1), 277: (3, 1),
    }  # fmt: skip


def _strips(values: NDArray[Any], order: Literal["<", ">"] = "<") -> bytes:
    rows = 16
    stored = values.astype(values.dtype.newbyteorder(order))
    strips = (stored[at : at + rows].tobytes() for at in range(0, len(stored), rows))
    return tiff(strips, _grey_tags(values) | {278: (4, rows)}, (273, 279), order)


def _tiles(values: NDArray[Any]) -> bytes:
    side = 64
    height, width = values.shape
    padded = np.pad(values, ((0, -height % side), (0, -width % side)))
    tiles = (
        padded[row : row + side, column : column + side].tobytes()
        for row in range(0, height, side)
        for column in range(0, width, side)
    )
    return tiff(tiles, _grey_tags(values) | {322: (4, side), 323: (4, side)}, (324, 325))


def dicom(
    values: NDArray[Any], bits: int, syntax: str = EXPLICIT, frame: bytes | None = None, **elements: Any
) -> bytes:
    """A digital radiograph: native pixels, or one encapsulated frame."""
    white = 1 << bits
    dataset = pydicom.Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.1.1", "1.2.826.0.1.3680043.8.498.1"
    dataset.Modality, dataset.PatientName, dataset.PatientID = "DX", "Nobody", "0"
    dataset.Rows, dataset.Columns = values.shape[:2]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8 * values.itemsize, bits, bits - 1
    dataset.PixelRepresentation = 0
    dataset.WindowCenter, dataset.WindowWidth = white // 2, white
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    stored = values.astype(values.dtype.newbyteorder(">" if syntax == BIG_ENDIAN else "<")).tobytes()
    dataset.add_new(
        "PixelData", "OW" if values.itemsize > 1 else "OB", stored if frame is None else encapsulate([frame])
    )
    dataset["PixelData"].is_undefined_length = frame is not None
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


def _rle(values: NDArray[Any], bits: int) -> bytes:
    dataset = pydicom.dcmread(io.BytesIO(dicom(values, bits)))
    dataset.compress(RLE, encoding_plugin="pydicom")
    file = io.BytesIO()
    dataset.save_as(file)
    return file.getvalue()


def _bare(values: NDArray[Any], bits: int) -> bytes:
    """Without preamble and file meta information."""
    dataset = pydicom.dcmread(io.BytesIO(dicom(values, bits)))
    del dataset.file_meta
    file = io.BytesIO()
    pydicom.dcmwrite(file, dataset, implicit_vr=True, little_endian=True)
    return file.getvalue()


def _twelve(encode: Callable[[NDArray[np.uint16]], bytes | bytearray], syntax: str) -> Callable[[Pixels], bytes]:
    def write(pixels: Pixels) -> bytes:
        deep = _deep(pixels, 12)
        return dicom(deep, 12, JPEG + syntax, bytes(encode(deep)))

    return write


KINDS: dict[str, Callable[[Pixels], bytes]] = {
    "JPEG, baseline": lambda p: encoded(p, "JPEG", quality=90),
    "JPEG, progressive": lambda p: encoded(p, "JPEG", quality=90, progressive=True),
    "JPEG, restart marks": lambda p: encoded(p, "JPEG", quality=90, restart_marker_rows=1),
    "JPEG, RGB": lambda p: encoded(Image.fromarray(p).convert("RGB"), "JPEG", quality=90),
    "JPEG, RGB, progressive": lambda p: encoded(Image.fromarray(p).convert("RGB"), "JPEG", progressive=True),
    "PNG, 8 bits": lambda p: encoded(p, "PNG"),
    "PNG, 16 bits": lambda p: encoded(_deep(p, 16), "PNG"),
    "PNG, palette": _palette,
    "PNG, interlaced": _interlaced,
    "PNG, RGB": lambda p: encoded(Image.fromarray(p).convert("RGB"), "PNG"),
    "TIFF, one strip": lambda p: encoded(p, "TIFF"),
    "TIFF, strips": _strips,
    "TIFF, strips, 16 bits, big endian": lambda p: _strips(_deep(p, 16), ">"),
    "TIFF, tiles": _tiles,
    "TIFF, LZW": lambda p: encoded(p, "TIFF", compression="tiff_lzw"),
    "TIFF, Deflate": lambda p: encoded(p, "TIFF", compression="tiff_adobe_deflate"),
    "TIFF, Deflate, 16 bits": lambda p: encoded(_deep(p, 16), "TIFF", compression="tiff_adobe_deflate"),
    "TIFF, PackBits": lambda p: encoded(p, "TIFF", compression="packbits"),
    "TIFF, JPEG": lambda p: encoded(p, "TIFF", compression="jpeg"),
    "DICOM, 12 bits": lambda p: dicom(_deep(p, 12), 12),
    "DICOM, 8 bits, MONOCHROME1": lambda p: dicom(255 - p, 8, PhotometricInterpretation="MONOCHROME1"),
    "DICOM, RGB": lambda p: dicom(np.dstack([p] * 3), 8, PhotometricInterpretation="RGB", SamplesPerPixel=3,
                                  PlanarConfiguration=0),
    "DICOM, implicit VR": lambda p: dicom(_deep(p, 12), 12, IMPLICIT),
    "DICOM, big endian": lambda p: dicom(_deep(p, 12), 12, BIG_ENDIAN),
    "DICOM, no preamble": lambda p: _bare(_deep(p, 12), 12),
    "DICOM, deflated": lambda p: dicom(_deep(p, 12), 12, DEFLATED),
    "DICOM, JPEG baseline": lambda p: dicom(p, 8, JPEG + "50", encoded(p, "JPEG", quality=90)),
    "DICOM, JPEG 12 bits": _twelve(lambda v: imagecodecs.jpeg8_encode(v, level=95, bitspersample=12), "51"),
    "DICOM, JPEG lossless": _twelve(
        lambda v: imagecodecs.jpeg8_encode(v, lossless=True, predictor=1, bitspersample=12), "70"
    ),
    "DICOM, JPEG-LS": _twelve(imagecodecs.jpegls_encode, "80"),
    "DICOM, JPEG 2000": _twelve(
        lambda v: imagecodecs.jpeg2k_encode(v, reversible=True, codecformat="j2k", bitspersample=12), "90"
    ),
    "DICOM, JPEG 2000, lossy": _twelve(
        lambda v: imagecodecs.jpeg2k_encode(v, level=60, codecformat="j2k", bitspersample=12), "91"
    ),
    "DICOM, RLE": lambda p: _rle(_deep(p, 12), 12),
    "DICOM, RLE, 8 bits": lambda p: _rle(p, 8),
}  # fmt: skip
"""How each kind of file is made of a radiograph, uint8 (H, W)."""
