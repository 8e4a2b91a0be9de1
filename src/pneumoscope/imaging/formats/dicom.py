"""DICOM computed and digital radiography to grey pixels, through pydicom and imagecodecs."""

from __future__ import annotations

import copy
import io
import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pneumoscope.imaging.decoder_warnings import captured
from pneumoscope.imaging.formats.dicom_grey import has_window, shown_grey
from pneumoscope.imaging.formats.dicom_header import read_header
from pneumoscope.imaging.header import Header
from pneumoscope.imaging.limits import MAX_BYTES, check_bytes, check_frames, check_size
from pneumoscope.imaging.radiograph import Decoded, Remark
from pneumoscope.imaging.refusal import NotAssessedError, Reason, refuse

if TYPE_CHECKING:
    from pydicom import Dataset

_MODALITIES = ("", "CR", "DX", "RG", "DR", "XR")  # RG: film, digitised; DR and XR: what some detectors write for DX
_DEFLATED = "1.2.840.10008.1.2.1.99"
_FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.1.1"
_RADIOGRAPH_CLASSES = (
    "",
    "1.2.840.10008.5.1.4.1.1.1",  # computed radiography
    "1.2.840.10008.5.1.4.1.1.1.1",  # digital X-ray for presentation
    _FOR_PROCESSING,
    "1.2.840.10008.5.1.4.1.1.7",  # secondary capture
    "1.2.840.10008.5.1.4.1.1.7.2",  # multi-frame grey byte secondary capture; one frame passes
    "1.2.840.10008.5.1.4.1.1.7.3",  # the same of words
)
_UNCOMPRESSED = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2")
_RLE = "1.2.840.10008.1.2.5"


def decode(content: bytes) -> Decoded:
    """Decode one CR or DX image to the grey a reader would see on a screen.

    Stored values pass the Modality LUT (or rescale), then the VOI LUT or, without one, the first window; the range
    which that step can give, not what this image's pixels reach, becomes 0..255. Without either, the image's own
    minimum and maximum do. MONOCHROME1 or a Presentation LUT Shape INVERSE then inverts, once. Padding becomes black.
    (PS3.3, sections C.7.6.3, C.8.11.3 and C.11.)

    Args:
        content: the whole file, with the preamble of PS3.10 or without.

    Returns:
        float32 pixels of shape (Rows, Columns), the header, and a remark where there was no window.

    Raises:
        NotAssessedError: TRUNCATED, NOT_A_RADIOGRAPH, NO_PIXEL_DATA, MULTIPLE_FRAMES, TOO_LARGE, TOO_SMALL, or
            UNSUPPORTED (with the remedy when pydicom is not installed). Its text quotes nothing from the file; it
            carries the header where that could be read.
    """
    try:
        import pydicom  # noqa: F401

        from pneumoscope.imaging.formats import codestream  # noqa: F401
    except ImportError:
        raise refuse(
            Reason.UNSUPPORTED, "Reading DICOM needs an optional part. Install it: pip install 'pneumoscope[dicom]'."
        ) from None
    header: Header | None = None
    try:
        with captured() as warned, np.errstate(all="ignore"):
            dataset = _parse(content, warned)
            header = read_header(dataset)
            _check_kind(dataset)
            _check_picture(dataset)
            remarks = () if has_window(dataset) else (Remark.NO_WINDOW,)
            return Decoded(shown_grey(_stored(dataset), dataset), header, remarks)
    except NotAssessedError as refused:
        raise refused.known(header=header) from None
    except Exception:
        # Damaged headers surface in pydicom as almost any type, with the element's value in the text: quote neither.
        raise _damaged().known(header=header) from None


def _parse(content: bytes, warned: list[str]) -> Dataset:
    from pydicom import dcmread
    from pydicom.filereader import read_dataset, read_preamble
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    from pneumoscope.imaging.formats import codestream

    file = io.BytesIO(content)
    read_preamble(file, force=True)
    # The syntax first and alone: pydicom would inflate a deflated data set whatever its size.
    meta = read_dataset(file, False, True, stop_when=lambda tag, vr, length: tag.group != 2)
    if meta.get("TransferSyntaxUID", _UNCOMPRESSED[0]) not in (*_UNCOMPRESSED, _RLE, _DEFLATED, *codestream.SYNTAXES):
        raise _unsupported("this DICOM transfer syntax")
    deflated = meta.get("TransferSyntaxUID") == _DEFLATED
    dataset = dcmread(io.BytesIO(_inflated(content[file.tell() :]) if deflated else content), force=True)
    if any("end of file" in message.lower() for message in warned):
        raise _damaged()
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, little = dataset.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit
    return dataset


def _inflated(deflated: bytes) -> bytes:
    """Inflate a data set, and no more of it than a file may hold."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    content = stream.decompress(deflated, MAX_BYTES + 1)
    check_bytes(len(content))
    if not stream.eof:
        raise _damaged()
    return content


def _check_kind(dataset: Dataset) -> None:
    modality, sop_class = (str(dataset.get(key) or "").strip() for key in ("Modality", "SOPClassUID"))
    if modality not in _MODALITIES or sop_class not in _RADIOGRAPH_CLASSES:
        raise refuse(
            Reason.NOT_A_RADIOGRAPH,
            "The DICOM object is no computed or digital radiograph (modality CR, DX or RG); send the chest film.",
        )
    if sop_class == _FOR_PROCESSING or dataset.get("PresentationIntentType") == "FOR PROCESSING":
        raise _unsupported("raw detector data (FOR PROCESSING)")


def _check_picture(dataset: Dataset) -> None:
    if "PixelData" not in dataset or not dataset.PixelData:
        if _is_cut(dataset):
            raise _damaged()
        raise refuse(
            Reason.NO_PIXEL_DATA, "The DICOM object holds no pixel data; retrieve the image itself from the archive."
        )
    check_frames(int(dataset.get("NumberOfFrames") or 1) > 1)
    check_size(dataset.Columns, dataset.Rows)
    if dataset.BitsAllocated not in (8, 16):
        raise _unsupported("DICOM pixels of other than 8 or 16 bits")
    _complete(dataset)
    photometric, samples = dataset.PhotometricInterpretation, dataset.SamplesPerPixel
    if (photometric, samples) not in (("MONOCHROME1", 1), ("MONOCHROME2", 1), ("RGB", 3), ("PALETTE COLOR", 1)):
        raise _unsupported("colour DICOM")
    if not 1 < dataset.BitsStored <= dataset.HighBit + 1 <= dataset.BitsAllocated:
        raise _contradictory("bits that it stores")


def _complete(dataset: Dataset) -> None:
    """Give the elements that some writers leave out the values that they can only have."""
    usual = {"SamplesPerPixel": 1, "PixelRepresentation": 0, "BitsStored": dataset.BitsAllocated}
    for keyword, value in usual.items():
        if dataset.get(keyword) is None:
            setattr(dataset, keyword, value)
    if dataset.get("HighBit") is None:
        dataset.HighBit = dataset.BitsStored - 1


def _is_cut(dataset: Dataset) -> bool:
    """Whether the file ends within an element; pydicom passes over that in silence."""
    elements = (dataset.get_item(tag) for tag in dataset.keys())  # noqa: SIM118  iterating a Dataset parses values
    return any(element.is_raw and len(element.value or b"") < element.length < 2**32 - 1 for element in elements)


def _stored(dataset: Dataset) -> NDArray[np.int32]:
    """Give the stored values, without what old writers keep in the unused bits.

    Raises:
        NotAssessedError: CONTRADICTORY, where the unused bits hold a picture; MULTIPLE_FRAMES or TRUNCATED.
    """
    if dataset.PhotometricInterpretation in ("RGB", "PALETTE COLOR"):
        return _grey_of_colour(dataset)
    span, shift = 1 << dataset.BitsStored, dataset.HighBit + 1 - dataset.BitsStored
    words = _code_stream(dataset) if _has_code_stream(dataset) else _words(dataset) >> shift
    sign = dataset.PixelRepresentation * span // 2
    values = ((words & (span - 1)) ^ sign) - sign
    word = (1 << dataset.BitsAllocated) - 1
    extended = (words & word) == (values & word)  # the sign fills the unused bits
    unused = np.where(extended, 0, words & word & ~(span - 1) & ~_overlay_bits(dataset, shift))
    if unused.min() != unused.max():
        raise _contradictory(f"{dataset.BitsStored} bits")
    return np.asarray(values, dtype=np.int32)


def _has_code_stream(dataset: Dataset) -> bool:
    return dataset.file_meta.TransferSyntaxUID not in (*_UNCOMPRESSED, _RLE)


def _words(dataset: Dataset) -> NDArray[np.int32]:
    """The words as they are stored, without a sign; shape (Rows, Columns)."""
    from pydicom.pixels import pixel_array

    whole = copy.deepcopy(dataset)  # which shares the pixels
    whole.BitsStored, whole.HighBit, whole.PixelRepresentation = dataset.BitsAllocated, dataset.BitsAllocated - 1, 0
    if dataset.file_meta.TransferSyntaxUID in _UNCOMPRESSED:
        frame = dataset.Rows * dataset.Columns * dataset.SamplesPerPixel * dataset.BitsAllocated // 8
        check_frames(len(dataset.PixelData) >= 2 * frame)
        whole.PixelData = dataset.PixelData[: frame + frame % 2]
    return np.asarray(pixel_array(whole), dtype=np.int32)


def _code_stream(dataset: Dataset) -> NDArray[np.int32]:
    from pydicom.encaps import generate_fragments, get_frame, parse_fragments

    from pneumoscope.imaging.formats import codestream

    syntax, span = dataset.file_meta.TransferSyntaxUID, 1 << dataset.BitsStored
    _, starts = parse_fragments(dataset.PixelData)
    (length,) = struct.unpack_from("<4xL", dataset.PixelData, starts[-1])
    if starts[-1] + 8 + length > len(dataset.PixelData):
        raise _damaged()
    streams = [part for part in generate_fragments(dataset.PixelData) if part[:2] in (b"\xff\xd8", b"\xff\x4f")]
    check_frames(len(streams) > 1)
    frame = get_frame(dataset.PixelData, 0, number_of_frames=1)
    values = codestream.decode(frame, syntax, (dataset.Rows, dataset.Columns))
    if syntax in codestream.LOSSY and values.max() < 2 * span:  # it may overshoot, and a white that wraps is black
        least = -span // 2 if values.dtype.kind == "i" else 0
        values = values.clip(least, least + span - 1)
    return np.asarray(values, dtype=np.int32)


def _overlay_bits(dataset: Dataset, shift: int) -> int:
    """The bits of a word, after a shift, in which the data set says that it keeps overlay planes (PS3.5, 8.1.2)."""
    positions = (dataset.get((group, 0x0102)) for group in range(0x6000, 0x6020, 2))
    return sum(1 << max(int(position.value) - shift, 0) for position in positions if position is not None)


def _grey_of_colour(dataset: Dataset) -> NDArray[np.int32]:
    """The values of a colour picture without a colour, as some archives store grey films.

    Raises:
        NotAssessedError: UNSUPPORTED, where there is a colour, or a code stream.
    """
    from pydicom.pixels import apply_color_lut, pixel_array

    if _has_code_stream(dataset):
        raise _unsupported("colour DICOM")
    values = pixel_array(dataset)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        values = apply_color_lut(values, dataset)
    if values.ndim != 3 or (values != values[..., :1]).any():
        raise _unsupported("colour DICOM")
    return np.asarray(values[..., 0], dtype=np.int32)


def _contradictory(what: str) -> NotAssessedError:
    return refuse(
        Reason.CONTRADICTORY,
        f"The pixels do not fit the {what} that the DICOM header declares; send the film from the archive again.",
    )


def _damaged() -> NotAssessedError:
    return refuse(Reason.TRUNCATED, "The DICOM file is cut short or damaged; retrieve it again.")


def _unsupported(what: str) -> NotAssessedError:
    return refuse(Reason.UNSUPPORTED, f"Pneumoscope does not read {what}; send a grey CR or DX image.")
